"""X8: a DDIM step over-contracts, by an exact gap."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol, sqrt

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive
from theorylab.symbolic import forms

FEWER = Symbol("w", positive=True)
"""v = (sqrt(v') + w)^2 with w > 0: every v > v' is of this form."""


@dataclass(frozen=True)
class Step:
    """The gap claimed, and the power of s'/s that DDIM is compared with."""

    gap: Expr = Integer(1)
    power: int = 2
    width: Expr = forms.sigma**2


@claim(
    source=read_at("Section 2 (DDIM as the discretised flow)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Step()],
    must_fail={
        "gap two per cent larger": lambda case: replace(case, gap=Rational(51, 50)),
        "contracts more than the SDE": lambda case: replace(case, power=4),
        "sigma for sigma^2": lambda case: replace(case, width=forms.sigma),
    },
)
def ddim_contracts_more_than_the_flow(case: Step) -> Finding:
    r"""A DDIM step from $v$ to $v'$, $0 < v' < v$, contracts the offset from the expected mean by
    $c = \frac{\sigma^2 + \sqrt{vv'}}{\sigma^2 + v}$, and the flow of a single mode by $s'/s$,
    $s^2 = \sigma^2 + v$. Always $c < s'/s$:

    $$\frac{s'^2}{s^2} - c^2 = \frac{\sigma^2(\sqrt v - \sqrt{v'})^2}{(\sigma^2 + v)^2} > 0 .$$

    (DDPM's mean contracts by $s'^2/s^2$, which is less than $c$: each step
    $c - \frac{s'^2}{s^2} = \frac{\sqrt{v'}\,(\sqrt v - \sqrt{v'})}{\sigma^2 + v}$.)
    """
    v, after, width = forms.v, forms.v_next, case.width
    c = forms.ddim_contraction()
    flow = ((forms.sigma**2 + after) / (forms.sigma**2 + v)) ** Rational(case.power, 2)
    gap = case.gap * width * (sqrt(v) - sqrt(after)) ** 2 / (forms.sigma**2 + v) ** 2
    exact = identity(flow - c**2, gap)
    sign = positive(sympy.factor(gap.subs(v, (sqrt(after) + FEWER) ** 2)))
    posterior = c - (forms.sigma**2 + after) / (forms.sigma**2 + v)
    mean = identity(posterior, sqrt(after) * (sqrt(v) - sqrt(after)) / (forms.sigma**2 + v))
    return all_hold(exact, sign, mean)
