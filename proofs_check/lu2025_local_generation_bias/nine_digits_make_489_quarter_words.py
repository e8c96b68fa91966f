"""Appendix A.3 writes the alphabet of Quarter-MNIST as [9] and counts 670 words."""

from dataclasses import dataclass, replace
from itertools import product

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all_equal
from theorylab.parity import EqualSumsLaw


@dataclass(frozen=True)
class Count:
    """An alphabet [n] = {0, ..., n - 1} and the number of words stated for it."""

    n: int
    number: int
    cyclic: bool = False


@claim(
    source=PAPER.at("Appendix A.3, Quarter-MNIST"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Count(9, 489), Count(10, 670), Count(2, 6), Count(1, 1)],
    must_fail={
        "670 words on [9]": lambda case: replace(case, n=9, number=670),
        "one word more": lambda case: replace(case, number=case.number + 1),
        "sums modulo n": lambda case: replace(case, cyclic=True),
    },
)
def nine_digits_make_489_quarter_words(case: Count) -> Finding:
    r"""On $[9] = \{0, \dots, 8\}$ the rule $s_1 + s_2 = s_3 + s_4$ has 489 words; $[10]$ has 670.

    The paper defines $[n] = \{0, \dots, n - 1\}$ (Section 3), takes $\mathcal S = [9]$ and
    $Z = 670$. In general there are $n(2n^2 + 1)/3$ words; counted for $n = 1, 2, 9, 10$.
    """
    law = EqualSumsLaw(symbols=case.n, cyclic=case.cyclic)
    counted = sum(a + b == c + d for a, b, c, d in product(range(case.n), repeat=4))
    formula = case.n * (2 * case.n**2 + 1) // 3
    return all_hold(
        for_all_equal([counted, len(law.atoms())], lambda number: (number, case.number)),
        for_all_equal([formula], lambda number: (number, case.number)),
    )
