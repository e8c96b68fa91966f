r"""The first line of the proof of Theorem 5.3, and its natural weaker form, are both false."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._ratios import Matrix, ldr
from theorylab.claims import Evidence, Finding, Relation, claim, for_all


@dataclass(frozen=True)
class Jacobians:
    """Equally likely Jacobians, and which reduction they refute: the sum, or the minimum."""

    matrices: tuple[Matrix, ...]
    by_sum: bool
    zero: Fraction = field(default=Fraction(0), repr=False)


IDENTITY = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
FAR = ((0, 0, 1000), (0, 1, 0), (0, 0, 1))
FAR_TOO = ((1, 0, 0), (0, 0, 1000), (0, 0, 1))


@claim(
    source=PAPER.at("Proof of Theorem 5.3, first line"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[
        Jacobians((IDENTITY,), by_sum=True),
        Jacobians((FAR, FAR_TOO), by_sum=False),
    ],
    must_fail={
        "one Jacobian": lambda case: replace(case, matrices=(FAR,)),
        "equal rows": lambda case: replace(case, matrices=(((1, 1, 1),) * 3,), by_sum=False),
    },
)
def ldr_of_a_union_is_not_superadditive(case: Jacobians) -> Finding:
    r"""$LDR(R_1 \cup R_2) \ge LDR(R_1) + LDR(R_2)$ is false, and so is
    $LDR(R_1 \cup R_2) \ge \min(LDR(R_1), LDR(R_2))$.

    $LDR(R)$ is the mean of $\|J_{RR}\|_F^2 / \|J_{R\cdot}\|_F^2$. For $J = I$, as on the set $M$
    of Theorem 5.2, both single coordinates have LDR 1 and their union has 1, not 2. For two
    equally likely Jacobians, in each of which one row depends on a third coordinate 1000 times as
    much as the other row on its own, both single LDRs are $1/2$ and that of the union is
    $1/(10^6 + 1)$.
    """
    single = [ldr(case.matrices, [i]) for i in (0, 1)]
    both = ldr(case.matrices, [0, 1])

    def refutes(_: int) -> bool:
        if case.by_sum:
            return single == [1, 1] and both == 1 and not both >= sum(single)
        half = Fraction(1, 2)
        return single == [half, half] and both == Fraction(1, 10**6 + 1) < min(single)

    return for_all([0], refutes)
