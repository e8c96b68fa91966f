"""Section 5.3: the example that follows Assumption 5.1."""

from dataclasses import dataclass, field, replace
from itertools import combinations

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    are_independent,
    parity_by_enumeration,
)
from theorylab.claims import Evidence, Finding, Relation, claim, for_all, grid
from theorylab.parity import FiniteLaw


@dataclass(frozen=True)
class Parities:
    """All parities on at least `least` of d bits with this product, some vertices left out."""

    d: int
    value: int
    least: int = field(default=3, repr=False)
    missing: int = field(default=0, repr=False)


@claim(
    source=PAPER.at("Assumption 5.1"),
    relation=Relation.AS_STATED,
    evidence=Evidence.EXHAUSTIVE,
    cases=grid(Parities, d=[3, 4, 5, 6], value=[1, -1]),
    thorough=grid(Parities, d=[7, 8], value=[1, -1]),
    must_fail={
        "two bits": lambda case: replace(case, least=2),
        "one bit": lambda case: replace(case, least=1),
        "one vertex missing": lambda case: replace(case, missing=1),
    },
)
def parities_of_three_or_more_bits_satisfy_assumption_5_1(case: Parities) -> Finding:
    r"""The uniform law on $\prod_{i \in I} x_i = \pm 1$ satisfies Assumption 5.1 if $|I| > 2$.

    Every bit is uniform and every two bits are independent: $\bar p_{\{i\}} = 0$ and
    $\bar p_{\{i,j\}} = 0$ for all $i \ne j$ in $[d]$, inside and outside $I$. (The paper writes
    "for any $i, j$"; for $i = j$ the second is no coefficient.)
    """
    sizes = range(case.least, case.d + 1)
    sets = [members for size in sizes for members in combinations(range(case.d), size)]

    def satisfied(members: tuple[int, ...]) -> bool:
        every = parity_by_enumeration(case.d, members, case.value)
        law = FiniteLaw.uniform(every.vertices[case.missing :])
        fair = all(law.moment([i]) == 0 for i in range(case.d))
        independent = all(are_independent(law, i, j) for i, j in combinations(range(case.d), 2))
        return fair and independent and law.is_pairwise_independent_with_zero_mean()

    return for_all(sets, satisfied)
