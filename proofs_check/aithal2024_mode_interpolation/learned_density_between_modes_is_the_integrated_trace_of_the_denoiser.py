"""B6 on a trained network: interpolation is a functional of the denoiser's Jacobian alone."""

import math
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.line import log_variance_flow, mass_between
from theorylab.diffusion.midpoint import midpoint_slope
from theorylab.integrate import DOPRI8, solve_ode
from theorylab.learn import shipped_network
from theorylab.learn.modes import LINE, DenoiserScore, deviation_of, smooth_line

LOW, HIGH = 0.002, 10.0
STEP = 1e-3
PLACES = (0.5, -0.5, 0.3)


@dataclass(frozen=True)
class Point:
    """Where the density is taken, and how the formula is changed."""

    y: float
    sign: float = 1.0
    top: float = HIGH
    prior: float = 0.0


@claim(
    source=read_at("Learned score in one dimension (mechanism)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Point(y) for y in PLACES],
    must_fail={
        "the divergence with the wrong sign": lambda case: replace(case, sign=-1.0),
        "integrated from two per cent less noise": lambda case: replace(case, top=0.98 * HIGH),
        "the density of the start left out": lambda case: replace(case, prior=1.0),
    },
)
def learned_density_between_modes_is_the_integrated_trace_of_the_denoiser(case: Point) -> Finding:
    r"""For any denoiser $D$ the flow $dy/d\ln\sigma = y - D$ from the law $p_T$ has at its end

    $$\ln p(y_0) = \ln p_T(y_T) + \int_{\sigma_0}^{\sigma_T} \frac{d - \operatorname{tr}
      \partial_y D(y_\sigma, \sigma)}{\sigma}\,d\sigma$$

    along the trajectory that ends in $y_0$. So it is for the network `smooth_line` with seed 0
    (EDM preconditioning, three hidden layers of 64, 3000 steps of 256 on three modes at $-1, 0,
    1$ of deviation 0.05) at both midpoints and at 0.3, to $10^{-5}$ of the logarithm, against the
    mass between the preimages of $y_0 \pm 10^{-3}$ and $\pm 2\cdot 10^{-3}$. This network is
    smooth where the exact denoiser is steep: its slopes at the midpoints are below 1.6 at $\sigma
    = 0.03$ and below 2.6 at 0.1, those of the exact one 20.2 and 16.2.
    """
    measured, of_start = density(case.y)
    trace = integrated_divergence(case.top)[PLACES.index(case.y)]
    start = 0.0 if case.prior else of_start
    score = learned()
    middle = torch.tensor([[-0.5], [0.5]])
    slopes = torch.cat([slopes_at(score, middle, sigma) for sigma in (0.03, 0.1)])
    exact = midpoint_slope(0.0025 + torch.tensor([0.03, 0.1]) ** 2, half=0.5, variance=0.0025)
    return all_hold(
        equal(start + case.sign * trace, measured, budget=1e-5),
        at_most(slopes, torch.tensor([1.6, 1.6, 2.6, 2.6]), budget=1e-9),
        equal(exact, torch.tensor([20.199, 16.2]), budget=1e-5),
    )


@cache
def learned() -> DenoiserScore:
    """The shipped network in float64."""
    return DenoiserScore(shipped_network(smooth_line(), 0).double(), deviation_of(LINE))


@cache
def density(y: float) -> tuple[float, float]:
    """The log of the mean density around y, extrapolated, and that of the start it comes from."""
    score, law = learned(), GaussianMixture([[0.0]], HIGH**2 + deviation_of(LINE) ** 2)
    points = y + STEP * torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    flow = log_variance_flow(score, (LOW, HIGH), width=0.05)
    found = solve_ode(flow, points[:, None], method=DOPRI8, rtol=1e-10, atol=1e-12).end[:, 0]
    wide, narrow = (
        float(mass_between(law, found[i], found[4 - i])) / (2 * (2 - i) * STEP) for i in (0, 1)
    )
    return math.log((4 * narrow - wide) / 3), float(law.log_prob(found[2:3, None]))


@cache
def integrated_divergence(top: float) -> list[float]:
    """The integral of 1 - dD/dy over ln sigma along the ways to all places, by Simpson's rule."""
    score, count = learned(), 400
    step = math.log(top / LOW) / count
    y, total = torch.tensor(PLACES)[:, None], torch.zeros(len(PLACES))
    for k in range(count + 1):
        weight = 1 if k in (0, count) else 4 if k % 2 else 2
        level = math.log(LOW) + k * step
        total += weight * (1 - slopes_at(score, y, math.exp(level))) * step / 3
        if k < count:
            y = _up(score, y, level, step)
    return [float(value) for value in total]


def slopes_at(score: DenoiserScore, y: Tensor, sigma: float) -> Tensor:
    """dD/dy at points (n, 1) by automatic differentiation, (n,)."""
    at = y.detach().clone().requires_grad_()
    with torch.enable_grad():
        value = score.denoiser(at, sigma)
        return torch.autograd.grad(value.sum(), at)[0][:, 0]


def _up(score: DenoiserScore, y: Tensor, log_sigma: float, step: float) -> Tensor:
    """One step of the classical Runge-Kutta method for dy/d ln sigma = y - D."""

    def drift(at: Tensor, shift: float) -> Tensor:
        return at - score.denoiser(at, math.exp(log_sigma + shift))

    with torch.no_grad():
        a = drift(y, 0.0)
        b = drift(y + step / 2 * a, step / 2)
        c = drift(y + step / 2 * b, step / 2)
        d = drift(y + step * c, step)
        return y + step / 6 * (a + 2 * b + 2 * c + d)
