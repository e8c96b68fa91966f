"""Equation 5 as the experiment measures it, against what the proof of Proposition 5.1 uses."""

from dataclasses import dataclass, replace

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import largest
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import WINDOW, drift_bound, slab_drift
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.flow import inside


@dataclass(frozen=True)
class Slab:
    """theta/ell; the largest ratio of the two over the window, and whether it is at most 1."""

    theta: str
    ratio: tuple[str, str]
    enough: bool
    slab: str = "2"


@claim(
    source=read_at("Proposition 5.1 (Equation 5)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Slab("0.05", ("0.552", "0.553"), enough=True),
        Slab("0.15", ("0.710", "0.711"), enough=True),
        Slab("0.25", ("0.994", "0.995"), enough=True),
        Slab("0.26", ("1.035", "1.037"), enough=False),
        Slab("0.30", ("1.242", "1.244"), enough=False),
        Slab("0.35", ("1.656", "1.659"), enough=False),
    ],
    must_fail={
        "it suffices for every radius": lambda case: replace(case, enough=True),
        "it suffices for no radius": lambda case: replace(case, enough=False),
        "slab two per cent wider": lambda case: replace(case, slab="2.04"),
    },
    given=["ashiq2026_ddim_vs_ddpm/bisector_coordinate_is_autonomous_on_a_product_grid"],
)
def drift_bound_on_the_outer_half_of_the_slab_misses_its_inner_half(case: Slab) -> Finding:
    r"""The confinement step of the reconstructed proof needs
    $\sup_{|a| \le 2\theta} |b(a, t)| \le 2\theta K(t)$. The experiment measures
    $K(t) = \sup_{\theta \le |a| \le 2\theta} |b|/|a|$. On the 25-mode grid (fixed midpoint, all
    pairs) let $\rho$ be the largest ratio of $\sup_{|a| \le 2\theta}|b|$ to $2\theta K(t)$
    over the raw steps 0 to 21:

    $\rho = 0.552,\ 0.710,\ 0.994$ for $\theta/\ell = 0.05,\ 0.15,\ 0.25$: the measured $K$
    suffices; $\rho = 1.036,\ 1.243,\ 1.657$ for $\theta/\ell = 0.26,\ 0.30,\ 0.35$: it does not.
    The radius $0.35\,\ell$ is in use in the paper's other experiments. (On $|a| \le 2\theta$ down
    to $a = 0$ no $K$ exists with the fixed midpoint, where $b(0, t) \ne 0$.)
    """
    ratios = [
        slab_drift(raw, case.theta) / (ball(case.slab) * ball(case.theta)
                                       * drift_bound(raw, case.theta))
        for raw in WINDOW
    ]  # fmt: skip
    found = largest(ratios)
    sign = 1 if case.enough else -1
    return all_hold(inside(found, *case.ratio), enclosed(lambda: sign * (1 - found)))
