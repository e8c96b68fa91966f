r"""Where the solution of a scalar equation dx/dt = f(t, x) ends, with rigorous bounds.

Notation: t time, which may run down; x the state; h a step, p the order, c_k the k-th Taylor
coefficient of the solution, c_k(T, B) a ball that contains it for all times of T and states of B.

One step: let P(t) = sum_{k<p} c_k (t-t_0)^k. If P(t) + c_p(T, B) (t-t_0)^p lies inside B for all
t of T, then so does the solution (where it first reached an end of B, Lagrange's remainder would
put it inside), and it ends in P(t_0+h) + c_p(T, B) h^p. Solutions of a scalar equation keep their
order, so the lower and the upper end are carried separately and no error is amplified by more
than the flow itself. This module solves no systems, and proves nothing where f is not analytic.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from flint import arb, arb_series, ctx

from theorylab.claims.enclosure import Number, ball, hull, precision
from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

Field: TypeAlias = Callable[[Any, Any], Any]
"""f(t, x) of two power series, built from +, -, *, / and their methods such as `x.exp()`.

It may choose between two ways to write the same function, by the constant terms t[0] and x[0]."""

SMALLEST_SHARE = 2.0**-40
"""A step that would be shorter than this share of the whole span is not taken."""

ROUNDING = 2.0**-20
"""Room left in B for flint's radii, which have 30 bits, as a share of the radius."""

LARGEST_REMAINDER = 16.0
"""A step whose remainder is wider than so many tolerances is cut."""


@dataclass(frozen=True)
class Arrival:
    """Where a solution ends.

    Attributes:
        value: a ball that contains it; None if the solution was lost on the way.
        reach: a ball that contains the solution at all times that were passed.
        steps: how many steps were taken, both ends together.
        why: where it was lost: the number of the step, its time and its state.
    """

    value: arb | None
    reach: arb | None
    steps: int
    why: str = ""

    def within(self, low: Number | arb, high: Number | arb) -> Finding:
        """ENCLOSED: the solution ends in the open interval (low, high).

        The margin is the smallest distance to an end of it as a share of its length.
        """
        return inside(self.value, low, high, lost=self.why)


def inside(
    value: arb | None, low: Number | arb, high: Number | arb, *, lost: str = "nothing is known"
) -> Finding:
    """ENCLOSED: a number known to lie in a ball lies in the open interval (low, high).

    UNDECIDED where the ball straddles an end, and with the reason `lost` where it is None.
    """
    if value is None or not value.is_finite():
        return undecided(Evidence.ENCLOSED, lost)
    first, last = ball(low), ball(high)
    if not first < last:
        return undecided(Evidence.ENCLOSED, f"the interval ({first}, {last}) is empty")
    below, above = (value - first) / (last - first), (last - value) / (last - first)
    detail = f"{value.str(10)} against ({first.str(8)}, {last.str(8)})"
    worst = min(float(below.lower()), float(above.lower()))
    if below > 0 and above > 0:
        return Finding(Verdict.HOLDS, Evidence.ENCLOSED, max(worst, 0.0), detail)
    if below <= 0 or above <= 0:
        best = min(float(below.upper()), float(above.upper()))
        return Finding(Verdict.FAILS, Evidence.ENCLOSED, best, detail)
    return undecided(Evidence.ENCLOSED, f"straddles an end: {detail}")


def follow(
    field: Field,
    start: Number | arb,
    span: tuple[Number | arb, Number | arb],
    *,
    order: int = 12,
    bits: int = 64,
    tolerance: float = 1e-12,
    most_steps: int = 2000,
) -> Arrival:
    r"""The solution of dx/dt = f(t, x) from `start`, a number or a ball, over the span of times.

    Args:
        field: f(t, x), handed two power series; it must be analytic where it is finite.
        start: x at the first time; of a ball both ends are followed.
        span: (first time, last time), increasing or decreasing; an end may be a ball.
        order: p, the order of the Taylor step.
        bits: working precision.
        tolerance: the local error aimed at; it sets the steps, and no bound depends on it.
        most_steps: how many steps each end may take.

    Raises:
        ValueError: order < 2, a tolerance that is not positive, a start or an end of the span
            that is not finite, times that overlap.
    """
    if order < 2 or not tolerance > 0:
        msg = f"order must be at least 2 and tolerance positive, got {order} and {tolerance}"
        raise ValueError(msg)
    with precision(bits), _series_of(order + 1):
        first, last, state = ball(span[0]), ball(span[1]), ball(start)
        if not all(number.is_finite() for number in (first, last, state)):
            msg = f"start and span must be finite, got {start!r} and {span!r}"
            raise ValueError(msg)
        if first.overlaps(last):
            msg = f"the ends of the span must be apart, got {span!r}"
            raise ValueError(msg)
        run = _Run(field, first, last, order, ball(tolerance), most_steps)
        return _both_ends(run, state)


