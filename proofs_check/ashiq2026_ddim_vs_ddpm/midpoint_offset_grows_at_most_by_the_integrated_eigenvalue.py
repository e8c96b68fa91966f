"""Proposition 4.7 (2) without a restriction on the radius, along the exact flow."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture, Segment, clock_dynamics
from theorylab.integrate import DOPRI8, solve_ode
from theorylab.symbolic import as_torch, forms

TIMES = 13


@dataclass(frozen=True)
class Window:
    """Two modes ell apart at s = ell/separation, followed until s has shrunk by `ratio`."""

    separation: float
    ratio: float
    dimension: int = 1
    length: float = 1.0
    seed: int = 7
    weight: float = 0.5
    third: bool = False
    share: float = 1.0
    clock: float = 1.0


def equal_weights(case: Window) -> bool:
    """Both modes have weight 1/2."""
    return case.weight == 0.5


def two_modes_only(case: Window) -> bool:
    """There is no third mode."""
    return not case.third


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[
        Window(3.0, 1.5),
        Window(1.0, 4.0, dimension=2, length=0.01, seed=8),
        Window(8.0, 3.0, dimension=6, length=100.0, seed=9),
        Window(5.0, 1.2, dimension=64, seed=10),
    ],
    assumes=[equal_weights, two_modes_only],
    must_fail={
        "two per cent less of the eigenvalue": lambda case: replace(case, share=0.98),
        "the clock runs two per cent more": lambda case: replace(case, clock=1.02),
        "weights 0.51 and 0.49": lambda case: replace(case, weight=0.51),
        "a third mode beyond the end": lambda case: replace(case, third=True),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean"],
    thorough=[Window(20.0, 5.0, dimension=3, seed=21), Window(0.5, 40.0, seed=22)],
)
def midpoint_offset_grows_at_most_by_the_integrated_eigenvalue(case: Window) -> Finding:
    r"""Two modes of equal weight, in any dimension. Along the probability flow the coordinate
    $\xi = \langle y - m, e\rangle$ from the midpoint satisfies, for every start $\xi_0$ and
    without any restriction to a radius,

    $$|\xi| \le |\xi_0|\,e^{\Lambda}, \qquad \Lambda = \int_{s}^{s_0}\lambda\,\frac{dr}{r}
      = \frac{\ell^2}{8}\Big(\frac{1}{s^2} - \frac{1}{s_0^2}\Big) - \ln\frac{s_0}{s},$$

    so $|\xi_0| \le \theta e^{-\Lambda}$ suffices for $|\xi| \le \theta$. It is attained in the
    limit $\xi_0 \to 0$ (to $10^{-6}$ at $\xi_0 = 10^{-6}\ell$ as long as
    $\ell|\xi| < 10^{-3}s^2$). Across the segment $|z| = |z_0|\,s/s_0$ exactly.
    """
    mixture = mixture_of(case)
    segment = Segment(mixture.means[0], mixture.means[1])
    s_start = case.length / case.separation
    flow = clock_dynamics(mixture, s_start=s_start, s_stop=s_start / case.ratio)
    times = torch.linspace(0.0, flow.stop, TIMES)
    starts = starts_of(case, segment)
    scale = 1e-13 * case.length
    path = solve_ode(flow, starts, method=DOPRI8, times=times, rtol=1e-11, atol=scale)
    s = s_start * torch.exp(-path.times)
    xi = (segment.parallel(path.states) - 0.5).abs()
    bound = xi[0] * torch.exp(exponent(case, s_start, s))[:, None]
    within = at_most(xi[1:] / bound[1:], torch.ones_like(bound[1:]), budget=1e-6)
    small = case.length**2 * bound < 1e-3 * s[:, None] ** 2
    limit = equal((xi / bound)[small], 1.0, budget=1e-6)
    z = segment.transverse(path.states)
    across = equal(z / case.length, z[0] / case.length * (s / s_start)[:, None], budget=1e-8)
    return (
        all_hold(within, limit, across) if len(mixture.means[0]) > 1 else all_hold(within, limit)
    )


def exponent(case: Window, s_start: float, s: Tensor) -> Tensor:
    """The integrated eigenvalue from s_start down to s."""
    form = as_torch(forms.integrated_eigenvalue(), forms.ell, forms.s0, forms.s1)
    clock = torch.log(s_start / s)
    whole = form(case.length, s_start, s) + clock
    return case.share * whole - case.clock * clock


def mixture_of(case: Window) -> GaussianMixture:
    """The two modes around the origin, turned; narrow enough for every window."""
    generator = torch.Generator().manual_seed(case.seed)
    turn = torch.linalg.qr(torch.randn(case.dimension, case.dimension, generator=generator)).Q
    axis = case.length * turn[0]
    means, weights = [axis / 2, -axis / 2], [case.weight, 1 - case.weight]
    if case.third:
        means, weights = [*means, 1.5 * axis], [0.25, 0.25, 0.5]
    variance = (case.length / case.separation / case.ratio) ** 2
    return GaussianMixture(torch.stack(means), 0.99 * variance, torch.tensor(weights))


def starts_of(case: Window, segment: Segment) -> Tensor:
    """Starts on the segment and beyond it, 1e-6 ell to 3 ell from the midpoint, on both sides.

    Most of them also lie off the line, by up to ell.
    """
    generator = torch.Generator().manual_seed(case.seed + 1)
    xi = torch.logspace(-6, 0.5, 40)
    xi = torch.cat([xi, -xi])[:, None] * case.length
    off = torch.randn(len(xi), case.dimension, generator=generator)
    off[::5] = 0.0
    off[xi[:, 0].abs() < 1e-2 * case.length] = 0.0
    off = off - (off @ segment.direction)[:, None] * segment.direction
    size = torch.linalg.vector_norm(off, dim=-1, keepdim=True).clamp(min=1e-300)
    return segment.midpoint + xi * segment.direction + case.length * off / size * (size > 1e-9)
