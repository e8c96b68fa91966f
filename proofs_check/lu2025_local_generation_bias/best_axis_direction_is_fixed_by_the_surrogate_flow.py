r"""Third point of Theorem A.4: the maximally growing directions do not move."""

from dataclasses import dataclass, replace
from itertools import product

import sympy
from sympy import Expr, Integer, Rational, Symbol, symbols

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

D, S, NU = symbols("D s nu", positive=True)
W, B = Symbol("w", positive=True), Symbol("b", real=True)


@dataclass(frozen=True)
class Direction:
    """The sign of w_i, a bias as a multiple of D*, E[v_i v_k] and E[v_k] of another bit."""

    side: int
    bias: Expr = Integer(1)
    correlation: Expr = Integer(0)
    mean: Expr = Integer(0)


@claim(
    source=PAPER.at("Theorem A.4, third point"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Direction(1), Direction(-1)],
    must_fail={
        "2 per cent more bias": lambda case: replace(case, bias=Rational(51, 50)),
        "correlated with another bit": lambda case: replace(case, correlation=Rational(1, 50)),
        "another bit of mean 1/50": lambda case: replace(case, mean=Rational(1, 50)),
    },
)
def best_axis_direction_is_fixed_by_the_surrogate_flow(case: Direction) -> Finding:
    r"""At $(\pm e_i, D^*)$ the gradient of $K$ is parallel to $(\pm e_i, D^*)$ under 5.1.

    On the axis, with $w_i = \pm w$, $w > 0$: $K = \pm \nu w\, G(b/w)$, so
    $\partial_b K : \partial_w K = G' : (G - D G')$, which is $D : 1$ exactly where
    $(1 + D^2) G' = D G$, the first-order condition of $f$. In the direction of another weight $k$
    the derivative is $\pm s \sum_v p_0(v) \phi(z_v) v_k$, where $z_v$ depends on $v_i$ only; with
    $P(v_i, v_k) = (1 + v_k E v_k + v_i v_k E v_i v_k)/4$ it vanishes under 5.1. So the
    direction does not move.
    """
    ratio, (value, slope) = B / W, symbols("G_0 G_1", positive=True)
    in_b = case.side * NU * W * slope * sympy.diff(ratio, B)
    in_w = case.side * NU * (value + W * slope * sympy.diff(ratio, W))
    at_best = {B: case.bias * D * W, slope: D * value / (1 + D**2)}
    along = identity(in_b.subs(at_best), D * in_w.subs(at_best))
    density = dict(zip((1, -1), symbols("phi_up phi_down", positive=True), strict=True))
    terms = [
        S * (1 + case.mean * v_k + case.correlation * v_i * v_k) / 4 * density[v_i] * v_k
        for v_i, v_k in product((1, -1), repeat=2)
    ]
    across = identity(sympy.Add(*terms, evaluate=False), Integer(0))
    return all_hold(along, across)