@contextmanager
def _series_of(length: int) -> Iterator[None]:
    """Keep `length` terms of a series; flint's limit belongs to the whole process."""
    before = ctx.cap
    ctx.cap = length
    try:
        yield
    finally:
        ctx.cap = before


@dataclass(frozen=True)
class _Run:
    field: Field
    first: arb
    last: arb
    order: int
    tolerance: arb
    most_steps: int


def _both_ends(run: _Run, start: arb) -> Arrival:
    low = _carry(run, start.lower(), arb.lower)
    if low.value is None:
        return low
    high = _carry(run, start.upper(), arb.upper)
    steps = low.steps + high.steps
    if high.value is None or high.reach is None or low.reach is None:
        return Arrival(None, None, steps, high.why)
    return Arrival(hull(low.value, high.value), low.reach.union(high.reach), steps)


def _carry(run: _Run, state: arb, end_of: Callable[[arb], arb]) -> Arrival:
    """Follow one exact state; after each step go on from the outer end of its ball."""
    time, reach = run.first, state
    for step in range(1, run.most_steps + 1):
        taken = _step(run, time, state)
        if taken is None:
            why = f"step {step} is lost at time {time.str(8)}, state {state.str(8)}"
            return Arrival(None, None, step, why)
        time, value, passed = taken
        state, reach = end_of(value), reach.union(passed)
        if time is run.last:
            return Arrival(state, reach, step)
    why = f"step {run.most_steps} is the last one allowed, at time {time.str(8)}"
    return Arrival(None, None, run.most_steps, why)


def _step(run: _Run, time: arb, state: arb) -> tuple[arb, arb, arb] | None:
    """The next time, the state there and the states in between; None if no step is found."""
    terms = coefficients(run.field, time, state, run.order)
    if not all(term.is_finite() for term in terms):
        return None
    left, forward = run.last - time, bool(run.last > run.first)
    h = _promising(run, terms)
    while h > SMALLEST_SHARE * abs(run.last - run.first).upper():
        whole = bool(h >= abs(left).upper())
        later = run.last if whole else (time + (h if forward else -h)).mid()
        taken = _validated(run, terms, time, later)
        if taken is not None:
            return later, *taken
        h = (min(h, abs(left).upper()) / 2).mid()
    return None


def _promising(run: _Run, terms: list[arb]) -> arb:
    """A step after which the last terms are of the size of the tolerance; a guess."""
    longest = abs(run.last - run.first).upper() * 2
    powers = (run.order - 1, run.order)
    roots = [terms[k].abs_upper().root(k) for k in powers if terms[k].abs_upper() > 0]
    if not roots:
        return longest
    return min(longest, (run.tolerance.root(run.order) / max(roots)).mid())


def _validated(run: _Run, terms: list[arb], time: arb, later: arb) -> tuple[arb, arb] | None:
    """The state at `later` and a ball for the way there, or None if the step is too long."""
    p, h = run.order, later - time
    elapsed = arb(0).union(h)
    rough = _horner(terms[:p], elapsed)
    slack = 2 * (terms[p] * h**p).abs_upper() + rough.rad() * ROUNDING + run.tolerance
    tried = rough + arb(0, slack.upper())
    rest = coefficients(run.field, time.union(later), tried, p)[p]
    passed = rough + rest * elapsed**p
    if not (passed.is_finite() and tried.contains_interior(passed)):
        return None
    remainder = rest * h**p
    if remainder.rad() > LARGEST_REMAINDER * run.tolerance:
        return None
    return _horner(terms[:p], h) + remainder, passed


def _horner(terms: list[arb], h: arb) -> arb:
    value = arb(0)
    for term in reversed(terms):
        value = value * h + term
    return value


def coefficients(field: Field, time: arb, state: arb, order: int) -> list[arb]:
    """Balls c_0, ..., c_order for every solution through a state at a time of these balls.

    A coefficient of f that is not known, such as after a division by 0, is NaN.
    """
    terms = [state]
    for k in range(order):
        terms.append(_slope(field, time, terms, k) / (k + 1))
    return terms


def _slope(field: Field, time: arb, terms: list[arb], k: int) -> arb:
    try:
        value = field(arb_series([time, 1], k + 1), arb_series(terms, k + 1))
    except ZeroDivisionError:
        return arb("nan")
    except ValueError as error:
        if "leading term" not in str(error):  # flint's words for a divisor that may be 0
            raise
        return arb("nan")
    if not isinstance(value, arb_series):
        return arb(value if k == 0 else 0)
    return value[k] if value.prec > k else arb("nan")
