r"""The clock u = ln(s_T / s_t), in which the probability flow is autonomous up to the scale s.

Notation: y = x / alpha_t, s_t^2 = variance + sigma_t^2 / alpha_t^2, u(t) = ln(s_T / s_t),
mbar(y; s) = sum_k r_k mu_k with responsibilities of variance s^2, k >= 0 the noise level.

This module needs one variance shared by all modes: with several there is no common clock.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.path import Dynamics


def clock(schedule: Schedule, t: ArrayLike, variance: ArrayLike) -> Tensor:
    r"""The closed form of the clock, of the shape of t.

    .. math:: u(t) = \int_t^T \frac{g^2}{2\,(\alpha^2\,\mathrm{variance} + \sigma^2)}
              = \ln\frac{s_T}{s_t}

    Raises:
        ValueError: a schedule of another type, a time outside it, a variance that is negative.

    Source: arXiv:2605.06831, Lemma G.2.
    """
    _points.instance("schedule", schedule, Schedule)
    last = schedule.effective_deviation(schedule.span[1], variance)
    now = schedule.effective_deviation(t, variance)
    return torch.log(last.to(now) / now)


def deviation_at(u: ArrayLike, s_start: float) -> Tensor:
    """The inverse of the clock, s = s_start exp(-u).

    Raises:
        ValueError: s_start that is not positive.
    """
    scale = _require.positive("s_start", s_start)
    time = _require.array("u", u, like=torch.zeros((), dtype=torch.float64))
    return scale * torch.exp(-time)


@dataclass(frozen=True, eq=False)
class ClockDrift:
    """The drift (1 + k)(mbar(y; s) - y) at the clock u, s = s_start exp(-u).

    A method that knows the equation, such as `flow.DOPRI5_EACH`, reads it off here.

    Attributes:
        mixture: the data, with a shared variance.
        s_start: s at u = 0.
        k: the noise level.

    Raises:
        ValueError: no mixture, a variance per mode, s_start below sqrt(variance), k < 0.
    """

    mixture: GaussianMixture
    s_start: float
    k: float = 0.0

    def __post_init__(self) -> None:
        """Check what `clock_reverse` was given."""
        _ends(self.mixture, self.s_start, None)
        _require.non_negative("k", self.k)

    def __call__(self, u: Tensor, y: Tensor) -> Tensor:
        """The drift at the clock u, (n, d)."""
        return (1 + self.k) * _shift_at(self.mixture, y, deviation_at(u, self.s_start))


def clock_dynamics(
    mixture: GaussianMixture, *, s_start: float, s_stop: float | None = None
) -> Dynamics:
    """The probability flow dy/du = mbar(y; s) - y, u from 0 to ln(s_start / s_stop).

    With s_stop above s_start it is run upward, from the data to the noise: u decreases.

    Args:
        mixture: the data, with a shared variance.
        s_start: s at u = 0.
        s_stop: s at the end; sqrt(variance), the data itself, if None.

    Raises:
        ValueError: no mixture, a variance per mode, s below sqrt(variance), or s_start = s_stop.

    Source: arXiv:2605.06831, Lemma G.2.
    """
    start, stop = _ends(mixture, s_start, s_stop)
    if start == stop:
        msg = f"s_start must differ from s_stop = {stop}, got {start}"
        raise ValueError(msg)
    return Dynamics(ClockDrift(mixture, start), (0.0, math.log(start / stop)), linear=-1.0)


def clock_reverse(
    mixture: GaussianMixture, k: float = 1.0, *, s_start: float, s_stop: float | None = None
) -> Dynamics:
    r"""The reverse family in the clock, u from 0 to ln(s_start / s_stop).

    .. math:: dy = (1+k)(\bar m(y; s) - y)\,du + \sqrt{2k}\, s\, dB, \qquad s = s_{start} e^{-u}

    For every k >= 0 it has the marginals of y = x / alpha_t; see `dynamics.reverse`.

    Raises:
        ValueError: k < 0, s_start <= s_stop, and as `clock_dynamics`.
    """
    k = _require.non_negative("k", k)
    start, stop = _ends(mixture, s_start, s_stop)
    if start <= stop:
        msg = f"s_start must exceed s_stop = {stop}, got {start}"
        raise ValueError(msg)
    span = (0.0, math.log(start / stop))

    def diffusion(u: Tensor, y: Tensor) -> Tensor:
        return math.sqrt(2 * k) * deviation_at(u, s_start) * torch.ones_like(y)

    drift = ClockDrift(mixture, start, k)
    return Dynamics(drift, span, None if k == 0 else diffusion, linear=-(1 + k))


def _shift_at(mixture: GaussianMixture, y: Tensor, s: Tensor) -> Tensor:
    """The shift mbar(y; s) - y."""
    points, means, _, log_weights = mixture._at(y, "y")
    return mixture.evaluator.shift(points, means, (s**2).to(points), log_weights)


def _ends(mixture: GaussianMixture, s_start: float, s_stop: float | None) -> tuple[float, float]:
    """s_start and s_stop, both at least sqrt(variance) up to sqrt(eps)."""
    if not _points.instance("mixture", mixture, GaussianMixture).shared:
        shape = tuple(mixture.variance.shape)
        msg = f"variance must be shared by all modes, got one per mode, shape {shape}"
        raise ValueError(msg)
    deviation = math.sqrt(float(mixture.variance))
    start = _require.positive("s_start", s_start)
    stop = deviation if s_stop is None else _require.positive("s_stop", s_stop)
    least = deviation * (1 - math.sqrt(torch.finfo(mixture.means.dtype).eps))
    for name, value in (("s_start", start), ("s_stop", stop)):
        if value < least:
            msg = f"{name} must be at least sqrt(variance) = {deviation}, got {value}"
            raise ValueError(msg)
    return start, stop
