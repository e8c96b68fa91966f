"""Lemma G.4: the parallel coordinate is kept in the unit interval up to the outsiders' pull."""

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
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RANDOM, RESTATED, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.diffusion import EDMSchedule, ExactScore, ddim_step

THREE = Law("random", 3, 2, seed=4)
POINTS = 3000
PARTNERS = (1, 2, -1)
"""The two nearest modes, and two other pairs, whose margin is smaller."""


@dataclass(frozen=True)
class Range:
    """A law seen at ell/s; factors of the range, which `tight` laws attain."""

    law: Law
    separations: float
    tight: float | None = None
    overstated: float = 0.0
    weighted: bool = True
    reach: float = 1.0
    partner: int = 1


@claim(
    source=read_at("Lemma G.4"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Range(THREE, 5.0, tight=0.99, partner=-1),
        Range(replace(THREE, scale=0.01, turn=4), 5.0, tight=0.99, partner=-1),
        *[
            Range(law, 2.0, partner=partner)
            for law in (GRID, RESTATED, RANDOM)
            for partner in PARTNERS
        ],
    ],
    must_fail={
        "two per cent less range": lambda case: replace(case, reach=0.98),
        "the plain unit interval": lambda case: replace(case, reach=1e-3),
        "the margin overstated by a twentieth": lambda case: replace(case, overstated=0.05),
        "equal weights supposed": lambda case: replace(case, weighted=False),
    },
)
def parallel_coordinate_stays_in_the_range_of_its_target(case: Range) -> Finding:
    r"""Let $i, j$ dominate at $y$ with margin $\kappa$, $q_k = \langle\mu_k-\mu_j, e\rangle/\ell$,
    and $\rho$ as in Lemma G.3. The target $\hat p = \langle\bar m-\mu_j, e\rangle/\ell$ of
    $dp/du = \hat p - p$ satisfies

    $$-\epsilon \le \hat p \le 1 + \epsilon,\qquad
      \epsilon = \frac{\rho}{1+\rho}\,\max_{k\ne i,j}\max(0,\,-q_k,\,q_k - 1).$$

    So while the pair dominates, $[-\epsilon, 1+\epsilon]$ is forward invariant for $p$ under the
    flow (whose field points inward at its ends), and under a DDIM step of any length,
    $\min(p, -\epsilon) \le p' \le \max(p, 1+\epsilon)$. A point outside is only attracted.
    """
    mixture = case.law.mixture()
    s = closest_modes(mixture) / case.separations
    at = nearest(mixture, s, points_about(mixture, s, POINTS, seed=37), partner=case.partner)
    rho = at.rho(at.kappa + case.overstated, weighted=case.weighted)
    q = parallel(at, mixture.means.expand(POINTS, -1, -1))
    beyond = torch.where(at.outside, torch.maximum(-q, q - 1), 0.0).amax(-1).clamp(min=0)
    epsilon = case.reach * rho / (1 + rho) * beyond
    target, p = parallel(at, at.mbar), parallel(at, at.y)
    noise = (s**2 - float(mixture.variance)) ** 0.5
    score = ExactScore(mixture, EDMSchedule())
    steps = [
        parallel(at, ddim_step(at.y, noise, share * noise, schedule=EDMSchedule(), score=score))
        for share in (0.9, 0.3, 0.01)
    ]
    return all_hold(
        at_most(torch.maximum(-target, target - 1), epsilon, budget=1e-9, tight=case.tight),
        *[at_most(after, torch.maximum(p, 1 + epsilon), budget=1e-9) for after in steps],
        *[at_most(-after, torch.maximum(-p, epsilon), budget=1e-9) for after in steps],
    )


def parallel(at: Dominated, x: Tensor) -> Tensor:
    """The coordinate p along each point's pair, (n,) for (n, d) and (n, K) for (n, K, d)."""
    a, b = (end if x.ndim == 2 else end[:, None] for end in at.ends)
    return ((x - b) * (a - b)).sum(-1) / ((a - b) ** 2).sum(-1)
