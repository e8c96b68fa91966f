"""How strong the dependence of two digits is, which Section 4.3 says is none."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity import EqualSumsLaw

ROUNDED = 1e-5


@dataclass(frozen=True)
class Dependence:
    """A pair of positions and the stated strengths of its dependence."""

    pair: tuple[int, int]
    information: float = 0.0856048
    variation: float = 0.1299176
    chi_square: float = 0.1182789
    valid: float = 0.0705046
    total: float = 3.864945
    cyclic: bool = False


@claim(
    source=PAPER.at("Section 4.3, independence of symbols"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Dependence((0, 1)), Dependence((0, 2)), Dependence((1, 3))],
    must_fail={
        "information in nats": lambda case: replace(
            case, information=case.information * math.log(2)
        ),
        "variation 2 per cent larger": lambda case: replace(case, variation=0.1325),
        "chi-square without its square": lambda case: replace(case, chi_square=2 * case.variation),
        "valid with uniform digits": lambda case: replace(case, valid=0.067),
        "sums modulo 10": lambda case: replace(case, cyclic=True),
    },
)
def pairs_of_quarter_digits_share_nine_hundredths_of_a_bit(case: Dependence) -> Finding:
    r"""Two digits of Quarter-MNIST have mutual information 0.0856048 bits, within a row or across.

    Total variation from independence is 0.1299176, chi-square 0.1182789. Digits drawn
    independently from their marginals obey $s_1 + s_2 = s_3 + s_4$ with probability 0.0705046,
    and the total correlation of the four is 3.864945 bits. Each number to $10^{-5}$ of itself.
    """
    law = EqualSumsLaw(cyclic=case.cyclic)
    joint = law.marginal(case.pair)
    first, second = law.marginal(case.pair[:1]), law.marginal(case.pair[1:])
    independent = {(a, b): first[a,] * second[b,] for (a,) in first for (b,) in second}
    gaps = {word: joint.get(word, Fraction(0)) - p for word, p in independent.items()}
    valid = sum(math.prod(first[s,] for s in word) for word, _ in law.atoms())
    measured = {
        "information": entropy(first) + entropy(second) - entropy(joint),
        "variation": sum(abs(gap) for gap in gaps.values()) / 2,
        "chi_square": sum(gap**2 / independent[word] for word, gap in gaps.items()),
        "valid": valid,
        "total": 4 * entropy(first) - math.log2(len(law.atoms())),
    }
    return all_hold(
        *(
            equal(float(value), getattr(case, name), budget=ROUNDED)
            for name, value in measured.items()
        )
    )


def entropy(table: dict[tuple[int, ...], Fraction]) -> float:
    """In bits."""
    return -sum(float(p) * math.log2(p) for p in table.values())
