r"""Closed forms between two equal modes at +-h under a smoothed score.

Notation: s^2 the variance of a mode, v = s^2 + sigma^2 from V (the start, a law N(0, V)) down to
s^2; v_eff(v) of a `Smoothing`; the flow is 2 v dy/dv = y - h tanh(h y / v_eff(v)), or with the
hard sigmoid of width delta below v_c = h delta.

This module integrates nothing and knows two modes only. Checked in
proofs_check/aithal2024_mode_interpolation (midpoint_density_..., hard_sigmoid_...).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._normal import normal_below
from theorylab._typing import ArrayLike
from theorylab.diffusion.smoothing import Smoothing


def log_midpoint_density(
    smoothing: Smoothing, *, half: float, variance: float, start: float
) -> float:
    r"""The log of the density of the smoothed flow's law at the midpoint of the modes.

    .. math:: \ln p(0) = -\tfrac12 \ln(2\pi s^2)
              - \frac{h^2}{2} \int_{s^2}^{V} \frac{dv}{v\, v_{\mathrm{eff}}(v)}

    Args:
        smoothing: v_eff.
        half: h.
        variance: s^2.
        start: V, the variance of the normal law from which the flow starts.

    Raises:
        ValueError: numbers that are not positive, start < variance.
    """
    h = _require.positive("half", half)
    own = _require.positive("variance", variance)
    deficit = h**2 / 2 * smoothing.integral(own, start)
    return -math.log(2 * math.pi * own) / 2 - deficit


def midpoint_slope(v: ArrayLike, *, half: float, variance: float) -> Tensor:
    r"""The slope dD/dy = s^2/v + (1 - s^2/v) h^2/v of the exact denoiser at the midpoint.

    Raises:
        ValueError: v below the variance, numbers that are not positive.
    """
    own = _require.positive("variance", variance)
    level = _require.array("v", v, like=torch.zeros((), dtype=torch.float64))
    if bool((level < own).any()):
        msg = f"v must be at least the variance {own}, got an entry {float(level.min())}"
        raise ValueError(msg)
    kept = own / level
    return kept + (1 - kept) * _require.positive("half", half) ** 2 / level


def steepest_midpoint_slope(*, half: float, variance: float) -> float:
    r"""The largest `midpoint_slope`, (H+1)^2/(4H) with H = h^2/s^2, for H >= 1 (else it is 1).

    Raises:
        ValueError: numbers that are not positive.
    """
    ratio = _require.positive("half", half) ** 2 / _require.positive("variance", variance)
    return (ratio + 1) ** 2 / (4 * ratio) if ratio >= 1 else 1.0


def speciation_noise(*, half: float, variance: float) -> float:
    r"""The noise sqrt(h^2 - s^2) below which the midpoint repels; 0 if it never does.

    Raises:
        ValueError: numbers that are not positive.
    """
    excess = _require.positive("half", half) ** 2 - _require.positive("variance", variance)
    return math.sqrt(max(excess, 0.0))


@dataclass(frozen=True)
class HardSigmoidLaw:
    r"""The law between the modes that the flow of `HardSigmoidScore` produces, in closed form.

    .. math:: p = \tfrac12 (h/\delta - 1), \quad v_c = h\delta, \qquad y_c(y) = \begin{cases}
              y\,(s^2/v_c)^p & y \le \delta \\
              \delta\,(s^2/v_c)^p \big(\tfrac{h - \delta}{h - y}\big)^{2p} & \delta \le y < h
              \end{cases}

    is the point at v_c from which y comes; the second line needs that the trajectory met
    y = delta on its way, ((h - delta)/(h - y))^2 <= v_c/s^2. Above v_c the flow is exact, so the
    law at v_c is the exact one (of a start that is the exact law).

    Raises:
        ValueError: numbers that are not positive, a width not between variance/half and half.
    """

    half: float
    variance: float
    width: float

    def __post_init__(self) -> None:
        half = _require.positive("half", self.half)
        own = _require.positive("variance", self.variance)
        if not own / half < _require.positive("width", self.width) < half:
            msg = f"width must be between variance / half = {own / half} and {half}, got {self}"
            raise ValueError(msg)

    @property
    def power(self) -> float:
        """p = (h/delta - 1)/2."""
        return (self.half / self.width - 1) / 2

    @property
    def farthest(self) -> float:
        """The largest y for which the closed form holds."""
        reach = math.sqrt(self.variance / (self.half * self.width))
        return self.half - (self.half - self.width) * reach

    def origin(self, y: ArrayLike) -> Tensor:
        """The point y_c at v_c from which y comes, for 0 <= y <= `farthest`.

        Raises:
            ValueError: a y outside that range.
        """
        at = self._within(y)
        shrunk = (self.variance / (self.half * self.width)) ** self.power
        beyond = self.width * ((self.half - self.width) / (self.half - at)) ** (2 * self.power)
        return shrunk * torch.where(at < self.width, at, beyond)

    def mass_within(self, y: ArrayLike) -> Tensor:
        """The probability of ending in (-y, y): that of (-y_c, y_c) under the exact law at v_c."""
        at, root = self.origin(y), math.sqrt(self.half * self.width)
        return normal_below((at - self.half) / root) - normal_below((-at - self.half) / root)

    def density(self, y: ArrayLike) -> Tensor:
        """p(y) = p_c(y_c) dy_c/dy, with dy_c/dy = 2 p y_c / (h - y) beyond delta."""
        at, v_c = self.origin(y), self.half * self.width
        inside = torch.full_like(at, (self.variance / v_c) ** self.power)
        height = self._within(y)
        beyond = 2 * self.power * at / (self.half - height)
        slope = torch.where(height < self.width, inside, beyond)
        return _pair_density(at, self.half, v_c) * slope

    def _within(self, y: ArrayLike) -> Tensor:
        at = _require.array("y", y, like=torch.zeros((), dtype=torch.float64))
        if bool(((at < 0) | (at > self.farthest)).any()):
            msg = f"y must be in [0, {self.farthest}], got {at}"
            raise ValueError(msg)
        return at


def _pair_density(y: Tensor, half: float, variance: float) -> Tensor:
    bells = torch.exp(-((y - half) ** 2) / (2 * variance)) + torch.exp(
        -((y + half) ** 2) / (2 * variance)
    )
    return bells / (2 * math.sqrt(2 * math.pi * variance))
