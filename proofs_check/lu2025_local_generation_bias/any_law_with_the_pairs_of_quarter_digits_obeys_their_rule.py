"""Pairs do not merely depend in Quarter-MNIST: together they carry the whole rule."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all_equal
from theorylab.parity import EqualSumsLaw, FiniteWordLaw, WordLaw

SIGNS = (1, 1, -1, -1)


def bent(law: WordLaw) -> WordLaw:
    """Another law with the same pairs where there is one: mass moved round a cycle of words.

    With words w and u of one pair law each, w and u exchange their second rows. That keeps the
    pairs (1, 2) and (3, 4), and breaks the others.
    """
    masses = dict(law.atoms())
    w, u = (0, 0, 0, 0), (1, 1, 1, 1)
    half = masses[w] / 2
    for word, sign in ((w, -1), (u, -1), ((0, 0, 1, 1), 1), ((1, 1, 0, 0), 1)):
        masses[word] = masses.get(word, Fraction(0)) + sign * half
    return FiniteWordLaw(4, law.symbols, tuple(masses), tuple(masses.values()))


def itself(law: WordLaw) -> WordLaw:
    """The law as it is."""
    return law


@dataclass(frozen=True)
class Rule:
    """Digits 0..q-1; how the law is spoilt, and the weights of the digits in the rule."""

    q: int
    change: Callable[[WordLaw], WordLaw] = field(default=itself, repr=False)
    cyclic: bool = False
    signs: tuple[int, ...] = SIGNS


@claim(
    source=PAPER.at("Section 4.3, independence of symbols"),
    relation=Relation.BEYOND,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Rule(q) for q in range(2, 11)],
    must_fail={
        "sums modulo q": lambda case: replace(case, cyclic=True),
        "two pairs alone": lambda case: replace(case, change=bent),
        "the other sign of a digit": lambda case: replace(case, signs=(1, -1, 1, -1)),
    },
    given=["lu2025_local_generation_bias/pairs_of_quarter_digits_are_correlated_by_a_third"],
)
def any_law_with_the_pairs_of_quarter_digits_obeys_their_rule(case: Rule) -> Finding:
    r"""If every pair of digits has its law under $s_1 + s_2 = s_3 + s_4$, the rule holds surely.

    For any law with these pair laws, $E(s_1 + s_2 - s_3 - s_4)^2$ is a sum of pair expectations
    $\sum_{i, j} c_i c_j E[s_i s_j]$ with $c = (1, 1, -1, -1)$, and it is 0 for $q = 2, \dots, 10$
    symbols, from the closed form of the pair laws and from the words. So the rule needs no
    dependence of three or four digits, unlike a parity, which no pair shows.
    """
    law = case.change(EqualSumsLaw(symbols=case.q, cyclic=case.cyclic))
    counted = {pair: law.marginal(pair) for pair in combinations(range(4), 2)}
    return all_hold(
        for_all_equal([counted], lambda tables: (mean_square(tables, case.signs), 0)),
        for_all_equal([stated(case.q)], lambda tables: (mean_square(tables, case.signs), 0)),
    )


Tables = dict[tuple[int, ...], dict[tuple[int, ...], Fraction]]


def stated(q: int) -> Tables:
    """The pair laws in closed form."""
    number = q * (2 * q**2 + 1) // 3

    def table(same_row: bool) -> dict[tuple[int, ...], Fraction]:
        digits = range(q)
        gap = {(a, b): a + b - q + 1 if same_row else a - b for a in digits for b in digits}
        return {pair: Fraction(q - abs(distance), number) for pair, distance in gap.items()}

    return {pair: table(pair in ((0, 1), (2, 3))) for pair in combinations(range(4), 2)}


def mean_square(tables: Tables, signs: tuple[int, ...]) -> Fraction:
    """E(sum_i c_i s_i)^2 from pair laws alone; a digit's square is read in a pair it is in."""
    total = Fraction(0)
    for (i, j), table in tables.items():
        for (a, b), p in table.items():
            shared = (a**2 + b**2) / Fraction(3)  # every digit is in three pairs
            total += p * (shared + 2 * signs[i] * signs[j] * a * b)
    return total
