"""Proposition C.6: the escape condition under an error of the score, and its drift bound."""

from dataclasses import dataclass, replace

from sympy import Expr, Integer, Rational, simplify, symbols

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

RATE, THETA, BETA, EPS = symbols("lambda theta beta eps", positive=True)
AHEAD, ROOM, SPARE, PUSH = symbols("r q w p", positive=True)


@dataclass(frozen=True)
class Rates:
    """The share of beta_max eps/theta that is lost, and the share of lambda that is left."""

    lost: Expr = Integer(1)
    left: Expr = Rational(1, 2)
    allowed: Expr = Rational(1, 2)


@claim(
    source=read_at("Proposition C.6"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Rates()],
    must_fail={
        "two per cent less is lost": lambda case: replace(case, lost=Rational(49, 50)),
        "five eighths are left": lambda case: replace(case, left=Rational(5, 8)),
        "five eighths allowed": lambda case: replace(case, allowed=Rational(5, 8)),
    },
)
def score_error_lowers_the_escape_rate_by_its_size_over_the_radius(case: Rates) -> Finding:
    r"""Let $-b(a) \ge \lambda a$ for $a \ge \theta$ and $\beta \le \beta_{\max}$, and let the
    score be off by $\delta$, $|\langle n, \delta\rangle| \le \epsilon_s$, so that the drift in
    remaining time is $-b + \beta\langle n, \delta\rangle$. Then for $a \ge \theta$ it is at least

    $$\lambda'a, \qquad \lambda' = \lambda - \frac{\beta_{\max}\,\epsilon_s}{\theta},$$

    with equality for $-b = \lambda a$, $\beta\langle n,\delta\rangle = -\beta_{\max}\epsilon_s$ at
    $a = \theta$: no larger constant will do. It is more than $\lambda/2$ if and only if
    $\beta_{\max}\epsilon_s < \frac12\lambda\theta$, the reconstructed condition (C.18).
    """
    most, a = BETA + ROOM, THETA + AHEAD
    rate = RATE - case.lost * most * EPS / THETA
    worst = RATE * a + PUSH - BETA * EPS
    holds = positive(simplify(worst - rate * a).expand())
    extremal = identity(RATE * THETA - most * EPS, (rate * THETA).expand())
    half = case.allowed * RATE * THETA / most
    below = rate.subs(EPS, half / (1 + SPARE)) - case.left * RATE
    above = case.left * RATE - rate.subs(EPS, half * (1 + SPARE))
    halves = [positive(part.together().factor()) for part in (below, above)]
    return all_hold(holds, extremal, *halves)
