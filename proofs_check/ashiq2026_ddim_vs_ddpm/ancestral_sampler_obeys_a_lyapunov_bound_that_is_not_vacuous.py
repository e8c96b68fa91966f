"""Proposition 5.1 for the sampler itself, kept in its two parts: confinement and return."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._chain_balls import (
    TINY,
    Real,
    any_mean,
    growth,
    linear_chain,
    mean_value,
    outer,
    step,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._escape_balls import supremum
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
    precision,
)
from theorylab.claims.flow import inside


@dataclass(frozen=True)
class Lyapunov:
    """The first raw step, theta/ell, gamma and a*/ell of the test function; the three terms."""

    raw: int
    theta: str
    gamma: str
    cut: str
    confined: tuple[str, str]
    total: tuple[str, str]
    push: str = "1"
    slab: str = "2"


@claim(
    source=read_at("Proposition 5.1 (for the discrete sampler)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Lyapunov(8, "0.05", "2000", "0.44", ("0.00584", "0.00586"), ("0.0058", "0.0060")),
        Lyapunov(8, "0.1", "500", "0.44", ("0.2478", "0.2480"), ("0.2475", "0.2485")),
        Lyapunov(20, "0.05", "500", "0.40", ("4.05e-5", "4.06e-5"), ("0.0374", "0.0380")),
        Lyapunov(20, "0.1", "200", "0.48", ("0.02068", "0.02070"), ("0.0275", "0.0283")),
        Lyapunov(20, "0.15", "100", "0.44", ("0.2995", "0.2997"), ("0.3035", "0.3048")),
    ],
    must_fail={
        "pushed two per cent less": lambda case: replace(case, push="0.98"),
        "slab two per cent wider": lambda case: replace(case, slab="2.04"),
        "radius two per cent smaller": lambda case: replace(
            case, theta=f"{0.98 * float(case.theta):.6f}"
        ),
        "from one raw step later in the run": lambda case: replace(case, raw=case.raw - 1),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate",
        "ashiq2026_ddim_vs_ddpm/confinement_term_exceeds_one_whatever_the_drift",
    ],
)
def ancestral_sampler_obeys_a_lyapunov_bound_that_is_not_vacuous(case: Lyapunov) -> Finding:
    r"""The proof of Proposition 5.1, carried over to ancestral DDPM with the exact score of the
    25-mode grid: the offset $A$ of $y = x/\sqrt{\bar\alpha}$ from the bisector of a pair of
    neighbours, in units of $\ell$, makes steps $A' = m_n(A) + d_n Z$. For
    $h(a) = e^{-\gamma\min(|a|, a^*)^2}$, $a^* \ge 2\theta$, every start and every pair

    $$P(|A_{end}| \le \theta) \le \mathrm{erf}\frac{2\theta}{\sqrt2\,S}
      + \frac{h(2\theta) + \sum_n \kappa_n}{h(\theta)}, \qquad
      \kappa_n = \sup_{|a| \ge \theta}\big(E[h(A')] - h(a)\big)^+,$$

    $S^2 \leftarrow g_n^2S^2 + d_n^2$ step by step from $0$,
    $g_n = \inf_{0<|a|\le2\theta} m_n(a)/a$, where $|a| < 10^{-12}$ counts as 0 (included). (Stay
    in the slab $|a| \le 2\theta$: then $|A|$ is stochastically larger than $|B|$,
    $B' = g_nB + d_nZ$. Leave it: $h$ plus the defects is a supermartingale until the return.
    The supremum over $|a| \ge a^*$ is attained at $a^*$, since $m_n$ increases.) The suprema are
    taken over intervals, not grids. With $(\gamma, a^*)$ as in the cases the bound lies in

    $(0.0058, 0.0060)$ and $(0.2475, 0.2485)$ from raw step 8, $\theta/\ell = 0.05, 0.1$;
    $(0.0374, 0.0380)$, $(0.0275, 0.0283)$ and $(0.3035, 0.3048)$ from raw step 20,
    $\theta/\ell = 0.05, 0.1, 0.15$,

    where Eq. 7, as reconstructed, has its first term above 1 for $\theta > 0.0659\,\ell$.
    """
    theta, gamma, cut = ball(case.theta), ball(case.gamma), ball(case.cut)
    slab = ball(case.slab) * theta
    with precision(128):
        growths = [ball(case.push) * growth(raw, slab) for raw in range(case.raw + 1)]
        chain = linear_chain(growths)
        confined = chain.mass(case.raw, arb(0), slab)
        for raw in range(case.raw):
            confined += chain.mass(raw, arb(0), slab) - chain.mass(raw, ball(TINY), slab)
    test = (-gamma * theta**2).exp()
    within = 2e-5 * float(test)
    with precision(64):
        defects = [defect(raw, gamma, cut, theta, within) for raw in range(1, case.raw + 1)]
    total = confined + ((-gamma * slab**2).exp() + sum(defects, arb(0))) / test
    return all_hold(
        inside(confined, *case.confined), inside(total, *case.total), last_step(theta, cut)
    )


def defect(raw: int, gamma: arb, cut: arb, theta: arb, within: float) -> arb:
    """kappa_n, over theta <= |a| <= a*, all pairs and both sides."""
    return supremum([change(raw, gamma, cut)], theta, cut, within=within).max(arb(0))


def change(raw: int, gamma: arb, cut: arb) -> Callable[[arb], arb]:
    """E[h(A')] - h(a) as a function of a ball for a, by the mean value theorem.

    The theorem is used with what the other modes add to the mean held fixed.
    """
    noise, rest = step(raw).noise, outer(raw, cut)
    narrow = 1 + 2 * gamma * noise**2
    width, scale = noise * (2 / narrow).sqrt(), noise * ball(2).sqrt()
    floor = (-gamma * cut**2).exp()

    def function(x: Real) -> Real:
        m = any_mean(x, raw, rest)
        kept = (-(gamma / narrow) * m * m).exp() / (2 * narrow.sqrt())
        near = ((cut - m / narrow) / width).erf() + ((cut + m / narrow) / width).erf()
        far = 2 - ((cut - m) / scale).erf() - ((cut + m) / scale).erf()
        return kept * near + floor * far / 2 - (-gamma * x * x).exp()

    return lambda x: function(x) if x.is_exact() else mean_value(function, x)


def last_step(theta: arb, cut: arb) -> Finding:
    """The step without noise moves away from the bisector, so that its defect is 0."""
    low, high = float(theta) - 1e-12, float(cut) + 1e-12
    rest = outer(0, ball(high))
    return enclosed(lambda x: any_mean(x, 0, rest) - x, [(low, high)])
