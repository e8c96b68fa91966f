"""Two layers learn in the order of the eigenvalues at every noise, if they start small enough."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Ordering:
    """The least ratio R = u*/u_0, a ratio that is too small, and the counterexample's."""

    ratio: str = "4.6"
    too_small: str = "4.59"
    reversed_at: str = "2.5"


def slope(s: arb) -> arb:
    """ln(R-1) - R/(R-1) at R = 1 + e^s."""
    return s - 1 - (-s).exp()


def half_time(eigenvalue: arb, sigma: arb, start: arb) -> arb:
    """ln(u*/u_0 - 1)/(4 lambda)."""
    gain = eigenvalue / (eigenvalue + sigma * sigma)
    return (gain / start - 1).log() / (4 * eigenvalue)


@claim(
    source=PAPER.at("Section 4 (training dynamics)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[Ordering()],
    must_fail={
        "a ratio of two per cent less": lambda case: replace(case, ratio="4.51"),
        "not the largest ratio that fails": lambda case: replace(case, too_small="4.6"),
        "a counterexample that is none": lambda case: replace(case, reversed_at="8"),
    },
    given=["li2024_gaussian_structure/two_balanced_layers_learn_a_direction_logistically"],
)
def large_eigenvalues_are_learned_first_from_starts_below_a_fifth_of_the_gain(
    case: Ordering,
) -> Finding:
    r"""For two balanced layers the half-time $t_{1/2} = \ln(R - 1)/(4\lambda)$, with
    $R = u^*/u_0$, $u^* = \lambda/(\lambda + \sigma^2)$ and $u_0 > 0$ fixed, falls with $\lambda$
    exactly where

    $$\frac{R}{R-1}\,\frac{\sigma^2}{\lambda + \sigma^2} < \ln(R - 1).$$

    For $R \ge 4.6$ that is so at every noise $\sigma$, since $\ln(R-1) - R/(R-1)$ grows with $R$
    (with $s = \ln(R-1)$ it is $s - 1 - e^{-s}$) and is positive at 4.6: directions whose gain is
    at least 4.6 times the start are learned in the order of their eigenvalues. At
    $R = 4.59$ the difference is negative, so that for $\sigma^2/\lambda$ large enough the order is
    lost: with $\sigma = 100$, $u_0 = u^*(1)/2.5$ the eigenvalue 1 is learned before 1.1.
    """

    def above(u: arb) -> arb:
        return slope((ball(case.ratio) - 1).log() + u / (1 - u))

    sigma = ball(100)
    start = 1 / (1 + sigma * sigma) / ball(case.reversed_at)

    def late() -> arb:
        return half_time(ball(Fraction(11, 10)), sigma, start) - half_time(ball(1), sigma, start)

    return all_hold(
        enclosed(above, [(0, Fraction(99, 100))]),
        enclosed(lambda: -slope((ball(case.too_small) - 1).log())),
        enclosed(lambda: slope((ball(case.ratio) - 1).log())),
        enclosed(late),
    )
