"""The validated integrator against closed forms: it contains the truth, and little else."""

from collections.abc import Callable
from typing import Any

import pytest
from flint import arb, arb_series, ctx

from theorylab.claims import Evidence, Verdict, ball, precision
from theorylab.claims.flow import coefficients, follow, inside

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def logistic(_: Any, x: Any) -> Any:
    return x * (1 - x)


def logistic_at(t: arb, x: arb) -> arb:
    return 1 / (1 + (1 / x - 1) * (-t).exp())


def linear(t: Any, x: Any) -> Any:
    """dx/dt = -2 t x + t, so x - 1/2 = (x_0 - 1/2) exp(t_0^2 - t^2)."""
    return t - 2 * t * x


def linear_at(t: arb, x: arb) -> arb:
    return ball("0.5") + (x - ball("0.5")) * (-(t * t)).exp()


def shear(t: Any, x: Any) -> Any:
    """dx/dt = x/(1 + t) + exp(-t) (1 + t): x = (1 + t)(x_0 + 1 - exp(-t))."""
    return x / (1 + t) + (-t).exp() * (1 + t)


def shear_at(t: arb, x: arb) -> arb:
    return (1 + t) * (x + 1 - (-t).exp())


CLOSED: list[tuple[Callable[..., Any], Callable[[arb, arb], arb], str, str]] = [
    (logistic, logistic_at, "0.01", "9"),
    (logistic, logistic_at, "0.9", "-6"),
    (linear, linear_at, "3", "2.5"),
    (linear, linear_at, "-1", "-1.5"),
    (shear, shear_at, "0.2", "4"),
    (lambda t, x: t * 0 + x * 0 + 2, lambda t, x: x + 2 * t, "1", "3"),
    (lambda t, x: 2, lambda t, x: x + 2 * t, "1", "3"),  # noqa: ARG005
]


@pytest.mark.parametrize("order", [2, 5, 12, 25])
@pytest.mark.parametrize(("field", "solution", "start", "end"), CLOSED)
def test_the_closed_form_lies_in_a_narrow_ball(
    field: Any, solution: Any, start: str, end: str, order: int
) -> None:
    tolerance = 1e-5 if order < 5 else 1e-12
    found = follow(field, start, (0, end), order=order, bits=100, tolerance=tolerance)
    with precision(100):
        truth = solution(ball(end), ball(start))
        assert found.value is not None
        assert found.value.contains(truth)
        assert found.value.rad() < (0.1 if order < 5 else 1e-8)
        assert found.reach is not None
        assert found.reach.contains(truth)
        assert found.reach.contains(ball(start))


def test_two_per_cent_are_told_apart() -> None:
    """At t = 2 the logistic solution from 0.3 is 0.7600; the field 2 % steeper ends elsewhere."""
    steeper = lambda _, x: x * (1 - x) * ball("1.02")  # noqa: E731
    truth = logistic_at(ball(2), ball("0.3"))
    low, high = truth - ball("0.001"), truth + ball("0.001")
    assert follow(logistic, "0.3", (0, 2)).within(low, high).verdict is HOLDS
    assert follow(steeper, "0.3", (0, 2)).within(low, high).verdict is FAILS
    assert follow(logistic, "0.306", (0, 2)).within(low, high).verdict is FAILS
    assert follow(logistic, "0.3", (0, "2.04")).within(low, high).verdict is FAILS


def test_a_ball_of_starts_is_carried_end_by_end() -> None:
    """On dx/dt = -x a ball shrinks: a method that adds errors up would make it grow."""
    found = follow(lambda _, x: -x, arb(1, 0.5), (0, 3), bits=80)
    assert found.value is not None
    shrunk = float((ball(-3).exp() / 2).mid())
    assert shrunk < float(found.value.rad()) < 1.001 * shrunk
    for start in ("0.5", "1", "1.5"):
        assert found.value.contains(ball(start) * ball(-3).exp())


def test_times_may_be_balls() -> None:
    """The end is anywhere in [0.9, 1.1], the beginning anywhere in [-0.1, 0.1]."""
    late = follow(logistic, "0.3", (0, arb(1, 0.1)))
    early = follow(logistic, "0.3", (arb(0, 0.1), 1))
    assert late.value is not None
    assert early.value is not None
    for t in ("0.9", "1", "1.1"):
        truth = logistic_at(ball(t), ball("0.3"))
        assert late.value.contains(truth)
        assert early.value.contains(truth)
    assert late.value.rad() < 0.03


def test_there_and_back_again() -> None:
    there = follow(linear, "0.7", (0, "1.3"), bits=100)
    assert there.value is not None
    back = follow(linear, there.value, ("1.3", 0), bits=100)
    assert back.value is not None
    assert back.value.contains(ball("0.7"))
    assert back.value.rad() < 1e-8


