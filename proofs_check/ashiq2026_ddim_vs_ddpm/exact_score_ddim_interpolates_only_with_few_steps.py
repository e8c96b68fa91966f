"""How often DDIM with the exact score ends between two modes, without a single sample and with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    claim,
    clopper_pearson,
    rate_at_most,
    rate_equals,
    undecided,
)
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    Outcome,
    VPSchedule,
    classify,
    ddim_sample,
    linear_nodes,
    quadratic_nodes,
)
from theorylab.diffusion.transport import PairRates, pair_rates

FALSE_ALARM = MISS = 1e-12
CHUNK = 10_000


@dataclass(frozen=True)
class Run:
    """DDIM with a number of steps; `reach` is the relative change of the rate that n can see."""

    steps: int
    reach: float
    n: int = 100_000
    seed: int = 2026
    nodes: Callable[[int], list[int]] = quadratic_nodes
    temper: float = 1.0
    start: float = 1.0


@claim(
    source=read_at("Section 1 and Figure 3 (step skipping does not explain the gap)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Run(8, 0.3), Run(10, 0.6), Run(12, 0.98), Run(15, 0.8), Run(20, 2.5, 200_000)],
    must_fail={
        "evenly spaced steps": lambda case: replace(case, nodes=linear_nodes),
        "a score three per cent flatter": lambda case: replace(case, temper=0.97),
        "starts twice as wide": lambda case: replace(case, start=2.0),
    },
    thorough=[Run(10, 0.1, 2_000_000), Run(30, 4.0, 2_000_000)],
)
def exact_score_ddim_interpolates_only_with_few_steps(case: Run) -> Finding:
    r"""Start DDIM with $K$ quadratically spaced steps (the last raw index is 800) and the exact
    score of the 25-mode grid from $N(0, I)$. It is increasing in each coordinate separately, so
    the probability of ending between two modes (more than $5\sigma$ from every mode, at most
    $5\sigma$ from the segment of the two nearest) is an integral over preimages,

    $$P = 1 - q^2 - \int_0^{5\sigma} G\big(\sqrt{25\sigma^2 - r^2}\big)\,dG(r),
      \qquad q = 1 - G(5\sigma),$$

    with $G(r)$ the mass of the starts of one coordinate that end within $r$ of a mode. It is
    0.038, 0.0095 and 0.00051 at $K = 8$, $10$ and $20$: even without any error of the score a few
    steps do interpolate, and twenty hardly do. Sampling agrees (at $K = 20$ from above only).
    """
    predicted = predicted_rates(case.steps)
    bracket = predicted.interpolated_high - predicted.interpolated_low
    if bracket > 0.1 * case.reach * predicted.interpolated:
        return undecided(Evidence.SAMPLED, f"the quadrature is too coarse: {predicted}")
    k = sampled_count(case)
    low, high = clopper_pearson(k, case.n, alpha=0.01)
    judge = rate_equals if case.reach < 1 else rate_at_most
    finding = judge(
        k,
        case.n,
        predicted.interpolated,
        reach=case.reach,
        false_alarm=FALSE_ALARM,
        miss=MISS,
    )
    return finding.with_series(
        steps=case.steps,
        predicted=predicted.interpolated,
        rate=k / case.n,
        low=low,
        high=high,
        n=case.n,
    )


def axis(mixture: GaussianMixture) -> GaussianMixture:
    """The law of one coordinate: the grid is the product of two of them."""
    return GaussianMixture(torch.unique(mixture.means[:, 0])[:, None], float(mixture.variance))


def predicted_rates(steps: int) -> PairRates:
    """The outcome probabilities by bisection and quadrature, from one coordinate."""
    mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
    one = axis(mixture)
    score = ExactScore(one, schedule)
    nodes = quadratic_nodes(steps)

    def end_of(x: Tensor) -> Tensor:
        path = ddim_sample(x.reshape(-1, 1), nodes, schedule=schedule, score=score)
        return path.end.reshape(x.shape)

    radius = 5 * float(mixture.variance) ** 0.5
    return pair_rates(end_of, one.means[:, 0], radius, shells=60)


def sampled_count(case: Run) -> int:
    """How many of n samples in the plane are classified as interpolated."""
    mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
    exact = ExactScore(mixture, schedule)
    generator = torch.Generator().manual_seed(case.seed)
    nodes = case.nodes(case.steps)
    count = 0
    for _ in range(case.n // CHUNK):
        x = case.start * torch.randn(CHUNK, 2, generator=generator)
        path = ddim_sample(
            x, nodes, schedule=schedule, score=lambda x, t: case.temper * exact(x, t)
        )
        count += int((classify(path.end, mixture) == Outcome.INTERPOLATED).sum())
    return count


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The interpolation rate against the number of DDIM steps: quadrature and samples."""
    shown = sorted(series, key=lambda one: one["steps"])
    steps = [one["steps"] for one in shown]
    ax.plot(steps, [one["predicted"] for one in shown], color="C0", marker="o", markersize=4,
            label="quadrature, no samples")  # fmt: skip
    below = [one["rate"] - one["low"] for one in shown]
    above = [one["high"] - one["rate"] for one in shown]
    ax.errorbar(steps, [one["rate"] for one in shown], yerr=[below, above], color="C1",
                linestyle="none", marker="x", capsize=3,
                label="samples, 99 % intervals")  # fmt: skip
    ax.set(yscale="log", xticks=steps)
    ax.set_xlabel("DDIM steps")
    ax.set_ylabel("interpolated samples (share)")
    ax.set_title("exact score of the 25-mode grid")
    ax.legend()
