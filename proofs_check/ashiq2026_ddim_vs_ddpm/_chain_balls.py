r"""The ancestral sampler near a bisector of the grid, in ball arithmetic.

Notation: lengths in units of ell; A the offset of y from the midpoint of two neighbours, along
their row; a step from raw index n to n - 1 is A' = m_n(A) + d_n Z with
m_n(x) = rho x + (1 - rho) (mbar - m), rho = s'^2/s^2, d_n^2 = (v - v') v'/v, and raw index -1 is
the data; `cuts` and other lists are by raw index, from 0 up. The linear chain is
B' = g_n B + d_n Z, and w_n(x) = P(|B_end| <= theta | B_n = x).

m_n increases, because mbar does; tanh(x)/x falls, so that m_n(x)/x on (0, c] is at least its
two-mode value at c, less what the outer modes can do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TypeVar

from flint import arb, arb_series, ctx

from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import (
    BITS,
    expected_offset,
    influence,
    largest,
    others,
    pair_offset,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import noise_to_signal, squared_separation
from theorylab.claims import ball, hull, precision

PAIRS = (Fraction(1, 2), Fraction(3, 2))
"""The midpoints of the two pairs right of the middle; the others are their mirror images."""

Real = TypeVar("Real", arb, arb_series)

TINY = "1e-12"
"""Offsets below this are treated as 0: there the outer modes may win over the pair."""


@dataclass(frozen=True)
class Step:
    """One step: the level a = 1/s^2, rho, d, and the change of A by a score error of size 1."""

    a: arb
    kept: arb
    noise: arb
    shift: arb


@cache
def step(raw: int) -> Step:
    """The step from a raw index to the one below."""
    with precision(BITS):
        v = noise_to_signal(raw)
        after = noise_to_signal(raw - 1) if raw else arb(0)
        own = ball("0.0001")
        absolute = v * squared_separation()
        shift = (1 - after / v) * absolute / (1 + absolute) * (1 + absolute).sqrt()
        return Step(
            1 / (own + v),
            (own + after) / (own + v),
            ((v - after) * after / v).sqrt(),
            shift / squared_separation().sqrt(),
        )


def mean(x: Real, raw: int, outside: Sequence[Fraction]) -> Real:
    """m_n at the offset x >= 0 from the side on which the other modes are at `outside`."""
    at = step(raw)
    return at.kept * x + (1 - at.kept) * expected_offset(x, at.a, outside)


def outer(raw: int, reach: arb) -> arb:
    """A ball that contains the influence of the other modes over [0, reach], of all pairs."""
    over, a = hull(0, reach), step(raw).a
    pulls = [abs(influence(over, a, others(m, side))) for m in PAIRS for side in (1, -1)]
    worst = largest(pulls)
    return hull(-worst, worst)


def any_mean(x: Real, raw: int, rest: arb) -> Real:
    """m_n(x) of all pairs from both sides, if `rest` contains the influence of other modes."""
    at = step(raw)
    return at.kept * x + (1 - at.kept) * (pair_offset(x, at.a) + rest)


def growth(raw: int, cut: arb) -> arb:
    """A lower bound >= 0 of |m_n(x)|/|x| over TINY <= |x| <= cut, all pairs, both sides."""
    at = step(raw)
    slope = (pair_offset(cut, at.a) / cut) + outer(raw, cut) / ball(TINY)
    return (at.kept + (1 - at.kept) * slope).lower().max(arb(0))


@dataclass(frozen=True)
class Linear:
    """The linear chain: its gain G and spread S from before each step to the end."""

    gain: tuple[arb, ...]
    spread: tuple[arb, ...]

    def mass(self, raw: int, x: arb, theta: arb) -> arb:
        """w_n(x), x >= 0."""
        at = self.gain[raw] * x
        if self.spread[raw] == 0:
            return arb(1) if at <= theta else arb(0) if at > theta else hull(0, 1)
        scale = ball(2).sqrt() * self.spread[raw]
        return (((at - theta) / scale).erfc() - ((at + theta) / scale).erfc()) / 2


def linear_chain(growths: Sequence[arb]) -> Linear:
    """The chain of given growths, by raw index."""
    gain, spread, total, squared = [], [], arb(1), arb(0)
    for raw, factor in enumerate(growths):
        squared += (total * step(raw).noise) ** 2
        total *= factor
        gain.append(total)
        spread.append(squared.sqrt())
    return Linear(tuple(gain), tuple(spread))


def cuts(start: int, theta: arb, coefficient: str) -> list[arb]:
    """c_n = coefficient s_n^2/ell^2, at most 0.45; the one of raw index 0 where m_0 is theta."""
    wide = [ball(coefficient) / step(raw).a for raw in range(start + 1)]
    capped = [c if c < ball("0.45") else ball("0.45") for c in wide]
    low, high = 0.0, 0.45
    for _ in range(60):
        middle = (low + high) / 2
        beyond = mean(ball(middle), 0, others(PAIRS[0], 1)) > theta
        low, high = (low, middle) if beyond else (middle, high)
    return [ball(1.02 * high), *capped[1:]]


def cut_bound(start: int, theta: arb, coefficient: str, *, error: arb, extra: arb) -> arb:
    """A bound on P(|A_end| <= theta) from any start before the step of raw index `start`.

    The score is off by at most `error` along the normal; growths are multiplied by `extra`, which
    is 1 but in a false twin.
    """
    radius = theta + error * step(0).shift
    at = cuts(start, radius, coefficient)
    chain = linear_chain([extra * growth(raw, cut) for raw, cut in enumerate(at)])
    total = chain.mass(start, arb(0), radius)
    root = (2 * arb.pi()).sqrt()
    for raw in range(1, start + 1):
        total += error * step(raw).shift * chain.gain[raw - 1] / (root * chain.spread[raw])
        total += chain.mass(raw - 1, at[raw - 1], radius)
    for raw in range(start):
        total += chain.mass(raw, arb(0), radius) - chain.mass(raw, ball(TINY), radius)
    return total


def series_order(x: arb) -> arb_series:
    """x + h up to first order."""
    return arb_series([x, 1], prec=2)


def mean_value(function: object, box: arb) -> arb:
    """f(mid) + f'(box) (box - mid), for a function of a power series."""
    cap = ctx.cap
    ctx.cap = 2
    try:
        middle = box.mid()
        value = function(series_order(middle))[0]  # type: ignore[operator]
        slope = function(series_order(box))[1]  # type: ignore[operator]
    finally:
        ctx.cap = cap
    return value + slope * (box - middle)
