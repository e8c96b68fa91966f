"""The barrier check: strict, on every face, for every parameter."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from flint import arb

from theorylab.claims import Evidence, Verdict, ball
from theorylab.claims.barrier import points_inward

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
UNIT = [(-1, 1), (-1, 1)]


def spiral(turn: str) -> Any:
    """A sink that turns: (-x - turn y, turn x - y); it keeps the square iff turn < 1."""

    def velocity(x: arb, y: arb) -> Sequence[arb]:
        return -x - ball(turn) * y, ball(turn) * x - y

    return velocity


@pytest.mark.parametrize(
    ("turn", "verdict"), [("0", HOLDS), ("0.98", HOLDS), ("1.02", FAILS), ("-1.02", FAILS)]
)
def test_a_spiral_keeps_the_square_up_to_its_turn(turn: str, verdict: Verdict) -> None:
    found = points_inward(spiral(turn), UNIT)
    assert found.verdict is verdict
    assert found.evidence is Evidence.ENCLOSED


def test_the_margin_is_the_smallest_inward_component() -> None:
    found = points_inward(spiral("0.75"), UNIT)
    assert found.margin is not None
    assert 0.1 < found.margin <= 0.25


@pytest.mark.parametrize("face", range(4))
def test_every_face_is_looked_at(face: int) -> None:
    """A sink that leaks through one face only, and only on a tenth of it."""
    i, end = divmod(face, 2)
    outward = 2 * end - 1

    def leaking(x: arb, y: arb) -> Sequence[arb]:
        point, speed = (x, y), [-x, -y]
        bump = ball("1.02") / (1 + 100 * (point[1 - i] - ball("0.8")) ** 2)
        speed[i] = -point[i] + outward * bump * (1 + outward * point[i]) / 2
        return speed

    found = points_inward(leaking, UNIT)
    assert found.verdict is FAILS
    assert f"face y_{i + 1} = {(-1, 1)[end]}:" in found.detail


def test_parameters_range_over_their_interval() -> None:
    """dx/du = q - x keeps [-1, 1] as long as |q| < 1."""
    velocity = lambda x, q: [q - x]  # noqa: E731
    assert points_inward(velocity, [(-1, 1)], [("-0.98", "0.98")]).verdict is HOLDS
    assert points_inward(velocity, [(-1, 1)], [("-0.98", "1.02")]).verdict is FAILS
    assert points_inward(velocity, [(-1, 1)], [("-1.02", "0.98")]).verdict is FAILS


def test_staying_on_a_face_is_not_pointing_inward() -> None:
    assert points_inward(lambda x, y: [0 * x, -y], UNIT).verdict is FAILS


def test_an_open_part_is_named() -> None:
    """The inward component touches 0 at y = 0.3, where no cut ever lies."""
    velocity = lambda x, y: [-x * (y - ball("0.3")) ** 2, -y]  # noqa: E731
    found = points_inward(velocity, UNIT, most_boxes=60)
    assert found.verdict is UNDECIDED
    assert "open after 60 boxes" in found.detail
    assert "face y_1 = " in found.detail
    assert "0.3" in found.detail or "0.29" in found.detail


def test_three_dimensions_and_fractions() -> None:
    box = [(Fraction(-1, 3), Fraction(1, 3))] * 3
    velocity = lambda x, y, z: [y / 2 - x, z / 2 - y, x / 2 - z]  # noqa: E731
    assert points_inward(velocity, box).verdict is HOLDS
    assert points_inward(lambda x, y, z: [2 * y - x, -y, -z], box).verdict is FAILS


@pytest.mark.parametrize("box", [[], [(1, -1)], [(0, 0), (0, 1)], [("nan", 1)], [(0, "a")]])
def test_a_box_must_be_a_box(box: Any) -> None:
    with pytest.raises(ValueError, match=r"box must have sides|invalid|must be|could not"):
        points_inward(lambda *point: [-x for x in point], box)
