r"""The proof of Theorem 5.3 picks neurons with K > nu - delta: a set that may be empty."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import below
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

FARTHEST = Fraction(3, 2)
"""g(D) <= 1/sqrt(1 + D^2) < 0.555 beyond, and g(D) <= 1/2 for D <= 0."""


ROOT_OF_98_PER_CENT = Fraction(98995, 10**5)
"""A little more than it."""


@dataclass(frozen=True)
class Levels:
    """alpha_bar at most; 1 - g* at least; or one alpha_bar, and a bias where it is reached."""

    most: Fraction
    gap: Fraction
    bias: Fraction | None = None
    factor: Fraction = field(default=Fraction(1), repr=False)


@claim(
    source=PAPER.at("Proof of Theorem 5.3"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Levels(Fraction(98, 100), Fraction(36, 100)),
        Levels(Fraction(1, 2), Fraction(3961, 10**4), Fraction(642865, 10**6)),
    ],
    must_fail={
        "2 per cent more": lambda case: replace(case, factor=Fraction(51, 50)),
        "2 per cent less, and attained": lambda case: replace(case, factor=Fraction(49, 50)),
    },
    given=[
        "lu2025_local_generation_bias/only_the_axis_grows_fastest_under_every_pairwise_independent_law"
    ],
)
def no_direction_grows_at_the_rate_that_the_early_bias_proof_starts_from(case: Levels) -> Finding:
    r"""$\{K > \nu - \delta\}$ on the unit sphere is empty for every $\delta \le .36\,\nu$, at
    every $\bar\alpha \le .98$ and for every law of Assumption 5.1; at $\bar\alpha = 1/2$ for every
    $\delta \le .3961\,\nu$, where .3962 is too much.

    The largest value of $K$ is $\nu g^*$, on the axis, and $g^* < .64$. The proof of Theorem 5.3
    takes any $\delta < \nu - K_0$ and lets the network be so wide that a neuron starts in the set;
    $\nu g^*$ has to stand for $\nu$.
    """
    most = 1 - ball(case.gap * case.factor)
    if case.bias is None:
        levels = (0, ROOT_OF_98_PER_CENT)
        return enclosed(lambda s, D: most - share(s, D), [levels, (0, FARTHEST)])
    s, best = ball(case.most).sqrt(), ball(case.bias)
    empty = enclosed(lambda D: most - share(s, D), [(0, FARTHEST)])
    return all_hold(empty, enclosed(lambda: share(s, best) - most + ball("1e-4")))


def share(s: arb, D: arb) -> arb:
    """g(D) from s = sqrt(alpha_bar)."""
    nu = (1 - s**2).sqrt()
    return (below((D + s) / nu) + below((D - s) / nu)) / 2 / (1 + D**2).sqrt()
