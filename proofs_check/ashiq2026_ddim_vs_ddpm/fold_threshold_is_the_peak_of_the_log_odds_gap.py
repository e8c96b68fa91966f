"""Where the equilibria of two unequal modes meet: the fold of Proposition B.1 (1)."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol, log, sqrt

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

EXCESS = Symbol("d", positive=True)
A = 4 / (1 - EXCESS**2 / (1 + EXCESS) ** 2)
"""A separation a > 4: every one is of this form, with q = sqrt(1 - 4/a) = d/(1 + d)."""
Q = EXCESS / (1 + EXCESS)
P = Symbol("p", positive=True)
ODDS = Symbol("r", positive=True)
"""p = r/(1 + r): every p in (0, 1) is of this form, and 1 - p = 1/(1 + r)."""
LOGIT = Symbol("Lambda", real=True)


@dataclass(frozen=True)
class Fold:
    """The critical point p = (1 - q)/2 and the value there, for q^2 = 1 - part/a."""

    part: Expr = Integer(4)
    odds: Expr = Integer(1)
    slope: Expr = Integer(1)


@claim(
    source=read_at("Proposition B.1 (1)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Fold()],
    must_fail={
        "artanh q for 2 artanh q": lambda case: replace(case, odds=Rational(1, 2)),
        "two per cent more of the separation": lambda case: replace(
            case, part=Rational(51, 50) * case.part
        ),
        "slope two per cent steeper": lambda case: replace(case, slope=Rational(51, 50)),
    },
)
def fold_threshold_is_the_peak_of_the_log_odds_gap(case: Fold) -> Finding:
    r"""The gap $h(p) = \ln\frac{p}{1-p} - a(p-\tfrac12)$, whose level $\Lambda$ the equilibria
    are, is odd about $1/2$ and has for $a > 4$ the critical points $p = \frac{1 \mp q}{2}$,
    $q = \sqrt{1-4/a}$, where $p(1-p) = 1/a$, with the values $\pm\Lambda_c(a)$,

    $$\Lambda_c(a) = \frac{a}{2}\,q - 2\,\mathrm{artanh}\,q > 0$$

    (it grows with $a$ from 0 at $a = 4$).

    Its slope is $h' = \frac{1}{p(1-p)} - a$, so $h$ rises to $\Lambda_c$, falls to $-\Lambda_c$
    and rises again; at an equilibrium the drift
    $g(p) = \mathrm{logistic}(\Lambda + a(p - \tfrac12)) - p$ has the slope $a\,p(1-p) - 1$.
    """
    gap = log(P / (1 - P)) - A * (P - Rational(1, 2))
    q = sqrt(1 - case.part / A)
    critical = (1 - q) / 2
    stationary = identity(sympy.diff(gap, P).subs(P, critical) + 1, Integer(1))
    artanh = log((1 + q) / (1 - q)) / 2
    peak = identity(gap.subs(P, critical), A * q / 2 - 2 * case.odds * artanh)
    odd = identity(gap.subs(P, ODDS / (1 + ODDS)), -gap.subs(P, 1 / (1 + ODDS)))
    climbs = identity(sympy.diff(gap, P), 1 / (P * (1 - P)) - A)
    rises = sympy.diff(A * Q / 2 - log((1 + Q) / (1 - Q)), EXCESS)
    grows = positive(sympy.factor(sympy.simplify(rises)))
    drift = 1 / (1 + sympy.exp(-LOGIT - A * (P - Rational(1, 2)))) - P
    slope = sympy.diff(drift, P).subs(LOGIT, log(P / (1 - P)) - A * (P - Rational(1, 2)))
    steepness = identity(slope, case.slope * A * P * (1 - P) - 1)
    return all_hold(stationary, peak, odd, climbs, grows, steepness)
