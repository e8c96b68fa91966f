"""ENCLOSED evidence: three-valued, exact at the ends, and the global precision comes back."""

from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx

from theorylab.claims import Evidence, Finding, Verdict, ball, enclosed, hull, precision

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
UNIT = [(0, 1)]


@pytest.mark.parametrize(
    ("function", "box", "verdict"),
    [
        (lambda: arb.pi() - ball("3.14159"), [], HOLDS),
        (lambda: arb.pi() - ball("3.1416"), [], FAILS),
        (lambda: arb(0), [], FAILS),  # > 0 is strict
        (lambda: arb.pi() - arb.pi(), [], UNDECIDED),
        (lambda: arb("nan"), [], UNDECIDED),
        (lambda x: x * x - x + ball("0.26"), UNIT, HOLDS),
        (lambda x: x * x - x + ball("0.2501"), UNIT, HOLDS),
        (lambda x: x * x - x + ball("0.2499"), UNIT, FAILS),
        (lambda x: x * x - x + ball("0.25"), UNIT, FAILS),  # 0 at 1/2, and > 0 is strict
        (lambda x: (x - ball("0.3")) ** 2, UNIT, UNDECIDED),  # 0 where no middle ever lies
        (lambda x: 1 / (x - ball("0.3")), UNIT, FAILS),
        (lambda x: 1 / (x - ball("0.3")) ** 2, UNIT, UNDECIDED),  # a pole
        (lambda x: x.sqrt() + 1, [(-1, 1)], UNDECIDED),  # no value on half of the box
        (lambda x, y: x + y - ball("0.99"), [("0.5", 1), ("0.5", 1)], HOLDS),
        (lambda x, y: x + y - ball("1.01"), [("0.5", 1), ("0.5", 1)], FAILS),
        (lambda x: x, [(1, 1)], HOLDS),
        (lambda x: x - 1, [(1, 1)], FAILS),
        (lambda x: x - x, [("0.1", "0.1")], UNDECIDED),
        (lambda x: x, [(2, 1)], UNDECIDED),  # an empty box
        (lambda x: 0.5, UNIT, UNDECIDED),  # a float is no ball  # noqa: ARG005
        (lambda x: x > -1, UNIT, UNDECIDED),
        (lambda x: None, UNIT, UNDECIDED),  # noqa: ARG005
    ],
)
def test_enclosed_is_three_valued(function: Any, box: Any, verdict: Verdict) -> None:
    found = enclosed(function, box, most_boxes=2000)
    assert found.verdict is verdict
    assert found.evidence is Evidence.ENCLOSED


def test_two_per_cent_are_certified_on_both_sides() -> None:
    """The minimum of x + 1/x on [1/2, 2] is 2, attained inside."""
    held = enclosed(lambda x: x + 1 / x - ball("1.96"), [("0.5", 2)])
    failed = enclosed(lambda x: x + 1 / x - ball("2.04"), [("0.5", 2)])
    assert (held.verdict, failed.verdict) == (HOLDS, FAILS)
    assert held.margin is not None
    assert 0 < held.margin < 0.04
    assert failed.margin is not None
    assert -0.04 <= failed.margin < 0
    assert "certified violation" in failed.detail


def test_a_violation_names_its_box() -> None:
    found = enclosed(lambda x, y: x * x + y * y - 1, [(0, 1), (0, 1)])
    assert found.verdict is FAILS
    sides = found.detail.split("on the box ")[1].split(" x ")
    ends = [[float(end) for end in side.strip("[]").split(", ")] for side in sides]
    assert all(0 <= low <= high <= 1 for low, high in ends)
    assert sum(high**2 for _, high in ends) <= 1


def test_an_open_box_is_named() -> None:
    found = enclosed(lambda x: (x - ball("0.3")) ** 2, UNIT, most_boxes=50)
    assert found.verdict is UNDECIDED
    assert (
        "open after 50 boxes, one of them the box [0.3" in found.detail or "0.29" in found.detail
    )


def test_the_number_of_boxes_is_a_limit() -> None:
    calls: list[arb] = []

    def near(x: arb) -> arb:
        calls.append(x)
        return x * x - x + ball("0.2501")

    needed = int(enclosed(near, UNIT).detail.split(" on ")[1].split()[0])
    assert 20 < needed < len(calls) < 2 * needed
    assert enclosed(near, UNIT, most_boxes=needed).verdict is HOLDS
    assert enclosed(near, UNIT, most_boxes=needed - 1).verdict is UNDECIDED
    assert enclosed(near, UNIT, most_boxes=0).verdict is UNDECIDED


