"""Lemma G.2: in rescaled space and clock time the probability flow has static means."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Function, Rational, Symbol

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, identity
from theorylab.symbolic import forms

t = forms.t
x = Function("x")(t)
m = Symbol("m", real=True)


@dataclass(frozen=True)
class Flow:
    """The share of the score in the drift and the scale of the state."""

    score_share: Expr = Rational(1, 2)
    scale: Expr = sympy.sqrt(forms.alpha_bar())


@claim(
    source=read_at("Lemma G.2"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Flow()],
    must_fail={
        "the drift of the SDE": lambda case: replace(case, score_share=Rational(1)),
        "two per cent more score": lambda case: replace(case, score_share=Rational(51, 100)),
        "scaled by abar": lambda case: replace(case, scale=forms.alpha_bar()),
    },
    given=["ashiq2026_ddim_vs_ddpm/clock_is_log_of_effective_deviation"],
)
def flow_in_the_clock_is_pull_to_the_expected_mean(case: Flow) -> Finding:
    r"""With $y = x/\sqrt{\bar\alpha_t}$ and the clock $u$, the probability flow ODE
    $\dot x = -\tfrac12\beta x - \tfrac12\beta\nabla\log p_t(x)$ becomes

    $$\frac{dy}{du} = \bar m(y) - y,$$

    where $\bar m(y) = \sum_k w_k(y)\mu_k$ enters through
    $\nabla\log p_t(x) = -(x - \sqrt{\bar\alpha_t}\,\bar m)/\sigma_t^2$.
    """
    beta, variance = forms.beta(), forms.marginal_variance()
    score = -(x - sympy.sqrt(forms.alpha_bar()) * m) / variance
    velocity = -beta * x / 2 - case.score_share * beta * score
    y = x / case.scale
    dy_dt = sympy.diff(y, t).subs(sympy.diff(x, t), velocity)
    du_dt = -beta / (2 * variance)
    return identity(dy_dt / du_dt, m - y)
