"""Lemma G.3, the remainder: explicit constants, with a unit of length and for any weights."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._dominated import (
    Dominated,
    closest_modes,
    nearest,
    points_about,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim

THREE = Law("random", 3, 2, seed=3)
POINTS = 3000


@dataclass(frozen=True)
class Remainder:
    """A law seen at ell/s; factors of the bounds, which `tight` laws attain."""

    law: Law
    separations: float
    tight: float | None = None
    overstated: float = 0.0
    weighted: bool = True
    responsibility: float = 1.0
    half: float = 0.5


@claim(
    source=read_at("Lemma G.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Remainder(THREE, 5.0, tight=0.99),
        Remainder(replace(THREE, scale=0.01, turn=4), 5.0, tight=0.99),
        *[Remainder(law, separations) for law in USUAL for separations in (2.0, 5.0)],
    ],
    must_fail={
        "two per cent less responsibility": lambda case: replace(case, responsibility=0.98),
        "the margin overstated by a twentieth": lambda case: replace(case, overstated=0.05),
        "equal weights supposed": lambda case: replace(case, weighted=False),
        "the pair's own pull is not lost": lambda case: replace(case, half=0.0),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_splits_into_two_mode_drift_and_outsiders"],
)
def outsiders_pull_is_bounded_by_their_margin(case: Remainder) -> Finding:
    r"""Let the modes $i, j$ dominate at $y$ with margin $\kappa$ and let
    $\rho = e^{-\kappa}\max_{n\in\{i,j\}}\sum_{k\ne i,j}\pi_k/\pi_n$. In Lemma G.3, written as
    $\dot\xi = -\xi + \tfrac\ell2\tanh(\cdot) + R_e$ and $\dot z = -z + R_z$,

    $$W = \sum_{k\ne i,j}w_k \le \frac{\rho}{1+\rho},\qquad
      |R_z| \le \frac{\rho}{1+\rho}\max_k|P(\mu_k - m)|,$$

    $$|R_e| \le \frac{\rho}{1+\rho}\Big(\max_k|\langle\mu_k - m, e\rangle| + \frac\ell2\Big),$$

    with the maxima over $k \ne i, j$. For equal weights $\rho = (N-2)e^{-\kappa}$. Three modes
    attain each bound to 1 %, so the constants cannot be smaller by more.
    """
    mixture = case.law.mixture()
    s = closest_modes(mixture) / case.separations
    at = nearest(mixture, s, points_about(mixture, s, POINTS, seed=31))
    rho = at.rho(at.kappa + case.overstated, weighted=case.weighted)
    most = case.responsibility * rho / (1 + rho)
    outside = at.w * at.outside
    along, apart, two = parts(at)
    lost = (outside * (along - two[:, None])).sum(-1).abs()
    across = (outside[..., None] * apart).sum(1).norm(dim=-1)
    far = torch.where(at.outside, along.abs(), 0.0).amax(-1) + case.half * at.ell
    wide = torch.where(at.outside, apart.norm(dim=-1), 0.0).amax(-1)
    one = torch.ones_like(rho)
    return all_hold(
        at_most(outside.sum(-1) / most, one, budget=1e-9, tight=case.tight),
        at_most(lost / (most * far), one, budget=1e-9, tight=case.tight),
        at_most(across / (most * wide), one, budget=1e-9, tight=case.tight),
    )


def parts(at: Dominated) -> tuple[Tensor, Tensor, Tensor]:
    """<mu_k - m, e> (n, K), P(mu_k - m) (n, K, d) and (ell/2) tanh(.) (n,) of every point."""
    a, b = at.ends
    e = (a - b) / at.ell[:, None]
    centred = at.mixture.means - ((a + b) / 2)[:, None]
    along = (centred * e[:, None]).sum(-1)
    xi = ((at.y - (a + b) / 2) * e).sum(-1)
    lean = torch.log(at.mixture.weights[at.pair]).diff(dim=-1)[:, 0]
    two = at.ell / 2 * torch.tanh(at.ell * xi / (2 * at.s**2) - lean / 2)
    return along, centred - along[..., None] * e[:, None], two
