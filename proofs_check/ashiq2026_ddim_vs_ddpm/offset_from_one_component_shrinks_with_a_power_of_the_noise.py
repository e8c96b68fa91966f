"""X3: the reverse family inside one cell is linear, and its law is known at every time."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Rational, Symbol, diff, log

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

k = Symbol("k", nonnegative=True)
s, s0 = sympy.symbols("s s_0", positive=True)
z, z0 = sympy.symbols("z z_0", real=True)


@dataclass(frozen=True)
class Member:
    """A member of the family, with what the statement says about it."""

    level: Expr = k
    power: Expr = 1 + k
    spread: Expr = s**2 * (1 - (s / s0) ** (2 * k))
    noise: Expr = k


def at(level: Expr) -> Member:
    """The statement at one noise level."""
    return Member(level, 1 + level, s**2 * (1 - (s / s0) ** (2 * level)), level)


@claim(
    source=read_at("Equations 2 and 3"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Member(), at(Rational(1, 4)), at(sympy.Integer(1)), at(sympy.Integer(2))],
    must_fail={
        "the power two per cent larger": lambda case: replace(
            case, power=Rational(51, 50) * case.power
        ),
        "the spread with the power k": lambda case: replace(
            case, spread=s**2 * (1 - (s / s0) ** case.level)
        ),
        "the noise of the flow's family squared": lambda case: replace(
            case, noise=case.level**2 + Rational(1, 50)
        ),
        "the mean of the flow": lambda case: replace(case, power=sympy.Integer(1)),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean"],
)
def offset_from_one_component_shrinks_with_a_power_of_the_noise(case: Member) -> Finding:
    r"""For data with one component $N(\mu, \sigma^2 I)$ the reverse family of noise level
    $k > 0$ in the clock, $dy = (1+k)(\mu - y)\,du + \sqrt{2k}\,s\,dB$ with $s = s_0 e^{-u}$, has
    in each coordinate the transition law

    $$y(s)\,|\,y(s_0) \sim N\Big(\mu + \Big(\frac{s}{s_0}\Big)^{1+k}(y(s_0) - \mu),\;
      s^2\Big(1 - \Big(\frac{s}{s_0}\Big)^{2k}\Big)\Big):$$

    this density, $q = N(m(s)\,z_0, V(s))$ of the offset $z$, solves the Fokker-Planck equation
    $\partial_u q = (1+k)\,\partial_z(z q) + k s^2\,\partial_z^2 q$ because
    $dm/ds = (1+k)m/s$ and $dV/ds = 2(1+k)V/s - 2ks$, and it carries $N(\mu, s_0^2)$ to
    $N(\mu, s^2)$. So the mean offset in units of $s$ is multiplied by $(s/s_0)^k$: the flow
    ($k = 0$) keeps it, the reverse SDE ($k = 1$) shrinks it by $s/s_0$.
    """
    shrink, variance = (s / s0) ** case.power, case.spread
    m, V = sympy.symbols("m V", positive=True)
    rate_of_m = diff(shrink, s) / shrink * m
    rate_of_V = 2 * (1 + case.level) * V / s - 2 * case.noise * s
    log_q = -((z - m * z0) ** 2) / (2 * V) - log(V) / 2
    # u runs as -ln s
    change = -s * (diff(log_q, m) * rate_of_m + diff(log_q, V) * rate_of_V)
    slope = diff(log_q, z)
    flux = (1 + case.level) * (1 + z * slope)
    spread = case.level * s**2 * (diff(slope, z) + slope**2)
    return all_hold(
        identity(change, flux + spread),
        identity(diff(variance, s), rate_of_V.subs(V, variance)),
        identity(shrink**2 * s0**2 + variance, s**2),
    )
