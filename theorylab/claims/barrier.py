r"""A vector field points into a box everywhere on its boundary: no solution leaves the box.

Notation: a box is a product of intervals [low, high], in any dimension though cutting pays in two
or three; f(y, q) the velocity at the state y under parameters q (time or noise level among them),
which range over intervals of their own.

The proof is branch and bound in ball arithmetic on one face at a time: on the face y_i = low_i
the component f_i must be > 0, on y_i = high_i it must be < 0. Then the box is forward invariant,
however the parameters move (Nagumo). This module finds no boxes and moves none.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from flint import arb

from theorylab.claims.enclosure import Side, ball, enclosed
from theorylab.claims.finding import Finding, all_hold

Velocity: TypeAlias = Callable[..., Sequence[arb]]
"""Balls for the state and the parameters -> one ball per coordinate of the state."""


def points_inward(
    velocity: Velocity,
    box: Sequence[Side],
    parameters: Sequence[Side] = (),
    *,
    bits: int = 64,
    most_boxes: int = 20_000,
) -> Finding:
    r"""ENCLOSED: the velocity points strictly into the box on all of its faces.

    FAILS where a point of a face moves outward or stays on it for some parameters; UNDECIDED
    where `most_boxes` evaluations leave a part of a face open. Both name the face and the part
    of it, as one box of state and parameters. The margin is the smallest inward component.

    Args:
        velocity: maps one ball per coordinate and per parameter to one ball per coordinate.
        box: (low, high) per coordinate, low < high.
        parameters: (low, high) per parameter.
        bits: working precision.
        most_boxes: how many parts of each face may be looked at.

    Raises:
        ValueError: a box without sides or with an empty one, an end that is not a finite number.
    """
    if not box or not all(ball(low) < ball(high) for low, high in box):
        msg = f"the box must have sides (low, high) with low < high, got {box!r}"
        raise ValueError(msg)
    faces = [(i, end) for i in range(len(box)) for end in (0, 1)]
    return all_hold(*(_face(velocity, box, parameters, *face, bits, most_boxes) for face in faces))


def _face(
    velocity: Velocity,
    box: Sequence[Side],
    parameters: Sequence[Side],
    i: int,
    end: int,
    bits: int,
    most_boxes: int,
) -> Finding:
    at = box[i][end]
    sides = [*box[:i], (at, at), *box[i + 1 :], *parameters]
    sign = -1 if end else 1
    found = enclosed(
        lambda *point: sign * velocity(*point)[i], sides, bits=bits, most_boxes=most_boxes
    )
    name = f"face y_{i + 1} = {at}"
    return replace(found, detail=f"{name}: {found.detail}")
