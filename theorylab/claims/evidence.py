r"""Evidence without chance: SYMBOLIC, EXHAUSTIVE and NUMERIC.

Notation: a budget is the numerical error allowed, relative to the size of what is compared.

Each maker returns a `Finding`; what it cannot decide it calls UNDECIDED: a NaN, an empty domain,
two sides that are one expression, a budget so wide that nothing could fail. Ball arithmetic is in
`enclosure`, sampling in `sampling`, fitted rates in `rates`.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from theorylab.claims import witness
from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

LARGEST_BUDGET = 1e-2
"""A relative budget at or above this sees nothing worth seeing: the check has no power."""


def identity(lhs: Any, rhs: Any, *, where: Sequence[Any] = ()) -> Finding:
    """SYMBOLIC: the two expressions are equal for all values of their symbols.

    FAILS if they differ at a point that the assumptions of the symbols allow (see `witness`),
    HOLDS if sympy reduces the difference to 0; UNDECIDED otherwise, and also if both sides are the
    same expression, if one holds a float (write a Rational), or if sympy contradicts the numbers.

    Args:
        lhs: an expression.
        rhs: an expression.
        where: relations that restrict the points; the reduction to 0 makes no use of them.

    Raises:
        ValueError: a side is not a scalar expression.
    """
    left, right = (_expression(side) for side in (lhs, rhs))
    if left == right:
        return undecided(Evidence.SYMBOLIC, f"both sides are the same expression, {left}")
    refused = _inexact(left) or _inexact(right)
    if refused:
        return undecided(Evidence.SYMBOLIC, refused)
    return _identity(left, right, tuple(where))


@lru_cache(maxsize=4096)
def _identity(left: sympy.Expr, right: sympy.Expr, where: tuple[Any, ...]) -> Finding:
    """As `identity`, for exact expressions; a false twin changes one of several as a rule."""
    found = witness.find(left, right, where=where)
    vanishes = not (found and found.plain) and _reduces_to_zero(left - right)
    if found is None and vanishes:
        return Finding(Verdict.HOLDS, Evidence.SYMBOLIC, None, "the residual reduces to 0")
    if found is None:
        return undecided(Evidence.SYMBOLIC, f"sympy cannot tell whether {left - right} vanishes")
    detail = f"{found.lhs} against {found.rhs} at {found.point or 'no symbols'}"
    if vanishes:
        return undecided(Evidence.SYMBOLIC, f"sympy reduces the residual to 0, but {detail}")
    return Finding(Verdict.FAILS, Evidence.SYMBOLIC, None, detail)


def positive(expression: Any, *, where: Sequence[Any] = ()) -> Finding:
    """SYMBOLIC: the expression is > 0 for all values of its symbols under their assumptions.

    FAILS where it is the negative of its own absolute value and not 0, or where it is exactly 0.
    """
    expression = _expression(expression)
    refused = _inexact(expression)
    if refused:
        return undecided(Evidence.SYMBOLIC, refused)
    return _positive(expression, tuple(where))


@lru_cache(maxsize=4096)
def _positive(expression: sympy.Expr, where: tuple[Any, ...]) -> Finding:
    """As `positive`, for an exact expression."""
    found = witness.find(expression, abs(expression), where=where)
    if found is not None and found.real:
        detail = f"{expression} is {found.lhs} at {found.point or 'no symbols'}"
        return Finding(Verdict.FAILS, Evidence.SYMBOLIC, None, detail)
    for reduce in (sympy.sympify, sympy.simplify, sympy.factor):
        reduced = reduce(expression)
        if reduced.is_positive:
            return Finding(Verdict.HOLDS, Evidence.SYMBOLIC, None, f"{expression} > 0 is True")
        if reduced.is_nonpositive:
            return Finding(Verdict.FAILS, Evidence.SYMBOLIC, None, f"{expression} <= 0 is True")
    return undecided(Evidence.SYMBOLIC, f"sympy cannot tell the sign of {expression}")


def _expression(side: Any) -> sympy.Expr:
    expression = sympy.sympify(side)
    if not isinstance(expression, sympy.Expr) or getattr(expression, "is_Matrix", False):
        msg = f"a side must be a scalar expression, got {type(expression).__name__}"
        raise ValueError(msg)
    return expression


def _inexact(expression: sympy.Expr) -> str | None:
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) and not expression.has(
        sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit
    ):
        return f"a side is not finite: {expression}"
    if expression.has(sympy.Float):
        return f"a float is not exact, write a Rational: {expression}"
    return None


def _reduces_to_zero(residual: sympy.Expr) -> bool:
    steps = (sympy.simplify, sympy.expand, _through_exponentials, _through_logarithms)
    for reduce in steps:
        residual = reduce(residual)
        if residual == 0:
            return True
    return False


def _through_exponentials(expression: sympy.Expr) -> sympy.Expr:
    return sympy.simplify(expression.rewrite(sympy.exp))


def _through_logarithms(expression: sympy.Expr) -> sympy.Expr:
    rewritten = expression.rewrite(sympy.log).rewrite(sympy.erf)
    return sympy.simplify(sympy.expand_log(rewritten))


def for_all(domain: Iterable[Any], predicate: Callable[[Any], bool]) -> Finding:
    """EXHAUSTIVE: the predicate is True on every element of a finite domain.

    The predicate must answer True or False itself; anything else is UNDECIDED. It must compute
    exactly; `for_all_equal` enforces that.
    """
    count = 0
    for count, item in enumerate(domain, start=1):
        answer = predicate(item)
        if answer is not True and answer is not False:
            return undecided(Evidence.EXHAUSTIVE, f"the predicate answered {answer!r} at {item!r}")
        if not answer:
            detail = f"false at element {count}, {item!r}"
            return Finding(Verdict.FAILS, Evidence.EXHAUSTIVE, None, detail)
    if count == 0:
        return undecided(Evidence.EXHAUSTIVE, "the domain is empty: nothing was checked")
    detail = f"true on all {count} elements"
    return Finding(Verdict.HOLDS, Evidence.EXHAUSTIVE, None, detail)


EXACT = (int, Fraction, sympy.Rational)


def for_all_equal(domain: Iterable[Any], sides: Callable[[Any], tuple[Any, Any]]) -> Finding:
    """EXHAUSTIVE: the two sides are equal on every element, in exact arithmetic.

    `sides(item)` returns two integers, fractions or rationals; a float is UNDECIDED.
    """

    def same(item: Any) -> Any:
        lhs, rhs = sides(item)
        if not isinstance(lhs, EXACT) or not isinstance(rhs, EXACT):
            return f"inexact sides {lhs!r} and {rhs!r}"
        return bool(lhs == rhs)

    return for_all(domain, same)


def as_array(value: Any) -> np.ndarray:
    """A tensor, array, sequence or number as a float64 array on the host.

    Raises:
        ValueError: complex numbers, which have no order and would lose their imaginary part.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.numpy() if value.is_complex() else value.double().numpy()
    array = np.asarray(value)
    if array.dtype.kind == "c":
        msg = f"values must be real, got {array.dtype}: compare real and imaginary parts"
        raise ValueError(msg)
    return array.astype(np.float64)


