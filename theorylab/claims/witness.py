r"""Numbers at which two symbolic expressions can be told apart.

Notation: a witness is a point, allowed by the assumptions of every symbol, at which the two sides
differ by far more than the error of evaluating them at two precisions.

Undefined functions become polynomials (squares plus one where they are declared positive). At a
real point a side without an imaginary unit must be real, else the point lies outside the domain.
No witness proves nothing: this module never says that two expressions are equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, I, Integer, Rational
from sympy.core.function import AppliedUndef, UndefinedFunction

DIGITS = (20, 40)
"""The two precisions; a difference counts only if it is the same at both."""

SMALLEST_GAP = Rational(1, 10**12)
"""The smallest relative difference that counts."""

SMALLEST_QUADRATURE_GAP = Rational(1, 10**4)
"""The same where a side has an integral or an infinite sum, which are evaluated by quadrature."""

_REAL = tuple(
    Rational(p, q)
    for p, q in ((7, 5), (-3, 7), (13, 4), (2, 9), (-19, 6), (5, 11), (8, 3), (-1, 8), (17, 20))
)
_WHOLE = tuple(map(Integer, (2, 3, 5, 4, 7, 6, 1, 11, -1, -2, -3, -4, 0)))
_IRRATIONAL = (sympy.sqrt(2), sympy.pi / 3, -sympy.sqrt(3) / 2, sympy.E / 5)
_COMPLEX = tuple(
    a + b * I
    for a, b in (
        (Rational(3, 5), Rational(4, 7)),
        (Rational(-2, 3), Rational(5, 4)),
        (Rational(1, 9), Rational(-6, 5)),
        (Rational(-7, 4), Rational(-2, 5)),
    )
)
_IMAGINARY = (Rational(2, 3) * I, Rational(-5, 4) * I, Rational(7, 3) * I)
_QUADRATURE = (sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit)
_KNOWN = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "extended_")
    for name in ("real", "nonzero", "positive", "negative", "nonnegative", "nonpositive")
) | {"commutative", "complex", "hermitian", "finite"}


@dataclass(frozen=True)
class Witness:
    """A point, the values there as text, and how they were obtained."""

    point: str
    lhs: str
    rhs: str
    real: bool
    quadrature: bool

    @property
    def plain(self) -> bool:
        """Whether neither quadrature nor a branch of a complex function can have misled."""
        return self.real and not self.quadrature


def find(lhs: Expr, rhs: Expr, *, where: Sequence[Any] = ()) -> Witness | None:
    """A point at which the sides differ, or None.

    Args:
        lhs: an expression.
        rhs: an expression.
        where: relations between the symbols; only points at which they are true count.
    """
    stood_in = _without_undefined_functions(lhs, rhs)
    if stood_in is None:
        return None
    left, right = stood_in
    free = left.free_symbols | right.free_symbols
    for condition in where:
        free |= condition.free_symbols
    symbols = sorted(free, key=str)
    for point in _points(symbols):
        if all(condition.subs(point) == sympy.true for condition in where):
            found = _compare(left, right, point)
            if found is not None:
                return found
    return None


def _compare(left: Expr, right: Expr, point: dict[Any, Expr]) -> Witness | None:
    low, high = (_values(left, right, point, digits) for digits in DIGITS)
    if low is None or high is None:
        return None
    gap, size = high[0] - high[1], abs(high[0]) + abs(high[1])
    real = max(abs(sympy.im(value)) for value in high) <= size * SMALLEST_GAP
    wanted = all(number.is_real for number in point.values()) and not (left.has(I) or right.has(I))
    if wanted and not real:
        return None
    quadrature = left.has(*_QUADRATURE) or right.has(*_QUADRATURE)
    smallest = SMALLEST_QUADRATURE_GAP if quadrature else SMALLEST_GAP
    if not abs(gap) > smallest * size or abs(low[0] - low[1] - gap) > abs(gap) / 100:
        return None
    shown = ", ".join(f"{symbol}={number}" for symbol, number in point.items())
    lhs, rhs = (str(sympy.N(value, 8)) for value in high)
    return Witness(shown, lhs, rhs, real=bool(real), quadrature=quadrature)


def _values(
    left: Expr, right: Expr, point: dict[Any, Expr], digits: int
) -> tuple[Expr, Expr] | None:
    values = []
    for side in (left, right):
        try:
            value = sympy.N(side.subs(point), digits)
        except Exception:  # what sympy and mpmath raise is open-ended; no value is no witness
            return None
        parts = value.as_real_imag() if value.is_number else (sympy.nan, sympy.nan)
        if not all(part.is_Float or part.is_Rational for part in parts):
            return None
        values.append(parts[0] + I * parts[1])
    return values[0], values[1]


def _points(symbols: Sequence[sympy.Symbol]) -> Iterator[dict[Any, Expr]]:
    """Points with real entries, then with complex ones where no assumption forbids them."""
    real, every = (_pools(symbols, numbers) for numbers in (_REAL + _WHOLE, _COMPLEX + _IMAGINARY))
    pools = [
        a or b or _allowed(s, _IRRATIONAL) for s, a, b in zip(symbols, real, every, strict=True)
    ]
    yield from _shifted(symbols, pools, 9)
    if any(every):
        yield from _shifted(
            symbols, [b or a for a, b in zip(pools, every, strict=True)], len(_COMPLEX)
        )


def _shifted(
    symbols: Sequence[sympy.Symbol], pools: Sequence[Sequence[Expr]], count: int
) -> Iterator[dict[Any, Expr]]:
    if not all(pools):
        return
    for k in range(count if symbols else 1):
        numbers = (pool[(k + i) % len(pool)] for i, pool in enumerate(pools))
        yield dict(zip(symbols, numbers, strict=True))


def _pools(symbols: Sequence[sympy.Symbol], numbers: Sequence[Expr]) -> list[list[Expr]]:
    return [_allowed(symbol, numbers) for symbol in symbols]


def _allowed(symbol: sympy.Symbol, numbers: Sequence[Expr]) -> list[Expr]:
    """The numbers that satisfy every assumption of the symbol, in their order."""
    required = symbol.assumptions0.items()
    return [
        number
        for number in numbers
        if all(getattr(number, f"is_{name}") is value for name, value in required)
    ]


def _without_undefined_functions(lhs: Expr, rhs: Expr) -> tuple[Expr, Expr] | None:
    applied = lhs.atoms(AppliedUndef) | rhs.atoms(AppliedUndef)
    stand_ins: dict[UndefinedFunction, Any] = {}
    for one in sorted(applied, key=str):
        if one.func not in stand_ins:
            made = _stand_in(one, len(stand_ins))
            if made is None:
                return None
            stand_ins[one.func] = made
    return _evaluated(lhs, stand_ins), _evaluated(rhs, stand_ins)


def _stand_in(applied: AppliedUndef, number: int) -> Any:
    """A polynomial that satisfies the function's assumptions at real arguments, or None."""
    true = {name for name, value in applied.assumptions0.items() if value}
    if not true <= _KNOWN:
        return None

    def polynomial(*arguments: Expr) -> Expr:
        value = Rational(number + 2)
        for place, argument in enumerate(arguments, start=3):
            value += argument / place + argument**2 / (number + place) + argument**3 / (7 + place)
        if applied.is_nonnegative or applied.is_extended_nonzero:
            return 1 + (value / 5) ** 2
        return -1 - (value / 5) ** 2 if applied.is_nonpositive else value

    return polynomial


def _evaluated(expression: Expr, stand_ins: dict[UndefinedFunction, Any]) -> Expr:
    """With its functions replaced, and its derivatives and polynomial integrals done."""
    for function, polynomial in stand_ins.items():
        expression = expression.replace(function, polynomial)
    expression = expression.replace(
        lambda part: isinstance(part, sympy.Derivative | sympy.Subs),
        lambda part: part.doit(integrals=False),
    )
    return expression.replace(_is_polynomial_integral, lambda part: part.doit())


def _is_polynomial_integral(part: Expr) -> bool:
    return isinstance(part, sympy.Integral) and part.function.is_polynomial(*part.variables)
