"""The geometry behind Proposition D.1, in any dimension."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, symbols

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

U, V = symbols("u v", positive=True)
Y_U, Y_V, H = symbols("y_u y_v h", real=True)
"""Half-edges, the coordinates of y - c along them, and its distance to the rectangle's plane."""


@dataclass(frozen=True)
class Corners:
    """How far the second edge leans towards the first, and the factor of the edge coordinate."""

    lean: Expr = Integer(0)
    factor: Expr = Integer(4)


@claim(
    source=read_at("Proposition D.1, proof"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Corners()],
    must_fail={
        "not quite a right angle": lambda case: replace(case, lean=Rational(1, 50)),
        "two per cent farther": lambda case: replace(case, factor=4 * Rational(51, 50)),
        "one edge counted twice": lambda case: replace(case, factor=Integer(8)),
    },
)
def rectangle_corners_satisfy_the_british_flag_identity(case: Corners) -> Finding:
    r"""Let $c \pm u \pm v$ with $\langle u, v\rangle = 0$ be the corners of a rectangle in
    $\mathbb R^d$ and $D$ the squared distances of a point $y$ to them. Those of the two
    diagonals have the same sum,

    $$D_{++} + D_{--} = D_{+-} + D_{-+},$$

    and along an edge $D_{++} - D_{+-} = 4\langle c - y, v\rangle$ depends on the coordinate
    along that edge only. So a diagonal pair $(++, --)$ that dominates with margin $\kappa$
    ($D_{+-}, D_{-+} \ge D_{++} + 2s^2\kappa$, where $D_{++} \le D_{--}$) has
    $D_{--} - D_{++} \ge 4 s^2\kappa$.
    """

    def squared(i: int, j: int) -> Expr:
        return (Y_U - i * U - case.lean * j * V) ** 2 + (Y_V - j * V) ** 2 + H**2

    other = sympy.expand(squared(1, -1) + squared(-1, 1))
    flag = identity(squared(1, 1) + squared(-1, -1), other)
    edge = identity(squared(1, 1) - squared(1, -1), -case.factor * V * Y_V)
    return all_hold(flag, edge)
