"""Beyond the paper: a grid of modes with product weights is a product of one-dimensional laws."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol, exp

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, grid, identity

X, Y = sympy.symbols("y_1 y_2", real=True)
S = Symbol("s", positive=True)
ONE = Integer(1)


@dataclass(frozen=True)
class Grid:
    """Columns times rows of modes, at symbolic places; one mode may be spoilt."""

    columns: int
    rows: int
    equal: bool
    heavier: Expr = Integer(1)
    moved: Expr = Integer(0)
    wider: Expr = Integer(1)


def bump(point: Expr, place: Expr, scale: Expr = ONE) -> Expr:
    """A Gaussian without its constant."""
    return exp(-((point - place) ** 2) / (2 * scale * S**2))


def places(name: str, count: int) -> list[Symbol]:
    """Where the columns or the rows are."""
    return list(sympy.symbols(f"{name}_1:{count + 1}", real=True))


def weights(case: Grid, name: str, count: int) -> list[Expr]:
    """One weight per column or row, not normalised."""
    if case.equal:
        return [Integer(1)] * count
    return list(sympy.symbols(f"{name}_1:{count + 1}", positive=True))


def density(case: Grid) -> Expr:
    """The mixture of all modes in the plane, of which the first is the one that may be spoilt."""
    total = Integer(0)
    for j, (p, a) in enumerate(
        zip(weights(case, "p", case.columns), places("a", case.columns), strict=True)
    ):
        for k, (q, b) in enumerate(
            zip(weights(case, "q", case.rows), places("b", case.rows), strict=True)
        ):
            spoilt = j == k == 0
            heavier = case.heavier if spoilt else ONE
            shift = case.moved * S if spoilt else Integer(0)
            scale = case.wider if spoilt else ONE
            total += heavier * p * q * bump(X, a + shift, scale) * bump(Y, b, scale)
    return total


@claim(
    source=read_at("Section 5"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=grid(Grid, columns=[2], rows=[2], equal=[True, False]),
    must_fail={
        "one mode two per cent heavier": lambda case: replace(case, heavier=Rational(51, 50)),
        "one mode missing": lambda case: replace(case, heavier=Integer(0)),
        "one mode moved by s/50": lambda case: replace(case, moved=Rational(1, 50)),
        "one mode two per cent wider": lambda case: replace(case, wider=Rational(51, 50)),
    },
    thorough=[Grid(3, 2, False), Grid(5, 5, True)],
)
def mixture_with_product_weights_on_a_grid_is_a_product_law(case: Grid) -> Finding:
    r"""Let the modes be the points $(a_j, b_k)$ of a rectangular grid (the spacings need not be
    equal), all of the variance $s^2$, with the weights $p_j q_k$. Then

    $$\sum_{j,k} p_j q_k\, e^{-\frac{(y_1-a_j)^2+(y_2-b_k)^2}{2s^2}}
      = \Big(\sum_j p_j\, e^{-\frac{(y_1-a_j)^2}{2s^2}}\Big)
        \Big(\sum_k q_k\, e^{-\frac{(y_2-b_k)^2}{2s^2}}\Big)$$

    for every $s$: the noised law is a product, so each component of its score depends on its own
    coordinate only. Equal weights are the case $p_j = q_k = 1$ (normalisation cancels). It is the
    distributive law; checked with symbols for $2 \times 2$ modes, in the thorough run also for
    $3 \times 2$ and for $5 \times 5$ of equal weight.
    """
    first = sum(
        p * bump(X, a)
        for p, a in zip(weights(case, "p", case.columns), places("a", case.columns), strict=True)
    )
    second = sum(
        q * bump(Y, b)
        for q, b in zip(weights(case, "q", case.rows), places("b", case.rows), strict=True)
    )
    return identity(density(case), sympy.expand(first * second))
