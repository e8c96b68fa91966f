"""Proposition 4.7 (2) turned round: how soon a start leaves a neighbourhood of the midpoint."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    at_most,
    claim,
    undecided,
)
from theorylab.diffusion import GaussianMixture, Segment, clock_dynamics
from theorylab.integrate import DOPRI8, solve_ode

TIMES = 12


@dataclass(frozen=True)
class Escape:
    """Two modes ell apart at s = ell/separation; the neighbourhood has radius `radius` ell."""

    separation: float
    radius: float
    dimension: int = 1
    length: float = 1.0
    seed: int = 3
    ratio: float = 2.5
    weight: float = 0.5
    faster: float = 1.0
    inside: bool = True


def equal_weights(case: Escape) -> bool:
    """Both modes have weight 1/2."""
    return case.weight == 0.5


def saddle_exists(case: Escape) -> bool:
    """The modes are more than 2 s apart."""
    return case.separation > 2


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Escape(3.0, 0.15),
        Escape(8.8, 0.15, dimension=2, length=0.01, seed=4),
        Escape(17.0, 0.35, dimension=6, length=100.0, seed=5),
    ],
    assumes=[equal_weights, saddle_exists],
    must_fail={
        "two per cent faster": lambda case: replace(case, faster=1.02),
        "at the rate of the eigenvalue": lambda case: replace(case, faster=0.0),
        "weights 0.52 and 0.48": lambda case: replace(case, weight=0.52),
        "also outside the neighbourhood": lambda case: replace(case, inside=False),
    },
)
def midpoint_repels_at_least_at_the_rate_of_the_chord(case: Escape) -> Finding:
    r"""Two modes of equal weight more than $2s_0$ apart, in any dimension. As long as
    $|\xi| \le \theta$,

    $$|\xi| \ge |\xi_0|\,\Big(\frac{s_0}{s}\Big)^{c}, \qquad
      c = \frac{\ell}{2\theta}\tanh\frac{\ell\theta}{2s_0^2} - 1,$$

    because the drift is concave for $\xi > 0$, hence above its chord on $[0, \theta]$, and the
    slope of the chord increases as $s$ decreases. Where $c > 0$, a start at $\xi_0 \ne 0$ has
    left before $s$ falls below $s_0\,(|\xi_0|/\theta)^{1/c}$. At $s = s_0$ and $\xi = \theta$ the
    drift is $c\,\theta$: the rate is attained.
    """
    means = modes(case)
    mixture = GaussianMixture(
        means, (case.length / case.separation / case.ratio) ** 2, [case.weight, 1 - case.weight]
    )
    segment = Segment(means[0], means[1])
    s0 = case.length / case.separation
    flow = clock_dynamics(mixture, s_start=s0)
    xi0 = case.length * case.radius * torch.cat([torch.logspace(-4, 0, 40), torch.tensor([0.999])])
    xi0 = torch.cat([xi0, -xi0])
    times = torch.cat([torch.zeros(1), torch.logspace(-3, 0, TIMES) * flow.stop])
    path = solve_ode(
        flow, xi0[:, None] * segment.direction, method=DOPRI8, times=times,
        rtol=1e-10, atol=1e-13 * case.length,
    )  # fmt: skip
    xi = (segment.parallel(path.states) - 0.5).abs() * case.length
    bound = xi[0] * torch.exp(rate(case) * path.times)[:, None]
    counted = (xi <= case.radius * case.length).cummin(0).values if case.inside else xi > 0
    counted[0] = False
    if int(counted.sum()) < 100:
        return undecided(Evidence.NUMERIC, f"only {int(counted.sum())} states stayed inside")
    flows = at_most(bound[counted] / xi[counted], torch.ones(()), budget=1e-7)
    edge = case.radius * case.length * segment.direction[None]
    pull = flow.drift(torch.tensor(0.0), edge) @ segment.direction / case.length
    attained = at_most(rate(case) * case.radius, pull, budget=1e-9, tight=0.9999)
    return all_hold(flows, attained)


def rate(case: Escape) -> Tensor:
    """The slope c of the chord at s0 (`faster` = 0 puts the slope at the midpoint instead)."""
    if case.faster == 0:
        return torch.tensor(case.separation**2 / 4 - 1)
    inside = torch.tanh(torch.tensor(case.separation**2 * case.radius / 2))
    return case.faster * (inside / (2 * case.radius) - 1)


def modes(case: Escape) -> Tensor:
    """The two modes around the origin, on a turned axis."""
    generator = torch.Generator().manual_seed(case.seed)
    turn = torch.linalg.qr(torch.randn(case.dimension, case.dimension, generator=generator)).Q
    return case.length * torch.stack([turn[0], -turn[0]]) / 2
