"""Equation 4 on the grid: which midpoint the coordinate is measured from matters."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import (
    MIDPOINTS,
    influence,
    largest,
    least,
    level,
    others,
    outward,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import squared_separation
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

WINDOW = range(22)


@dataclass(frozen=True)
class Statement:
    """The drifts at the bisector of the four pairs of a row, and the bounds that are claimed."""

    raw: int = 21
    at_zero: tuple[str, ...] = ("-4.9140e-3", "-1.6547e-3", "1.6547e-3", "4.9140e-3")
    least: str = "1.65e-3"
    residue: str = "1e-32"
    asymmetry: str = "1e-17"
    moving: bool = True


@claim(
    source=read_at("Equation 4"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[Statement()],
    must_fail={
        "the fixed midpoint is taken to be odd": lambda case: replace(case, moving=False),
        "one raw step earlier": lambda case: replace(case, raw=20),
        "a drift two per cent larger": lambda case: replace(
            case, at_zero=("-5.0123e-3", *case.at_zero[1:])
        ),
        "the least drift two per cent larger": lambda case: replace(case, least="1.69e-3"),
        "no residue at all": lambda case: replace(case, residue="1e-34"),
    },
    given=["ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate"],
)
def fixed_midpoint_drifts_through_the_bisector_and_the_moving_one_does_not(
    case: Statement,
) -> Finding:
    r"""On the 25-mode grid let $-b(a, t)$ be the drift of the bisector coordinate of a pair in
    remaining time. Measured from the fixed midpoint $m$, at raw step 21, it is

    $$-b(0) = -4.914\cdot10^{-3},\ -1.655\cdot10^{-3},\ 1.655\cdot10^{-3},\ 4.914\cdot10^{-3}$$

    for the four pairs of a row, and $|b(0, t)| > 1.65\cdot10^{-3}$ for every pair and every raw
    step 0 to 21: no bound $|b| \le K|a|$ holds down to $a = 0$. Measured from
    $\sqrt{\bar\alpha_t}\,m$, $|b(0, t)| < 10^{-32}$ for all of these, and the drift is odd up to
    $|b(a) + b(-a)| < 10^{-17}$ for $0 \le a \le \ell/2$ at raw step 21. (It is not odd exactly:
    the outer modes are not the same on both sides.)
    """
    unit = squared_separation().sqrt()

    def at_bisector(raw: int, midpoint: Fraction, *, moving: bool) -> arb:
        return unit * outward(arb(0), raw, midpoint, 1, moving=moving)

    stated = [
        enclosed(lambda m=m, told=told: ball("2e-4") * abs(ball(told))
                 - abs(at_bisector(case.raw, m, moving=False) - ball(told)))
        for m, told in zip(MIDPOINTS, case.at_zero, strict=True)
    ]  # fmt: skip
    pairs = [(raw, m) for raw in WINDOW for m in MIDPOINTS]
    drifts = [abs(at_bisector(raw, m, moving=False)) for raw, m in pairs]
    through = enclosed(lambda: least(drifts) - ball(case.least))
    rests = [abs(at_bisector(raw, m, moving=case.moving)) for raw, m in pairs]
    still = enclosed(lambda: ball(case.residue) - largest(rests))
    at = level(21)
    scale = unit * at.root * at.beta / at.variance

    def asymmetry(a: arb, midpoint: Fraction) -> arb:
        """What is left of b(a) + b(-a): linear terms and the pair's tanh are odd."""
        up, down = (influence(a / at.root, at.a, others(midpoint, side)) for side in (1, -1))
        return scale * abs(up - down)

    odd = [
        enclosed(lambda a, m=m: ball(case.asymmetry) - asymmetry(a, m), [(0, "0.5")])
        for m in MIDPOINTS
    ]
    return all_hold(*stated, through, still, *odd)
