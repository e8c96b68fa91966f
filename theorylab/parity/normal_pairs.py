r"""Moments of the positive parts of two correlated normal variables, batched.

Notation: U = mu_1 + s_1 X, V = mu_2 + s_2 Y, X and Y standard normal with correlation r;
h = mu_1 / s_1, k = mu_2 / s_2, q = sqrt(1 - r^2); Phi and phi the normal distribution function and
density; Phi_2(h, k; r) = P(U > 0, V > 0); T Owen's function,

.. math:: T(x, a) = \frac{1}{2\pi} \int_0^a \frac{e^{-x^2 (1 + u^2) / 2}}{1 + u^2}\,du .

All formulas hold at r = +-1 (q = 0), where they are read as limits. Errors are absolute, some
1e-16 of the largest term. The functions are tensor formulas: they check nothing.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from theorylab._normal import normal_below

NODES = 14
"""Gauss-Legendre nodes for T: the integrand's poles at +-i leave an error below 4.6^(-2 NODES)."""

PIECE = 2**12
"""How many values of T are computed at once, so that their nodes stay in cache."""

FARTHEST = 6.0
"""x u beyond which T(x, .) with x >= u x adds less than exp(-36) / 2 pi = 4e-17."""

LARGEST = 40.0
"""T(x, .) < exp(-x^2 / 2) / 4 is 0 in double precision from here on, so that x is cut here."""


@dataclass(frozen=True)
class PairMoments:
    r"""What two neurons see of one Gaussian.

    Attributes:
        both: E[1{U > 0} 1{V > 0}] = Phi_2(h, k; r).
        product: E[U+ V+].
        first_on: E[1{U > 0} V+].
        second_on: E[U+ 1{V > 0}].
        first_edge: E[delta(U) V+].
        second_edge: E[U+ delta(V)].
    """

    both: Tensor
    product: Tensor
    first_on: Tensor
    second_on: Tensor
    first_edge: Tensor
    second_edge: Tensor


def normal_density(x: Tensor) -> Tensor:
    """phi(x)."""
    return torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def owens_t(x: Tensor, a: Tensor) -> Tensor:
    """T(x, a) for all real x and a, infinite a among them."""
    scaled = torch.where(x == 0, torch.zeros_like(a), x * a)
    at_zero = torch.atan(a) / (2 * math.pi)
    size, other = x.abs(), scaled.abs()
    value = torch.sign(a) * _quadrant_owens_t(size, other)
    return torch.where(x == 0, at_zero, value)


@dataclass(frozen=True)
class Correlation:
    r"""A correlation r together with 1 - r and 1 + r, each to its own relative accuracy.

    Attributes:
        value: r.
        below_one: 1 - r.
        above_minus_one: 1 + r.
    """

    value: Tensor
    below_one: Tensor
    above_minus_one: Tensor

    @classmethod
    def of(cls, r: Tensor) -> "Correlation":
        """From r alone: 1 - |r| is then as accurate as the difference."""
        return cls(r, 1 - r, 1 + r)

    @classmethod
    def between(cls, u: Tensor, v: Tensor) -> "Correlation":
        """Of the noises u . xi and v . xi of two unit vectors (*n, d): r = u . v."""
        below = (u - v).square().sum(-1) / 2
        above = (u + v).square().sum(-1) / 2
        return cls(torch.where(below < above, 1 - below, above - 1), below, above)

    @property
    def q(self) -> Tensor:
        """The square root of 1 - r^2."""
        return torch.sqrt(self.below_one * self.above_minus_one)

    def residual(self, k: Tensor, h: Tensor) -> Tensor:
        """The difference k - r h, written with what is small near r = +-1."""
        near = (k - h) + self.below_one * h
        opposite = (k + h) - self.above_minus_one * h
        return torch.where(self.value > 0, near, opposite)


def pair_probability(h: Tensor, k: Tensor, correlation: Correlation) -> Tensor:
    r"""Phi_2(h, k; r) by Owen's T.

    .. math::
        \Phi_2 = \tfrac12 (\Phi(h) + \Phi(k))
            - T\Big(h, \frac{k/h - r}{q}\Big) - T\Big(k, \frac{h/k - r}{q}\Big)
            - \tfrac12 [h k < 0 \text{ or } h k = 0, h + k < 0]

    At h = k = 0 it is 1/4 + arcsin(r) / 2 pi. All arguments are broadcast.
    """
    t_1 = _over(correlation.residual(k, h), correlation.q)
    t_2 = _over(correlation.residual(h, k), correlation.q)
    at_origin = torch.atan2(correlation.q, -correlation.value) / (2 * math.pi)
    return _orthant(h, k, (normal_below(h) + normal_below(k)) / 2, t_1, t_2, at_origin)


