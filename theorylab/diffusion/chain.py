r"""The law of the ancestral chain of DDPM, with the variance beta or that of the posterior.

Notation: raw indices t = steps-1, ..., 0 of a `DDPMSchedule`, abar_{-1} = 1; x0 the denoiser,

.. math:: x_{t-1} = c_1 x_0(x_t) + c_2 x_t + \sqrt{\tau_t}\, Z, \qquad
          c_1 = \frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1 - \bar\alpha_t}, \quad
          c_2 = \frac{\sqrt{1 - \beta_t}\,(1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t}

with tau = beta_t or beta_t (1 - abar_{t-1})/(1 - abar_t). At t = 0 c_1 = 1, c_2 = 0 and no noise
is added: the output is x0 at the smallest noise, in both variants.

This module draws nothing: it gives the coefficients, and the law of the chain on a line by
quadrature (`propagate`). The sampler that draws is `samplers.sample` with the rule `Ancestral`.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import DDPMSchedule
from theorylab.diffusion.score import Score, denoiser_from_score
from theorylab.diffusion.transport import normal_mass, preimages

SPREAD = 1.3
"""Deviation of the spreading kernel in grid steps: aliasing is exp(-2 (pi SPREAD)^2) = 3e-15."""

STENCIL = 12
"""Grid steps on each side of a source: nine deviations of the spreading kernel."""


@dataclass(frozen=True)
class ChainStep:
    """The coefficients c_1, c_2, tau of the step away from raw index t, and the levels there."""

    t: int
    clean: float
    kept: float
    variance: float
    alpha: float
    noise: float

    def clean_gain(self, variance: float) -> float:
        r"""The slope of x0 for one mode, \alpha s^2 / (\alpha^2 s^2 + \sigma^2)."""
        return self.alpha * variance / (self.alpha**2 * variance + self.noise)


def chain_steps(
    schedule: DDPMSchedule, *, last: int | None = None, large: bool = True
) -> Iterator[ChainStep]:
    """The steps from raw index `last` (default: the end) down to 0.

    Raises:
        ValueError: another schedule, an index outside it.
    """
    _points.instance("schedule", schedule, DDPMSchedule)
    top = schedule.steps - 1 if last is None else _require.integer("last", last, at_least=0)
    _require.between("last", top, 0, schedule.steps - 1)
    integrals = schedule.beta_integral(torch.arange(-1.0, top + 1.0, dtype=torch.float64)).tolist()
    betas = schedule.betas.tolist()
    for t in range(top, -1, -1):
        beta = betas[t]
        before, now = -math.expm1(-integrals[t]), -math.expm1(-integrals[t + 1])
        clean = math.exp(-integrals[t] / 2) * beta / now
        kept = math.sqrt(1 - beta) * before / now
        spread = beta if large else beta * before / now
        alpha = math.exp(-integrals[t + 1] / 2)
        yield ChainStep(t, clean, kept, spread if t else 0.0, alpha, now)


@dataclass(frozen=True)
class LastLaw:
    """The law of x_0, the state from which the chain reads its output x0(x_0), on a grid.

    Attributes:
        x: the grid, (m,).
        density: of x_0 there.
        output: x0(x), increasing.
        sources: the weights of x_1 on the grid and the centres to which they move, (2, m).
        variance: of the noise of the step from x_1 to x_0.
        clean: the map x0 at the smallest noise.
    """

    x: Tensor
    density: Tensor
    output: Tensor
    sources: Tensor
    variance: float
    clean: Callable[[Tensor], Tensor]

    def masses(self, edges: ArrayLike) -> Tensor:
        """The probabilities that the output lies between consecutive edges.

        They are sums over x_1 of normal masses between the preimages of the edges: as accurate
        as the law of x_1, whatever the grid.

        Raises:
            ValueError: edges that are not at least two increasing numbers.
        """
        cuts = _require.array("edges", edges, like=self.x)
        if cuts.ndim != 1 or len(cuts) < 2 or not bool((cuts.diff() > 0).all()):
            msg = f"edges must be at least two increasing numbers, got {cuts}"
            raise ValueError(msg)
        at = preimages(self.clean, cuts, low=float(self.x[0]), high=float(self.x[-1]))
        z = (at[:, None] - self.sources[1]) / math.sqrt(self.variance)
        return (normal_mass(z[:-1], z[1:]) * self.sources[0]).sum(-1)

    def moments(self, low: float, high: float) -> tuple[float, float, float]:
        """Mass, mean and deviation of the output between two points of negligible density."""
        inside = (self.output > low) & (self.output < high)
        weights = torch.where(inside, self.density, 0.0) * float(self.x[1] - self.x[0])
        mass = weights.sum()
        mean = (weights * self.output).sum() / mass
        spread = (weights * (self.output - mean) ** 2).sum() / mass
        return float(mass), float(mean), float(spread.sqrt())


def propagate(
    score: Score,
    schedule: DDPMSchedule,
    *,
    last: int,
    start: GaussianMixture | None = None,
    bound: float = 9.0,
    spacing: float = 0.004,
    coarse_above: int = 48,
    large: bool = True,
    watch: Callable[[ChainStep, Tensor, Tensor], None] | None = None,
) -> LastLaw:
    r"""The law of the chain that starts at raw index `last`, without a sample.

    A step maps x to a(x) = c_1 x_0(x) + c_2 x and adds a normal of variance tau. On an evenly
    spaced grid the trapezoidal rule for a bell is exact up to exp(-2 (pi width/spacing)^2); the
    sum over sources is spread over the grid by a bell of 1.3 grid steps and then convolved with
    one of the remaining variance by a Fourier transform. Errors are absolute, of the size of the
    rounding of the largest density: masses far below 1e-12 are not resolved.

    Args:
        score: at the raw indices of the schedule; c_1 x_0 + c_2 x and x0 must increase.
        schedule: of the chain.
        last: the index of the start.
        start: the law there, on a line; by default N(0, 1).
        bound: the grid covers [-bound, bound], periodically.
        spacing: of the grid.
        coarse_above: above this index the grid is four times coarser.
        large: the variance beta, else the posterior's.
        watch: called before every step with it, the grid and the density there.

    Raises:
        ValueError: last outside 1..steps-1, a bound or a spacing that is not positive, a spacing
            too wide for the noise of a step.
    """
    step = _require.positive("spacing", spacing)
    _require.integer("last", last, at_least=1)
    half = math.ceil(_require.positive("bound", bound) / (4 * step))
    fine = torch.arange(-4 * half, 4 * half, dtype=torch.float64) * step
    x = fine[::4] if last > coarse_above else fine
    law = GaussianMixture(torch.zeros(1, 1).to(x), 1.0) if start is None else start
    density = torch.exp(law.log_prob(x[:, None]))
    for move in chain_steps(schedule, last=last, large=large):
        if move.t == 0:
            break
        if move.t <= coarse_above and len(x) < len(fine):
            density, x = 4 * torch.fft.irfft(torch.fft.rfft(density), n=len(fine)), fine
        centres = move.clean * _clean(score, schedule, x, move.t) + move.kept * x
        if watch is not None:
            watch(move, x, density)
        weights = density * float(x[1] - x[0])
        sources, variance = torch.stack([weights, centres]), move.variance
        density = _moved(sources, x, variance)

    def clean(at: Tensor) -> Tensor:
        return _clean(score, schedule, at, 0)

    return LastLaw(x, density, clean(x), sources, variance, clean)


def _clean(score: Score, schedule: DDPMSchedule, x: Tensor, t: int) -> Tensor:
    time = torch.tensor(float(t), dtype=x.dtype)
    value = score(x[:, None], time)
    return denoiser_from_score(x[:, None], value, schedule.alpha(t), schedule.sigma(t))[:, 0]


def _moved(sources: Tensor, x: Tensor, variance: float) -> Tensor:
    """The density of sum_j weights_j N(centres_j, variance) on the grid x, periodically."""
    weights, centres = sources
    step = float(x[1] - x[0])
    narrow = (SPREAD * step) ** 2
    if variance < 2 * narrow:
        msg = f"spacing must be below {math.sqrt(variance / 8):.3g} for this schedule, got {step}"
        raise ValueError(msg)
    position = (centres - x[0]) / step
    cells = torch.round(position)[:, None] + torch.arange(-STENCIL, STENCIL + 1, dtype=x.dtype)
    offset = (cells - position[:, None]) / SPREAD
    bells = torch.exp(-(offset**2) / 2) * (weights[:, None] / math.sqrt(2 * math.pi * narrow))
    total = torch.zeros_like(x).index_add_(0, (cells.long() % len(x)).flatten(), bells.flatten())
    frequency = 2 * math.pi * torch.fft.rfftfreq(len(x), d=step, dtype=x.dtype)
    gain = torch.exp(-(frequency**2) * (variance - narrow) / 2)
    return torch.fft.irfft(torch.fft.rfft(total) * gain, n=len(x))
