"""Section 4.3 calls any two digits of Quarter-MNIST independent; none are."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all, for_all_equal
from theorylab.parity import EqualSumsLaw

SAME_ROW = ((0, 1), (2, 3))
ACROSS = ((0, 2), (0, 3), (1, 2), (1, 3))
STATED_MARGINAL = (55, 63, 69, 73, 75, 75, 73, 69, 63, 55)


@dataclass(frozen=True)
class Pairs:
    """Digits 0..q-1; what is claimed of their pairs."""

    q: int
    correlation: Fraction = Fraction(1, 3)
    count_shift: int = 0
    cyclic: bool = False
    marginal: tuple[int, ...] = field(default=STATED_MARGINAL, repr=False)

    @property
    def number(self) -> int:
        """Z, the number of words."""
        return self.q * (2 * self.q**2 + 1) // 3


@claim(
    source=PAPER.at("Section 4.3, independence of symbols"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Pairs(q) for q in range(2, 11)],
    must_fail={
        "correlation 2 per cent larger": lambda case: replace(
            case, correlation=case.correlation * Fraction(51, 50)
        ),
        "uncorrelated": lambda case: replace(case, correlation=Fraction(0)),
        "one word more for every pair": lambda case: replace(case, count_shift=1),
        "sums modulo q": lambda case: replace(case, cyclic=True),
        "a flat marginal": lambda case: replace(case, marginal=(67,) * 10),
    },
)
def pairs_of_quarter_digits_are_correlated_by_a_third(case: Pairs) -> Finding:
    r"""Uniform on $s_1 + s_2 = s_3 + s_4$, digits of a row are dependent, and digits across too.

    For $q = 2, \dots, 10$ symbols $0, \dots, q - 1$ there are $Z = q(2q^2 + 1)/3$ words (670 for
    $q = 10$), and

    $$P(s_1 = a, s_2 = b) = \frac{q - |a + b - q + 1|}{Z}, \qquad
      P(s_1 = a, s_3 = c) = \frac{q - |a - c|}{Z},$$

    so that the correlation is exactly $-1/3$ within each row and $+1/3$ for each pair across. For
    $q = 10$ every digit has the marginal law
    $(55, 63, 69, 73, 75, 75, 73, 69, 63, 55)/670$. The paper says that any two symbols of its
    systems are independent.
    """
    law = EqualSumsLaw(symbols=case.q, cyclic=case.cyclic)
    joint = {pair: law.marginal(pair) for pair in (*SAME_ROW, *ACROSS)}
    parts = [
        for_all([law], lambda law: not law.is_pairwise_independent()),
        for_all_equal(cells(case), lambda cell: (counted(joint, cell), stated(case, cell))),
        for_all_equal(SAME_ROW, lambda pair: (correlation(joint[pair]), -case.correlation)),
        for_all_equal(ACROSS, lambda pair: (correlation(joint[pair]), case.correlation)),
    ]
    if case.q == 10:
        single = law.marginal([2])
        parts.append(
            for_all_equal(range(10), lambda a: (single[a,], Fraction(case.marginal[a], 670)))
        )
    return all_hold(*parts)


Cell = tuple[tuple[int, int], int, int]
Table = dict[tuple[int, ...], Fraction]


def cells(case: Pairs) -> Iterator[Cell]:
    """Every pair of positions with every pair of digits."""
    digits = range(case.q)
    return product((*SAME_ROW, *ACROSS), digits, digits)


def counted(joint: dict[tuple[int, int], Table], cell: Cell) -> Fraction:
    """P(s_i = a, s_j = b), from the words."""
    pair, a, b = cell
    return joint[pair].get((a, b), Fraction(0))


def stated(case: Pairs, cell: Cell) -> Fraction:
    """The formulas of the statement."""
    pair, a, b = cell
    gap = a + b - case.q + 1 if pair in SAME_ROW else a - b
    return Fraction(case.q - abs(gap) + case.count_shift, case.number)


def correlation(joint: Table) -> Fraction:
    """cov(s_i, s_j) / var(s_i), or 2 if the variances differ and the root may be irrational."""
    means = [sum(p * word[k] for word, p in joint.items()) for k in (0, 1)]
    squares = [sum(p * word[k] ** 2 for word, p in joint.items()) for k in (0, 1)]
    variances = [square - mean**2 for square, mean in zip(squares, means, strict=True)]
    if variances[0] != variances[1]:
        return Fraction(2)
    mixed = sum(p * a * b for (a, b), p in joint.items())
    return Fraction((mixed - means[0] * means[1]) / variances[0])
