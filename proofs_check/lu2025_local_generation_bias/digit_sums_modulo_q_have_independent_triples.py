"""A rule on digits to which the paper's mechanism does apply."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations, product

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all
from theorylab.parity import EqualSumsLaw, FiniteWordLaw, HypercubeLaw, WordLaw


def modulo(q: int) -> WordLaw:
    """The rule modulo q."""
    return EqualSumsLaw(symbols=q, cyclic=True)


def over_the_integers(q: int) -> WordLaw:
    """Quarter-MNIST's rule."""
    return EqualSumsLaw(symbols=q)


def one_word_left_out(q: int) -> WordLaw:
    """The rule modulo q without one of its words."""
    words = [word for word, _ in modulo(q).atoms()]
    return FiniteWordLaw.uniform(words[1:], symbols=q)


@dataclass(frozen=True)
class Cyclic:
    """Digits 0..q-1, the law, and how many digits are claimed to be independent."""

    q: int
    law: Callable[[int], WordLaw] = field(default=modulo, repr=False)
    together: int = 3


@claim(
    source=PAPER.at("Section 4.3, independence of symbols"),
    relation=Relation.REPAIRS,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Cyclic(q) for q in (2, 3, 5, 7, 10)],
    must_fail={
        "sums of integers": lambda case: replace(case, law=over_the_integers),
        "one word left out": lambda case: replace(case, law=one_word_left_out),
        "all four digits independent": lambda case: replace(case, together=4),
    },
)
def digit_sums_modulo_q_have_independent_triples(case: Cyclic) -> Finding:
    r"""Uniform on $s_1 + s_2 \equiv s_3 + s_4 \pmod q$, any three digits are independent.

    For $q = 2, 3, 5, 7, 10$ there are $q^3$ words, and every triple of symbols has probability
    $q^{-3}$ at every three positions. So the law meets Assumption 5.1 for blocks: symbols at two
    positions are independent, which the digits of Quarter-MNIST are not. For $q = 2$ it is the
    parity of four bits.
    """
    law = case.law(case.q)
    places = combinations(range(4), case.together)
    kept = {positions: law.marginal(positions) for positions in places}
    words = product(kept, product(range(case.q), repeat=case.together))
    mass = Fraction(1, case.q**case.together)
    parts = [
        for_all(
            [law], lambda law: law.is_pairwise_independent() and len(law.atoms()) == case.q**3
        ),
        for_all(words, lambda item: kept[item[0]].get(item[1]) == mass),
    ]
    if case.q == 2:
        parity = HypercubeLaw.parity(4)
        signs = {tuple(1 - 2 * s for s in word): p for word, p in law.atoms()}
        parts.append(for_all([signs], lambda signs: signs == dict(parity.atoms())))
        parts.append(for_all(signs, lambda vertex: math.prod(vertex) == 1))
    return all_hold(*parts)
