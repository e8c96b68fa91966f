r"""What reduces Theorem 5.3 to a single coordinate."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._ratios import Matrix, ldr
from theorylab.claims import Evidence, Finding, Relation, claim, for_all


@dataclass(frozen=True)
class Entries:
    """All Jacobians with these entries, of so many rows, in d coordinates."""

    rows: int
    d: int
    entries: tuple[int, ...]
    share: tuple[int, int] = field(default=(1, 1), repr=False)
    best: bool = field(default=False, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem 5.3, first line"),
    relation=Relation.REPAIRS,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Entries(2, 2, (0, 1, 2, 5)), Entries(2, 3, (0, 1, 3)), Entries(3, 3, (0, 1))],
    thorough=[Entries(3, 3, (0, 1, 7)), Entries(2, 4, (0, 1, 3))],
    must_fail={
        "2 per cent less": lambda case: replace(case, share=(49, 50)),
        "the least of the defects": lambda case: replace(case, best=True),
    },
)
def ldr_defect_of_a_region_is_at_most_the_sum_of_the_defects_of_its_coordinates(
    case: Entries,
) -> Finding:
    r"""$1 - LDR(R) \le \sum_{i \in R} (1 - LDR(\{i\}))$, for every law of the Jacobian.

    At each Jacobian the ratio of $R$ is at least the mean of those of its rows, weighted by their
    energies $\|J_{i\cdot}\|^2$, since $\|J_{RR}\|^2 \ge \sum_i J_{ii}^2$; so its defect is at most
    the largest of theirs, hence at most the sum, and the mean keeps the order. Checked at every
    Jacobian with entries among a few integers, $0/0$ counting as 1; both sides are means over
    the Jacobians, so that this covers every law on them.
    """
    region = range(case.rows)

    def jacobians() -> Iterator[Matrix]:
        for row_entries in product(case.entries, repeat=case.rows * case.d):
            yield tuple(row_entries[k * case.d : (k + 1) * case.d] for k in region)

    def holds(matrix: Matrix) -> bool:
        defects = [1 - ldr([matrix], [i]) for i in region]
        bound = min(defects) if case.best else sum(defects)
        return bool((1 - ldr([matrix], region)) * case.share[1] <= bound * case.share[0])

    return for_all(jacobians(), holds)
