"""Two linear layers: the equation of one direction and its solution."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

t, lam, sigma, u0 = sympy.symbols("t lambda sigma u_0", positive=True)
a, b = sympy.symbols("a b", positive=True)


@dataclass(frozen=True)
class Layers:
    """The rate in the exponent over lambda, and the limit times (lambda + sigma^2)/lambda."""

    rate: Expr = Integer(4)
    limit: Expr = Integer(1)


@claim(
    source=PAPER.at("Section 4 (training dynamics)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Layers()],
    must_fail={
        "rate two per cent less": lambda case: replace(case, rate=Rational(98, 25)),
        "rate with the noise": lambda case: replace(case, rate=4 * (1 + sigma**2 / lam)),
        "limit two per cent higher": lambda case: replace(case, limit=Rational(51, 50)),
    },
)
def two_balanced_layers_learn_a_direction_logistically(case: Layers) -> Finding:
    r"""Gradient flow of the denoising loss of $D(y) = b\,a\,y$ along one eigendirection keeps
    $a^2 - b^2$, and from a balanced start $a = b$ the gain $u = a^2$ satisfies

    $$\dot u = 4u\big(\lambda - u(\lambda + \sigma^2)\big), \qquad
      u(t) = \frac{u^*}{1 + (u^*/u_0 - 1)e^{-4\lambda t}}, \qquad
      u^* = \frac{\lambda}{\lambda + \sigma^2},$$

    reaching $u^*/2$, about which it is symmetric, at $t_{1/2} = \ln(u^*/u_0 - 1)/(4\lambda)$ if
    $u_0 < u^*/2$: the rate $4\lambda$ does not contain the noise. With $R = u^*/u_0$ the half-time
    has the derivative

    $$\frac{d t_{1/2}}{d\lambda} = \frac{1}{4\lambda^2}\Big(
      \frac{R}{R-1}\,\frac{\sigma^2}{\lambda + \sigma^2} - \ln(R - 1)\Big) .$$
    """
    loss = (a * b - 1) ** 2 * lam + (a * b) ** 2 * sigma**2
    flow_a, flow_b = -sympy.diff(loss, a), -sympy.diff(loss, b)
    limit = case.limit * lam / (lam + sigma**2)
    u = limit / (1 + (limit / u0 - 1) * sympy.exp(-case.rate * lam * t))
    growth = (2 * a * flow_a).subs(b, a)  # d(a^2)/dt on the balanced line
    half = sympy.log(limit / u0 - 1) / (case.rate * lam)
    ratio = lam / (lam + sigma**2) / u0
    slope = ratio / (ratio - 1) * sigma**2 / (lam + sigma**2) - sympy.log(ratio - 1)
    return all_hold(
        identity(2 * a * flow_a - 2 * b * flow_b + t, t),
        identity(growth, 4 * a**2 * (lam - a**2 * (lam + sigma**2))),
        identity(sympy.diff(u, t), 4 * u * (lam - u * (lam + sigma**2))),
        identity(1 / u - 1 / limit, (1 / u0 - 1 / limit) * sympy.exp(-4 * lam * t)),
        identity(limit - u.subs(t, half + t), u.subs(t, half - t)),
        identity(sympy.diff(half, lam), slope / (4 * lam**2)),
    )
