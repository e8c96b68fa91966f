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

PIECE = 2**11
"""How many values of T are computed at once, so that their nodes stay in cache."""

FARTHEST = 6.0
"""x u beyond which T(x, .) with x >= u x adds less than exp(-36) / 2 pi = 4e-17."""

TINY = 1e-30
"""Takes the place of q or x where they are smaller: t is then +-infinity, or 0 for 0/0.

With q below it no double other than 0 is a residual k - r h of size below 6 q; with x below it,
x >= y, T(x, y / x) differs from its limit arctan(y / x) / 2 pi by less than x.
"""


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
    value = _signed_owens_t(Level.at(x), Level.at(scaled))
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
        positive = self.value > 0
        sign = torch.where(positive, 1.0, -1.0).to(self.value.dtype)
        small = sign * torch.where(positive, self.below_one, self.above_minus_one)
        return (k - sign * h) + small * h


@dataclass(frozen=True)
class Level:
    """A standardised mean with the distribution function and the density there.

    Attributes:
        mean: h.
        below: Phi(h).
        density: phi(h).
    """

    mean: Tensor
    below: Tensor
    density: Tensor

    @classmethod
    def at(cls, h: Tensor) -> "Level":
        """At h."""
        return cls(h, normal_below(h), normal_density(h))

    def __getitem__(self, index: Tensor) -> "Level":
        """The levels of some neurons, the first axis."""
        return Level(*(part[index] for part in (self.mean, self.below, self.density)))


def pair_probability(h: Tensor, k: Tensor, correlation: Correlation) -> Tensor:
    r"""Phi_2(h, k; r) by Owen's T.

    .. math::
        \Phi_2 = \tfrac12 (\Phi(h) + \Phi(k))
            - T\Big(h, \frac{k/h - r}{q}\Big) - T\Big(k, \frac{h/k - r}{q}\Big)
            - \tfrac12 [h k < 0 \text{ or } h k = 0, h + k < 0]

    At h = k = 0 it is 1/4 + arcsin(r) / 2 pi. All arguments are broadcast.
    """
    return standard_moments(_both_levels(h, k), correlation).both


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
    levels = _both_levels(mean_1 / sd_1, mean_2 / sd_2)
    see = standard_moments(levels, correlation)
    return PairMoments(
        both=see.both,
        product=sd_1 * sd_2 * see.product,
        first_on=sd_2 * see.on[0],
        second_on=sd_1 * see.on[1],
        first_edge=sd_2 / sd_1 * see.edge[0],
        second_edge=sd_1 / sd_2 * see.edge[1],
    )


def _both_levels(h: Tensor, k: Tensor) -> Level:
    return Level.at(torch.stack(torch.broadcast_tensors(h, k)))


@dataclass(frozen=True)
class StandardMoments:
    r"""`PairMoments` of U = h + X, V = k + Y; what has two versions has them along a first axis.

    Attributes:
        both: (*n).
        product: (*n).
        on: (2, *n), E[1{U > 0} V+] and E[U+ 1{V > 0}].
        edge: (2, *n), E[delta(U) V+] and E[U+ delta(V)].
        cut: (2, *n), E[delta(U) 1{V > 0}] and E[1{U > 0} delta(V)].
        density: (*n), q E[delta(U) delta(V)] = phi(h) phi(t).
    """

    both: Tensor
    product: Tensor
    on: Tensor
    edge: Tensor
    cut: Tensor
    density: Tensor


def standard_moments(pair: Level, correlation: Correlation) -> StandardMoments:
    """The moments for levels (2, *n) of h and k."""
    h, k, r, q = pair.mean, pair.mean.flip(0), correlation.value, correlation.q
    gap = correlation.residual(k, h)
    t = Level.at(gap / torch.clamp(q, min=TINY))
    angles, negative = _signed_owens_t(pair, t), h < 0
    apart = negative[0] ^ negative[1]  # at h k = 0 this is the case of the formula
    both = (pair.below[0] + pair.below[1] - apart.to(h.dtype)) / 2 - angles[0] - angles[1]
    origin = (h == 0).all(0)
    if bool(origin.any()):
        both = torch.where(origin, torch.atan2(q, -r) / (2 * math.pi), both)
    cut = pair.density * t.below
    density = pair.density[0] * t.density[0]
    tail = q * density
    product = (h[0] * k[0] + r) * both + k[0] * cut[0] + h[0] * cut[1] + tail
    on = k * both + cut.flip(0) + r * cut
    return StandardMoments(both, product, on, gap * cut + tail, cut, density)


def _signed_owens_t(one: Level, two: Level) -> Tensor:
    """T(x, y / x), a zero counting as positive, and 0 at x = y = 0.

    Where |y| > |x|, by T(x, y/x) + T(y, x/y)
    = (Phi(x) + Phi(y))/2 - Phi(x) Phi(y) - [x y < 0]/2.
    """
    x, y = one.mean, two.mean
    size, other = x.abs(), y.abs()
    opposite = (x < 0) ^ (y < 0)
    value = _steep(torch.maximum(size, other), torch.minimum(size, other))
    value = torch.where(opposite, -value, value)
    half = (one.below + two.below - opposite.to(x.dtype)) / 2
    return torch.where(other > size, half - one.below * two.below - value, value)


def _steep(x: Tensor, y: Tensor) -> Tensor:
    """T(x, y / x) for x >= y >= 0 by Gauss-Legendre in u over [0, min(y, FARTHEST) / x].

    An infinite x gives 0. Each node is a row of its own, so that the sums are matrix products.
    """
    steps, weights = _gauss_legendre(x.dtype, x.device)
    end = torch.clamp(y, max=FARTHEST) / torch.where(x > 0, x, 1.0)
    squares, minus_half = end.square().flatten(), (x * x * -0.5).flatten()
    total = torch.empty_like(squares)
    length = min(PIECE, len(squares))
    rows, other = (torch.empty(NODES, length, dtype=x.dtype, device=x.device) for _ in range(2))
    for first in range(0, len(squares), PIECE):
        part = slice(first, first + PIECE)
        count = len(squares[part])
        at, value = rows[:, :count], other[:, :count]
        torch.addcmul(torch.ones_like(weights[:1]), steps, squares[part], out=at)
        torch.mul(at, minus_half[part], out=value).exp_().div_(at)
        torch.mv(value.T, weights, out=total[part])
    return total.reshape(end.shape) * end


@cache
def _gauss_legendre(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Squares of the nodes on [0, 1], (NODES, 1), and the weights over 2 pi."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    squares, shares = ((nodes + 1) / 2) ** 2, weights / (4 * math.pi)
    both = torch.tensor(np.stack((squares, shares)), dtype=dtype, device=device)
    return both[0, :, None], both[1]
