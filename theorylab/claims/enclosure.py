r"""Evidence by ball arithmetic: a number is known to lie in an interval with rigorous ends.

Notation: a box is a product of intervals [low, high]; a function maps one ball per side to a
ball that contains every value on the box.

A function that leaves ball arithmetic on its way (float, mid) proves nothing; nothing here can
see that it did. The arithmetic is python-flint's `arb`. Its comparisons are three-valued, and so
is the verdict.
A Python float is the binary fraction that it is: write decimals as strings or `Fraction`.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeAlias

from flint import arb, ctx, fmpq

from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

Number: TypeAlias = int | float | str | Fraction
Side: TypeAlias = tuple[Number, Number]


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work at `bits` bits inside the block; flint's precision belongs to the whole process."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(value: Number | arb) -> arb:
    """A ball that contains the number: "0.1" is the decimal, 0.1 the binary fraction."""
    if isinstance(value, Fraction):
        return arb(fmpq(value.numerator, value.denominator))
    return arb(value)


def hull(low: Number | arb, high: Number | arb) -> arb:
    """The smallest ball that contains the interval [low, high]."""
    return ball(low).union(ball(high))


def enclosed(
    function: Callable[..., arb],
    box: Sequence[Side] = (),
    *,
    bits: int = 113,
    most_boxes: int = 20_000,
) -> Finding:
    r"""ENCLOSED: $f(x) > 0$ for every x of the box, proved by branch and bound.

    A sub-box, or the middle of one, on which the ball is entirely <= 0 is a certified violation:
    FAILS. The largest open sub-box is cut first, so a violation is found before its edge. When
    `most_boxes` evaluations leave a sub-box open, the verdict is UNDECIDED and names it. The
    margin is the smallest certified lower bound. An empty box, and a function that returns
    anything but a ball, are UNDECIDED.

    Args:
        function: maps one `arb` per side to an `arb` that contains all its values.
        box: (low, high) per side; empty for a statement about one number.
        bits: working precision.
        most_boxes: how many sub-boxes may be looked at, each with its middle if it stays open.

    Raises:
        ValueError: an end that is not a finite number, or bits < 2.
    """
    whole = tuple((_exact(low), _exact(high)) for low, high in box)
    if any(low > high for low, high in whole):
        return undecided(Evidence.ENCLOSED, f"the box is empty: {_shown(whole)}")
    with precision(bits):
        return _branch_and_bound(function, whole, most_boxes)


def _branch_and_bound(function: Callable[..., arb], whole: "Box", most_boxes: int) -> Finding:
    queue, lowest = deque([whole]), None
    for looked in range(1, most_boxes + 1):
        part = queue.popleft()
        value = function(*(hull(low, high) for low, high in part))
        if not isinstance(value, arb):
            why = f"the function must return a ball, got {type(value).__name__}"
            return undecided(Evidence.ENCLOSED, why)
        if value > 0:
            lowest = value.lower() if lowest is None or value.lower() < lowest else lowest
            if not queue:
                return _holds(lowest, looked)
        elif value <= 0:
            return _fails(value, part)
        elif all(low == high for low, high in part):
            why = f"the ball {value.str(6)} straddles 0 on {_shown(part)}"
            return undecided(Evidence.ENCLOSED, why)
        else:
            middle = tuple(((low + high) / 2,) * 2 for low, high in part)
            value = function(*(ball(point) for point, _ in middle))
            if value <= 0:
                return _fails(value, middle)
            queue.extend(_halves(part, whole))
    why = f"open after {most_boxes} boxes, one of them {_shown(queue[0])}"
    return undecided(Evidence.ENCLOSED, why)


def _fails(value: arb, part: "Box") -> Finding:
    detail = f"certified violation: the value is in {value.str(6)} on {_shown(part)}"
    return Finding(Verdict.FAILS, Evidence.ENCLOSED, float(value.upper()), detail)


def _holds(lowest: arb, looked: int) -> Finding:
    margin = math.nextafter(float(lowest), 0.0)
    detail = f"at least {margin:.8g} (rounded) on {looked} boxes, {ctx.prec} bits"
    return Finding(Verdict.HOLDS, Evidence.ENCLOSED, margin, detail)


Box: TypeAlias = tuple[tuple[Fraction, Fraction], ...]


def _exact(end: Number) -> Fraction:
    try:
        return Fraction(end)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        msg = f"the end of a side must be a finite number, got {end!r}"
        raise ValueError(msg) from None


def _halves(part: Box, whole: Box) -> list[Box]:
    """Cut across the side that is widest as a share of the whole box."""
    widths = [
        (high - low) / (b - a) if a < b else 0
        for (low, high), (a, b) in zip(part, whole, strict=True)
    ]
    side = widths.index(max(widths))
    low, high = part[side]
    middle = (low + high) / 2
    return [(*part[:side], half, *part[side + 1 :]) for half in ((low, middle), (middle, high))]


def _shown(part: Box) -> str:
    sides = " x ".join(f"[{float(low):.8g}, {float(high):.8g}]" for low, high in part)
    return f"the box {sides}" if part else "one number"
