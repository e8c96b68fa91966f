"""Lemma G.2 introduces a clock as an integral; it has a closed form for every schedule."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, identity
from theorylab.symbolic import forms


@dataclass(frozen=True)
class Clock:
    """A clock rate, and the deviation of which the clock is the logarithm."""

    rate: Expr = forms.beta() / (2 * forms.marginal_variance())
    deviation: Expr = forms.effective_deviation()


NOISE_ALONE = sympy.sqrt((1 - forms.alpha_bar()) / forms.alpha_bar())
NOT_RESCALED = sympy.sqrt(forms.marginal_variance())


@claim(
    source=read_at("Lemma G.2"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Clock()],
    must_fail={
        "the factor 2 is lost": lambda case: replace(case, rate=2 * case.rate),
        "two per cent slow": lambda case: replace(case, rate=case.rate * sympy.Rational(49, 50)),
        "the mode has no width": lambda case: replace(case, deviation=NOISE_ALONE),
        "the deviation of x, not of y": lambda case: replace(case, deviation=NOT_RESCALED),
    },
)
def clock_is_log_of_effective_deviation(case: Clock) -> Finding:
    r"""For every noise rate $\beta$, the clock of the reverse process has the closed form

    $$u(t) = \int_t^T \frac{\beta_\tau}{2\sigma_\tau^2}\,d\tau = \ln\frac{s_T}{s_t},\qquad
      s_t^2 = \sigma^2 + \frac{1-\bar\alpha_t}{\bar\alpha_t},$$

    with $\sigma_t^2 = \bar\alpha_t\sigma^2 + 1 - \bar\alpha_t$ and
    $\bar\alpha_t = \exp(-\int_0^t\beta)$. So a decay $e^{-u}$ is the ratio $s_t/s_T$, and the
    whole process has the finite budget $\ln(s_T/s_0)$. (Both sides vanish at $t = T$; compared
    are their derivatives.)
    """
    clock = sympy.log(case.deviation.subs(forms.t, forms.T) / case.deviation)
    return identity(-sympy.diff(clock, forms.t), case.rate)
