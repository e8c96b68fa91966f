r"""The proof of Theorem A.4 takes (C, D) to have one law for both values of v_i."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all, for_all_equal
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Parity:
    """A parity on `size` of d bits; the output coordinate is its first member, or the last bit."""

    d: int
    size: int
    inside: bool = True
    stated_order: int | None = field(default=None, repr=False)
    claimed_dependent: bool | None = field(default=None, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem A.4, Jensen's inequality"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Parity(d, size) for d in (3, 4, 5, 6) for size in range(3, d + 1)]
    + [Parity(d, size, inside=False) for d in (4, 5, 6) for size in range(3, d)],
    must_fail={
        "agree one order further": lambda case: replace(case, stated_order=case.size),
        "independent": lambda case: replace(case, claimed_dependent=not case.inside),
    },
)
def jensen_step_needs_a_bit_independent_of_the_others(case: Parity) -> Finding:
    r"""Given $v_i = 1$ and $v_i = -1$ the other bits have laws with disjoint supports, $i \in I$.

    On the parity $\prod_{k \in I} v_k = 1$, $|I| \ge 3$. So $D = (s\, w_\perp \cdot v_\perp +
    \nu\, w_\perp \cdot \xi_\perp + b)/w_i$ has two different laws given $v_i$, and one supremum
    over $D$ of an average over both values of $v_i$ is no bound of the average. The moments of the
    two conditional laws agree up to the order $|I| - 2$ and not at $|I| - 1$. For $i \notin I$ the
    laws are equal, and the step is sound.
    """
    law = HypercubeLaw.parity(case.d, range(case.size))
    i = 0 if case.inside else case.d - 1
    others = [k for k in range(case.d) if k != i]
    given = {sign: conditional(law, i, sign) for sign in (1, -1)}
    dependent = case.inside if case.claimed_dependent is None else case.claimed_dependent
    disjoint = not given[1].keys() & given[-1].keys()
    related = for_all([0], lambda _: disjoint if dependent else given[1] == given[-1])
    order = (case.size - 1) if case.stated_order is None else case.stated_order
    sets = [J for r in range(order) for J in combinations(range(len(others)), r)]
    agree = for_all_equal(sets, lambda J: (moment(given[1], J), moment(given[-1], J)))
    first = tuple(k for k, place in enumerate(others) if place < case.size)
    differ = for_all(
        [0], lambda _: (moment(given[1], first) != moment(given[-1], first)) == case.inside
    )
    return all_hold(related, agree, differ)


def conditional(law: HypercubeLaw, i: int, sign: int) -> dict[tuple[int, ...], Fraction]:
    """The law of the other bits given v_i = sign, which has probability 1/2."""
    return {v[:i] + v[i + 1 :]: 2 * p for v, p in law.atoms() if v[i] == sign}


def moment(table: dict[tuple[int, ...], Fraction], members: tuple[int, ...]) -> Fraction:
    """E of the product over the members."""
    total = Fraction(0)
    for vertex, probability in table.items():
        value = probability
        for k in members:
            value *= vertex[k]
        total += value
    return total
