"""Proposition 4.7 (1): the midpoint of two modes is unstable once they are apart."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive
from theorylab.symbolic import forms

HALF = forms.ell / (2 * forms.s)


@dataclass(frozen=True)
class Midpoint:
    """The point, the slope claimed there, and the ell/s beyond which it is positive."""

    at: Expr = Integer(0)
    slope: Expr = (HALF - 1) * (HALF + 1)
    beyond: Expr = Integer(2)


@claim(
    source=read_at("Proposition 4.7 (1)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Midpoint()],
    must_fail={
        "two per cent steeper": lambda case: replace(
            case, slope=Rational(51, 50) * (case.slope + 1) - 1
        ),
        "s for s squared": lambda case: replace(case, slope=forms.ell**2 / (4 * forms.s) - 1),
        "away from the midpoint": lambda case: replace(case, at=forms.ell / 50),
        "unstable from s on": lambda case: replace(case, beyond=Integer(1)),
    },
)
def midpoint_eigenvalue_is_a_quarter_of_the_separation_minus_one(case: Midpoint) -> Finding:
    r"""The two-mode parallel drift $f(\xi) = -\xi + \tfrac{\ell}{2}\tanh\frac{\ell\xi}{2s^2}$
    vanishes at the midpoint $\xi = 0$ and has there the slope

    $$\lambda = \frac{\ell^2}{4s^2} - 1
      = \Big(\frac{\ell}{2s} - 1\Big)\Big(\frac{\ell}{2s} + 1\Big),$$

    so the midpoint is (instantaneously) unstable as soon as $\ell > 2s$.
    (The limit of $f(\xi)/\xi$ is finite, so $f$ vanishes there.)
    """
    drift = forms.two_mode_drift()
    secant = identity(sympy.limit(drift / forms.xi, forms.xi, 0), case.slope)
    slope = identity(sympy.diff(drift, forms.xi).subs(forms.xi, case.at), case.slope)
    excess = Symbol("x", positive=True)
    unstable = positive(sympy.expand(case.slope.subs(forms.ell, (case.beyond + excess) * forms.s)))
    return all_hold(secant, slope, unstable)
