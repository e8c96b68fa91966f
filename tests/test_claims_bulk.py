"""Intervals on arrays against exact rationals, normal bounds against balls, and the maker."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from theorylab.claims import Evidence, Verdict
from theorylab.claims.bulk import Interval, enclosed_in_bulk
from theorylab.claims.normal import below, density

RANDOM = np.random.default_rng(0)


def intervals(n, low, high):
    ends = np.sort(RANDOM.uniform(low, high, (2, n)), axis=0)
    return Interval(ends[0], ends[1])


@pytest.mark.parametrize(
    ("name", "combine"),
    [
        ("sum", lambda a, b: a + b),
        ("difference", lambda a, b: a - b),
        ("product", lambda a, b: a * b),
        ("number times", lambda a, _: a * -3.7),
        ("number minus", lambda a, _: 1.3 - a),
    ],
)
def test_operations_contain_the_exact_values(name, combine):
    a, b = intervals(200, -3, 3), intervals(200, -2, 5)
    result = combine(a, b)
    for k in range(200):
        for x in (a.low[k], a.high[k]):
            for y in (b.low[k], b.high[k]):
                value = exact(combine, name, Fraction(x), Fraction(y))
                assert Fraction(result.low[k]) <= value <= Fraction(result.high[k])


def exact(combine, name, x, y):
    """The same in rational arithmetic; a float in an operation stands for itself."""
    if name == "number times":
        return Fraction(-3.7) * x
    return Fraction(1.3) - x if name == "number minus" else combine(x, y)


def test_square_root_and_reciprocal_contain_the_exact_values():
    a = intervals(200, -3, 3)
    square = a.square()
    positive = intervals(200, 0.01, 5)
    root, inverse = positive.sqrt(), positive.reciprocal()
    for k in range(200):
        for x in (a.low[k], a.high[k], np.clip(0.0, a.low[k], a.high[k])):
            assert Fraction(square.low[k]) <= Fraction(x) ** 2 <= Fraction(square.high[k])
        for x in (positive.low[k], positive.high[k]):
            assert Fraction(root.low[k]) ** 2 <= Fraction(x) <= Fraction(root.high[k]) ** 2
            assert Fraction(inverse.low[k]) <= 1 / Fraction(x) <= Fraction(inverse.high[k])
    assert bool((square.low <= 0)[(a.low < 0) & (a.high > 0)].all())


def test_reciprocal_refuses_zero():
    with pytest.raises(ValueError, match=r"above 0, got 0\.0"):
        Interval(np.array([0.0]), np.array([1.0])).reciprocal()


def test_normal_bounds_contain_the_values_of_balls():
    x = np.concatenate((RANDOM.uniform(-9.5, 9.5, 300), [-9.0, -1.0, 0.0, 9.0, 12.0, -12.0]))
    point = Interval(x, x)
    for bounds, exact in (
        (below(point), lambda y: (-y / arb(2).sqrt()).erfc() / 2),
        (density(point), lambda y: (-(y * y) / 2).exp() / (2 * arb.pi()).sqrt()),
    ):
        for k in range(len(x)):
            value = exact(arb(x[k]))
            assert arb(bounds.low[k]) <= value
            assert value <= arb(bounds.high[k])
        assert (bounds.high - bounds.low).max() < 3e-12


def test_density_of_an_interval_around_zero_reaches_the_top():
    wide = density(Interval(np.array([-2.0, 1.0]), np.array([0.5, 3.0])))
    assert wide.high[0] > 0.3989422804 > wide.high[1]
    assert wide.low[0] < 0.0539909666 < wide.low[0] + 1e-8


def parabola(least):
    """X^2 + y^2 + least on boxes."""

    def bound(low, high):
        x, y = (Interval(low[:, k], high[:, k]) for k in range(2))
        return (x.square() + y.square() + least).low, high - low

    return bound


def test_a_positive_function_holds_with_its_minimum_as_margin():
    found = enclosed_in_bulk(parabola(1e-3), [(-1, 1), ("0.1", 2)], parts=(3, 2))
    assert (found.verdict, found.evidence) == (Verdict.HOLDS, Evidence.ENCLOSED)
    assert 0 < found.margin <= 0.011


def test_a_function_with_a_zero_is_undecided():
    found = enclosed_in_bulk(parabola(0.0), [(-1, 1), (-1, 1)], parts=(3, 3), most_boxes=2000)
    assert found.verdict is Verdict.UNDECIDED
    assert "open after" in found.detail


def test_the_start_covers_the_whole_box():
    seen = []

    def bound(low, high):
        seen.append((low.copy(), high.copy()))
        return np.ones(len(low)), high - low

    enclosed_in_bulk(bound, [(0, 1), ("0.1", "0.7")], parts=(4, 3))
    low, high = seen[0]
    assert len(low) == 12
    assert low[:, 0].min() == 0
    assert high[:, 0].max() == 1
    assert Fraction(low[:, 1].min()) <= Fraction("0.1")
    assert Fraction(high[:, 1].max()) >= Fraction("0.7")
    area = np.prod(high - low, axis=1).sum()
    assert abs(area - 0.6) < 1e-12


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="parts must name 1 numbers, one a side"):
        enclosed_in_bulk(parabola(1.0), [(0, 1)], parts=(2, 2))
    with pytest.raises(ValueError, match="must be a finite number, got nan"):
        enclosed_in_bulk(parabola(1.0), [(0, float("nan"))], parts=(2,))
