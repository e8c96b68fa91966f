"""Proposition 4.5 on the grid by direct enclosure: slope and direction for all levels at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import SIDE
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.enclosure import Side


@dataclass(frozen=True)
class Well:
    """Around one mode of five: slope below -steepness on |x| <= radius, levels a >= lowest."""

    mode: int
    radius: str
    steepness: str
    lowest: str = "56"
    factor: str = "1"


@claim(
    source=read_at("Proposition 4.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Well(mode, radius, steepness)
        for mode in SIDE
        for radius, steepness in (("0.3", "0.999"), ("0.386", "0.9"))
    ],
    must_fail={
        "two per cent wider": lambda case: replace(
            case, radius=f"{1.02 * float(case.radius):.6f}"
        ),
        "kappa five per cent smaller": lambda case: replace(case, lowest="53.2"),
        "steeper than -1": lambda case: replace(case, steepness="1.000001"),
        "(ell/s)^3 for (ell/s)^2 in the slope": lambda case: replace(case, factor="7.48"),
    },
    given=["ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate"],
)
def slope_stays_negative_within_three_tenths_of_every_mode(case: Well) -> Finding:
    r"""For one coordinate of the 25-mode grid, every mode $\mu$ of the five and all levels
    $56 \le a = \ell^2/s^2 \le 10^4$: the slope of $\bar m(y) - y$ is below $-0.999$ where
    $|y - \mu| \le 0.3\,\ell$ and below $-0.9$ where $|y - \mu| \le 0.386\,\ell$, and at both ends
    of these intervals the velocity points inward. So in the plane the Jacobian, which is diagonal
    by the product form, is below $-0.999$ on the square around every mode.
    """
    levels: Side = (0, "7.5")  # octaves above the lowest level; 2^7.5 exceeds 10^4 / 56
    sides: list[Side] = [("-" + case.radius, case.radius), levels]
    slope = enclosed(steepness(case), sides, bits=64)
    ends = [enclosed(inward(case, side), [levels], bits=64) for side in (-1, 1)]
    return all_hold(slope, *ends)


def shares(case: Well, x: arb, octaves: arb) -> tuple[arb, list[tuple[int, arb]]]:
    """The level, and the weight of every mode over that of the nearest, at the offset x."""
    a = ball(case.lowest) * arb(2) ** octaves
    offsets = [mode - case.mode for mode in SIDE]
    return a, [(o, (-(a / 2) * (o * o - 2 * o * x)).exp()) for o in offsets]


def steepness(case: Well) -> Callable[[arb, arb], arb]:
    """-slope - steepness, where slope + 1 is a times the variance of the modes."""

    def function(x: arb, octaves: arb) -> arb:
        a, terms = shares(case, x, octaves)
        total = sum((share for _, share in terms), arb(0))
        mean = sum((o * share for o, share in terms), arb(0)) / total
        square = sum((o * o * share for o, share in terms), arb(0)) / total
        slope = a * ball(case.factor) * (square - mean * mean) - 1
        return -slope - ball(case.steepness)

    return function


def inward(case: Well, side: int) -> Callable[[arb], arb]:
    """The inward velocity at one end of the interval."""

    def function(octaves: arb) -> arb:
        x = side * ball(case.radius)
        _, terms = shares(case, x, octaves)
        total = sum((share for _, share in terms), arb(0))
        mean = sum((o * share for o, share in terms), arb(0)) / total
        return side * (x - mean)

    return function
