"""The proof of Theorem 4.2 takes the transverse norm for the distance to the segment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, for_all

GRID = [(a, b) for a in range(-4, 5, 2) for b in range(-4, 5, 2)]
TURNED = tuple(
    point for a, b in [(7, 5), (5, 7)] for point in [(a, b), (-a, b), (a, -b), (-a, -b)]
)  # the symmetries of the square
RAW_SCALE = (16 + 2 * Fraction("0.02") ** 2) / 2
"""What squared lengths are divided by: (mean squared norm of the modes + 2 sigma^2) / 2."""


@dataclass(frozen=True)
class Witnesses:
    """Points in raw units (spacing 2), the margin required, and s^2 in raw units."""

    points: Sequence[tuple[int, int]] = TURNED
    kappa: int = 7
    raw_variance: Fraction = Fraction(1, 20)


def refutes(case: Witnesses, point: tuple[int, int]) -> bool:
    """The point satisfies two-mode dominance, |z|^2 = 9, and its squared distance is 10."""
    by_distance = sorted(GRID, key=lambda mode: (squared(point, mode), mode))
    first, second, third = by_distance[:3]
    margin = Fraction(squared(point, third) - squared(point, first)) / (2 * case.raw_variance)
    edge = [b - a for a, b in zip(first, second, strict=True)]
    offset = [c - a for a, c in zip(first, point, strict=True)]
    p = Fraction(sum(e * o for e, o in zip(edge, offset, strict=True)), squared(first, second))
    transverse = squared(point, first) - p**2 * squared(first, second)
    nearest = min(max(p, Fraction(0)), Fraction(1))
    distance = transverse + (p - nearest) ** 2 * squared(first, second)
    beyond_an_end = abs(p - Fraction(1, 2)) == 1
    return margin >= case.kappa and beyond_an_end and (transverse, distance) == (9, 10)


def shows(raw: int, length: str) -> bool:
    """The root of a raw squared length rounds, normalised, to this decimal of four digits."""
    half, stated = Fraction(1, 20_000), Fraction(length)
    return (stated - half) ** 2 < raw / RAW_SCALE < (stated + half) ** 2


def squared(a: Sequence[int], b: Sequence[int]) -> int:
    """The squared distance of two lattice points."""
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


@claim(
    source=read_at("Theorem 4.2, proof (d_perp as the transverse norm)"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Witnesses()],
    must_fail={
        "beside the segment, not beyond it": lambda case: replace(case, points=((7, 3),)),
        "a margin that they do not have": lambda case: replace(case, kappa=161),
        "at a larger variance": lambda case: replace(case, raw_variance=Fraction(6, 5)),
    },
)
def transverse_norm_is_not_the_distance_beyond_the_ends(case: Witnesses) -> Finding:
    r"""It is not true that two-mode dominance makes $|z|$ the distance to the segment: at the raw
    point $(7, 5)$ of the 25-mode grid (and at its seven images under the symmetries of the
    square) the pair $(4,4), (4,2)$ dominates with $\kappa \ge 7$ when $s^2 \le 1/20$ in raw units,
    but $|z|^2 = 9$ and the squared distance to the segment is $10$, because $p = 3/2$ lies beyond
    the end.

    In normalised units: $|z| = 1.0606$ and distance $1.1180$.
    """
    shown = shows(9, "1.0606") and shows(10, "1.1180")
    return for_all(case.points, lambda point: shown and refutes(case, point))
