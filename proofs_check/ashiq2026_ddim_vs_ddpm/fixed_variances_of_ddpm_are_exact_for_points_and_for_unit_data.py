"""Section 2: what the two fixed variances of the ancestral step are the variances of."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, diff, solve, symbols

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

own, v_next, gap = symbols("V v' g", positive=True)
v = v_next + gap
y, y_next, mu = symbols("y y' mu", real=True)


@dataclass(frozen=True)
class Step:
    """The data variances for which the two are claimed to be exact, and the noise drawn."""

    small: Expr = Integer(0)
    large: Expr = Integer(1)
    noise: Expr = Integer(1)
    power: Expr = Integer(1)


@claim(
    source=read_at("Section 2 (DDIM and DDPM samplers)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Step()],
    must_fail={
        "exact for a variance of one fiftieth": lambda case: replace(case, small=Rational(1, 50)),
        "exact for a variance of 1.02": lambda case: replace(case, large=Rational(51, 50)),
        "two per cent more noise": lambda case: replace(case, noise=Rational(51, 50)),
        "the mean of the flow": lambda case: replace(case, power=Rational(1, 2)),
    },
    given=["ashiq2026_ddim_vs_ddpm/offset_from_one_component_shrinks_with_a_power_of_the_noise"],
)
def fixed_variances_of_ddpm_are_exact_for_points_and_for_unit_data(case: Step) -> Finding:
    r"""For data $N(\mu, V)$ the true law of $y'$ given $y$ over a step from $v$ to $v' < v$ is
    $N\big(\mu + \frac{V + v'}{V + v}(y - \mu),\; (v - v')\frac{V + v'}{V + v}\big)$. The mean of
    the ancestral step of DDPM with the exact score is the true one for every $V$. Its small
    variance $\tilde\beta$, which is $(v - v')\,v'/v$ in $y$, is the true one for $V = 0$, its
    large variance $\beta$, $(v - v')(1 + v')/(1 + v)$ in $y$ on a variance-preserving schedule,
    for $V = 1$; the true one increases in $V$. So for $0 < V < 1$ the small one draws too little
    noise and the large one too much.
    """
    true_mean = ((own + v_next) / (own + v)) ** case.power * (y - mu) + mu
    true = case.noise * gap * (own + v_next) / (own + v)
    denoiser = mu + own / (own + v) * (y - mu)
    ancestral = denoiser + v_next / v * (y - denoiser)
    small, large = gap * v_next / v, gap * (1 + v_next) / (1 + v)
    # Bayes: the exponent of p(y') p(y | y') is quadratic, with its peak at the mean
    exponent = -((y_next - mu) ** 2) / (2 * (own + v_next)) - (y - y_next) ** 2 / (2 * gap)
    peak = solve(diff(exponent, y_next), y_next)[0]
    curvature = -1 / diff(exponent, y_next, 2)
    return all_hold(
        identity(peak, true_mean),
        identity(curvature, true),
        identity(ancestral, true_mean),
        identity(small, curvature.subs(own, case.small)),
        identity(large, curvature.subs(own, case.large)),
        positive(sympy.factor(diff(true, own))),
    )
