"""Proposition 4.7 (1) in the full space: the eigenvalue against automatic differentiation."""

from dataclasses import dataclass, replace

import torch
from torch.autograd.functional import jacobian as jacobian_of

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import GaussianMixture, clock_dynamics
from theorylab.symbolic import as_torch, forms


@dataclass(frozen=True)
class Pair:
    """Two modes at +-separation/2 on a rotated axis, seen at deviation s."""

    separation: float
    s: float
    dimension: int
    weight: float = 0.5
    steeper: float = 1.0
    seed: int = 3


def equal_weights(case: Pair) -> bool:
    """Both modes have weight 1/2."""
    return case.weight == 0.5


@claim(
    source=read_at("Proposition 4.7 (1)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(Pair, separation=[0.5, 3.0, 20.0], s=[0.3, 1.0], dimension=[1, 2, 8]),
    assumes=[equal_weights],
    must_fail={
        "two per cent steeper": lambda case: replace(case, steeper=1.02),
        "unequal weights": lambda case: replace(case, weight=0.55),
    },
    given=["ashiq2026_ddim_vs_ddpm/midpoint_eigenvalue_is_a_quarter_of_the_separation_minus_one"],
    thorough=grid(Pair, separation=[0.1, 100.0], s=[0.05, 5.0], dimension=[3, 64]),
)
def flow_jacobian_at_the_midpoint_has_one_eigenvalue_off_minus_one(case: Pair) -> Finding:
    r"""At the midpoint of two equal modes the Jacobian of $\bar m(y) - y$ has the eigenvalue
    $\lambda = \ell^2/(4s^2) - 1$ along the segment and $-1$ across it, in any dimension.
    """
    generator = torch.Generator().manual_seed(case.seed)
    turn = torch.linalg.qr(torch.randn(case.dimension, case.dimension, generator=generator)).Q
    pair = GaussianMixture.pair(
        case.separation, case.s**2, weight=case.weight, dimension=case.dimension
    )
    turned = GaussianMixture(pair.means @ turn.T, case.s**2, pair.weights)
    flow = clock_dynamics(turned, s_start=2 * case.s, s_stop=case.s)
    end = torch.tensor(flow.stop)
    midpoint = turned.means.mean(0)
    jacobian = jacobian_of(lambda y: flow.drift(end, y[None])[0], midpoint)
    along = (turned.means[0] - turned.means[1]) / case.separation
    slope = as_torch(forms.midpoint_eigenvalue(), forms.ell, forms.s)(case.separation, case.s)
    expected = (case.steeper * (slope + 1)) * torch.outer(along, along) - torch.eye(case.dimension)
    stays = equal(flow.drift(end, midpoint[None]), 0.0, budget=1e-12, scale=case.separation)
    return all_hold(equal(jacobian, expected, budget=1e-12), stays)
