"""The ablations of the schedule's length and of the modes' distance, with a network for each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import DDPM, FLOW, NOISY_FLOW, told
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    clopper_pearson,
    equal,
    ordering,
)
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_sample,
    quadratic_nodes,
    start_law,
)
from theorylab.diffusion.samplers import sample
from theorylab.diffusion.steps import Step
from theorylab.diffusion.transport import normal_mass, preimages
from theorylab.learn import LearnedScore, shipped_network
from theorylab.learn.grid import RECIPES, SETTINGS, Setting, row_mixture

CHANCE = 2e-12
EVERY = 0
"""As a number of steps: every raw index."""


@dataclass(frozen=True)
class Runs:
    """A rule, the number of its steps on the whole schedule, and how many runs there are."""

    rule: Step
    steps: int
    n: int
    draw: int


@dataclass(frozen=True)
class Ablation:
    """A recipe, the raw index of the start, the exact share of DDIM-50, and the runs."""

    recipe: str
    raw: int
    exact: float
    reach: tuple[float, float] = (0.001, 0.035)
    lower: Runs = Runs(DDPM, EVERY, 6000, 161)
    higher: Runs = Runs(FLOW, 50, 12_000, 162)

    def larger(self, lower: int, higher: int, reach: tuple[float, float]) -> "Ablation":
        """The same with other numbers of runs."""
        return replace(
            self, reach=reach, lower=replace(self.lower, n=lower),
            higher=replace(self.higher, n=higher),
        )  # fmt: skip

    @property
    def setting(self) -> Setting:
        """r and T."""
        return SETTINGS.get(self.recipe, Setting())

    def __str__(self) -> str:
        """Such as "T = 500, r = 100"."""
        return f"T = {self.setting.steps}, r = {self.setting.ratio:g}"


CASES = [
    Ablation("row", 120, 1.370e-6),
    Ablation("row_t500", 86, 3.428e-7),
    Ablation("row_t3000", 202, 8.705e-6),
    Ablation("row_r20", 120, 1.0255e-4).larger(20_000, 40_000, (0.0001, 0.0095)),
    Ablation("row_r200", 120, 1.575e-9),
]
LARGE = (0.0002, 0.004)


@claim(
    source=read_at("Figure E.16 (steps, variance and distance), the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "the samplers exchanged": lambda case: replace(case, lower=case.higher, higher=case.lower),
        "drift of DDPM halved, its noise kept": lambda case: replace(
            case, lower=replace(case.lower, rule=NOISY_FLOW, steps=50)
        ),
        "DDIM on ten steps below DDIM on 50": lambda case: replace(
            case, lower=replace(case.higher, steps=10, draw=163)
        ),
        "two per cent more under the exact score": lambda case: replace(
            case, exact=1.02 * case.exact
        ),
    },
    thorough=[case.larger(100_000, 100_000, LARGE) for case in CASES],
)
def learned_order_of_the_samplers_is_that_at_other_steps_and_ratios(case: Ablation) -> Finding:
    r"""Let $T$ be the number of steps of the schedule and $r = \ell/\sigma$, all that the
    normalised data know of the variance and of the distance. One network for each of

    $$(T, r) = (1000, 100),\ (500, 100),\ (3000, 100),\ (1000, 20),\ (1000, 200)$$

    (`row-0`, `row_t500-0`, `row_t3000-0`, `row_r20-0`, `row_r200-0`; 15,000 batches of 2048 each)
    has learned a row of the grid. From the exact law at $s = 0.41$ (raw 120, 86 or 202 at
    $T = 1000$, 500, 3000) DDPM on every raw index strands fewer runs than DDIM on the nodes of its
    50-step run, whose last one is $0.8\,T$, under each of them: five settings, one training
    seed each.

    With the exact score these runs of DDIM are stranded with probability $1.37 \cdot 10^{-6}$,
    $3.43 \cdot 10^{-7}$, $8.71 \cdot 10^{-6}$, $1.03 \cdot 10^{-4}$ and $1.57 \cdot 10^{-9}$ (to
    half a per cent), by the preimages of the gaps.
    """
    counts = [count(case.recipe, case.raw, runs) for runs in (case.lower, case.higher)]
    found = ordering(*counts, reach=case.reach, false_alarm=CHANCE, miss=CHANCE)
    share = exact_share(case.recipe, case.raw)
    notes = [told(*pair) for pair in zip(("lower", "higher"), counts, strict=True)]
    exact = equal(share, case.exact, budget=0.005)
    intervals = [clopper_pearson(k, n, alpha=0.01) for k, n in counts]
    return all_hold(found, exact).with_detail(", ".join(notes)).with_series(
        name=str(case), counts=[list(one) for one in counts], exact=share,
        intervals=[list(one) for one in intervals],
    )  # fmt: skip


def law_and_schedule(recipe: str) -> tuple[GaussianMixture, VPSchedule]:
    """What the network of a recipe has learned."""
    setting = SETTINGS.get(recipe, Setting())
    return row_mixture(setting.ratio), VPSchedule.ddpm(setting.steps)


def nodes(schedule: VPSchedule, raw: int, steps: int) -> list[int]:
    """Raw indices from 0 to the start; of a whole run from 0.8 T the part below it."""
    length = round(schedule.span[1]) + 1
    whole = range(length) if steps == EVERY else quadratic_nodes(steps, 4 * length // 5)
    return [*(t for t in whole if t < raw), raw]


@cache
def count(recipe: str, raw: int, runs: Runs) -> tuple[int, int]:
    """How many runs end farther than 5 deviations from every mode, and how many there are."""
    law, schedule = law_and_schedule(recipe)
    score = LearnedScore(shipped_network(RECIPES[recipe](), 0), schedule)
    start = start_law(law, schedule, float(raw)).sample(runs.n, seed=runs.draw)
    stranded, done = 0, 0
    for x in start.split(10_000):
        end = sample(
            x, nodes(schedule, raw, runs.steps), runs.rule, schedule=schedule, score=score,
            seed=runs.draw, first_trajectory=done,
        ).end  # fmt: skip
        far = (end - law.means[:, 0]).abs().amin(-1) > 5 * law.variance.sqrt()
        stranded, done = stranded + int(far.sum()), done + len(x)
    return stranded, done


@cache
def exact_share(recipe: str, raw: int) -> float:
    """The mass of the starts that DDIM-50 with the exact score strands."""
    law, schedule = law_and_schedule(recipe)
    score = ExactScore(law, schedule)

    def end_of(x: Tensor) -> Tensor:
        path = ddim_sample(
            x.reshape(-1, 1), nodes(schedule, raw, 50), schedule=schedule, score=score
        )
        return path.end.reshape(x.shape)

    modes, radius = law.means[:, 0], 5 * law.variance.sqrt()
    ends = torch.stack([modes - radius, modes + radius])
    left, right = preimages(end_of, ends, low=-40.0, high=40.0, sections=64)
    start, edge = start_law(law, schedule, float(raw)), torch.tensor([torch.inf])
    low, high = (
        (x[:, None] - start.means[:, 0]) / start.variance.sqrt()
        for x in (torch.cat([-edge, right]), torch.cat([left, edge]))
    )
    return float((normal_mass(low, high) * start.weights).sum())


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Counts with their 99 % intervals for each setting, and the exact share of DDIM."""
    shown = series[: len(CASES)]
    for index, (text, shift) in enumerate((("DDPM", 0.1), ("DDIM-50", -0.1))):
        for place, one in enumerate(shown):
            low, high = (100 * end for end in one["intervals"][index])
            k, n = one["counts"][index]
            label = f"{text}, learned (99 % interval)" if place == 0 else None
            ax.plot([place + shift] * 2, [max(low, 1e-8), high], color=f"C{index}", linewidth=5,
                    solid_capstyle="butt", label=label)  # fmt: skip
            ax.annotate(f"{k}/{n}", (place + shift, 1.25 * high), ha="center", fontsize=4.5)
    exact = [100 * one["exact"] for one in shown]
    ax.plot([place - 0.1 for place in range(len(shown))], exact, color="C1",
            linestyle="none", marker="x", markersize=5, label="DDIM-50, exact")  # fmt: skip
    names = [one["name"].replace(", ", "\n") for one in shown]
    ax.set(yscale="log", ylim=(5e-8, 2e5), xlim=(-0.6, len(shown) - 0.4))
    ax.set_yticks([1e-6, 1e-4, 1e-2, 1, 100])  # room for the legend above
    ax.set_xticks(range(len(shown)), names)
    ax.set_xlabel(r"steps of the schedule $T$, ratio $r = \ell/\sigma$")
    ax.set_ylabel(r"coordinates $> 5\sigma$ from a mode (%)")
    ax.set_title("one network for each T and r, from s = 0.41")
    ax.legend(loc="upper right", fontsize=6)
