"""Corollary 4.3 on the grid itself, without Assumption 4.1: strips, mode boxes, tubes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import END, SIDE, pull
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.enclosure import Side


@dataclass(frozen=True)
class Strips:
    """All radii from 10^-decades to `widest`, all levels a from `lowest` on, around one row."""

    row: int
    decades: str = "12"
    widest: str = "0.49"
    lowest: str = "56"
    neighbours: str = "1"


@claim(
    source=read_at("Corollary 4.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[Strips(row) for row in SIDE],
    must_fail={
        "up to 0.51 of the separation": lambda case: replace(case, widest="0.51"),
        "two hundredths of a decade too far down": lambda case: replace(case, decades="12.18"),
        "kappa five per cent smaller": lambda case: replace(case, lowest="53.2"),
        "neighbours one and a half times heavier": lambda case: replace(case, neighbours="1.5"),
    },
    given=["ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate"],
)
def every_strip_around_a_row_of_the_grid_is_forward_invariant(case: Strips) -> Finding:
    r"""On the 25-mode grid, under the exact probability flow, for all noise levels
    $\sigma \le s \le \ell/\sqrt{56}$ (from Assumption 4.4 at $\kappa = 7$, $d = 2$, on) and every
    radius $10^{-12} \le r \le 0.49$: the velocity points strictly into the strip of the points
    whose coordinate $y_i$ is within $r\ell$ of a mode's, for both coordinates and every row.

    So all these strips are forward invariant, and so are the boxes whose faces lie on theirs: the
    square of half-side $r\ell$ around every mode, and the box $[-r, 1+r]\ell \times [-r, r]\ell$
    around every segment between neighbours. Nothing is assumed about dominating modes.
    (By the product form a strip is a statement about one coordinate and five modes. The smallest
    radius is the offset of the outermost equilibrium, $e^{-28}\ell = 6.9\cdot 10^{-13}\ell$.)
    """
    box: list[Side] = [(0, 1), (case.lowest, END)]
    return all_hold(*(enclosed(inward(case, side), box, bits=64) for side in (-1, 1)))


def inward(case: Strips, side: int) -> Callable[[arb, arb], arb]:
    """The inward velocity at the distance r on one side, divided by r.

    The share x in [0, 1] stands for r = widest (10^-decades / widest)^x.
    """
    row = SIDE.index(case.row)
    means = [(mode,) for mode in SIDE]
    weights = [Fraction(case.neighbours)] * len(SIDE)
    weights[row] = Fraction(1)

    def velocity(x: arb, a: arb) -> arb:
        widest = ball(case.widest)
        r = widest * (-x * (ball(case.decades) * arb(10).log() + widest.log())).exp()
        return -side * pull([case.row + side * r], a, means, weights, row)[0] / r

    return velocity
