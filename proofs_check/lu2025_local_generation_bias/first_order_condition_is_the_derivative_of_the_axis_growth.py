r"""The display after Equation (5): the first-order condition of f."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol, erf, exp, pi, sqrt

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

D = Symbol("D", real=True)
ABAR = Symbol("abar", positive=True)
REST = Symbol("r", positive=True)
"""1 - abar = r; the two are tied only where a substitution is made."""


def f() -> Expr:
    """Equation (5), with r for 1 - abar."""
    up, down = (
        D / sqrt(2 * REST) + sqrt(ABAR / (2 * REST)),
        D / sqrt(2 * REST) - sqrt(ABAR / (2 * REST)),
    )
    return (1 + erf(up) / 2 + erf(down) / 2) / sqrt(1 + D**2)


@dataclass(frozen=True)
class Condition:
    """The printed condition: its prefactor and the power of 1 + D^2 in the derivative."""

    factor: Expr = Integer(1)
    power: Expr = Rational(3, 2)
    shift: int = -1


@claim(
    source=PAPER.at("Equation (5) and the display after it"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Condition()],
    must_fail={
        "2 per cent more density": lambda case: replace(case, factor=Rational(51, 50)),
        "another power": lambda case: replace(case, power=Rational(1, 2)),
        "both shifts to the right": lambda case: replace(case, shift=1),
    },
)
def first_order_condition_is_the_derivative_of_the_axis_growth(case: Condition) -> Finding:
    r"""$f'(D) (1 + D^2)^{3/2} / D$ is the left side minus the right side of the printed condition.

    So, for $D \ne 0$, the condition holds exactly where $f' = 0$. Every stationary point has
    $D > 0$, as $f'(D) (1 + D^2)^{3/2} = (1 + D^2) (2G)'(D) - D \cdot 2G(D)$ with $G' > 0$ and
    $G > 0$. As $f(D) + f(-D) = 2/\sqrt{1 + D^2}$ and $f'(0) > 0$, the maximum of $f$ exceeds
    $f(0) = 1$, and the largest growth rate exceeds $\nu/2$.
    """
    up = D / sqrt(2 * REST) + sqrt(ABAR / (2 * REST))
    down = D / sqrt(2 * REST) + case.shift * sqrt(ABAR / (2 * REST))
    prefactor = case.factor * (1 + D**2) / (D * sqrt(2 * pi * REST))
    left = prefactor * (exp(-(up**2)) + exp(-(down**2)))
    right = 1 + erf(up) / 2 + erf(down) / 2
    condition = identity(sympy.diff(f(), D) * (1 + D**2) ** case.power / D, left - right)
    halves = identity(f() + f().subs(D, -D), 2 / sqrt(1 + D**2))
    slope = positive(sympy.simplify(sympy.diff(f(), D).subs(D, 0)))
    increasing = positive(sympy.diff(f() * sqrt(1 + D**2), D))
    return all_hold(condition, halves, slope, increasing)
