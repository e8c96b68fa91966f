r"""Evidence by interval arithmetic on many boxes at once: ENCLOSED, a million boxes in seconds.

Notation: a box is a product of intervals [low, high]; `Interval` holds arrays of lower and upper
ends. Each operation is rounded outwards: an IEEE result r of +, -, *, / or sqrt is off by at most
2^-53 |r|, and r - 2^-52 |r| - 2^-1000, computed in the same arithmetic, lies below the exact
value. Transcendental functions are read off tables made by ball arithmetic
(`theorylab.claims.normal`).

Where ball arithmetic is fast enough, use `theorylab.claims.enclosure`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from theorylab.claims.enclosure import Side, _exact, _shown
from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

UNIT = 2.0**-52
TINY = 2.0**-1000
CHUNK = 16_384
"""Boxes evaluated together, few enough to stay in the cache."""


def _down(value: np.ndarray) -> np.ndarray:
    return value - np.abs(value) * UNIT - TINY


def _up(value: np.ndarray) -> np.ndarray:
    return value + np.abs(value) * UNIT + TINY


@dataclass(frozen=True, eq=False)
class Interval:
    """Arrays of intervals; a plain number stands for itself."""

    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def of(value: "Interval | np.ndarray | float") -> "Interval":
        """A float, or an array of floats, as intervals of width 0."""
        return value if isinstance(value, Interval) else Interval(value, value)  # type: ignore[arg-type]

    def __add__(self, other: "Interval | float") -> "Interval":
        """The sum."""
        right = Interval.of(other)
        return Interval(_down(self.low + right.low), _up(self.high + right.high))

    def __neg__(self) -> "Interval":
        """The negative, exact."""
        return Interval(-self.high, -self.low)

    def __sub__(self, other: "Interval | float") -> "Interval":
        """The difference."""
        return self + (-Interval.of(other))

    def __rsub__(self, other: float) -> "Interval":
        """The difference with a number on the left."""
        return (-self) + other

    def __mul__(self, other: "Interval | float") -> "Interval":
        """The product."""
        if isinstance(other, int | float):
            ends = (self.low * other, self.high * other)
            first, second = ends if other >= 0 else ends[::-1]
            return Interval(_down(first), _up(second))
        a, b = self.low * other.low, self.low * other.high
        c, d = self.high * other.low, self.high * other.high
        low = np.minimum(np.minimum(a, b), np.minimum(c, d))
        high = np.maximum(np.maximum(a, b), np.maximum(c, d))
        return Interval(_down(low), _up(high))

    __radd__, __rmul__ = __add__, __mul__

    def reciprocal(self) -> "Interval":
        """1/x for intervals above 0.

        Raises:
            ValueError: an interval that reaches 0 or below.
        """
        if not bool(np.all(self.low > 0)):
            msg = f"the reciprocal needs intervals above 0, got {np.min(self.low)}"
            raise ValueError(msg)
        return Interval(_down(1 / self.high), _up(1 / self.low))

    def square(self) -> "Interval":
        """x^2, which is not x times an independent x."""
        small = np.where(
            (self.low <= 0) & (self.high >= 0), 0.0, np.minimum(self.low**2, self.high**2)
        )
        return Interval(_down(small), _up(np.maximum(self.low**2, self.high**2)))

    def sqrt(self) -> "Interval":
        """The root of intervals at or above 0 (an end just below 0 is an end at 0)."""
        return Interval(_down(np.sqrt(np.maximum(self.low, 0))), _up(np.sqrt(self.high)))

    def size(self) -> np.ndarray:
        """The largest absolute value."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


Bound = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def enclosed_in_bulk(
    bound: Bound,
    box: Sequence[Side],
    *,
    parts: Sequence[int],
    most_boxes: int = 2_000_000,
) -> Finding:
    r"""ENCLOSED: a statement holds on a box, proved by branch and bound on arrays of boxes.

    Args:
        bound: maps lower and upper corners (n, k) to n numbers, each of which proves the statement
            on its box if it is positive, and to (n, k) numbers that say how much each side
            contributes to the looseness: the side with the largest is cut next.
        box: (low, high) per side; the ends are widened to floats outside them.
        parts: into how many equal parts each side is cut before the start.
        most_boxes: when so many have been looked at, the verdict is UNDECIDED.

    The margin is the smallest positive number returned. This maker never answers FAILS: a bound
    that stays negative proves nothing.

    Raises:
        ValueError: an end that is not a finite number, or another number of parts than sides.
    """
    whole = tuple((_exact(low), _exact(high)) for low, high in box)
    if len(parts) != len(whole):
        msg = f"parts must name {len(whole)} numbers, one a side, got {parts!r}"
        raise ValueError(msg)
    low, high = _grid(whole, parts)
    looked, lowest = 0, np.inf
    while len(low):
        if looked + len(low) > most_boxes:
            corner = tuple((low[-1, k], high[-1, k]) for k in range(low.shape[1]))
            why = f"open after {looked} boxes, {len(low)} of them, such as {_shown(corner)}"
            return undecided(Evidence.ENCLOSED, why)
        now = slice(max(0, len(low) - CHUNK), len(low))
        value, blame = bound(low[now], high[now])
        looked += len(value)
        proved = value > 0
        lowest = min(lowest, float(np.min(value[proved], initial=np.inf)))
        halves = _halved(low[now][~proved], high[now][~proved], blame[~proved])
        low, high = (
            np.concatenate((a[: now.start], b)) for a, b in zip((low, high), halves, strict=True)
        )
    detail = f"at least {lowest:.6g} on {looked} boxes, float64 rounded outwards"
    return Finding(Verdict.HOLDS, Evidence.ENCLOSED, lowest, detail)


def _grid(whole: Sequence[tuple], parts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """All boxes of the start; neighbours share their corners, so that none is left out."""
    lows, highs = [], []
    for (least, most), n in zip(whole, parts, strict=True):
        ends = np.linspace(float(least), float(most), n + 1)
        ends[0], ends[-1] = np.nextafter(float(least), -np.inf), np.nextafter(float(most), np.inf)
        if least == ends[0] or float(least) == least:
            ends[0] = float(least)
        if float(most) == most:
            ends[-1] = float(most)
        lows.append(ends[:-1])
        highs.append(ends[1:])
    low, high = (
        np.stack(np.meshgrid(*e, indexing="ij"), -1).reshape(-1, len(parts)) for e in (lows, highs)
    )
    return low, high


def _halved(low: np.ndarray, high: np.ndarray, blame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both halves of every box, cut across the side with the largest blame."""
    rows, side = np.arange(len(low)), np.argmax(blame, axis=1)
    middle = (low[rows, side] + high[rows, side]) / 2
    left, right = high.copy(), low.copy()
    left[rows, side], right[rows, side] = middle, middle
    return np.concatenate((low, right)), np.concatenate((left, high))