def pair_moments(
    mean_1: Tensor, mean_2: Tensor, sd_1: Tensor, sd_2: Tensor, correlation: Correlation
) -> PairMoments:
    r"""All six moments of `PairMoments`; s_1, s_2 > 0, the arguments are broadcast.

    With t = (k - r h)/q, A = Phi(t), B = Phi((h - r k)/q), L = Phi_2(h, k; r):

    .. math::
        E[U_+ V_+] &= s_1 s_2 \{(h k + r) L + k \phi(h) A + h \phi(k) B
            + q\, \phi(h)\, \phi(t)\}, \\
        E[1_{U>0} V_+] &= s_2 \{k L + \phi(k) B + r \phi(h) A\}, \\
        E[\delta(U) V_+] &= (s_2 / s_1)\, \phi(h) \{(k - r h) A + q\, \phi(t)\} .

    The last term of the first line is q/(2 pi) exp(-(h^2 - 2 r h k + k^2)/(2 q^2)).
    """
    h, k, r, q = mean_1 / sd_1, mean_2 / sd_2, correlation.value, correlation.q
    gap_1, gap_2 = correlation.residual(k, h), correlation.residual(h, k)
    t_1, t_2 = _over(gap_1, q), _over(gap_2, q)
    phi_h, phi_k = normal_density(h), normal_density(k)
    a, b = normal_below(t_1), normal_below(t_2)
    at_origin = torch.atan2(q, -r) / (2 * math.pi)
    both = _orthant(h, k, (normal_below(h) + normal_below(k)) / 2, t_1, t_2, at_origin)
    tail_1, tail_2 = q * normal_density(t_1), q * normal_density(t_2)
    product = (h * k + r) * both + k * phi_h * a + h * phi_k * b + phi_h * tail_1
    return PairMoments(
        both=both,
        product=sd_1 * sd_2 * product,
        first_on=sd_2 * (k * both + phi_k * b + r * phi_h * a),
        second_on=sd_1 * (h * both + phi_h * a + r * phi_k * b),
        first_edge=sd_2 / sd_1 * phi_h * (gap_1 * a + tail_1),
        second_edge=sd_1 / sd_2 * phi_k * (gap_2 * b + tail_2),
    )


def _orthant(
    h: Tensor, k: Tensor, half: Tensor, t_1: Tensor, t_2: Tensor, at_origin: Tensor
) -> Tensor:
    """`pair_probability` from (Phi(h) + Phi(k))/2, (k - r h)/q, (h - r k)/q and its value at 0."""
    h, k, t_1, t_2 = torch.broadcast_tensors(h, k, t_1, t_2)
    apart = torch.where((h < 0) ^ (k < 0), 0.5, 0.0)  # at h k = 0 this is the case of the formula
    angles = _signed_owens_t(torch.stack((h, k)), torch.stack((t_1, t_2))).sum(dim=0)
    return torch.where((h == 0) & (k == 0), at_origin, half - apart - angles)


def _signed_owens_t(x: Tensor, scaled: Tensor) -> Tensor:
    """T(x, scaled / x), the sign of a zero x being +."""
    value = _quadrant_owens_t(x.abs(), scaled.abs())
    return torch.where((x < 0) ^ (scaled < 0), -value, value)


def _quadrant_owens_t(x: Tensor, y: Tensor) -> Tensor:
    """T(x, y / x) for x, y >= 0, not both 0.

    Where y > x, by T(x, y/x) + T(y, x/y) = (Q(x) + Q(y))/2 - Q(x) Q(y), Q = 1 - Phi.
    """
    large, small = torch.maximum(x, y), torch.minimum(x, y)
    value = _steep(large, small)
    beyond_x, beyond_y = normal_below(-x), normal_below(-y)
    return torch.where(y > x, (beyond_x + beyond_y) / 2 - beyond_x * beyond_y - value, value)


def _steep(x: Tensor, y: Tensor) -> Tensor:
    """T(x, y / x) for x >= y >= 0 by Gauss-Legendre in u over [0, min(y, FARTHEST) / x].

    An infinite x, whose value is 0, is cut as well; so end is 0 or finite.
    """
    nodes, weights = (torch.tensor(part, dtype=torch.float64).to(x) for part in _gauss_legendre())
    end = torch.clamp(y, max=FARTHEST) / torch.where(x > 0, x, 1.0)
    minus_half = -(torch.clamp(x, max=LARGEST) ** 2) / 2
    pieces = (part.flatten().split(PIECE) for part in (end, minus_half))
    sums = []
    for ends, factors in zip(*pieces, strict=True):
        squares = 1 + (nodes * ends[:, None]) ** 2
        sums.append((torch.exp(factors[:, None] * squares) / squares) @ weights)
    return torch.cat(sums).reshape(end.shape) * end / (2 * math.pi)


@cache
def _gauss_legendre() -> tuple[list[float], list[float]]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return ((nodes + 1) / 2).tolist(), (weights / 2).tolist()


def _over(numerator: Tensor, q: Tensor) -> Tensor:
    """numerator / q, with the limits +-infinity, and 0 for 0/0, at q = 0."""
    limit = torch.where(numerator == 0, 0.0, torch.sign(numerator) * math.inf)
    return torch.where(q == 0, limit, numerator / torch.where(q == 0, torch.ones_like(q), q))
