r"""What replaces E[C | v_i] = |w|^2 + b^2 in the proof of Theorem A.4."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
)
from proofs_check.lu2025_local_generation_bias.conditional_second_moment_of_the_jensen_step_depends_on_the_bit import (  # noqa: E501
    conditional_mean,
)
from theorylab.claims import Evidence, Finding, Relation, claim, for_all_equal
from theorylab.parity import HypercubeLaw


def parity_of_four_bits() -> HypercubeLaw:
    """Four bits with product 1: no three-bit moment."""
    return HypercubeLaw.parity(4)


def two_odd_triples() -> HypercubeLaw:
    """Five bits with v_1 v_2 v_3 = v_1 v_4 v_5 = -1."""
    rows = [
        v for v in product((1, -1), repeat=5) if v[0] * v[1] * v[2] == -1 == v[0] * v[3] * v[4]
    ]
    return HypercubeLaw.from_support(rows)


@dataclass(frozen=True)
class Neurons:
    """A law and all neurons with weights and bias among a few numbers."""

    law: Callable[[], HypercubeLaw]
    factor: Fraction = field(default=Fraction(1), repr=False)
    sign: int = field(default=1, repr=False)
    ordered: bool = field(default=True, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem A.4, display of E C"),
    relation=Relation.REPAIRS,
    evidence=Evidence.EXHAUSTIVE,
    cases=[
        Neurons(parity_of_three_bits),
        Neurons(odd_parity_beside_a_free_bit),
        Neurons(parity_of_four_bits),
        Neurons(two_odd_triples),
    ],
    assumes=[lambda case: case.law().is_pairwise_independent_with_zero_mean()],
    must_fail={
        "as printed": lambda case: replace(case, factor=Fraction(0)),
        "each pair counted once": lambda case: replace(case, ordered=False),
        "the other sign": lambda case: replace(case, sign=-1),
        "2 per cent more": lambda case: replace(case, factor=Fraction(51, 50)),
    },
)
def second_moment_of_the_jensen_step_shifts_by_the_three_bit_moments(case: Neurons) -> Finding:
    r"""$E[C | v_i = \pm 1] = |w|^2 + b^2 \pm \bar\alpha \sum_{k \ne l} m_{ikl} w_k w_l$.

    For every law with $E v_k = E v_k v_l = 0$, $m_{ikl} = E[v_i v_k v_l]$, the sum over ordered
    pairs $k \ne l$ other than $i$; so the printed value holds for all $w$ iff no three-bit moment
    with $i$ differs from 0, as for a parity of four and more bits. Checked over all neurons with
    weights in $\{-1, 0, 2/3\}$, bias in $\{0, 1/2\}$ and $\bar\alpha \in \{1/4, 9/10\}$.
    """
    law = case.law()
    d = law.dimension
    pairs = [(k, j) for k in range(1, d) for j in range(1, d) if k < j or (k > j and case.ordered)]
    moments = {pair: law.moment([0, *pair]) for pair in pairs}

    def neurons() -> Iterator[tuple[list[Fraction], Fraction, Fraction, int]]:
        values = (Fraction(-1), Fraction(0), Fraction(2, 3))
        for w in product(values, repeat=d):
            for b, A in ((Fraction(0), Fraction(1, 4)), (Fraction(1, 2), Fraction(9, 10))):
                yield from (([*w], b, A, sign) for sign in (1, -1))

    def sides(item: tuple[list[Fraction], Fraction, Fraction, int]) -> tuple[Fraction, Fraction]:
        w, b, A, sign = item
        shift = sum((m * w[k] * w[j] for (k, j), m in moments.items()), Fraction(0))
        size = sum((x * x for x in w), Fraction(0)) + b * b
        return conditional_mean(
            law, w, b, A, sign
        ), size + case.factor * case.sign * sign * A * shift

    return for_all_equal(neurons(), sides)
