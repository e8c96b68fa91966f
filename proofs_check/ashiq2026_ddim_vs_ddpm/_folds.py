r"""Equilibria of two modes of unequal weight in ball arithmetic, isolated one by one.

Notation: F(x) = Lambda + a (logistic(x) - 1/2) - x in the log-odds x = ln(p/(1-p)); its zeros are
the equilibria of logistic(Lambda + a (p - 1/2)) = p, and F'(x) = a p (1-p) - 1 is the slope there.
Lambda_c(a) = (a/2) q - 2 artanh q, q = sqrt(1 - 4/a), is the fold.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from flint import arb

from theorylab.claims import Finding, all_hold, ball, enclosed, hull, precision

NARROWEST = Fraction(1, 2**40)


def logistic(x: arb) -> arb:
    """1/(1 + e^-x)."""
    return 1 / (1 + (-x).exp())


def fold(a: arb) -> arb:
    """The fold threshold Lambda_c(a), a > 4."""
    q = (1 - 4 / a).sqrt()
    return a * q / 2 - ((1 + q) / (1 - q)).log()


def value(a: arb, imbalance: arb, x: arb) -> arb:
    """F(x)."""
    return imbalance + a * (logistic(x) - ball("0.5")) - x


def slope(a: arb, x: arb) -> arb:
    """F'(x)."""
    p = logistic(x)
    return a * p * (1 - p) - 1


@dataclass(frozen=True)
class Root:
    """An interval of log-odds with exactly one zero of F, the sign of F' there, and its p."""

    low: Fraction
    high: Fraction
    sign: int
    p: arb


def narrowed(at: Callable[[arb], arb], low: Fraction, high: Fraction, sign: int) -> arb:
    """The p of the only zero between low and high, in a ball that bisection has made narrow."""
    with precision(113):
        for _ in range(80):
            middle = (low + high) / 2
            side = _sign(sign * at(ball(middle)))
            if side == 0:
                break
            low, high = (low, middle) if side > 0 else (middle, high)
        return logistic(hull(low, high))


def isolate(a: arb, imbalance: arb) -> tuple[list[Root], Finding]:
    """All zeros of F from the left to the right, and the finding that proves it.

    Outside |x| <= a/2 + |Lambda| + 1 there is none, since |F(x) + x| <= a/2 + |Lambda|. A piece
    that stays open below the narrowest width raises.
    """
    at, steepness = partial(value, a, imbalance), partial(slope, a)
    far = Fraction(int(float(a) / 2 + abs(float(imbalance))) + 2)
    pieces = [(-far, far + Fraction(1, 3))]  # not symmetric: 0 may be a root
    roots, proofs = [], []
    while pieces:
        low, high = pieces.pop(0)
        x, middle = hull(low, high), (low + high) / 2
        sign = _sign(at(x))
        steep = _sign(steepness(x))
        ends = _sign(at(ball(low))) * _sign(at(ball(high)))
        if sign:
            proofs.append(enclosed(lambda x, sign=sign: sign * at(x), [(low, high)]))
        elif steep and ends < 0:
            roots.append(Root(low, high, steep, narrowed(at, low, high, steep)))
            proofs.append(enclosed(lambda x, steep=steep: steep * steepness(x), [(low, high)]))
            proofs.append(enclosed(lambda low=low, steep=steep: -steep * at(ball(low))))
            proofs.append(enclosed(lambda high=high, steep=steep: steep * at(ball(high))))
        elif high - low < NARROWEST:
            msg = f"log-odds {float(low):.9g} must be decided, got a piece that stays open"
            raise ValueError(msg)
        else:
            pieces[:0] = [(low, middle), (middle, high)]
    shown = ", ".join(root.p.str(4, radius=False) for root in roots)
    detail = f"{len(roots)} equilibria, {shown}, isolated by {len(proofs)} enclosures"
    return roots, replace(all_hold(*proofs), detail=detail)


def _sign(value: arb) -> int:
    return 1 if value > 0 else (-1 if value < 0 else 0)
