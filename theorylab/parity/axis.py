r"""The growth rate of a neuron that looks along its own axis, and its best bias.

Notation: A = alpha_bar, s = sqrt(A), nu = sqrt(1 - A), gamma = A/(1-A); v_i = +1 and -1 equally
likely; D = b/w_i; Phi and phi the standard normal distribution function and density;

    G(D) = (Phi((D+s)/nu) + Phi((D-s)/nu)) / 2,    g(D) = G(D) / sqrt(1 + D^2),

so that K(e_i, D) = nu G(D), and nu g(D) is K on the unit sphere of (w, b). The paper's f of
Equation (5) is 2 g.

This module knows no direction off the axis except to second order; K itself stands in
`theorylab.parity.growth`. It proves no count of stationary points.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from theorylab import _require
from theorylab._normal import normal_below
from theorylab._typing import ArrayLike
from theorylab.parity.posterior import signal_and_noise

LARGEST_ALPHA_BAR = 0.999
"""Beyond it the stationary point next to 0 is too small for a float: phi(1/nu) < 1e-217."""

FARTHEST = 2.0
"""g falls from here on: g'(D) < 0 for D >= 2 and every A in [0, 1)."""

SCAN = 4000
"""Points of each of the two scans, even in D and even in ln D, that find changes of sign."""


@final
@dataclass(frozen=True)
class AxisOptimum:
    """The best direction on the axis.

    Attributes:
        bias: D*, the global maximiser of g.
        share: g* = g(D*), in (1/2, 1/sqrt 2).
        growth_rate: nu g*, the largest K(w, b) on the unit sphere with w along its axis.
    """

    bias: float
    share: float
    growth_rate: float


def axis_activation(bias: ArrayLike, *, alpha_bar: float) -> Tensor:
    r"""The probability that a neuron on the axis is active.

    .. math:: G(D) = (\Phi((D+s)/\nu) + \Phi((D-s)/\nu)) / 2

    Args:
        bias: D = b/w_i, any shape.
        alpha_bar: A in [0, 1).

    Raises:
        ValueError: bias is not finite; alpha_bar outside [0, 1).
    """
    signal, noise = signal_and_noise(alpha_bar)
    D = _require.array("bias", bias)
    return (normal_below((D + signal) / noise) + normal_below((D - signal) / noise)) / 2


def axis_growth(bias: ArrayLike, *, alpha_bar: float) -> Tensor:
    r"""K/nu on the unit sphere in the direction (e_i, D).

    .. math:: g(D) = G(D) / \sqrt{1 + D^2}

    Arguments and errors as `axis_activation`. Source: arXiv 2503.03595, Equation (5), is 2 g.
    """
    D = _require.array("bias", bias)
    return axis_activation(D, alpha_bar=alpha_bar) / torch.sqrt(1 + D**2)


def stationary_biases(alpha_bar: float) -> Tensor:
    r"""All D with g'(D) = 0, in increasing order.

    .. math:: (1 + D^2) G'(D) = D G(D)

    All of them lie in (0, 2): on the left G' > 0 >= D G, on the right (1 + D^2) G' < D G. They are
    found as changes of sign of the logarithm of the ratio of the sides over a scan and the
    extrema between its points, and bisected in ln D, since the first one is near phi(s/nu)/nu
    where A is near 1.

    Args:
        alpha_bar: A in [0, LARGEST_ALPHA_BAR].

    Returns:
        (1,) or (3,) float64.

    Raises:
        ValueError: alpha_bar outside the range.
    """
    alpha_bar = _require.between("alpha_bar", alpha_bar, 0.0, LARGEST_ALPHA_BAR)
    signal, noise = signal_and_noise(alpha_bar)
    start = -((signal / noise) ** 2) / 2 - math.log(noise) - 3
    even = torch.linspace(FARTHEST / SCAN, FARTHEST, SCAN, dtype=torch.float64)
    spread = torch.linspace(start, math.log(FARTHEST), SCAN, dtype=torch.float64)
    place = torch.cat((even.log(), spread)).sort().values
    place = _with_turning_points(place, signal, noise)
    ascends = _log_ratio(place, signal, noise) > 0
    turns = torch.nonzero(ascends[1:] != ascends[:-1]).flatten()
    low, high = place[turns], place[turns + 1]
    rising = ascends[turns]
    for _ in range(64):
        middle = (low + high) / 2
        same = (_log_ratio(middle, signal, noise) > 0) == rising
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return torch.exp((low + high) / 2)


