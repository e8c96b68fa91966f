"""The Shapes data set as combinatorics."""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all_equal
from theorylab.diffusion.shapes import (
    pentagon_positions,
    square_positions,
    support_size,
    triangle_positions,
)


@dataclass(frozen=True)
class Shapes:
    """Positions of each shape, images in all, and probabilities of one, two and three shapes."""

    positions: tuple[int, int, int] = (583, 343, 648)
    images: int = 130_381_503
    by_number: tuple[Fraction, ...] = (Fraction(3, 7), Fraction(3, 7), Fraction(1, 7))
    shown: Fraction = Fraction(4, 7)
    expected: tuple[int, ...] = (15_000, 15_000, 5_000)
    keep_black: bool = False


@claim(
    source=read_at("Shapes (data set)"),
    relation=Relation.BEYOND,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Shapes()],
    must_fail={
        "the black image kept": lambda case: replace(case, keep_black=True),
        "one row less for the square": lambda case: replace(case, positions=(583, 336, 648)),
        "independent halves": lambda case: replace(case, shown=Fraction(1, 2)),
        "one image more": lambda case: replace(case, images=130_381_504),
    },
)
def shapes_data_have_130381503_images_and_three_shapes_in_one_of_seven(case: Shapes) -> Finding:
    r"""Each of three columns shows its shape with probability $1/2$, at one of 583 (triangle),
    343 (square) or 648 (pentagon) positions; black images are dropped. So the law lives on
    130 381 503 images; it shows one, two and three shapes with probabilities $3/7$, $3/7$, $1/7$
    (of 5000 images 15000/7, 15000/7 and 5000/7 in the mean), and a given shape with $4/7$.
    """
    counted = (len(set(triangle_positions())), len(set(square_positions())),
               len(set(pentagon_positions())))  # fmt: skip
    ways = [kept for kept in product((0, 1), repeat=3) if case.keep_black or any(kept)]
    images = sum((583 if a else 1) * (343 if b else 1) * (648 if c else 1) for a, b, c in ways)
    numbers = {k: Fraction(sum(sum(way) == k for way in ways), len(ways)) for k in (1, 2, 3)}
    return all_hold(
        for_all_equal(range(3), lambda c: (counted[c], case.positions[c])),
        for_all_equal([images, support_size(counted)], lambda found: (found, case.images)),
        for_all_equal((1, 2, 3), lambda k: (numbers[k], case.by_number[k - 1])),
        for_all_equal((1, 2, 3), lambda k: (5000 * 7 * numbers[k], case.expected[k - 1])),
        for_all_equal(
            range(3), lambda c: (Fraction(sum(way[c] for way in ways), len(ways)), case.shown)
        ),
    )