def test_sides_of_very_different_length_are_cut_alike() -> None:
    found = enclosed(
        lambda x, y: x / 1000 - (1000 * y) ** 2 + ball("1.3"), [(0, 1000), (0, "0.001")]
    )
    assert found.verdict is HOLDS
    thin = enclosed(
        lambda x, y: (x - 500) ** 2 * 0 + (1000 * y) ** 2 - 1000 * y + ball("0.5"),
        [(0, 1000), (0, "0.001")],
        most_boxes=300,
    )
    assert thin.verdict is HOLDS


def test_every_part_of_the_box_is_looked_at() -> None:
    """A violation on a 1/500 of the box, next to either end."""
    for end in ("0.001", "0.999"):
        found = enclosed(lambda x, e=end: (x - ball(e)) ** 2 - ball("0.0000009"), UNIT)
        assert found.verdict is FAILS


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("0.1", Fraction(1, 10)),
        (0.1, Fraction(0.1)),
        (Fraction(1, 3), Fraction(1, 3)),
        (7, Fraction(7)),
        ("1e-30", Fraction(1, 10**30)),
    ],
)
def test_a_ball_contains_its_number(value: Any, exact: Fraction) -> None:
    shown = ball(value)
    assert shown.contains(arb(exact.numerator) / arb(exact.denominator)) or ball(exact).overlaps(
        shown
    )
    off = exact * Fraction(10**9 + 1, 10**9)
    assert not shown.overlaps(ball(off))


def test_decimals_as_strings_and_floats_are_different_numbers() -> None:
    """0.1 as a float is 1/10 + 5.55e-18."""
    assert enclosed(lambda: ball(0.1) - ball("0.1")).verdict is HOLDS
    assert enclosed(lambda: ball("0.1") - ball(Fraction(1, 10))).verdict is UNDECIDED
    assert enclosed(lambda x: x - ball("0.1"), [(0.1, 1)]).verdict is HOLDS
    assert enclosed(lambda x: x - ball(Fraction(1, 10)), [("0.1", 1)]).verdict is not HOLDS
    assert enclosed(lambda x: ball(0.1) - x, [(0, "0.1")]).verdict is HOLDS


def test_a_hull_contains_both_ends_and_little_more() -> None:
    found = hull("0.1", "0.7")
    for inside in ("0.1", "0.4", "0.7"):
        assert found.contains(ball(inside).mid())
    assert not found.overlaps(ball("0.0999"))
    assert not found.overlaps(ball("0.7001"))


@pytest.mark.parametrize("end", ["nan", "inf", float("nan"), float("inf"), None, "a tenth", "1/0"])
def test_an_end_must_be_a_number(end: Any) -> None:
    with pytest.raises(ValueError, match="end of a side must be a finite number"):
        enclosed(lambda x: x, [(0, end)])


def test_the_working_precision_is_the_one_asked_for() -> None:
    """exp(-60) is 8.8e-27: 53 bits cannot tell 1 + exp(-60) - 1 from 0, 113 bits can."""
    tiny = lambda: 1 + arb(-60).exp() - 1  # noqa: E731
    assert enclosed(tiny, bits=53).verdict is UNDECIDED
    assert enclosed(tiny).verdict is HOLDS
    assert "113 bits" in enclosed(tiny).detail
    assert "200 bits" in enclosed(tiny, bits=200).detail


def raising(_: arb) -> Finding:
    msg = f"at {ctx.prec}"
    raise RuntimeError(msg)


def test_the_global_precision_comes_back() -> None:
    before = ctx.prec
    seen: list[int] = []

    def noted(x: arb) -> arb:
        seen.append(ctx.prec)
        return x

    enclosed(noted, [(1, 2)], bits=77)
    assert seen == [77]
    assert ctx.prec == before
    with pytest.raises(RuntimeError, match="at 91"):
        enclosed(raising, UNIT, bits=91)
    assert ctx.prec == before
    with pytest.raises(ValueError, match=r"bits|prec"):
        enclosed(raising, UNIT, bits=0)
    assert ctx.prec == before
    with pytest.raises(KeyError), precision(64):
        raise KeyError(ctx.prec)
    assert ctx.prec == before


def test_the_margin_is_a_lower_bound() -> None:
    found = enclosed(lambda: arb(1) / 3)
    assert found.margin is not None
    assert Fraction(found.margin) <= Fraction(1, 3) < Fraction(found.margin) + Fraction(1, 10**15)
