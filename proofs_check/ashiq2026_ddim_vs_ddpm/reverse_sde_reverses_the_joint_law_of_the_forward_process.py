"""Equation 2 reverses paths, not only marginals: the theorem behind every exact endpoint law."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Function, Rational, diff, log

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, identity

v, v0 = sympy.symbols("v v_0", positive=True)
X = sympy.symbols("x_1 x_2", real=True)
START = sympy.symbols("Y_1 Y_2", real=True)


@dataclass(frozen=True)
class Reversal:
    """The noise level k, the dimension, and the rate of the forward kernel."""

    d: int = 1
    k: Expr = Rational(1)
    noise: Expr = Rational(1)
    rate: Expr = Rational(1)


@claim(
    source=read_at("Equation 2"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Reversal(1), Reversal(2)],
    must_fail={
        "the flow": lambda case: replace(case, k=Rational(0), noise=Rational(0)),
        "the member k = 49/50 of the family": lambda case: replace(
            case, k=Rational(49, 50), noise=Rational(49, 50)
        ),
        "the drift of the SDE without its noise": lambda case: replace(case, noise=Rational(0)),
        "a forward kernel two per cent wider": lambda case: replace(case, rate=Rational(51, 50)),
    },
    given=["ashiq2026_ddim_vs_ddpm/reverse_family_has_the_marginals_of_the_forward_process"],
)
def reverse_sde_reverses_the_joint_law_of_the_forward_process(case: Reversal) -> Finding:
    r"""In the coordinates $y = x/\sqrt{\bar\alpha}$ the forward process adds Brownian noise of
    variance $v$, so its densities solve $\partial_v p = \tfrac12\Delta p$. For every positive
    solution $p$ the conditional density of the forward process read backward, from $Y$ at $v_0$
    to $y$ at $v < v_0$,

    $$q(y, v) = \frac{p(y, v)}{p(Y, v_0)}\; N\big(Y;\, y,\, (v_0 - v) I\big),$$

    solves the Fokker-Planck equation of the reverse SDE,
    $-\partial_v q = -\operatorname{div}(q\,\nabla\ln p) + \tfrac12\Delta q$. So the reverse SDE
    has the same joint law of all times as the forward process, and its law at the data given
    $x_\tau$ is the posterior $p(x_0\,|\,x_\tau)$. This is not so for other members of the family
    ($\tfrac{1+k}{2}\nabla\ln p$ and $\tfrac k2\Delta q$ in place of the two terms), which share
    the marginals only. Checked for $d = 1, 2$.
    """
    place, start = X[: case.d], START[: case.d]
    log_p = Function("P", real=True)(*place, v)
    slope = [diff(log_p, c) for c in place]
    # the heat equation for p = exp(P)
    rise = sum(diff(g, c) + g**2 for g, c in zip(slope, place, strict=True)) / 2
    gap = case.rate * (v0 - v)
    squares = sum((a - b) ** 2 for a, b in zip(place, start, strict=True))
    log_q = log_p - squares / (2 * gap) - Rational(case.d, 2) * log(gap)
    steep = [diff(log_q, c) for c in place]
    change = -diff(log_q, v).subs(diff(log_p, v), rise)
    terms = list(zip(slope, steep, place, strict=True))
    flux = (1 + case.k) / 2 * sum(g * h + diff(g, c) for g, h, c in terms)
    spread = case.noise / 2 * sum(diff(h, c) + h**2 for _, h, c in terms)
    return identity(sympy.expand(change), sympy.expand(spread - flux))
