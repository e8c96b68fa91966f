r"""Bisector coordinates on the grid, in ball arithmetic.

Notation: lengths in units of ell; a pair of neighbours in a row is named by its midpoint m, -3/2,
-1/2, 1/2 or 3/2, and seen from a side +1 or -1 of its bisector, so that offsets x >= 0 suffice;
`others` are the offsets of the other modes from m, as seen from that side; A is the offset in the
coordinates of the sampler, x = A / sqrt(abar) (moving midpoint) that in y; beta, abar at a raw
index of the linear schedule; K, lambda_rep the constants of Proposition 5.1, over remaining time.

On the grid the drift of A does not depend on the coordinate across, so a row stands for all.
"""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from typing import Any

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import noise_to_signal, squared_separation
from theorylab.claims import ball, hull, precision

MIDPOINTS = tuple(Fraction(n, 2) for n in (-3, -1, 1, 3))
MODES = (-2, -1, 0, 1, 2)
BITS = 113


def others(midpoint: Fraction, side: int) -> tuple[Fraction, ...]:
    """The offsets of the three modes that are not of the pair."""
    offsets = (side * (k - midpoint) for k in MODES)
    return tuple(o for o in offsets if abs(o) != Fraction(1, 2))


def expected_offset(x: Any, a: arb, outside: Sequence[Fraction]) -> Any:
    """mbar - m at the offset x at the level a = ell^2/s^2, of a ball or of a power series."""
    return pair_offset(x, a) + influence(x, a, outside)


def pair_offset(x: Any, a: arb) -> Any:
    """The two-mode term, tanh(a x/2)/2."""
    if isinstance(x, arb):
        return (a * x / 2).tanh() / 2
    lower = (-a * x).exp()
    return (1 - lower) / (1 + lower) / 2


def influence(x: Any, a: arb, outside: Sequence[Fraction]) -> Any:
    """What the other modes add to mbar; their shares are relative to the mode at +1/2."""
    pair, total, pull = pair_offset(x, a), 1 + (-a * x).exp(), 0 * x
    for offset in map(ball, outside):
        share = (-(a / 2) * (offset**2 - ball("0.25") - 2 * x * (offset - ball("0.5")))).exp()
        total = total + share
        pull = pull + share * (offset - pair)
    return pull / total


@dataclass(frozen=True)
class Level:
    """A raw index: beta, the root of abar, sigma_t^2 without unit, and a = ell^2/s^2."""

    beta: arb
    root: arb
    variance: arb
    a: arb


@cache
def level(raw: int) -> Level:
    """The level of a raw index, 0 <= raw < 1000."""
    with precision(BITS):
        v = noise_to_signal(raw)
        kept = 1 / (1 + v * squared_separation())
        s2 = ball("0.0001") + v
        beta = ball("0.0001") + ball("0.0199") * raw / 999
        return Level(beta, kept.sqrt(), s2 * squared_separation() * kept, 1 / s2)


def outward(offset: arb, raw: int, midpoint: Fraction, side: int, *, moving: bool) -> arb:
    """The drift of the remaining time, -b/ell, away from the bisector at A = side * offset.

    With the fixed midpoint A is measured from m, with the moving one from sqrt(abar) m.
    """
    at = level(raw)
    shift = arb(0) if moving else side * ball(midpoint) * (1 - at.root)
    x = (offset + shift) / at.root
    target = at.root * expected_offset(x, at.a, others(midpoint, side))
    away = at.beta / 2 * (offset + shift) - at.beta / at.variance * (offset + shift - target)
    return away if moving else away + at.beta / 2 * at.root * side * ball(midpoint)


def infimum(
    functions: Sequence[Callable[[arb], arb]],
    low: arb,
    high: arb,
    *,
    within: float,
    most: int = 20_000,
) -> arb:
    """A ball that contains the least infimum of the functions over [low, high].

    Branch and bound, until the ball is as narrow as `within`; it is wider if `most` evaluations
    do not suffice, so that what is shown from it is then UNDECIDED. The queue is ordered by
    bounds rounded to float64, so the float below the first one is below all of them.
    """
    middle = ((low + high) / 2).mid()
    best = least([function(middle).upper() for function in functions])
    queue: list[tuple[float, int, int, arb, arb]] = []
    for index, function in enumerate(functions):
        heapq.heappush(queue, (_key(function(hull(low, high))), index, index, low, high))
    count = len(queue)
    while True:
        key, _, index, left, right = queue[0]
        bound = arb(math.nextafter(key, -math.inf))
        if best - bound <= ball(within) or count > most:
            return hull(bound, best)
        heapq.heappop(queue)
        centre = ((left + right) / 2).mid()
        best = least([best, functions[index](centre).upper()])
        for part in ((left, centre), (centre, right)):
            count += 1
            heapq.heappush(queue, (_key(functions[index](hull(*part))), count, index, *part))


def supremum(
    functions: Sequence[Callable[[arb], arb]], low: arb, high: arb, *, within: float
) -> arb:
    """A ball that contains the largest supremum of the functions over [low, high]."""
    return -infimum([_negative(f) for f in functions], low, high, within=within)


def _negative(function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    return lambda x: -function(x)


def _key(value: arb) -> float:
    """The lower end of a ball, rounded; that of a ball that is not finite comes first."""
    return float(value.lower()) if value.is_finite() else -math.inf


def largest(values: Sequence[arb]) -> arb:
    """The maximum of numbers known to lie in balls."""
    return reduce(arb.max, values)


def least(values: Sequence[arb]) -> arb:
    """The minimum of numbers known to lie in balls."""
    return reduce(arb.min, values)