def best_axis_bias(alpha_bar: float) -> AxisOptimum:
    """The global maximiser of g among its stationary points.

    Raises:
        ValueError: as `stationary_biases`.
    """
    biases = stationary_biases(alpha_bar)
    shares = axis_growth(biases, alpha_bar=alpha_bar)
    best = int(shares.argmax())
    share = float(shares[best])
    return AxisOptimum(float(biases[best]), share, signal_and_noise(alpha_bar)[1] * share)


def transverse_curvature(alpha_bar: float, *, third_moment: float = 0.0) -> float:
    r"""The second derivative of K on the unit sphere at (e_i, D*), across the axis.

    .. math::
        H_\perp(T) = -\nu \cos\theta \Big[ G(D^*) + \frac{1 + D^{*2}}{2} \sum_\pm
            z_\pm \phi(z_\pm) (1 + \gamma (1 \pm T)) \Big],
        \quad z_\pm = (D^* \pm s)/\nu, \; \tan\theta = D^*

    Along a unit vector u across the axis T is u . M u with M_kl = E[v_i v_k v_l], k != l, zero on
    the diagonal. It needs E[v_k] = E[v_k v_l] = 0 for all k != l (Assumption 5.1).

    Args:
        alpha_bar: A in [0, LARGEST_ALPHA_BAR].
        third_moment: T >= -1.

    Raises:
        ValueError: as `stationary_biases`; third_moment is not a finite number.
    """
    T = _require.number("third_moment", third_moment)
    signal, noise = signal_and_noise(alpha_bar)
    best = best_axis_bias(alpha_bar)
    D, gamma = best.bias, (signal / noise) ** 2
    total = 0.0
    for sign in (1, -1):
        z = (D + sign * signal) / noise
        total += z * _density(z) * (1 + gamma * (1 + sign * T))
    active = best.share * math.hypot(1, D)
    return -noise / math.hypot(1, D) * (active + (1 + D**2) / 2 * total)


def axis_curvature(alpha_bar: float) -> float:
    r"""The second derivative of K on the unit sphere at (e_i, D*), along the axis.

    .. math:: H_\parallel = \nu (1 + D^{*2})^{3/2} \, [G''(D^*) - G(D^*) / (1 + D^{*2})^2]

    as D = tan(theta) and K = nu cos(theta) G(tan(theta)). Errors as `stationary_biases`.
    """
    signal, noise = signal_and_noise(alpha_bar)
    best = best_axis_bias(alpha_bar)
    D, secant = best.bias, 1 + best.bias**2
    bend = sum(-z * _density(z) for z in ((D + signal) / noise, (D - signal) / noise))
    active = best.share * math.sqrt(secant)
    return noise * secant**1.5 * (bend / (2 * noise**2) - active / secant**2)


def _density(z: float) -> float:
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _with_turning_points(place: Tensor, signal: float, noise: float) -> Tensor:
    """The scan and the extrema of `_log_ratio` between its points, so that no pair is missed."""
    value = _log_ratio(place, signal, noise)
    rises = value[1:] > value[:-1]
    peaks = torch.nonzero(rises[1:] != rises[:-1]).flatten()
    sign = torch.where(rises[peaks], 1.0, -1.0)
    low, high = place[peaks], place[peaks + 2]
    for _ in range(100):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        left = sign * (_log_ratio(first, signal, noise) - _log_ratio(second, signal, noise)) > 0
        low, high = torch.where(left, low, first), torch.where(left, second, high)
    return torch.cat((place, (low + high) / 2)).sort().values


def _log_ratio(log_bias: Tensor, signal: float, noise: float) -> Tensor:
    """ln[(1 + D^2) G'(D) / (D G(D))] at D = exp(log_bias); its sign is that of g'(D)."""
    D = torch.exp(log_bias)
    right, left = (D + signal) / noise, (D - signal) / noise
    slope = torch.logaddexp(-(right**2) / 2, -(left**2) / 2)
    slope = slope - math.log(2 * noise * math.sqrt(2 * math.pi))
    active = (normal_below(right) + normal_below(left)) / 2
    return torch.log1p(D**2) + slope - log_bias - torch.log(active)
