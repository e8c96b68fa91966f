"""The two inequalities behind Proposition 4.5 and Corollary 4.6."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.diffusion import GaussianMixture


@dataclass(frozen=True)
class Near:
    """Points within `share` of the nearest distance around each mode, at a = (distance/s)^2.

    `tight` laws attain both bounds to that share.
    """

    law: Law
    level: float
    share: float = 0.35
    seed: int = 0
    points: int = 60
    shift: float = 1.0
    slope: float = 1.0
    reach: float = 1.0
    equal: bool = False
    tight: float | None = None


PAIR = Law("random", 2, 3, seed=8)


@claim(
    source=read_at("Proposition 4.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        *(Near(law, 20.0, seed=n) for n, law in enumerate(USUAL)),
        Near(PAIR, 25.0, seed=9, tight=0.9999),
        Near(USUAL[2], 12.0, seed=10),
    ],
    must_fail={
        "the shift two per cent smaller": lambda case: replace(case, shift=0.98),
        "the slope two per cent smaller": lambda case: replace(case, slope=0.98),
        "delta two per cent smaller": lambda case: replace(case, reach=0.98),
        "weights ignored": lambda case: replace(case, equal=True),
    },
    thorough=[Near(law, a, seed=20, points=600) for law in USUAL for a in (10.0, 25.0)],
)
def near_a_mode_the_expected_mean_moves_by_little(case: Near) -> Finding:
    r"""For every mixture with one variance, every mode $i$ and every point with
    $|y - \mu_i| \le \delta$,

    $$|\bar m(y) - \mu_i| \le \sum_{k\ne i} \frac{\pi_k}{\pi_i} L_k\,
      e^{-\frac{L_k^2 - 2\delta L_k}{2s^2}}, \qquad
      \|D\bar m(y)\| \le \sum_{k\ne i} \frac{\pi_k}{\pi_i}\frac{L_k^2}{s^2}\,
      e^{-\frac{L_k^2 - 2\delta L_k}{2s^2}},$$

    where $L_k = |\mu_k - \mu_i|$. On the way to the other of two modes they are attained up to the
    factors $w_i(y)$ and $w_i(y)^2$ (a pair attains both to $10^{-4}$).
    ($|y-\mu_k|^2 - |y-\mu_i|^2 \ge L_k^2 - 2\delta L_k$; the Jacobian is the covariance of the
    modes over $s^2$, at most the mean of $|\mu_k - \mu_i|^2$ over it.)
    """
    law = case.law.mixture()
    apart = torch.cdist(law.means, law.means)
    nearest = apart.masked_fill(torch.eye(law.K, dtype=torch.bool), torch.inf).amin(1)
    s = nearest / case.level**0.5
    y, delta = points_around(case, law, nearest)
    moved, slope, bounds = [], [], []
    for i in range(law.K):
        noised = law.with_variance(s[i] ** 2)
        moved.append((noised.expected_mean(y[i]) - law.means[i]).norm(dim=-1))
        jacobian = noised.expected_mean_jacobian(y[i])
        slope.append(torch.linalg.matrix_norm(jacobian, ord=2))
        bounds.append(bounds_at(case, law, apart[i], i, case.reach * delta[i], s[i]))
    shift_bound, slope_bound = (torch.stack(part) for part in zip(*bounds, strict=True))
    ones = torch.ones_like(shift_bound)
    return all_hold(
        at_most(
            torch.stack(moved) / (case.shift * shift_bound), ones, budget=1e-9, tight=case.tight
        ),
        at_most(
            torch.stack(slope) / (case.slope * slope_bound), ones, budget=1e-9, tight=case.tight
        ),
    )


def points_around(case: Near, law: GaussianMixture, nearest: Tensor) -> tuple[Tensor, Tensor]:
    """Points (K, n, d) around every mode, half of them toward another mode, and their radii."""
    generator = torch.Generator().manual_seed(case.seed)
    directions = torch.randn(law.K, case.points, law.d, generator=generator)
    target = torch.randint(1, law.K, (law.K, case.points), generator=generator)
    target = (torch.arange(law.K)[:, None] + target) % law.K
    toward = law.means[target] - law.means[:, None]
    directions[:, ::2] = toward[:, ::2]
    directions /= directions.norm(dim=-1, keepdim=True)
    radii = case.share * torch.rand(law.K, case.points, generator=generator) * nearest[:, None]
    return law.means[:, None] + radii[..., None] * directions, radii


def bounds_at(
    case: Near, law: GaussianMixture, apart: Tensor, i: int, delta: Tensor, s: Tensor
) -> tuple[Tensor, Tensor]:
    """Both right-hand sides for the radii delta (n) around mode i."""
    others = torch.arange(law.K) != i
    length = apart[others]
    weights = torch.ones_like(law.weights) if case.equal else law.weights
    ratio = (weights / weights[i])[others]
    share = ratio * torch.exp(-(length**2 - 2 * delta[:, None] * length) / (2 * s**2))
    return (share * length).sum(-1), (share * length**2 / s**2).sum(-1)
