"""TREND evidence: two-sided, above the floor, on a line, or undecided."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from theorylab.claims import Evidence, Finding, Verdict, decay, order

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
STEPS = 0.1 / 2.0 ** np.arange(5)
TIMES = np.linspace(0, 4, 9)


def of_order(slope: float) -> Finding:
    return order(STEPS, 3 * STEPS**slope, expected=2, tol=0.05, floor=1e-14)


def of_rate(true: float, *, rate: float = 1.5, tol: float = 0.03) -> Finding:
    return decay(TIMES, 5 * np.exp(-true * TIMES), rate=rate, tol=tol)


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [(2.0, HOLDS), (1.96, HOLDS), (2.04, HOLDS), (1.94, FAILS), (2.06, FAILS), (-2.0, FAILS)],
)
def test_order_is_two_sided(slope: float, verdict: Verdict) -> None:
    found = of_order(slope)
    assert (found.verdict, found.evidence) == (verdict, Evidence.TREND)
    assert found.margin == pytest.approx(1 - abs(slope - 2) / 0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(1.5, HOLDS), (1.475, HOLDS), (1.525, HOLDS), (1.46, FAILS), (1.54, FAILS), (-1.5, FAILS)],
)
def test_decay_is_two_sided(rate: float, verdict: Verdict) -> None:
    assert of_rate(rate).verdict is verdict


def test_growth_is_a_negative_decay() -> None:
    assert of_rate(-1.5, rate=-1.5).verdict is HOLDS
    assert of_rate(1.5, rate=-1.5).verdict is FAILS


ERRORS = 3 * STEPS**2


@pytest.mark.parametrize(
    ("steps", "errors"),
    [
        (STEPS[:3], ERRORS[:3]),  # three points
        ([], []),
        (STEPS, ERRORS[:4]),
        (np.full(5, 0.1), ERRORS),  # one abscissa
        ([0.1, 0.1, 0.1, 0.05, 0.025], [0.03, 0.03, 0.03, 0.0075, 0.001875]),
        (STEPS, [*ERRORS[:4], np.nan]),
        (STEPS, [*ERRORS[:4], np.inf]),
        (STEPS, [*ERRORS[:4], 0.0]),
        (STEPS, -ERRORS),
        (-STEPS, ERRORS),
        ([*STEPS[:4], 0.0], ERRORS),
        (STEPS, [*ERRORS[:4], 1e-14]),  # at the floor
        (STEPS, [*ERRORS[:4], 1e-16]),  # below it
        (STEPS, [0.03, 0.0075, 0.0019, 0.0005, 0.0005]),  # a plateau
        (STEPS, ERRORS * [1, 1.3, 0.8, 1.3, 0.8]),  # scatter larger than the tolerance
        (STEPS[:, None], ERRORS[:, None]),
    ],
)
def test_order_is_undecided(steps: Any, errors: Any) -> None:
    assert order(steps, errors, expected=2, tol=0.1, floor=1e-14).verdict is UNDECIDED


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(9),
        -np.exp(-1.5 * TIMES),
        np.full(9, np.nan),
        np.exp(-1.5 * TIMES)[:4],
        1 / (1 + TIMES) ** 3,  # a power is no exponential
        np.exp(-1.5 * TIMES) + 0.02,  # a floor
    ],
)
def test_decay_is_undecided(y: Any) -> None:
    assert decay(TIMES, y, rate=1.5, tol=0.1).verdict is UNDECIDED


def test_scatter_within_the_tolerance_is_a_line() -> None:
    wobble = np.array([1, 1.01, 0.99, 1.01, 1])
    found = order(STEPS, ERRORS * wobble, expected=2, tol=0.1, floor=1e-14)
    assert found.verdict is HOLDS


def test_a_tolerance_without_power_is_undecided() -> None:
    assert order(STEPS, ERRORS, expected=2, tol=0.51, floor=1e-14).verdict is UNDECIDED
    assert order(STEPS, ERRORS, expected=2, tol=0.49, floor=1e-14).verdict is HOLDS
    assert of_rate(1.5, tol=0.76).verdict is UNDECIDED
    assert of_rate(1.5, tol=0.74).verdict is HOLDS
    assert of_rate(0.0, rate=0.0, tol=0.1).verdict is UNDECIDED


@pytest.mark.parametrize("tol", [0.0, -0.1, np.nan])
@pytest.mark.parametrize(
    "maker",
    [
        lambda tol: order(STEPS, ERRORS, expected=2, tol=tol, floor=1e-14),
        lambda tol: of_rate(1.5, tol=tol),
    ],
)
def test_a_tolerance_must_be_positive(maker: Callable[[float], Finding], tol: float) -> None:
    with pytest.raises(ValueError, match="tol must be positive"):
        maker(tol)


def test_an_error_at_the_floor_does_not_count_even_on_the_line() -> None:
    for floor, verdict in ((ERRORS[-1], UNDECIDED), (0.99 * ERRORS[-1], HOLDS)):
        assert order(STEPS, ERRORS, expected=2, tol=0.1, floor=floor).verdict is verdict


@pytest.mark.parametrize("floor", [-1.0, np.nan, np.inf])
def test_a_floor_must_be_a_number(floor: float) -> None:
    with pytest.raises(ValueError, match="floor must be"):
        order(STEPS, ERRORS, expected=2, tol=0.1, floor=floor)


def test_the_expected_slope_must_be_finite() -> None:
    with pytest.raises(ValueError, match="the expected order finite"):
        order(STEPS, ERRORS, expected=np.nan, tol=0.1, floor=1e-14)
