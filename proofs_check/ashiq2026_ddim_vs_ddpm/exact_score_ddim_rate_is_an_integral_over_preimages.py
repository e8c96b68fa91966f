"""How often DDIM with the exact score ends between two modes, without a single sample and with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    clopper_pearson,
    equal,
    rate_at_most,
    rate_between,
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
    """DDIM with a number of steps, the rate stated for it, and the reach of n samples."""

    steps: int
    expected: float
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
    cases=[
        Run(8, 0.0381, 0.4, 50_000),
        Run(10, 0.00946, 0.9, 50_000),
        Run(12, 0.00360, 0.99),
        Run(15, 0.00483, 0.8),
        Run(20, 0.000509, 2.9, 120_000),
    ],
    must_fail={
        "a rate three per cent larger": lambda case: replace(case, expected=1.03 * case.expected),
        "evenly spaced steps": lambda case: replace(case, nodes=linear_nodes),
        "a score three per cent flatter": lambda case: replace(case, temper=0.97),
        "starts twice as wide": lambda case: replace(case, start=2.0),
    },
    thorough=[Run(10, 0.00946, 0.13, 2_000_000), Run(30, 0.0000591, 1.9, 2_000_000)],
)
def exact_score_ddim_rate_is_an_integral_over_preimages(case: Run) -> Finding:
    r"""Start DDIM with $K$ quadratically spaced steps (the last raw index is 800) and the exact
    score of the 25-mode grid from $N(0, I)$. It is increasing in each coordinate separately, so
    the probability of ending between two modes (more than $5\sigma$ from every mode, at most
    $5\sigma$ from the segment of the two nearest) is an integral over preimages,

    $$P = 1 - q^2 - \int_0^{5\sigma} G\big(\sqrt{25\sigma^2 - r^2}\big)\,dG(r),
      \qquad q = 1 - G(5\sigma),$$

    with $G(r)$ the mass of the starts of one coordinate that end within $r$ of a mode. To half a
    per cent it is 0.0381, 0.00946, 0.00360, 0.00483 and 0.000509 at $K = 8, 10, 12, 15, 20$: even
    without any error of the score a few steps do interpolate, and twenty hardly do. Sampling
    agrees with the bracket of the quadrature (at $K = 20$ from above only).
    """
    predicted = predicted_rates(case.steps)
    k = sampled_count(case.steps, case.n, case.seed, case.nodes, case.temper, case.start)
    low, high = clopper_pearson(k, case.n, alpha=0.01)
    rates = {"false_alarm": FALSE_ALARM, "miss": MISS, "reach": case.reach}
    if case.reach < 1:
        bracket = (predicted.interpolated_low, predicted.interpolated_high)
        sampled = rate_between(k, case.n, bracket, **rates)
    else:
        sampled = rate_at_most(k, case.n, predicted.interpolated_high, **rates)
    as_stated = equal(predicted.interpolated, case.expected, budget=0.004)
    return all_hold(sampled, as_stated).with_series(
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


@cache
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
    return pair_rates(end_of, one.means[:, 0], radius, shells=240)


@cache
def sampled_count(
    steps: int, n: int, seed: int, nodes: Callable[[int], list[int]], temper: float, start: float
) -> int:
    """How many of n samples in the plane are classified as interpolated."""
    mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
    exact = ExactScore(mixture, schedule)
    generator = torch.Generator().manual_seed(seed)
    count = 0
    for _ in range(n // CHUNK):
        x = start * torch.randn(CHUNK, 2, generator=generator)
        path = ddim_sample(
            x, nodes(steps), schedule=schedule, score=lambda x, t: temper * exact(x, t)
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