def test_an_explosion_is_not_passed() -> None:
    """dx/dt = x^2 from 1 explodes at t = 1; the step and its time are named."""
    found = follow(lambda _, x: x * x, 1, (0, 2), most_steps=400)
    assert found.value is None
    assert found.reach is None
    assert found.within(0, 1).verdict is UNDECIDED
    assert "step " in found.why
    assert "at time [0.99" in found.why or "at time 0.99" in found.why
    fine = follow(lambda _, x: x * x, 1, (0, "0.9"), bits=80)
    assert fine.within("9.999", "10.001").verdict is HOLDS


def test_a_pole_of_the_field_is_not_passed() -> None:
    found = follow(lambda t, x: 1 / (t - 1) + 0 * x, 0, (0, 2), most_steps=200)
    assert found.value is None
    assert "time" in found.why


def test_a_field_that_is_not_smooth_is_not_passed() -> None:
    """dx/dt = sqrt(x) from 0 has two solutions, and no Taylor series."""
    found = follow(lambda _, x: x.sqrt(), 0, (0, 1))
    assert found.value is None
    assert found.why.startswith("step 1 is lost at time 0")


def test_a_lost_coefficient_is_not_taken_for_zero() -> None:
    """x/x at x = 0 is known to one term less; the missing one must not be read as 0."""
    terms = coefficients(lambda t, x: (t * x) / t, arb(0), arb(1), 4)
    assert not terms[-1].is_finite()


def test_coefficients_are_those_of_the_solution() -> None:
    """From x = 1 at t = 0, dx/dt = x is exp(t): 1/k!."""
    terms = coefficients(lambda _, x: x, arb(0), arb(1), 6)
    for k, (term, factorial) in enumerate(zip(terms, (1, 1, 2, 6, 24, 120, 720), strict=True)):
        assert term.overlaps(arb(1) / factorial), k


def test_steps_run_out_with_a_reason() -> None:
    found = follow(logistic, "0.01", (0, 9), most_steps=3)
    assert found.value is None
    assert found.why.startswith("step 3 is the last one allowed, at time ")


def test_a_step_whose_ball_leaves_itself_is_cut() -> None:
    """On dx/dt = x the whole span passes for one step by size, and is no proof: B grows."""
    found = follow(lambda _, x: x, 1, (0, 4), order=2, tolerance=20.0)
    assert found.steps > 2
    assert found.value is not None
    assert found.value.contains(ball(4).exp())


def test_a_coarse_tolerance_costs_width_and_not_truth() -> None:
    truth = logistic_at(ball(9), ball("0.01"))
    widths = []
    for tolerance in (1e-2, 1e-4, 1e-8):
        found = follow(logistic, "0.01", (0, 9), tolerance=tolerance, order=6)
        assert found.value is not None
        assert found.value.contains(truth)
        widths.append(float(found.value.rad()))
    assert widths[0] > widths[1] > widths[2]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0, 1, HOLDS),
        ("0.3", 1, FAILS),
        (0, "0.2", FAILS),
        (0, "0.25", UNDECIDED),
        ("0.25", 1, UNDECIDED),
        (1, 0, UNDECIDED),
    ],
)
def test_inside_is_three_valued(low: Any, high: Any, verdict: Verdict) -> None:
    found = inside(arb("0.25", 0.001), low, high)
    assert found.verdict is verdict
    assert found.evidence is Evidence.ENCLOSED
    if verdict is not UNDECIDED:
        assert found.margin is not None
        assert (found.margin > 0) == (verdict is HOLDS)


def test_what_is_not_a_number_is_undecided() -> None:
    assert inside(arb("nan"), 0, 1).verdict is UNDECIDED
    assert inside(None, 0, 1, lost="step 7").detail == "step 7"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": 1}, "order must be at least 2"),
        ({"tolerance": 0.0}, "tolerance positive"),
        ({"span": (0, 0)}, "must be apart"),
        ({"span": (0, arb(0, 1))}, "must be apart"),
        ({"span": (0, "nan")}, "must be finite"),
        ({"start": "inf"}, "must be finite"),
    ],
)
def test_input_is_refused(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"start": 1, "span": (0, 1)} | change
    with pytest.raises(ValueError, match=message):
        follow(logistic, given.pop("start"), given.pop("span"), **given)


def test_an_error_of_the_field_is_not_swallowed() -> None:
    def broken(_: Any, x: Any) -> Any:
        msg = f"no value at {x[0]}"
        raise ValueError(msg)

    before = (ctx.prec, ctx.cap)
    with pytest.raises(ValueError, match="no value at"):
        follow(broken, 1, (0, 1))
    assert (ctx.prec, ctx.cap) == before


def test_the_globals_of_flint_come_back() -> None:
    before = (ctx.prec, ctx.cap)
    follow(logistic, "0.3", (0, 1), order=17, bits=77)
    assert (ctx.prec, ctx.cap) == before
    assert arb_series([1, 2], 3).exp().prec == 3
