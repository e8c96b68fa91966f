"""Theorem 5.2 says LDR = 1 on M; on a share of the inputs the ratio is 0/0."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Silence:
    """One neuron relu(x_i - threshold) on a parity; the interval claimed for the silent share."""

    d: int
    alpha_bar: Fraction
    threshold: Fraction
    between: tuple[str, str]
    side: int = field(default=1, repr=False)
    own_mean: int = field(default=1, repr=False)


@claim(
    source=PAPER.at("Theorem 5.2, with Equation (2)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Silence(3, Fraction(1, 2), Fraction(1, 2), ("0.670445", "0.670455")),
        Silence(8, Fraction(1, 2), Fraction(1, 2), ("0.670445", "0.670455")),
    ],
    must_fail={
        "the active share": lambda case: replace(case, side=-1),
        "one per cent more": lambda case: replace(case, between=("0.6771", "0.6772")),
        "the signal forgotten": lambda case: replace(case, own_mean=0),
        "no input is silent": lambda case: replace(case, between=("-0.001", "0.001")),
    },
)
def jacobian_of_a_univariate_network_vanishes_on_a_share_of_the_inputs(case: Silence) -> Finding:
    r"""The claim $\mathrm{LDR}(\theta, R) = 1$ on $M$ does not hold with LDR the mean of
    $\|J_{RR}\|_F^2 / \|J_{R \cdot}\|_F^2$: the ratio is $0/0$ on a set of positive probability.

    For the network $\mathrm{relu}(x_i - 1/2)$, which lies in $M$, on the parity of 3 or 8 bits at
    $\bar\alpha = 1/2$, the Jacobian vanishes with probability
    $P(x_i \le 1/2) = 1 - \frac12 [\Phi((s - \frac12)/\nu) + \Phi((-s - \frac12)/\nu)]$, which
    lies in $(0.670445, 0.670455)$. With $0/0 := 1$, or with the mean over inputs where
    $J \ne 0$, LDR is 1 on $M$; with $0/0 := 0$ it is one minus that probability here.
    """
    low, high = (ball(end) for end in case.between)
    return all_hold(
        enclosed(lambda: silent_share(case) - low), enclosed(lambda: high - silent_share(case))
    )


def silent_share(case: Silence) -> arb:
    """P(x_i <= threshold), atom by atom."""
    noise, signal = (1 - ball(case.alpha_bar)).sqrt(), ball(case.alpha_bar).sqrt()
    total = arb(0)
    for vertex, mass in HypercubeLaw.parity(case.d).atoms():
        z = case.side * (ball(case.threshold) - case.own_mean * signal * vertex[0]) / noise
        total += ball(mass) * (-z / arb(2).sqrt()).erfc() / 2
    return total
