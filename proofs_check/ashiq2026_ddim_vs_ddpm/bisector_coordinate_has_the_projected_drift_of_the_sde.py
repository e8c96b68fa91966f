"""Equation 4: the signed distance to the bisector of two modes under the reverse SDE."""

from dataclasses import dataclass, replace

from sympy import Expr, Function, Integer, Rational, cos, diff, exp, log, sin, sqrt, symbols, tanh

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

A, Z, MIDDLE, ANGLE = symbols("A z m_n phi", real=True)
BETA, KEPT, HALF, VARIANCE = symbols("beta rho h S2", positive=True)
"""beta, the root of abar, half the distance of the modes at time t, and sigma_t^2."""
SCORE = Function("score", real=True)
"""Any score along n, as a function of the coordinate from the moving midpoint."""


@dataclass(frozen=True)
class Formulas:
    """The constants of the closed form of two modes."""

    slope: Expr = Rational(1, 2)
    pull: Expr = Integer(1)
    half: Expr = Rational(1, 2)
    midpoint: Expr = Rational(1, 2)
    noise: int = 2


@claim(
    source=read_at("Equation 4"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Formulas()],
    must_fail={
        "the score counted half, as for the flow": lambda case: replace(case, pull=Rational(1, 2)),
        "two per cent more linear drift": lambda case: replace(case, slope=Rational(51, 100)),
        "two per cent more distance": lambda case: replace(case, half=Rational(51, 100)),
        "midpoint moves as abar": lambda case: replace(case, midpoint=Integer(1)),
        "noise beta": lambda case: replace(case, noise=1),
    },
)
def bisector_coordinate_has_the_projected_drift_of_the_sde(
    case: Formulas,
) -> Finding:
    r"""Let $n$ be the unit normal of the bisector of two modes and $m$ their midpoint. Under the
    reverse SDE $dx = (-\tfrac12\beta x - \beta\nabla\ln p_t)\,dt + \sqrt\beta\,d\bar B$ the
    coordinate $A_t = \langle n, x_t - \sqrt{\bar\alpha_t}\,m\rangle$ solves

    $$dA = b\,dt + \sqrt\beta\,dB, \qquad
      b = \langle n, -\tfrac12\beta x - \beta\nabla\ln p_t\rangle
      + \tfrac12\beta\,\langle n, \sqrt{\bar\alpha_t}\,m\rangle ,$$

    $B$ a Brownian motion ($\langle n, \sqrt\beta\, n\rangle^2 = \beta$), and with the midpoint $m$
    itself in $A_t$ the last term of $b$ is absent. (Ito's formula of a linear functional has no
    second order term.) For two
    modes of equal weight at the distance $\ell$, whatever the coordinate $z$ across,

    $$b = -\tfrac12\beta A + \frac{\beta}{\sigma_t^2}\Big(A - \sqrt{\bar\alpha_t}\,\tfrac{\ell}{2}
      \tanh\frac{\sqrt{\bar\alpha_t}\,\ell A}{2\sigma_t^2}\Big),$$

    odd in $A$. For any score, with the fixed midpoint $b$ is the same function of $A$ at
    $A + (1-\sqrt{\bar\alpha_t})\langle n, m\rangle$, less
    $\tfrac12\beta\sqrt{\bar\alpha_t}\langle n, m\rangle$.
    """
    ahead, behind = (exp(-((A - sign * HALF) ** 2 + Z**2) / (2 * VARIANCE)) for sign in (1, -1))
    score = diff(log(ahead + behind), A)
    drift = -BETA * (A + KEPT * MIDDLE) / 2 - BETA * score + BETA * KEPT * MIDDLE / 2
    closed = two_modes(case, A)
    moving = identity(drift, closed.rewrite(exp))
    across = identity(diff(score, Z), Integer(0))
    odd = identity(two_modes(case, -A).rewrite(exp), -closed.rewrite(exp))
    ahead_of_it = A + (1 - KEPT) * MIDDLE
    fixed = -BETA * (A + MIDDLE) / 2 - BETA * SCORE(ahead_of_it)
    of_moving = -BETA * ahead_of_it / 2 - BETA * SCORE(ahead_of_it)
    stays = identity(fixed, of_moving - case.midpoint * BETA * KEPT * MIDDLE)
    spread = (sqrt(BETA) * cos(ANGLE)) ** 2 + (sqrt(BETA) * sin(ANGLE)) ** 2
    noise = identity(spread, BETA ** Rational(case.noise, 2))
    return all_hold(moving, across, odd, stays, noise)


def two_modes(case: Formulas, a: Expr) -> Expr:
    """The closed form of the statement at A = a, with HALF = sqrt(abar) ell / 2."""
    inward = a - 2 * case.half * HALF * tanh(HALF * a / VARIANCE)
    return -case.slope * BETA * a + case.pull * BETA / VARIANCE * inward
