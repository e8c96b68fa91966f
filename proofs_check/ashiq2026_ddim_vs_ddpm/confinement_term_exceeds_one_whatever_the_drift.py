"""The first term of Equation 7 at the radius of the experiments, without any drift."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._confinement import reflection
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import MIDPOINTS, outward
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import squared_separation
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import WINDOW, variance
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.flow import inside


@dataclass(frozen=True)
class Vacuity:
    """theta/ell, the stated bounds, and the factor 2 theta (2 + 0) = 4 theta."""

    theta: str = "0.15"
    least: str = "1.2152446"
    widest: tuple[str, str] = ("0.06589", "0.06590")
    exact: str = "6e-7"
    literal: str = "231.1"
    widest_literal: str = "1.21e-4"
    travel: str = "4"
    raws: int = 22


@claim(
    source=read_at("Proposition 5.1 (first term of Equation 7)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Vacuity()],
    must_fail={
        "radius two per cent smaller": lambda case: replace(case, theta="0.147"),
        "travel of 3.9 theta": lambda case: replace(case, travel="3.9"),
        "widest radius two per cent larger": lambda case: replace(
            case, widest=("0.0671", "0.0673")
        ),
        "a run from one raw step earlier": lambda case: replace(case, raws=23),
        "literal radius two per cent larger": lambda case: replace(case, literal="235.8"),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/brownian_motion_stays_in_an_interval_with_at_most_its_first_mode"
    ],
)
def confinement_term_exceeds_one_whatever_the_drift(case: Vacuity) -> Finding:
    r"""In the reconstructed Eq. 7 the first term is $\frac4\pi e^{-\pi^2Q/(8R^2)}$ with
    $R = 2\theta(2 + \int K) \ge 4\theta$. On the window from raw step 21, $\theta = 0.15\,\ell$,
    it is at least $1.2152446$ even with $K = 0$. With any $K$ it is below 1 only if
    $\theta < 0.0659\,\ell$, that is $6.59\,\sigma$. No better constant would help: the exact
    probability that a Brownian motion stays within $4\theta$ for the time $Q$ exceeds
    $1 - 6\cdot10^{-7}$.

    If $|b| \le K|a|$ is asked for down to $a = 0$, as the surviving proof uses it, then, with the
    moving midpoint (with the fixed one no $K$ exists), $R > 231.1$ at $\theta = 0.15\,\ell$, and
    the term is below 1 only if $\theta < 1.21\cdot10^{-4}\,\ell$, a hundredth of $\sigma$.
    """
    unit, q = squared_separation().sqrt(), variance(range(case.raws))
    radius = ball(case.travel) * ball(case.theta) * unit
    term = 4 / arb.pi() * (-(arb.pi() ** 2) * q / (8 * radius**2)).exp()
    threshold = (arb.pi() ** 2 * q / (8 * (4 / arb.pi()).log())).sqrt() / unit
    small = ball("1e-6")
    literal = sum(
        (outward(small, raw, MIDPOINTS[2], 1, moving=True) / small for raw in WINDOW), arb(0)
    )
    return all_hold(
        enclosed(lambda: term - ball(case.least)),
        enclosed(lambda: ball(case.least) + ball("2e-7") - term),
        inside(threshold / ball(case.travel), *case.widest),
        enclosed(lambda: ball(case.exact) - (1 - reflection(q / radius**2))),
        enclosed(lambda: 2 * ball(case.theta) * unit * (2 + literal) - ball(case.literal)),
        enclosed(lambda: ball(case.widest_literal) - threshold / (2 * (2 + literal))),
    )
