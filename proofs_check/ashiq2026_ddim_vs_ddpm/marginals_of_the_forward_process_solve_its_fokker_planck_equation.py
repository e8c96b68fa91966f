"""Equation 1: the mixture with shrunk means and grown variance is the law of the process."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Rational, Symbol, exp, sqrt

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity
from theorylab.symbolic import forms

x = Symbol("x", real=True)
mu = Symbol("mu", real=True)
FORGOTTEN = forms.sigma**2 + 1 - forms.alpha_bar()


@dataclass(frozen=True)
class Component:
    """One component N(shrink mu, variance) of the marginal, and the share of beta in the pull."""

    shrink: Expr = sqrt(forms.alpha_bar())
    variance: Expr = forms.marginal_variance()
    pull: Expr = Rational(1, 2)


@claim(
    source=read_at("Equation 1"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Component()],
    must_fail={
        "means shrink by abar": lambda case: replace(case, shrink=forms.alpha_bar()),
        "the own variance does not shrink": lambda case: replace(case, variance=FORGOTTEN),
        "two per cent more pull": lambda case: replace(case, pull=Rational(51, 100)),
        "two per cent more variance": lambda case: replace(
            case, variance=Rational(51, 50) * case.variance
        ),
    },
)
def marginals_of_the_forward_process_solve_its_fokker_planck_equation(case: Component) -> Finding:
    r"""Let $p_0 = \sum_k \pi_k N(\mu_k, \sigma^2)$ on the line. With
    $\sigma_t^2 = \bar\alpha_t\sigma^2 + 1 - \bar\alpha_t$ and
    $\bar\alpha_t = \exp(-\int_0^t\beta)$, every component $N(\sqrt{\bar\alpha_t}\mu_k,
    \sigma_t^2)$, hence by linearity $p_t = \sum_k \pi_k N(\sqrt{\bar\alpha_t}\mu_k, \sigma_t^2)$,
    solves

    $$\partial_t p = \tfrac12\beta\,\partial_x(x p) + \tfrac12\beta\,\partial_x^2 p,$$

    the Fokker-Planck equation of $dx = -\tfrac12\beta x\,dt + \sqrt\beta\,dW$, for every noise
    rate $\beta$, and it starts in $p_0$. (In $d$ dimensions a component is the product of $d$ of
    these, and the equation the sum of theirs.)
    """
    component = exp(-((x - case.shrink * mu) ** 2) / (2 * case.variance)) / sqrt(case.variance)
    beta = forms.beta()
    flow = beta * case.pull * sympy.diff(x * component, x)
    spread = beta / 2 * sympy.diff(component, x, 2)
    solves = identity(sympy.diff(component, forms.t) / component, (flow + spread) / component)
    at_zero = component.subs(forms.B(forms.t), 0)
    width = 2 * forms.sigma**2
    unshifted = exp((2 * x * mu - mu**2) / width) / forms.sigma
    starts = identity(at_zero * exp(x**2 / width), unshifted)
    return all_hold(solves, starts)
