"""Proposition C.6 for the sampler itself: the certified bound under an error of the score."""

from dataclasses import dataclass, replace

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._chain_balls import cut_bound
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import squared_separation
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import escape_rate, largest_beta
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, precision
from theorylab.claims.flow import inside

BITS = 220


@dataclass(frozen=True)
class Error:
    """The first raw step, eps_s, the coefficient of the cuts, and the bound that is stated."""

    raw: int
    error: str
    coefficient: str
    bound: str
    theta: str = "0.15"
    extra: str = "1"


@claim(
    source=read_at("Proposition C.6 (for the discrete sampler)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Error(8, "0.1", "1.97", "5.1533e-3"),
        Error(8, "1", "1.97", "5.1533e-2"),
        Error(20, "0.1", "3.58", "1.44237e-2"),
        Error(20, "1", "3.58", "0.144237"),
        Error(20, "3.31", "3.58", "0.47742"),
    ],
    must_fail={
        "error two per cent larger": lambda case: replace(
            case, error=f"{1.02 * float(case.error):.6f}"
        ),
        "pushed two per cent less": lambda case: replace(case, extra="0.98"),
        "no error": lambda case: replace(case, error="0"),
        "from one raw step later in the run": lambda case: replace(case, raw=case.raw - 1),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/ancestral_sampler_ends_near_a_midpoint_with_a_certified_small_chance"
    ],
)
def chance_to_end_near_a_midpoint_grows_at_most_linearly_with_the_score_error(
    case: Error,
) -> Finding:
    r"""Let the score of ancestral DDPM on the 25-mode grid be off by $\delta(x, t)$,
    $|\langle n, \delta\rangle| \le \epsilon_s$, with $n$ the normal of the bisector of a pair. A
    step then is $A' = m_n(A) + \eta_n + d_nZ$ (in $\ell$) with

    $$|\eta_n| \le \epsilon_n
      = \Big(1 - \frac{v'}{v}\Big)\frac{1-\bar\alpha_t}{\sqrt{\bar\alpha_t}}
      \,\frac{\epsilon_s}{\ell},$$

    and, with $w_n$, $g_n$, $c_n$ as for the exact score, for the radius
    $\theta + \epsilon_0$, $G_n$ the gain and $S_n$ the spread of the linear chain to the end,

    $$P(|A_{end}| \le \theta) \le w_N(0) + \sum_{n<N} w_n(c_n)
      + \sum_{0 < n \le N} \frac{\epsilon_n\,G_{n-1}}{\sqrt{2\pi}\,S_n} .$$

    (The chance of the linear chain to end near 0 changes by at most this much when it is moved by
    $\epsilon_n$.) At $\theta = 0.15\,\ell$ the right side is $0.00515$ and $0.0515$ from raw step
    8 for $\epsilon_s = 0.1$ and $1$, and $0.0144$, $0.144$ and $0.477$ from raw step 20 for
    $\epsilon_s = 0.1$, $1$ and $3.31$; Proposition C.6 with $a^* = 0.35\,\ell$ allows errors of
    up to $\lambda\theta/(2\beta_{\max})$, which is between 3.31 and 3.32. No drift bound of
    the form $K|a|$ is used.
    """
    with precision(BITS):
        bound = cut_bound(
            case.raw, ball(case.theta), case.coefficient,
            error=ball(case.error), extra=ball(case.extra),
        )  # fmt: skip
        told = ball(case.bound)
        stated = inside(bound / told, "0.9999", "1.0001")
    length = ball(case.theta) * squared_separation().sqrt()
    allowed = escape_rate(case.theta, "0.35") * length / (2 * largest_beta())
    return all_hold(stated, inside(allowed, "3.31", "3.32"))
