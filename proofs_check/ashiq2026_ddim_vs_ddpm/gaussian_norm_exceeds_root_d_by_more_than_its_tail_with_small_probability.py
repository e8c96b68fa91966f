"""Lemma G.5: the tail of the norm of a Gaussian vector, by ball arithmetic."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, ball, claim, enclosed, grid


@dataclass(frozen=True)
class Tail:
    """A dimension; delta = e^{-L} with L up to `nats`; the radius has two factors."""

    dimension: int
    nats: int = 10000
    centre: str = "1"
    factor: str = "2"


@claim(
    source=read_at("Lemma G.5"),
    relation=Relation.AS_STATED,
    evidence=Evidence.ENCLOSED,
    cases=grid(Tail, dimension=[1024, 64, 8, 3, 2, 1]),
    must_fail={
        "centred four per cent too low": lambda case: replace(case, centre="0.96"),
        "two per cent less under the root": lambda case: replace(case, factor="1.96"),
        "the factor 2 is lost": lambda case: replace(case, factor="1"),
        "without the dimension": lambda case: replace(case, centre="0"),
    },
)
def gaussian_norm_exceeds_root_d_by_more_than_its_tail_with_small_probability(
    case: Tail,
) -> Finding:
    r"""For $g \sim N(0, I_d)$ and every $\delta \in [e^{-10000}, 1]$,

    $$P\big(|g| > \sqrt d + \sqrt{2\ln(1/\delta)}\big) \le \delta .$$

    Checked for $d = 1, 2, 3, 8, 64$ and $1024$ through the regularised incomplete gamma function,
    $P(|g| > r) = Q(d/2, r^2/2)$, on boxes that cover all $\delta$.
    """
    order = ball(case.dimension) / 2
    root = ball(case.centre) * ball(case.dimension).sqrt()

    def room(nats: arb) -> arb:
        """ln(delta / P) on a box: P at its lowest radius against delta at its largest L."""
        low, high = nats.lower(), nats.upper()
        low = low if low > 0 else arb(0)
        largest = tail(root + (ball(case.factor) * low).sqrt(), order)
        smallest = tail(root + (ball(case.factor) * high).sqrt(), order)
        return (-high - largest.log()).union(-low - smallest.log())

    return enclosed(room, [(0, case.nats)])


def tail(radius: arb, order: arb) -> arb:
    """P(|g| > r) = Q(order, r^2 / 2) with order = d/2."""
    return (radius**2 / 2).gamma_upper(order, regularized=1)
