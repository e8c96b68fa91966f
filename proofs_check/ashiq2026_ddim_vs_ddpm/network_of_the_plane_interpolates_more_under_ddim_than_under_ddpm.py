"""DDIM against DDPM under a learned score of the plane, started from one law."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    CHANCE,
    DDPM,
    EVERY,
    FLOW,
    FULL,
    LAST,
    NOISY_FLOW,
    told,
)
from theorylab.claims import Evidence, Finding, Relation, claim, ordering
from theorylab.diffusion import GaussianMixture, Outcome, classify, quadratic_nodes, start_law
from theorylab.diffusion.samplers import sample
from theorylab.diffusion.steps import Step
from theorylab.learn import LearnedScore, shipped_network
from theorylab.learn.grid import SCHEDULE, plane

GRID = GaussianMixture.grid()
SHOWN = 2000


@dataclass(frozen=True)
class Sampler:
    """A rule on the nodes below raw 120 of a run of so many steps (1000: every index)."""

    rule: Step
    steps: int
    n: int = 8000
    draw: int = 161


@dataclass(frozen=True)
class Pair:
    """Two samplers: the first interpolates less often than the second."""

    lower: Sampler = Sampler(DDPM, EVERY)
    higher: Sampler = Sampler(FLOW, 50, draw=162)


@claim(
    source=read_at("Figure 1(a), a learned score of the plane"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Pair()],
    must_fail={
        "the samplers exchanged": lambda case: Pair(case.higher, case.lower),
        "DDPM below DDIM-50 on ten steps": lambda case: replace(
            case, lower=Sampler(FLOW, 10, draw=163)
        ),
        "drift of DDPM halved, its noise kept": lambda case: replace(
            case, lower=Sampler(NOISY_FLOW, 50, draw=164)
        ),
    },
    thorough=[Pair(Sampler(DDPM, EVERY, FULL), Sampler(FLOW, 50, FULL, 162))],
)
def network_of_the_plane_interpolates_more_under_ddim_than_under_ddpm(case: Pair) -> Finding:
    r"""One network of 29,954 parameters, the architecture of the paper, has learned the 25-mode
    grid from 10,000 batches of 2048 (seed 0; shipped as `plane-0`), a fiftieth of the samples that
    the paper trains on. From the exact law at raw index 120 a smaller share of samples ends
    between two neighbouring modes, farther than $5\sigma$ from both, under DDPM than under DDIM on
    the nodes of its 50-step run.

    The figure leaves out samples that are neither near a mode nor between two of them.
    """
    drawn: dict[str, Any] = {}
    counts = []
    for name, sampler in (("lower", case.lower), ("higher", case.higher)):
        x, kind = ends(sampler)
        counts.append((int((kind == Outcome.INTERPOLATED).sum()), sampler.n))
        shown = kind[:SHOWN]
        drawn[name] = x[:SHOWN][shown != Outcome.INVALID]
        drawn[f"{name}_interpolated"] = int((shown == Outcome.INTERPOLATED).sum())
    found = ordering(*counts, reach=(0.09, 0.21), false_alarm=CHANCE, miss=CHANCE)
    note = ", ".join(told(*pair) for pair in zip(("lower", "higher"), counts, strict=True))
    return found.with_detail(note).with_series(shown=SHOWN, **drawn)


@cache
def ends(sampler: Sampler) -> tuple[Tensor, Tensor]:
    """Where the samples end, (n, 2), and their class, (n)."""
    nodes = range(LAST) if sampler.steps == EVERY else quadratic_nodes(sampler.steps)
    path = sample(
        start_law(GRID, SCHEDULE, float(LAST)).sample(sampler.n, seed=sampler.draw),
        [t for t in nodes if t < LAST] + [LAST], sampler.rule, schedule=SCHEDULE,
        score=LearnedScore(shipped_network(plane(), 0), SCHEDULE), seed=sampler.draw,
    )  # fmt: skip
    return path.end, classify(path.end, GRID)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The samples of DDPM on the left, those of DDIM on the right."""
    shown, shift = series[0], 4.2
    for index, (name, text) in enumerate((("lower", "DDPM"), ("higher", "DDIM-50"))):
        x, y = zip(*shown[name], strict=True)
        ax.scatter([a + shift * index for a in x], y, s=4, color=f"C{index}", linewidths=0)
        counted = f"{shown[f'{name}_interpolated']} of {shown['shown']}"
        ax.text(shift * index, 1.75, f"{text}: {counted}", ha="center", fontsize=7)
        ax.scatter([a + shift * index for a, _ in GRID.means.tolist()],
                   [b for _, b in GRID.means.tolist()], marker="*", s=14, color="red",
                   linewidths=0, zorder=3)  # fmt: skip
    ax.set(xticks=[], ylim=(-1.7, 2.0))
    ax.set_xlabel("$x_1$ (two panels)")
    ax.set_ylabel("$x_2$")
    ax.set_title("samples between modes, network plane-0")
