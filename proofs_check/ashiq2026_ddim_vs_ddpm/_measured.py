r"""The constants of Proposition 5.1, measured on the grid in ball arithmetic.

Notation: as in `_escape_balls`; K(t) = sup |b|/|a| over theta <= |a| <= 2 theta and
lambda_rep(t) = inf (-b)/a over theta <= |a| <= a*, both over all pairs, from the fixed midpoint
unless told otherwise; a constant of a raw index counts for one unit of time.
"""

from functools import cache

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import (
    MIDPOINTS,
    infimum,
    largest,
    level,
    outward,
    supremum,
)
from theorylab.claims import ball, precision

WINDOW = range(22)
"""The raw indices of the window that starts at raw index 21."""

BITS = 64
HALF = MIDPOINTS[2:]
"""The pairs right of the middle; the others are their mirror images."""

SIDES = (1, -1)


@cache
def drift_bound(raw: int, theta: str, *, inner: str = "1", moving: bool = False) -> arb:
    """K at a raw index, over inner * theta <= |a| <= 2 theta."""
    low, high = ball(inner) * ball(theta), 2 * ball(theta)
    ratios = [
        lambda a, m=m, side=side: abs(outward(a, raw, m, side, moving=moving)) / a
        for m in HALF
        for side in SIDES
    ]
    with precision(BITS):
        return supremum(ratios, low, high, within=2e-5)


@cache
def integrated_drift_bound(theta: str) -> arb:
    """The sum of K over the window."""
    return sum((drift_bound(raw, theta) for raw in WINDOW), arb(0))


@cache
def escape_rate(theta: str, cut: str, raws: tuple[int, ...] = tuple(WINDOW)) -> arb:
    """lambda_rep over raw indices, for theta <= |a| <= cut."""
    ratios = [
        lambda a, raw=raw, m=m, side=side: outward(a, raw, m, side, moving=False) / a
        for raw in raws
        for m in HALF
        for side in SIDES
    ]
    with precision(BITS):
        return infimum(ratios, ball(theta), ball(cut), within=2e-6)


def variance(raws: range = WINDOW) -> arb:
    """Q, the sum of beta."""
    return sum((level(raw).beta for raw in raws), arb(0))


def largest_beta(raws: range = WINDOW) -> arb:
    """The largest beta."""
    return largest([level(raw).beta for raw in raws])


def slab_drift(raw: int, theta: str) -> arb:
    """The largest |b| / ell over |a| <= 2 theta, over all pairs."""
    drifts = [
        lambda a, m=m, side=side: abs(outward(a, raw, m, side, moving=False))
        for m in HALF
        for side in SIDES
    ]
    with precision(BITS):
        return supremum(drifts, ball(0), 2 * ball(theta), within=1e-4)
