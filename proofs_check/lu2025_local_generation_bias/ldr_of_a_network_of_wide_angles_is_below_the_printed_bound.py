r"""Lemma A.7: the printed lower bound on the LDR, and a network below it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import below
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
    for_all_equal,
)

PAIRS = 400
"""Small neurons on each side; the width is m = 2 PAIRS + 2."""

VERTICES = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]

K3 = Fraction(1, 100)
"""k_3, and the bias of the large neurons over |w^(i)|."""


@dataclass(frozen=True)
class Example:
    """k_1; how strong the small neurons are; the square of it under the root of S."""

    angle: Fraction = Fraction(3)
    cancels: Fraction = field(default=Fraction(1), repr=False)
    across: int = field(default=0, repr=False)
    at_least: Fraction = field(default=Fraction(44, 100), repr=False)


@claim(
    source=PAPER.at("Lemma A.7"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Example(), Example(Fraction(4))],
    must_fail={
        "the bound with k_1 in S": lambda case: replace(case, across=1),
        "neurons at an angle below k_1 = 1/2": lambda case: replace(case, angle=Fraction(1, 2)),
        "small neurons 5 per cent weaker": lambda case: replace(case, cancels=Fraction(19, 20)),
        "a neuron active with probability .46": lambda case: replace(
            case, at_least=Fraction(46, 100)
        ),
    },
)
def ldr_of_a_network_of_wide_angles_is_below_the_printed_bound(case: Example) -> Finding:
    r"""On $v_1 v_2 v_3 = 1$ at $\bar\alpha = 1/2$ a balanced network of 802 neurons satisfies the
    hypotheses of Lemma A.7 with $k_1 = 3$, $k_2 = 1$, $k_3 = .01$, $k_4 = .05$, and its LDR is
    less than a twentieth of the printed lower bound. So does one with $k_1 = 4$.

    Two large neurons have $a = \pm 1$, $w = \pm w_1 (1, k_1, 0)$, $b = k_3 w_1$. Of the small
    ones, $a = \pm k_0$, $w = \mp k_0 e_1$, $b = 0$ with $400 k_0^2 = w_1$, one half is active at
    each $x$ and cancels the own weight of a large one. So the pointwise ratio is 0 where one large
    neuron is active and $1/(1 + 4 k_1^2)$ where both are; one of them always is. Hence
    $LDR(\{1\}) = P(|x_1 + k_1 x_2| < k_3)/(1 + 4 k_1^2)$. The bound is $P(k_1, k_3, k_4)$ times a
    square, and $P \ge .44$: one of the two neurons alone is active as often, for every admissible
    $w$ and $b \ge 0$.
    """
    ratios = for_all_equal(places(), lambda place: (ratio(case, place), expected(case, place)))
    often = enclosed(
        lambda p, q: active(p, q) - ball(case.at_least), [(-case.angle, case.angle)] * 2
    )
    return all_hold(ratios, often, enclosed(lambda: bound(case) / 20 - ldr(case)))


Place = tuple[bool, tuple[bool, bool]]


def places() -> Iterator[Place]:
    """Whether x_1 > 0, and which large neurons are active: one of them always is, as b > 0."""
    return product((True, False), ((True, False), (False, True), (True, True)))


def ratio(case: Example, place: Place) -> Fraction:
    """The ratio of the energies from the sum over all neurons, in units of w_1."""
    positive, active_ones = place
    neurons = [(on, Fraction(1), case.angle) for on in active_ones]
    small = -case.cancels / PAIRS  # a w_1 has the same sign in both halves
    neurons += [(positive, small, Fraction(0))] * PAIRS
    neurons += [(not positive, small, Fraction(0))] * PAIRS
    own = sum((row[1] for row in neurons if row[0]), Fraction(0))
    other = sum((row[2] for row in neurons if row[0]), Fraction(0))
    return own**2 / (own**2 + other**2)


def expected(case: Example, place: Place) -> Fraction:
    """1/(1 + 4 k_1^2) where both large neurons are active, 0 elsewhere."""
    return 1 / (1 + 4 * case.angle**2) if all(place[1]) else Fraction(0)


def own_weight(case: Example) -> arb:
    """w_1 of a large neuron, by a^2 = |w|^2 + b^2 = 1."""
    return 1 / ball(1 + case.angle**2 + K3**2).sqrt()


def ldr(case: Example) -> arb:
    """P(|x_1 + k_1 x_2| < k_3)/(1 + 4 k_1^2); s = nu here."""
    angle, edge = ball(case.angle), ball(K3)
    noise, total = (1 + angle**2).sqrt(), arb(0)
    for v in VERTICES:
        centre = v[0] + angle * v[1]
        spread = edge * arb(2).sqrt()  # edge / nu
        total += below((centre + spread) / noise) - below((centre - spread) / noise)
    return total / 4 / (1 + 4 * angle**2)


def bound(case: Example) -> arb:
    """The printed bound, with .44 for P."""
    S = ball(1 + case.across * case.angle**2 + Fraction(5, 100) ** 2).sqrt()
    mass = (2 * PAIRS + 2) * ball(case.cancels) * own_weight(case) / PAIRS * S
    factor = (1 - mass) / (1 + ball(case.angle) + mass)
    return ball(case.at_least) * factor.max(arb(0)) ** 2


def active(p: arb, q: arb) -> arb:
    """P(x_1 + p x_2 + q x_3 > 0); s = nu here."""
    size = (1 + p**2 + q**2).sqrt()
    return sum((below((v[0] + p * v[1] + q * v[2]) / size) for v in VERTICES), arb(0)) / 4
