"""Corollary 4.3 by a barrier in the plane: all modes, all noise levels, no product form used."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import END, SIDE, pull
from theorylab.claims import Evidence, Finding, Relation, ball, claim
from theorylab.claims.barrier import points_inward

Point = tuple[Fraction, Fraction]

GRID: tuple[Point, ...] = tuple((Fraction(j), Fraction(k)) for j in SIDE for k in SIDE)
USER: tuple[Point, ...] = tuple(
    (Fraction(x, 10), Fraction(y, 10))
    for x, y in ((0, 0), (10, 0), (4, 11), (-7, -9), (18, 8), (2, -12))
)
USER_WEIGHTS = (3, 1, 2, 5, 1, 2)


@dataclass(frozen=True)
class Box:
    """The points within r ell of the segment from `start` to `end` in the maximum norm.

    The segment is a mode if both are one; `lowest` is the first level a = ell^2/s^2, and the
    modes off the segment are `outsiders` times as heavy.
    """

    law: str
    start: tuple[int, int]
    end: tuple[int, int]
    r: Fraction
    lowest: Fraction = Fraction(56)
    outsiders: Fraction = Fraction(1)


def mixture(case: Box) -> tuple[tuple[Point, ...], list[Fraction]]:
    """Modes and weights, not normalised: "grid", "uneven" (weights 3 to 9), "user" (six modes)."""
    means = USER if case.law == "user" else GRID
    plain = {
        "grid": [1] * len(GRID),
        "uneven": [3 + (5 * k) % 7 for k in range(len(GRID))],
        "user": list(USER_WEIGHTS),
    }[case.law]
    own = (case.start, case.end)
    heavier = [Fraction(1) if mean in own else case.outsiders for mean in means]
    return means, [weight * factor for weight, factor in zip(plain, heavier, strict=True)]


SEGMENTS = [
    Box("grid", (-2, -2), (-2, -1), Fraction(1, 10**12)),
    Box("grid", (0, 0), (1, 0), Fraction(1, 100)),
    Box("grid", (1, 2), (2, 2), Fraction(49, 100)),
    Box("grid", (2, -1), (2, -1), Fraction(1, 4)),
    Box("uneven", (-1, 0), (0, 0), Fraction(1, 50)),
    Box("user", (0, 0), (1, 0), Fraction(1, 50)),
]


@claim(
    source=read_at("Corollary 4.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=SEGMENTS,
    must_fail={
        "two per cent more than half of the separation": lambda case: replace(
            case, r=Fraction(51, 100)
        ),
        "kappa five per cent smaller": lambda case: replace(case, lowest=Fraction(532, 10)),
        "outsiders twice as heavy": lambda case: replace(case, outsiders=Fraction(2)),
    },
    thorough=[Box("grid", (-1, 1), (-1, 2), Fraction(12, 25))],
)
def a_box_around_a_segment_keeps_every_trajectory(case: Box) -> Finding:
    r"""For every noise level $\sigma \le s \le \ell/\sqrt{56}$ the velocity $\bar m(y) - y$ of the
    exact probability flow of all modes points strictly into the box

    $$[\min(a_1,b_1) - r\ell,\ \max(a_1,b_1) + r\ell] \times
      [\min(a_2,b_2) - r\ell,\ \max(a_2,b_2) + r\ell]$$

    on its whole boundary, where $a, b$ are neighbouring modes ($a = b$: a single mode). So the box
    is forward invariant. On the 25-mode grid: $r = 1/100$ for a segment at the centre, $10^{-12}$
    and $0.49$ for segments at the edge, $1/4$ for a mode at the edge. With weights that differ by
    a factor of up to three, and for six scattered modes with weights from 1 to 5 (the first two
    $\ell$ apart, $\sigma = \ell/100$ as on the grid): $r = 1/50$.
    """
    means, weights = mixture(case)

    def velocity(y1: arb, y2: arb, octaves: arb) -> list[arb]:
        """In units of r ell, at the level a = lowest 2^octaves."""
        a = ball(case.lowest) * arb(2) ** octaves
        parts = pull((y1, y2), a, means, weights, nearest(means, y1, y2))
        return [part / ball(case.r) for part in parts]

    box = [
        (min(u, v) - case.r, max(u, v) + case.r) for u, v in zip(case.start, case.end, strict=True)
    ]
    return points_inward(velocity, box, [(0, octaves(case))], bits=80, most_boxes=4000)


def octaves(case: Box) -> Fraction:
    """A little more than the base-2 logarithm of END / lowest."""
    return Fraction(math.ceil(64 * math.log2(END / case.lowest)), 64)


def nearest(means: Sequence[Point], y1: arb, y2: arb) -> int:
    """The mode that is nearest to the middle of a box; any choice is rigorous."""
    x, y = float(y1.mid()), float(y2.mid())
    squared = [(float(m1) - x) ** 2 + (float(m2) - y) ** 2 for m1, m2 in means]
    return squared.index(min(squared))
