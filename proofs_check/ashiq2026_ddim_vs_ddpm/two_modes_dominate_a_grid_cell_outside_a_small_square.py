"""Assumption 4.1 on a square grid: where exactly it fails."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Symbol

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

b, gap, slack = (Symbol(name, positive=True) for name in ("b", "gap", "slack"))
a = b + gap
ell = 2 * (a + slack)
s = Symbol("s", positive=True)
kappa = Symbol("kappa", positive=True)


@dataclass(frozen=True)
class Cell:
    """The offset (a, b) from the centre of a cell, a > b > 0 and a < ell/2, and the claims."""

    gap_to_third: Expr = 2 * ell * a
    half_width: Expr = kappa * s**2 / ell
    side: Expr = ell


@claim(
    source=read_at("Assumption 4.1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Cell()],
    must_fail={
        "two per cent more": lambda case: replace(
            case, gap_to_third=sympy.Rational(51, 50) * case.gap_to_third
        ),
        "the smaller coordinate": lambda case: replace(case, gap_to_third=2 * ell * b),
        "both coordinates": lambda case: replace(case, gap_to_third=2 * ell * (a + b)),
        "s for s squared": lambda case: replace(case, half_width=kappa * s / ell),
        "half the square": lambda case: replace(case, half_width=case.half_width / 2),
        "a cell that is not a square": lambda case: replace(case, side=2 * ell),
    },
)
def two_modes_dominate_a_grid_cell_outside_a_small_square(case: Cell) -> Finding:
    r"""On a square grid of spacing $\ell$, at the offset $(a, b)$ from the centre of a cell,
    $|a|, |b| \le \ell/2$, the sorted squared distances to the modes satisfy

    $$D_{(3)} - D_{(1)} = 2\ell\max(|a|, |b|),$$

    so two modes dominate with margin $\kappa$ exactly outside the open square
    $\max(|a|, |b|) < \kappa s^2/\ell$ about the centre. (By symmetry and continuity
    $0 < b < a < \ell/2$ suffices: there the three nearest modes are the corners
    $(+,+)$, $(+,-)$, $(-,+)$ of the cell, and every other mode is farther, as each of its
    coordinates is at $\pm\ell/2$ or farther out and one is at $\pm\tfrac32\ell$ or farther out,
    or it is the fourth corner.)
    """
    half, tall = ell / 2, case.side / 2

    def squared(x: Expr, y: Expr) -> Expr:
        return (x * half - a) ** 2 + (y * tall - b) ** 2

    first, second, third = squared(1, 1), squared(1, -1), squared(-1, 1)
    others = [squared(-1, -1)] + [
        squared(x, y) for x in (-3, -1, 1, 3) for y in (-3, -1, 1, 3) if max(abs(x), abs(y)) == 3
    ]
    margin = (third - first) / (2 * s**2)
    return all_hold(
        identity(third - first, case.gap_to_third),
        identity(margin / kappa, a / case.half_width),
        positive(sympy.expand(second - first)),
        positive(sympy.expand(third - second)),
        *[positive(sympy.expand(other - third)) for other in others],
    )
