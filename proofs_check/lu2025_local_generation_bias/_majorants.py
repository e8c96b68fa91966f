r"""Quadratic majorants of the normal distribution function, certified by ball arithmetic.

Notation: F(y) = Phi(y) - lam y^2. For lam < phi(1)/2 it is convex on one interval around -1 and
concave on both sides, so that its concave envelope is a line of slope m between the points of
contact p < -1 < q and F elsewhere.

Two facts are made here, each certified:
  line:    Phi(y) <= c + m y + lam y^2 for all y;
  tangent: Phi(y) <= Phi(u) + phi(u)(y - u) + lam (y - u)^2 for all y, for every u <= p and u >= q.

That a difference H(y) of the right and left side is >= 0 for all y follows from its values at a
few points: H'' = 2 lam + y phi(y), so that H is concave between the two roots of -y phi(y) = 2 lam
and convex on the left and on the right of them; on a convex branch H >= H(a) + H'(a)(b - a)
between a < b with H'(a) < 0 < H'(b), H >= H(a) left of a and H >= H(b) right of b.

The points where the tangent is a majorant are those where F meets its concave envelope: all but
one interval (p, q) around -1. So with u > -1 every larger point is one of them, with u < -1 every
smaller one; and a larger lam does no harm, since it adds a concave function to F.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from flint import arb
from scipy.special import ndtr

from proofs_check.lu2025_local_generation_bias._axis_balls import below, density
from theorylab.claims import precision

Balls = Callable[[arb], arb]
Arrays = Callable[[np.ndarray], np.ndarray]

LARGEST = 0.12098
"""Just below phi(1)/2 = 0.1209854, from which on F is concave everywhere."""

SMALLEST = 1e-8
FINE, COARSE = 1200, 100
"""How many values of lam between LARGEST and 1e-3, and from there to SMALLEST."""

EVERY = 25
"""The line is kept for one lam in so many."""


@dataclass(frozen=True, eq=False)
class Table:
    """Certified lam in decreasing order with contacts p and q; some of them with a line (m, c)."""

    lam: np.ndarray
    left: np.ndarray
    right: np.ndarray
    line_lam: np.ndarray
    slope: np.ndarray
    level: np.ndarray

    def curvature_for(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """A lam for which the tangent is a majorant at every u in [low, high]."""
        top = np.append(self.lam, TOP)
        # right increases with the index, left decreases: the last index that fits is the best
        after = np.searchsorted(self.right, low, side="right") - 1
        before = np.searchsorted(-self.left, -high, side="right") - 1
        index = np.where(low > -1, after, np.where(high < -1, before, -1))
        return top[index]


TOP = float(np.nextafter(0.12098536225957168, 1))
"""At least phi(1)/2: every tangent is a majorant."""


@cache
def table() -> Table:
    """The table, made once a process."""
    lam = np.concatenate(
        (np.geomspace(LARGEST, 1e-3, FINE), np.geomspace(1e-3, SMALLEST, COARSE + 1)[1:])
    )
    p, q, m = _bitangents(lam)
    reach = 1e-7 + 1e-5 * (q - p)
    left, right = p - reach, q + reach
    _demand(bool((np.diff(left) < 0).all() and (np.diff(right) > 0).all()), "the places in order")
    with precision(96):
        for k in range(len(lam)):
            _certify_tangent(left[k], lam[k], q[k])
            _certify_tangent(right[k], lam[k], p[k])
        kept = np.arange(0, len(lam), EVERY)
        level = ndtr(q) - lam * q * q - m * q
        level = level + 1e-9
        for j in kept.tolist():
            _certify_line(lam[j], m[j], level[j], p[j], q[j])
    return Table(lam, left, right, lam[kept], m[kept], level[kept])


def _bitangents(lam: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Contacts and slope in floats, by bisection in the slope; checked elsewhere."""

    def phi(y: np.ndarray) -> np.ndarray:
        return np.exp(-y * y / 2) / np.sqrt(2 * np.pi)

    def bisect(f: Arrays, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        for _ in range(70):
            middle = (low + high) / 2
            positive = f(middle) > 0
            low, high = np.where(positive, middle, low), np.where(positive, high, middle)
        return (low + high) / 2

    one = np.ones_like(lam)
    y1 = bisect(lambda y: y * phi(y) + 2 * lam, -40 * one, -one)  # -y phi < 2 lam on its left
    y2 = bisect(lambda y: -y * phi(y) - 2 * lam, -one, 0 * one)

    def left_of(m: np.ndarray) -> np.ndarray:
        return bisect(lambda y: phi(y) - 2 * lam * y - m, -1e5 * one, y1)

    def right_of(m: np.ndarray) -> np.ndarray:
        return bisect(lambda y: phi(y) - 2 * lam * y - m, y2, 1e5 * one)

    def gap(m: np.ndarray) -> np.ndarray:
        p, q = left_of(m), right_of(m)
        return (ndtr(q) - lam * q * q - m * q) - (ndtr(p) - lam * p * p - m * p)

    least, most = phi(y1) - 2 * lam * y1, phi(y2) - 2 * lam * y2
    m = bisect(gap, least, most)
    return left_of(m), right_of(m), m


def _certify_tangent(u: float, lam: float, other: float) -> None:
    """The tangent at u is a majorant; `other` is where the far convex branch comes closest."""
    at, L = arb(u), arb(lam)
    on_the_left = u < -1
    value, slope = below(at), density(at)
    _demand(_is_convex_at(at, L), f"convex at u = {u}")
    for _ in range(4):  # Newton's method for the point where H' = 0
        phi = math.exp(-(other**2) / 2) / math.sqrt(2 * math.pi)
        other -= (float(slope) + 2 * lam * (other - u) - phi) / (2 * lam + other * phi)
    _demand(other > -1 if on_the_left else other < -1, f"another branch than that of u = {u}")
    _certify_branch(
        lambda y: value + slope * (y - at) + L * (y - at) ** 2 - below(y),
        lambda y: slope + 2 * L * (y - at) - density(y),
        other, L,
    )  # fmt: skip


def _certify_line(lam: float, slope: float, level: float, p: float, q: float) -> None:
    L, m, c = arb(lam), arb(slope), arb(level)
    _demand(p < -1 < q, f"a point on each branch, got {p} and {q}")
    for near in (p, q):
        _certify_branch(
            lambda y: c + m * y + L * y**2 - below(y),
            lambda y: m + 2 * L * y - density(y),
            near,
            L,
        )


def _certify_branch(H: Balls, slope: Balls, near: float, lam: arb) -> None:
    """H >= 0 on the convex branch that holds `near`."""
    for width in (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3):
        a, b = arb(near) - width, arb(near) + width
        if slope(a) < 0 and slope(b) > 0:
            break
    else:
        _demand(False, f"a bracket of the minimum near {near}")
    inner = b if near < -1 else a
    same = inner < -1 if near < -1 else inner > -1
    _demand(bool(same) and _is_convex_at(inner, lam), f"convex near {near}")
    _demand(H(a) + slope(a) * (b - a) >= 0 and H(b) >= 0 and H(a) >= 0, f"H >= 0 near {near}")


def _is_convex_at(y: arb, lam: arb) -> bool:
    """H'' >= 0 at y; being on one side of -1, then on the whole branch."""
    return bool(2 * lam + y * density(y) >= 0) and bool(y < -1 or y > -1)


def _demand(condition: bool, what: str) -> None:
    if not condition:
        msg = f"the majorant is not certified: {what}"
        raise ArithmeticError(msg)
