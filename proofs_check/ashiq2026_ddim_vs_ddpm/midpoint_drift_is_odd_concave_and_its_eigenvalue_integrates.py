"""What the growth bound of Proposition 4.7 (2) rests on, symbolically."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol, cosh, tanh

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive
from theorylab.symbolic import forms

AHEAD = Symbol("xi_+", positive=True)


@dataclass(frozen=True)
class Formulas:
    """The constants of the three formulas."""

    curvature: Expr = forms.ell**3 / (4 * forms.s**4)
    share: Expr = Rational(1, 8)
    clock: Expr = Integer(1)
    shifted: Expr = Integer(0)


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Formulas()],
    must_fail={
        "two per cent more curvature": lambda case: replace(
            case, curvature=Rational(51, 50) * case.curvature
        ),
        "s^2 for s^4 in the curvature": lambda case: replace(
            case, curvature=case.curvature * forms.s**2
        ),
        "two per cent more of the separation": lambda case: replace(case, share=Rational(51, 400)),
        "the clock with the other sign": lambda case: replace(case, clock=Integer(-1)),
        "odd about another point": lambda case: replace(case, shifted=forms.ell / 50),
    },
)
def midpoint_drift_is_odd_concave_and_its_eigenvalue_integrates(case: Formulas) -> Finding:
    r"""The two-mode drift $f(\xi) = -\xi + \tfrac{\ell}{2}\tanh\frac{\ell\xi}{2s^2}$ is odd, and

    $$f''(\xi) = -\frac{\ell^3}{4s^4}\,\tanh\frac{\ell\xi}{2s^2}\,/\cosh^2\frac{\ell\xi}{2s^2}
      < 0 \quad (\xi > 0),$$

    so $f(\xi) \le \lambda\xi$ for all $\xi \ge 0$. Along the clock ($du = -ds/s$) the eigenvalue
    $\lambda = \ell^2/(4s^2) - 1$ has the integral
    $\frac{\ell^2}{8}\big(\frac{1}{s_1^2} - \frac{1}{s_0^2}\big) - \ln\frac{s_0}{s_1}$
    from $s_0$ down to $s_1$: its derivative $-s_1\,\partial/\partial s_1$ is $\lambda(s_1)$, and
    it is additive over windows that follow one another.
    """
    f = forms.two_mode_drift()
    angle = forms.ell * forms.xi / (2 * forms.s**2)
    bend = -case.curvature * tanh(angle) / cosh(angle) ** 2
    concave = identity(sympy.diff(f, forms.xi, 2), bend)
    negative = positive((-bend).subs(forms.xi, AHEAD))
    mirrored = f.subs(forms.xi, case.shifted - forms.xi)
    odd = identity(mirrored.rewrite(sympy.exp), -f.subs(forms.xi, case.shifted + forms.xi))
    integral = forms.integrated_eigenvalue()
    clock = sympy.log(forms.s0 / forms.s1)
    stated = 8 * case.share * (integral + clock) - case.clock * clock
    slope = identity(-forms.s1 * sympy.diff(stated, forms.s1),
                     forms.midpoint_eigenvalue().subs(forms.s, forms.s1))  # fmt: skip
    middle = Symbol("s_m", positive=True)
    parts = stated.subs(forms.s1, middle) + stated.subs(forms.s0, middle)
    adds = identity(parts, stated)
    return all_hold(concave, negative, odd, slope, adds)
