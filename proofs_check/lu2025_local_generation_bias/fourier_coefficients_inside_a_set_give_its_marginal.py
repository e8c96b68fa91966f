"""Section 5.1.1: the coefficients of the subsets of S determine the law of the bits in S."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, combinations, product
from math import prod

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
    skewed,
)
from theorylab.claims import Evidence, Finding, Relation, claim, for_all_equal, grid
from theorylab.parity import HypercubeLaw

Members = tuple[int, ...]


def subsets(members: Members) -> Iterator[Members]:
    """All subsets, the empty one first."""
    return chain.from_iterable(combinations(members, size) for size in range(len(members) + 1))


def proper_subsets(members: Members) -> Iterator[Members]:
    """All subsets but the set itself."""
    return (subset for subset in subsets(members) if subset != members or not members)


@dataclass(frozen=True)
class Expansion:
    """A law, the coefficients that are used, and a factor that is 1."""

    law: Callable[[], HypercubeLaw]
    used: Callable[[Members], Iterator[Members]] = field(default=subsets, repr=False)
    factor: Fraction = field(default=Fraction(1), repr=False)


@claim(
    source=PAPER.at("Section 5.1.1"),
    relation=Relation.AS_STATED,
    evidence=Evidence.EXHAUSTIVE,
    cases=grid(
        Expansion,
        law=[parity_of_three_bits, odd_parity_beside_a_free_bit, balanced_brackets, skewed],
    ),
    must_fail={
        "2 per cent more": lambda case: replace(case, factor=Fraction(51, 50)),
        "without the coefficient of S itself": lambda case: replace(case, used=proper_subsets),
    },
)
def fourier_coefficients_inside_a_set_give_its_marginal(case: Expansion) -> Finding:
    r"""The coefficients $\bar p_I$, $I \subset S$, give the law of the bits in $S$.

    Explicitly $P(x_S = u) = 2^{d - |S|} \sum_{I \subset S} \bar p_I u_I$ for every $S \subset [d]$
    and every $u \in \{-1, 1\}^S$, with $\bar p_\emptyset = 2^{-d}$.
    """
    law = case.law()
    events = [
        (members, signs)
        for members in subsets(tuple(range(law.dimension)))
        for signs in product((1, -1), repeat=len(members))
    ]

    def sides(event: tuple[Members, Members]) -> tuple[Fraction, Fraction]:
        members, signs = event
        sign = dict(zip(members, signs, strict=True))
        terms = (
            law.fourier_coefficient(subset) * prod(sign[i] for i in subset)
            for subset in case.used(members)
        )
        expansion = case.factor * 2 ** (law.dimension - len(members)) * sum(terms)
        return probability(law, sign), Fraction(expansion)

    return for_all_equal(events, sides)


def probability(law: HypercubeLaw, sign: dict[int, int]) -> Fraction:
    """P(v_i = sign_i for all i given), from the atoms."""
    agreeing = (p for v, p in law.atoms() if all(v[i] == s for i, s in sign.items()))
    return sum(agreeing, start=Fraction(0))
