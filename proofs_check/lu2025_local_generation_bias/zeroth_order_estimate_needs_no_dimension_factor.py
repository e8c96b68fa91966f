"""Appendix A.6 multiplies a ratio of two mean squares by d / d_R; the ratio needs no factor."""

from dataclasses import dataclass, replace
from functools import cache, reduce

import sympy
from sympy import Expr, Integer, Symbol, oo, pi, sqrt

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

E = Symbol("epsilon", positive=True)


@dataclass(frozen=True)
class Estimate:
    """d entries of which the first r are the region; the factors that are claimed."""

    d: int
    r: int
    full: Expr = Integer(1)
    local: Expr = Integer(1)
    final: Expr = Integer(1)


@claim(
    source=PAPER.at("Appendix A.6, zeroth-order approximation"),
    relation=Relation.REFUTES,
    evidence=Evidence.SYMBOLIC,
    cases=[Estimate(3, 2), Estimate(4, 2), Estimate(4, 3)],
    must_fail={
        "factor d as printed": lambda case: replace(case, full=Integer(case.d)),
        "factor d_R as printed": lambda case: replace(case, local=Integer(case.r)),
        "d / d_R at the end": lambda case: replace(case, final=Integer(case.d) / case.r),
        "full square 2 per cent larger": lambda case: replace(case, full=Integer(51) / 50),
    },
)
def zeroth_order_estimate_needs_no_dimension_factor(case: Estimate) -> Finding:
    r"""$E \langle \epsilon_1, \nabla f \rangle^2 = \epsilon^2 \|\nabla f\|^2$, without a factor
    $d$, for $\epsilon_1 \sim N(0, \epsilon^2 I_d)$.

    Likewise $E \langle \epsilon_2, \nabla f \rangle^2 = \epsilon^2 \|P_R^\top \nabla f\|^2$ for
    $\epsilon_2 \sim N(0, \epsilon^2 P_R P_R^\top)$, without a factor $d_R$. So the ratio of the
    two is the LDR at the point, and the printed recipe, which multiplies it by $d / d_R$, returns
    $d / d_R > 1$ for a map that depends on the region alone. (The appendix writes
    $N(0, \epsilon I_d)$, whose variance is $\epsilon$: that scales both sides alike.) Gradients
    are symbols, $(d, d_R) = (3, 2), (4, 2), (4, 3)$; the expectations are Gaussian integrals,
    entry by entry.
    """
    gradient = sympy.symbols(f"g1:{case.d + 1}", real=True)
    full = mean_square(gradient)
    local = mean_square(gradient[: case.r])
    norms = [sum(g**2 for g in some) for some in (gradient, gradient[: case.r])]
    inside = {g: Integer(0) for g in gradient[case.r :]}
    printed = sympy.Rational(case.d, case.r) * (local / full).subs(inside)
    return all_hold(
        identity(full, case.full * E**2 * norms[0]),
        identity(local, case.local * E**2 * norms[1]),
        identity(case.final * local / full, norms[1] / norms[0]),
        positive(printed - 1),
    )


@cache
def mean_square(gradient: tuple[Symbol, ...]) -> Expr:
    """E (sum_k g_k e_k)^2 over independent e_k of law N(0, epsilon^2), integrated one by one."""
    steps = sympy.symbols(f"e1:{len(gradient) + 1}", real=True)
    square = sympy.expand(sum(g * e for g, e in zip(gradient, steps, strict=True)) ** 2)
    return reduce(averaged, steps, square)


@cache
def gaussian_moments(step: Symbol) -> list[Expr]:
    """The integrals of 1, e and e^2 under N(0, epsilon^2)."""
    density = sympy.exp(-(step**2) / (2 * E**2)) / (E * sqrt(2 * pi))
    return [sympy.integrate(step**k * density, (step, -oo, oo)) for k in range(3)]


def averaged(expression: Expr, step: Symbol) -> Expr:
    """The expectation in one Gaussian entry of a polynomial of degree 2 in it."""
    moments = gaussian_moments(step)
    polynomial = sympy.Poly(expression, step)
    return sum(polynomial.coeff_monomial(step**k) * moments[k] for k in range(3))
