"""How far unequal weights move the saddle: Proposition B.1 (1) from both sides."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture, Segment


@dataclass(frozen=True)
class Shift:
    """A separation a, shares of the fold threshold, and what the two bounds are scaled by."""

    a: float
    dimension: int = 1
    scale: float = 1.0
    least: float = 1.0
    most: float = 1.0
    lighter: float = 1.0


@claim(
    source=read_at("Proposition B.1 (1)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Shift(4.5),
        Shift(8.0, dimension=2, scale=100.0),
        Shift(56.0, dimension=6),
        Shift(900.0, dimension=64, scale=0.01),
    ],
    must_fail={
        "two per cent farther at least": lambda case: replace(case, least=1.02),
        "two per cent less far at most": lambda case: replace(case, most=0.98),
        "towards the heavier mode": lambda case: replace(case, lighter=-1.0),
    },
    given=["ashiq2026_ddim_vs_ddpm/fold_threshold_is_the_peak_of_the_log_odds_gap"],
)
def saddle_moves_towards_the_lighter_mode_within_two_bounds(case: Shift) -> Finding:
    r"""Two modes with $\Lambda = \ln(\pi_i/\pi_j)$ and $a = \ell^2/s^2 > 4$,
    $0 < |\Lambda| < \Lambda_c(a)$. The saddle $p^*$ of the parallel drift lies on the side of the
    lighter mode, at a distance from the midpoint with

    $$\frac{|\Lambda|}{a - 4} \le \big|p^* - \tfrac12\big|
      \le \frac{q}{2}\,\frac{|\Lambda|}{\Lambda_c(a)} < \frac{q}{2}, \qquad q = \sqrt{1 - 4/a},$$

    because the log-odds gap is convex beyond the midpoint, and so lies above its tangent and
    below its chord. Both are attained, at $\Lambda \to 0$ and at the fold. At $a = 56$:
    $0.019231$ for $\Lambda = 1$ and $0.096247$ for $\Lambda = 5$.
    """
    a = case.a
    q = torch.tensor(1 - 4 / a).sqrt()
    fold = a * q / 2 - 2 * torch.atanh(q)
    near_0, middle = torch.tensor([1e-4, 1e-3]), torch.linspace(0.01, 0.999, 60)
    share = torch.cat([near_0, middle, torch.tensor([0.999999])])
    imbalance = torch.cat([share, -share]) * fold
    if a == 56:
        imbalance = torch.cat([imbalance, torch.tensor([1.0, 5.0])])
    low, high = (torch.full_like(imbalance, float(end)) for end in ((1 - q) / 2, (1 + q) / 2))
    for _ in range(60):
        p = (low + high) / 2
        above = torch.sigmoid(imbalance + a * (p - 0.5)) > p
        low, high = torch.where(above, low, p), torch.where(above, p, high)
    offset = -case.lighter * torch.sign(imbalance) * (low - 0.5)
    least = case.least * imbalance.abs() / (a - 4)
    most = case.most * q / 2 * imbalance.abs() / fold
    parts = [
        at_most(least / most, offset / most, budget=1e-6, tight=0.9999),
        at_most(offset / most, torch.ones(()), budget=1e-6, tight=0.998),
        equal(stays(case, imbalance, low), torch.zeros(()), budget=1e-8, scale=1.0),
    ]
    if a == 56:
        parts.append(equal(offset[-2:], torch.tensor([0.019231, 0.096247]), budget=1e-5))
    return all_hold(*parts)


def stays(case: Shift, imbalance: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """The drift over ell of a mixture with those weights at those points, a second route."""
    generator = torch.Generator().manual_seed(31)
    axes = torch.randn(case.dimension, case.dimension, generator=generator)
    e = case.scale * torch.linalg.qr(axes).Q[0]
    left = []
    for shift, where in zip(imbalance[::20], p[::20], strict=True):
        mixture = GaussianMixture(
            torch.stack([e, -e]) / 2,
            case.scale**2 / case.a,
            torch.stack([torch.sigmoid(shift), torch.sigmoid(-shift)]),
        )
        segment = Segment(mixture.means[0], mixture.means[1])
        y = segment.b + where * (segment.a - segment.b)
        left.append(segment.parallel(mixture.expected_mean(y)) - where)
    return torch.stack(left)
