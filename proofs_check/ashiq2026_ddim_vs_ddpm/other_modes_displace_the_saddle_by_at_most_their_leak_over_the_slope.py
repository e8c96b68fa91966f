"""Proposition B.1 (2) with its constant, for any mixture with one variance and any weights."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, at_most, claim, undecided
from theorylab.diffusion import GaussianMixture, Segment

POINTS = 401
Drift: TypeAlias = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Row:
    """A law and separations a = ell^2/s^2 of its close pairs; or a pair and one heavy outsider."""

    law: Law | None
    separations: tuple[float, ...] = (8.0, 12.0, 20.0)
    leak: float = 1.0
    slope: float = 1.0
    lever: bool = True


@claim(
    source=read_at("Proposition B.1 (2)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[*(Row(law) for law in USUAL), Row(None, (5.0,))],
    must_fail={
        "five per cent less leak": lambda case: replace(case, leak=0.95),
        "slope five per cent steeper": lambda case: replace(case, slope=1.05),
        "lever of one pair length": lambda case: replace(case, lever=False),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/unequal_weights_leave_a_saddle_exactly_below_the_fold",
        "ashiq2026_ddim_vs_ddpm/outsiders_pull_is_bounded_by_their_margin",
    ],
)
def other_modes_displace_the_saddle_by_at_most_their_leak_over_the_slope(case: Row) -> Finding:
    r"""On the line through two modes of a mixture (one variance, any weights), $p = 0$ at $\mu_j$
    and $1$ at $\mu_i$, let $p_0$ be the saddle of these two modes alone and $g$ their drift. If
    $g' \ge c > 0$ on $|p - p_0| \le r$ and there the other modes have at most the responsibility
    $W$, then with $q_k = \langle\mu_k - \mu_j, e\rangle/\ell$ and

    $$E = W \max_{k \ne i,j}\max(|q_k|, |q_k - 1|), \qquad E \le c\,r,$$

    the exact parallel drift has a zero $p^*$ with $|p^* - p_0| \le E/c$. Under dominance with
    margin $\kappa$, $W \le \rho/(1+\rho)$. With one outsider far along the line it is attained to
    four per cent.
    """
    mixture = case.law.mixture() if case.law else outsider()
    every = [
        displacement(case, mixture, pair, a)
        for pair in close_pairs(mixture)
        for a in case.separations
    ]
    sides = [one for one in every if one is not None]
    if len(sides) < (6 if case.law else 1):
        return undecided(Evidence.NUMERIC, f"the hypotheses hold in {len(sides)} cases only")
    moved, bound = (torch.stack(side) for side in zip(*sides, strict=True))
    tight = None if case.law else 0.96
    return at_most(moved / bound, torch.ones(()), budget=1e-6, tight=tight)


def displacement(
    case: Row, mixture: GaussianMixture, pair: tuple[int, int], a: float
) -> tuple[Tensor, Tensor] | None:
    """The displacement of the nearest exact zero and its bound, where the hypotheses hold."""
    i, j = pair
    segment = Segment(mixture.means[i], mixture.means[j])
    wide = mixture.with_variance(segment.length**2 / a)
    imbalance = torch.log(mixture.weights[i] / mixture.weights[j])
    flat = torch.sqrt(torch.tensor(1 - 4 / a)) / 2
    p0 = bisect(lambda p: torch.sigmoid(imbalance + a * (p - 0.5)) - p, 0.5 - flat, 0.5 + flat)
    if p0 is None:
        return None
    q = segment.parallel(mixture.means)
    others = [k for k in range(mixture.K) if k not in pair]
    lever = torch.maximum(q[others].abs(), (q[others] - 1).abs()).max() if case.lever else 1.0

    def responsibilities(p: Tensor) -> Tensor:
        return wide.responsibilities(segment.b + p[..., None] * (segment.a - segment.b))

    for r in torch.logspace(-6, -0.7, 54):
        window = p0 + r * torch.linspace(-1, 1, 41)
        w = torch.sigmoid(imbalance + a * (window - 0.5))
        c = case.slope * (a * w * (1 - w) - 1).min()
        error = case.leak * responsibilities(window)[:, others].sum(-1).max() * lever
        if c > 0 and error <= c * r:
            break
    else:
        return None
    found = nearest_zero(lambda p: responsibilities(p) @ q - p, p0, 3 * r)
    return (found - p0).abs(), error / c


def nearest_zero(drift: Drift, p0: Tensor, reach: Tensor) -> Tensor:
    """The zero of the drift nearest to p0 within reach, else the end of the reach."""
    grid = p0 + reach * torch.linspace(-1, 1, POINTS)
    values = drift(grid)
    crosses = (values[:-1] * values[1:] <= 0).nonzero()[:, 0]
    if len(crosses) == 0:
        return p0 + reach
    first = crosses[(grid[crosses] - p0).abs().argmin()]
    zero = bisect(drift, grid[first], grid[first + 1])
    return p0 + reach if zero is None else zero


def bisect(drift: Drift, low: Tensor, high: Tensor) -> Tensor | None:
    """The point where the drift turns from negative to positive, None without a change of sign."""
    if not (drift(low) <= 0 <= drift(high)):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if drift(middle) > 0 else (middle, high)
    return (low + high) / 2


def close_pairs(mixture: GaussianMixture, count: int = 4) -> list[tuple[int, int]]:
    """The closest pairs of modes, each in the order of their numbers."""
    if mixture.K == 3:
        return [(0, 1)]
    pairs = torch.combinations(torch.arange(mixture.K))
    closest = pairs[torch.pdist(mixture.means).argsort(stable=True)[:count]]
    return [(int(i), int(j)) for i, j in closest]


def outsider() -> GaussianMixture:
    """Two light modes and a heavy one sixteen lengths away on their line."""
    means = torch.tensor([[1.0, 0.0], [0.0, 0.0], [16.0, 0.0]])
    light = 1.6e-254
    return GaussianMixture(means, 1e-3, torch.tensor([light, light, 1 - 2 * light]))
