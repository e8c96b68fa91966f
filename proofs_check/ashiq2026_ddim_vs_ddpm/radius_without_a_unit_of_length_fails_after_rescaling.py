"""Theorem 4.2 with eps = N e^{-kappa} read as a number: refuted by a change of units."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._dominated import distance
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture, clock_dynamics
from theorylab.integrate import DOPRI5, solve_ode

KAPPA = 7.0


@dataclass(frozen=True)
class Units:
    """Three modes with a pair at distance ell, the excess claimed, and the margin at the start."""

    ell: float
    excess: float
    kappa: float = KAPPA
    power: float = 0.0
    seed: int = 0


@claim(
    source=read_at("Theorem 4.2 (eps = O(N e^{-kappa}), read as N e^{-kappa})"),
    relation=Relation.REFUTES,
    evidence=Evidence.NUMERIC,
    cases=[Units(200.0, 1.2686), Units(2000.0, 12.686), Units(2000.0, 12.686, seed=5)],
    must_fail={
        "modes two per cent closer": lambda case: replace(case, ell=0.98 * case.ell),
        "a unit of length": lambda case: replace(case, power=1.0),
        "the pair starts below the margin": lambda case: replace(case, kappa=6.8),
        "the paper's own unit": lambda case: replace(case, ell=0.7071),
    },
    given=["ashiq2026_ddim_vs_ddpm/distance_to_segment_contracts_along_the_flow"],
)
def radius_without_a_unit_of_length_fails_after_rescaling(case: Units) -> Finding:
    r"""In the reading $\epsilon = N e^{-\kappa}$, a number without a unit of length, it is not
    true that

    $$\operatorname{dist}(y_t, L) \le \tfrac{s_t}{s_\tau}\,\operatorname{dist}(y_\tau, L)
      + \epsilon$$

    while the pair dominates with margin $\kappa$: take three equal modes, two at distance $\ell$
    and the third
    above their midpoint at height $\ell/\sqrt2$, and start at that midpoint when
    $\kappa = 7$. The start lies on the segment and the margin only grows, but the flow leaves
    the segment by $1.2686\,N e^{-\kappa}$ for $\ell = 200$ and by $12.686\,N e^{-\kappa}$ for
    $\ell = 2000$.

    The bound with the unit, $\tfrac{\rho}{1+\rho}\Delta$ with $\rho = e^{-7}$ and
    $\Delta = \ell/\sqrt2$, holds: $0.027$ of it is used.
    """
    height = case.ell / math.sqrt(2)
    s = math.sqrt((height**2 - case.ell**2 / 4) / (2 * case.kappa))
    flat = torch.tensor([[0.0, case.ell / 2], [0.0, -case.ell / 2], [height, 0.0]])
    means = flat @ turn(case.seed)
    flow = clock_dynamics(GaussianMixture(means, (s / 10) ** 2), s_start=s, s_stop=s / 1.6)
    times = torch.linspace(0.0, flow.stop, 40)
    path = solve_ode(
        flow, torch.zeros(1, 2), method=DOPRI5, times=times, rtol=1e-9, atol=1e-9 * case.ell
    )
    y, levels = path.states[:, 0], s * torch.exp(-path.times)
    squares = ((y[:, None] - means) ** 2).sum(-1)
    margin = (squares[:, 2] - squares[:, :2].amin(-1)) / (2 * levels**2)
    peak = distance(y, means[0], means[1]).max()
    number = 3 * math.exp(-KAPPA) * case.ell**case.power
    unit = math.exp(-KAPPA) / (1 + math.exp(-KAPPA)) * height
    return all_hold(
        equal(margin[0], KAPPA, budget=1e-9),
        at_most(margin[:-1], margin[1:], budget=1e-9),
        equal(peak / number, case.excess, budget=2e-3),
        equal(peak / unit, 0.02693, budget=2e-3),
    )


def turn(seed: int) -> Tensor:
    """A rotation of the plane, none for seed 0."""
    if seed == 0:
        return torch.eye(2)
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(2, 2, generator=generator)).Q
