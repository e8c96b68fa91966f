"""Proposition D.1 with its best exponent and constants, and for unequal weights."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, undecided
from theorylab.diffusion import GaussianMixture

MOST = 30.0
"""Margins above this leave shares below 1e-26; they are not counted."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle of modes in dimension d with others around it, and points near its centre."""

    dimension: int
    seed: int
    equal: bool = True
    others: int = 0
    scale: float = 1.0
    points: int = 60_000
    exponent: float = 2.0
    constant: float = 1.0
    weighted: bool = True
    skew: float = 0.0


@claim(
    source=read_at("Proposition D.1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Rectangle(2, 1),
        Rectangle(2, 2, equal=False, scale=100.0),
        Rectangle(6, 3, others=5),
        Rectangle(64, 4, equal=False, others=3, scale=0.01, points=10_000),
    ],
    must_fail={
        "two per cent more in the exponent": lambda case: replace(case, exponent=2.04),
        "e^(-2 kappa)/1.05": lambda case: replace(case, constant=0.95),
        "a parallelogram": lambda case: replace(case, skew=0.1),
        "weights forgotten": lambda case: replace(case, weighted=False),
    },
    given=["ashiq2026_ddim_vs_ddpm/rectangle_corners_satisfy_the_british_flag_identity"],
)
def diagonal_pair_leaves_its_farther_mode_an_exponentially_small_share(
    case: Rectangle,
) -> Finding:
    r"""Four modes of a mixture (one variance) are the corners of a rectangle, in any dimension
    and with any other modes. Let a diagonal pair dominate at $y$ with margin $\kappa > 0$ over
    the two other corners: $D_k - \min(D_i, D_j) \ge 2s^2\kappa$. With $n$ the nearer and $f$ the
    farther mode of the pair, the responsibility of the farther one is

    $$w_f \le \frac{1}{1 + (\pi_n/\pi_f)\,e^{2\kappa}},$$

    which is approached as $\kappa$ grows, without other modes and where $D_k - \min(D_i, D_j)$ is
    the same for both other corners. For equal weights, with these two corners counted,

    $$\min(w_i, w_j) \le \frac{1}{(1 + e^\kappa)^2}
      < \frac{1}{1 + e^{2\kappa}} < e^{-2\kappa},$$

    and the first bound is attained there at every $\kappa$.
    """
    generator = torch.Generator().manual_seed(case.seed)
    mixture = rectangle(case, generator)
    y = starts(case, mixture, generator)
    w = mixture.responsibilities(y)
    squared = ((y[:, None] - mixture.means[:4]) ** 2).sum(-1)
    nearest = squared.argmin(-1)
    opposite = 3 - nearest
    sides = squared.clone().scatter_(1, torch.stack([nearest, opposite], 1), torch.inf)
    kappa = (sides.amin(-1) - squared.amin(-1)) / (2 * mixture.variance)
    counted = (kappa > 0) & (kappa < MOST)
    if int(counted.sum()) < 1000:
        return undecided(Evidence.NUMERIC, f"only {int(counted.sum())} points to compare")
    share = torch.gather(w, 1, opposite[:, None])[counted, 0]
    ratio = mixture.weights[nearest] / mixture.weights[opposite]
    ratio = ratio[counted] if case.weighted else torch.ones_like(share)
    bound = case.constant / (1 + ratio * torch.exp(case.exponent * kappa[counted]))
    general = at_most(share / bound, torch.ones(()), budget=1e-8,
                      tight=None if case.others else 0.99)  # fmt: skip
    if not case.equal:
        return general
    least = torch.minimum(share, torch.gather(w, 1, nearest[:, None])[counted, 0])
    best = case.constant / (1 + torch.exp(case.exponent / 2 * kappa[counted])) ** 2
    attained = at_most(least / best, torch.ones(()), budget=1e-8,
                       tight=None if case.others else 1 - 1e-9)  # fmt: skip
    return all_hold(general, attained)


def rectangle(case: Rectangle, generator: torch.Generator) -> GaussianMixture:
    """Corners 0..3 with diagonals (0, 3) and (1, 2), then the other modes, well outside."""
    axes = torch.linalg.qr(torch.randn(case.dimension, case.dimension, generator=generator)).Q
    u, v = axes[0], 0.7 * (axes[1] + case.skew * axes[0])
    corners = torch.stack([u + v, u - v, v - u, -u - v])
    away = torch.randn(case.others, case.dimension, generator=generator)
    away = 2.2 * away / torch.linalg.vector_norm(away, dim=-1, keepdim=True)
    weights = torch.ones(4 + case.others)
    if not case.equal:
        weights = 0.2 + torch.rand(4 + case.others, generator=generator)
    means = case.scale * torch.cat([corners, away])
    return GaussianMixture(means, (0.6 * case.scale) ** 2, weights / weights.sum())


def starts(case: Rectangle, mixture: GaussianMixture, generator: torch.Generator) -> Tensor:
    """Points in the plane of the rectangle, half on lines of equal margin, and off it."""
    corners = mixture.means[:4] / case.scale
    half = (corners[0] - corners[3])[None] / 2, (corners[1] - corners[2])[None] / 2
    u, v = (half[0] + half[1]) / 2, (half[0] - half[1]) / 2
    angle = 2 * torch.pi * torch.rand(case.points, 1, generator=generator)
    radius = 3.0 * torch.rand(case.points, 1, generator=generator)
    x = radius * torch.cos(angle)
    z = radius * torch.sin(angle)
    equal = torch.arange(case.points)[:, None] % 2 == 0
    square_u, square_v = (u**2).sum(), (v**2).sum()
    z = torch.where(equal, torch.sign(z) * x.abs() * square_u / square_v, z)
    noise = 0.3 * torch.randn(case.points, case.dimension, generator=generator)
    for axis in (u, v):
        noise = noise - (noise @ axis.T) * axis / (axis**2).sum()
    return case.scale * (x * u + z * v + noise)
