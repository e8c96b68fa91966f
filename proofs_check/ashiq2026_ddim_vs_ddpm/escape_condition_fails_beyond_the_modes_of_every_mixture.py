"""Equation 6 for all |a| >= theta: no mixture satisfies it."""

from dataclasses import dataclass, replace
from itertools import product

from sympy import Expr, Integer, symbols

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import outward
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import HALF, SIDES, escape_rate
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, enclosed, positive
from theorylab.claims.flow import inside

BETA, SHARE, EXCESS, REACH = symbols("beta w e D", positive=True)
"""The numbers beta, 1/c - 1, a - D/c and D, with c = 1 - sigma_t^2/2 between 0 and 1."""


@dataclass(frozen=True)
class Beyond:
    """The statements on the grid, and the constants of the general one."""

    rate: tuple[str, str] = ("-0.02569", "-0.02566")
    at_half: tuple[str, str] = ("-3.7e-5", "-2.9e-5")
    cut: str = "0.52"
    rest: Expr = Integer(2)
    edge: str = "0.5001"


@claim(
    source=read_at("Proposition 5.1 (Equation 6)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Beyond()],
    must_fail={
        "twice the linear drift": lambda case: replace(case, rest=Integer(1)),
        "up to two per cent less": lambda case: replace(case, cut="0.51"),
        "a rate two per cent larger": lambda case: replace(case, rate=("-0.0253", "-0.0251")),
        "up to half a separation it holds": lambda case: replace(case, at_half=("0", "1e-5")),
        "before the mode it fails": lambda case: replace(case, edge="0.495"),
    },
)
def escape_condition_fails_beyond_the_modes_of_every_mixture(case: Beyond) -> Finding:
    r"""Let $D = \max_k\langle n, \sqrt{\bar\alpha_t}\mu_k - m_t\rangle$ for a mixture of one
    variance with $\sigma_t^2 < 2$. For every state with $a > D/(1 - \sigma_t^2/2)$ the drift $-b$
    of the bisector coordinate in remaining time (moving midpoint) is negative: Eq. 6, read as
    $-b \ge \lambda a$ for all $a \ge \theta$ with some $\lambda > 0$, holds for no such mixture,
    whatever $\theta$. Proof: $-b = \frac\beta2 a - \frac{\beta}{\sigma_t^2}(a - \mathrm{mean})$
    with $\mathrm{mean} \le D$.

    Explicitly, on the 25-mode grid (fixed midpoint, raw steps 0 to 21): the largest $\lambda$ on
    $0.15\,\ell \le |a| \le a^*$ is negative from $a^* = 0.5\,\ell$ on (there
    $-3.3\cdot10^{-5}$), and $-0.0257$ for $a^* = 0.52\,\ell$. With the moving midpoint $-b < 0$
    for $0.5001\,\ell \le a \le 0.9\,\ell$ at raw step 0, on either side of every
    pair. The experiment ends the condition at $a^*$; the proof needs it everywhere.
    """
    c = 1 / (1 + SHARE)
    far = REACH / c + EXCESS
    inward = BETA / (2 * (1 - c)) * (far - REACH) - BETA / case.rest * far
    general = positive(inward.together().factor())
    beyond = [
        enclosed(lambda a, m=m, side=side: -outward(a, 0, m, side, moving=True),
                 [(case.edge, "0.9")], bits=64)
        for m, side in product(HALF, SIDES)
    ]  # fmt: skip
    return all_hold(
        general,
        *beyond,
        inside(escape_rate("0.15", case.cut), *case.rate),
        inside(escape_rate("0.15", "0.50"), *case.at_half),
    )
