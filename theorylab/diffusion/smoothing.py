r"""Smoothed scores: the score of a mixture whose responsibilities see another variance.

Notation: y = x / alpha_t, v = s^2 + sigma_t^2 / alpha_t^2 with s^2 the shared variance of the
modes; m(y, w) = sum_k r_k mu_k the denoiser of the bare centres at variance w,
r_k proportional to w_k exp(-|y - mu_k|^2 / 2w). The exact denoiser is
(s^2/v) y + (1 - s^2/v) m(y, v) and its flow dy/dv = (y - m)/(2v); a
smoothed one has m(y, v_eff(v)) with v_eff >= v in its place.

This module adds no error field to a score (`perturbed.PerturbedScore` does), and claims nothing
about what a network learns.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _components, _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule


@runtime_checkable
class Smoothing(Protocol):
    """How much variance the responsibilities see; hashable, as a frozen dataclass is."""

    def __hash__(self) -> int:
        """As the value."""

    def effective(self, v: Tensor) -> Tensor:
        """The variance v_eff(v) > 0."""

    def integral(self, low: float, high: float) -> float:
        r"""The integral of dv / (v v_eff(v)) from low to high."""


@dataclass(frozen=True)
class Temper:
    """v_eff = v / share: the log-odds of two modes are multiplied by `share`.

    Raises:
        ValueError: a share that is not positive; an integral as `Inflate`.
    """

    share: float

    def __post_init__(self) -> None:
        _require.positive("share", self.share)

    def effective(self, v: Tensor) -> Tensor:
        """The variance v / share."""
        return v / self.share

    def integral(self, low: float, high: float) -> float:
        """share (1/low - 1/high)."""
        low, high = _ordered(low, high)
        return self.share * (1 / low - 1 / high)


@dataclass(frozen=True)
class Inflate:
    """v_eff = v + added: the modes look wider than they are.

    Raises:
        ValueError: added < 0; an integral whose ends are not 0 < low <= high.
    """

    added: float

    def __post_init__(self) -> None:
        _require.non_negative("added", self.added)

    def effective(self, v: Tensor) -> Tensor:
        """The variance v + added."""
        return v + self.added

    def integral(self, low: float, high: float) -> float:
        r"""\frac1\eta \ln\frac{high (low + \eta)}{low (high + \eta)}, and 1/low - 1/high at 0."""
        low, high = _ordered(low, high)
        if self.added == 0:
            return 1 / low - 1 / high
        return (math.log1p(self.added / low) - math.log1p(self.added / high)) / self.added


@dataclass(frozen=True)
class Floor:
    """v_eff = max(v, least): exact until the variance falls to `least`, no steeper after.

    Raises:
        ValueError: least < 0; an integral as `Inflate`.
    """

    least: float

    def __post_init__(self) -> None:
        _require.non_negative("least", self.least)

    def effective(self, v: Tensor) -> Tensor:
        """The variance max(v, least)."""
        return v.clamp(min=self.least)

    def integral(self, low: float, high: float) -> float:
        """ln(c/low)/least + 1/c - 1/high, c = least between low and high."""
        low, high = _ordered(low, high)
        kink = min(max(self.least, low), high)
        flat = math.log(kink / low) / self.least if kink > low else 0.0
        return flat + 1 / kink - 1 / high


def lipschitz_cap(slope: float, half: float) -> Floor:
    r"""The floor with which m(y, v_eff), for two modes at distance 2 half, has slope <= `slope`.

    The slope of m at the midpoint is half^2 / v_eff, and nowhere larger: least = half^2 / slope.

    Raises:
        ValueError: a slope or a half distance that is not positive.
    """
    return Floor(_require.positive("half", half) ** 2 / _require.positive("slope", slope))


@dataclass(frozen=True)
class SmoothedScore:
    r"""The score with which the centres are denoised at the variance v_eff(v).

    .. math:: s(x, t) = \frac{\alpha_t\, m(y, v_{\mathrm{eff}}(v)) - x}{\alpha_t^2\, v},
              \qquad y = x / \alpha_t, \quad v = s^2 + \sigma_t^2 / \alpha_t^2

    Attributes:
        mixture: with a shared variance s^2.
        schedule: alpha and sigma.
        smoothing: v_eff.

    Raises:
        ValueError: a mixture with a variance for each mode, arguments of another type; when
            called, points of another dimension, times outside the schedule or not ().
    """

    mixture: GaussianMixture
    schedule: Schedule
    smoothing: Smoothing

    def __post_init__(self) -> None:
        mixture = _points.instance("mixture", self.mixture, GaussianMixture)
        _points.instance("schedule", self.schedule, Schedule)
        if not isinstance(self.smoothing, Smoothing):
            msg = f"smoothing must have effective(v) and integral(low, high), got {self.smoothing}"
            raise ValueError(msg)
        if not mixture.shared:
            msg = f"mixture must share one variance, got shape {tuple(mixture.variance.shape)}"
            raise ValueError(msg)

    def __call__(self, x: ArrayLike, t: ArrayLike) -> Points:
        """The smoothed score at x, (*n, d), at one time."""
        points, means, variance, log_weights = self.mixture._at(x)
        alpha, v = _level(self.schedule, variance, t, points)
        seen = self.smoothing.effective(v)
        shares = _components.responsibilities(points / alpha, means, seen, log_weights)
        centre = _components.combine(shares, means)
        return (alpha * centre - points) / (alpha**2 * v)


@dataclass(frozen=True)
class HardSigmoidScore:
    r"""Two modes at +-half on a line whose tanh becomes a clipped line once it is that steep.

    .. math:: m(y, v) = h \tanh(h y / v) \quad (v > h\delta), \qquad
              m(y, v) = h\, \mathrm{clip}(y/\delta, -1, 1) \quad (v \le h\delta)

    Attributes:
        half: h, half the distance of the modes.
        variance: s^2 of a mode.
        width: delta, where the line meets the modes; less than h.
        schedule: alpha and sigma.

    Raises:
        ValueError: numbers that are not positive, width >= half, another schedule; when called,
            points not of shape (*n, 1), a time outside the schedule or not ().
    """

    half: float
    variance: float
    width: float
    schedule: Schedule

    def __post_init__(self) -> None:
        half = _require.positive("half", self.half)
        _require.positive("variance", self.variance)
        if _require.positive("width", self.width) >= half:
            msg = f"width must be below half = {half}, got {self.width}"
            raise ValueError(msg)
        _points.instance("schedule", self.schedule, Schedule)

    def __call__(self, x: ArrayLike, t: ArrayLike) -> Points:
        """The score at x, (*n, 1), at one time."""
        points = _points.points("x", x, like=torch.zeros(1, dtype=torch.float64))
        alpha, v = _level(
            self.schedule, torch.tensor(self.variance, dtype=torch.float64).to(points), t, points
        )
        y = points / alpha
        if float(v) > self.half * self.width:
            centre = self.half * torch.tanh(self.half * y / v)
        else:
            centre = self.half * (y / self.width).clamp(-1, 1)
        return (centre - y) / (alpha * v)


def _level(schedule: Schedule, variance: Tensor, t: ArrayLike, x: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and v at one time, on the dtype and device of x."""
    time = _require.array("t", t, like=x)
    if time.ndim:
        msg = f"t must be one time, of shape (), got shape {tuple(time.shape)}"
        raise ValueError(msg)
    alpha, ratio = schedule.alpha(time).to(x), schedule.noise_to_signal(time).to(x)
    return alpha, variance + ratio**2


def _ordered(low: float, high: float) -> tuple[float, float]:
    low, high = _require.positive("low", low), _require.positive("high", high)
    if low > high:
        msg = f"low must not exceed high = {high}, got {low}"
        raise ValueError(msg)
    return low, high
