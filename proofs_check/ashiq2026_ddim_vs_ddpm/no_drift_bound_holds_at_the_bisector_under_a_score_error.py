"""Proposition C.6: the clause that K is to satisfy Equation 5."""

from dataclasses import dataclass, replace
from itertools import product

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import (
    MIDPOINTS,
    least,
    level,
    outward,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import squared_separation
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import SIDES, WINDOW, slab_drift
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.flow import inside


@dataclass(frozen=True)
class Clause:
    """The size of the error; K asked for; the repaired bound at raw step 0."""

    error: str = "1e-6"
    asked: str = "1e12"
    near: str = "1e-24"
    repaired: tuple[str, str] = ("0.3316", "0.3320")
    large: str = "1"


@claim(
    source=read_at("Proposition C.6 (when K satisfies Equation 5)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Clause()],
    must_fail={
        "no error": lambda case: replace(case, error="0"),
        "an offset of the size of the error": lambda case: replace(case, near="1e-6"),
        "repaired bound two per cent smaller": lambda case: replace(
            case, repaired=("0.3249", "0.3251")
        ),
        "an error fifty times larger": lambda case: replace(case, large="50"),
    },
)
def no_drift_bound_holds_at_the_bisector_under_a_score_error(case: Clause) -> Finding:
    r"""Under a score error with $\langle n, \delta\rangle = \epsilon$ near the bisector the drift
    of the coordinate there is $b(0) - \beta\epsilon$. Unless that is 0, no $K$ satisfies
    $|b_\delta(a, t)| \le K|a|$ for all $|a| \le 2\theta$: with Eq. 5 read so, the clause of
    Proposition C.6 that $K$ is to satisfy it is empty. Explicitly, with the moving midpoint on the
    25-mode grid, at every raw step 0 to 21, every pair and on either side, an error
    $\epsilon = 10^{-6}$ gives $|b_\delta(a)| > 10^{12}\,|a|$ at $|a| = 10^{-24}\,\ell$.

    What the proof needs is $M = \sup_{|a| \le 2\theta}|b|$ in place of $2\theta K$, and that
    changes by at most $\beta_{\max}\epsilon_s$: at $\theta = 0.15\,\ell$, raw step 0, fixed
    midpoint, $(M + \beta\epsilon_s)/\ell$ is $0.3318$ for $\epsilon_s = 1$.
    """
    unit = squared_separation().sqrt()
    parts = []
    for raw in WINDOW:
        for midpoint, side in product(MIDPOINTS, SIDES):
            drift = side * unit * outward(ball(case.near), raw, midpoint, side, moving=True)
            moved = abs(drift + level(raw).beta * ball(case.error))
            parts.append(moved / (unit * ball(case.near)) / ball(case.asked) - 1)
    smallest = enclosed(lambda: least(parts))
    largest_drift: arb = slab_drift(0, "0.15")
    repaired = largest_drift + level(0).beta * ball(case.large) / unit
    return all_hold(smallest, inside(repaired, *case.repaired))
