r"""Evidence by trend: a fitted exponent, two-sided, above the rounding floor.

Notation: error ~ C step^p (order p), y ~ C exp(-rate x) (decay).

A trend is the weakest evidence: it speaks of the points that were fitted. Four points at least,
all above the floor and on one line as far as the tolerance requires, or the verdict is UNDECIDED.
"""

from typing import Any

import numpy as np

from theorylab.claims.evidence import as_array
from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

FEWEST_POINTS = 4
LARGEST_RESIDUAL = 0.35
"""In natural logarithms; points further off their line are not on a line."""

WIDEST_TOLERANCE = 0.5
"""Of an order, absolute; of a decay, relative to the rate. A wider one has no power."""


def order(steps: Any, errors: Any, *, expected: float, tol: float, floor: float) -> Finding:
    """TREND: errors shrink like step**expected, the fitted slope being within `tol` of it.

    Raises:
        ValueError: a floor that is not a finite number >= 0, a tolerance that is not positive.
    """
    if not 0 <= floor < np.inf:
        msg = f"floor must be a finite number >= 0, got {floor}"
        raise ValueError(msg)
    h, error = as_array(steps), as_array(errors)
    if error.size and np.isfinite(error).all() and (error <= floor).any():
        return undecided(
            Evidence.TREND, f"an error is at the floor {floor:.1e}: {error.min():.1e}"
        )
    return _slope(
        _log(h), _log(error), expected=expected, tol=tol, widest=WIDEST_TOLERANCE, name="order"
    )


def decay(x: Any, y: Any, *, rate: float, tol: float) -> Finding:
    """TREND: y shrinks like exp(-rate x), the fitted rate being within `tol` of it.

    Raises:
        ValueError: a tolerance that is not positive.
    """
    return _slope(
        as_array(x),
        _log(as_array(y)),
        expected=-rate,
        tol=tol,
        widest=WIDEST_TOLERANCE * abs(rate),
        name="slope",
    )


def _log(values: np.ndarray) -> np.ndarray:
    positive = values > 0
    return np.where(positive, np.log(np.where(positive, values, 1.0)), np.nan)


def _slope(
    x: np.ndarray, y: np.ndarray, *, expected: float, tol: float, widest: float, name: str
) -> Finding:
    if not (tol > 0 and np.isfinite(expected)):
        msg = f"tol must be positive and the expected {name} finite, got {tol} and {expected}"
        raise ValueError(msg)
    refused = _unfit(x, y, tol, widest)
    if refused is not None:
        return undecided(Evidence.TREND, refused)
    slope, intercept = np.polyfit(x, y, 1)
    residual = float(np.max(np.abs(y - slope * x - intercept)))
    detail = f"fitted {name} {slope:.4f}, expected {expected:.4f} +- {tol}, {x.size} points"
    if residual > min(LARGEST_RESIDUAL, tol * float(np.ptp(x)) / 2):
        return undecided(Evidence.TREND, f"not a line (residual {residual:.2f}): {detail}")
    distance = abs(float(slope) - expected)
    verdict = Verdict.HOLDS if distance <= tol else Verdict.FAILS
    return Finding(verdict, Evidence.TREND, 1 - distance / tol, detail)


def _unfit(x: np.ndarray, y: np.ndarray, tol: float, widest: float) -> str | None:
    """Why no line through the points could decide, or None."""
    if x.ndim != 1 or x.shape != y.shape:
        return f"a trend needs as many abscissae as values, got shapes {x.shape} and {y.shape}"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "a point is not finite or not positive"
    if np.unique(x).size < FEWEST_POINTS:
        return f"a trend needs {FEWEST_POINTS} different abscissae, got {np.unique(x).size}"
    if tol > widest:
        return f"no power: the tolerance must be at most {widest:g}, got {tol}"
    return None