def equal(lhs: Any, rhs: Any, *, budget: float, scale: float | None = None) -> Finding:
    r"""NUMERIC: $|lhs - rhs| \le budget \cdot scale$ in every entry.

    The scale is by default the largest absolute value on either side. The margin is the share of
    the budget that is left.

    Raises:
        ValueError: complex values, or shapes of which neither contains the other.
    """
    left, right = _broadcast(lhs, rhs)
    size = float(max(np.max(np.abs(left)), np.max(np.abs(right)))) if left.size else 0.0
    scale = size if scale is None else float(scale)
    refused = _no_power(left, right, budget, scale)
    if refused is not None:
        return refused
    if left.any() and right.any() and budget * scale >= LARGEST_BUDGET * size:
        why = f"no power: budget * scale = {budget * scale:.1e} where the sides are {size:.1e}"
        return undecided(Evidence.NUMERIC, why)
    error = float(np.max(np.abs(left / scale - right / scale)))
    verdict = Verdict.HOLDS if error <= budget else Verdict.FAILS
    detail = f"largest relative difference {error:.3e}, budget {budget:.1e}, {left.size} values"
    return Finding(verdict, Evidence.NUMERIC, 1 - error / budget, detail)


def at_most(lhs: Any, rhs: Any, *, budget: float, tight: float | None = None) -> Finding:
    r"""NUMERIC: $lhs \le rhs + budget \cdot \max|rhs|$ in every entry.

    With `tight`, the largest ratio lhs/rhs must also reach that value, else the verdict is
    UNDECIDED: a bound that is nowhere nearly attained was hardly tested. Bounds within the budget
    of 0 do not count there. The margin is the smallest room left plus the budget, relative to the
    largest bound, so that its sign is the verdict.

    Raises:
        ValueError: complex values, shapes of which neither contains the other, tight outside
            (0, 1].
    """
    if tight is not None and not 0 < tight <= 1:
        msg = f"tight must be in (0, 1], got {tight}"
        raise ValueError(msg)
    left, right = _broadcast(lhs, rhs)
    scale = float(np.max(np.abs(right))) if right.size else 0.0
    refused = _no_power(left, right, budget, scale)
    if refused is not None:
        return refused
    room = float(np.min(right / scale - left / scale))
    sizable = right / scale > budget
    ratio = float(np.max(left[sizable] / right[sizable])) if sizable.any() else -np.inf
    detail = (
        f"smallest room {room:.3e} of the largest bound, largest ratio {ratio:.6f}, "
        f"budget {budget:.1e}, {left.size} values"
    )
    if room < -budget:
        return Finding(Verdict.FAILS, Evidence.NUMERIC, room + budget, detail)
    if tight is not None and ratio < tight:
        return undecided(Evidence.NUMERIC, f"the bound is nowhere attained to {tight}: {detail}")
    return Finding(Verdict.HOLDS, Evidence.NUMERIC, room + budget, detail)


def _broadcast(lhs: Any, rhs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both sides in one shape, which must be the shape of one of them: no outer products."""
    left, right = as_array(lhs), as_array(rhs)
    shapes = (left.shape, right.shape)
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        shape = ()
    if shape not in shapes:
        msg = f"the sides must have one shape, or one must broadcast to the other, got {shapes}"
        raise ValueError(msg)
    return np.broadcast_to(left, shape), np.broadcast_to(right, shape)


def _no_power(left: np.ndarray, right: np.ndarray, budget: float, scale: float) -> Finding | None:
    if left.size == 0:
        return undecided(Evidence.NUMERIC, "there are no values to compare")
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return undecided(Evidence.NUMERIC, "a side is not finite")
    if not 0 < budget < LARGEST_BUDGET:
        why = f"no power: the budget must be in (0, {LARGEST_BUDGET}), got {budget}"
        return undecided(Evidence.NUMERIC, why)
    if not (scale > 0 and np.isfinite(scale)):
        return undecided(Evidence.NUMERIC, f"no power: the scale of the comparison is {scale}")
    return None
