"""Section 5.3: what a parity rule looks like in the Fourier basis."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import parity_by_enumeration
from theorylab.claims import Evidence, Finding, Relation, claim, for_all, grid
from theorylab.parity import FiniteLaw

Members = tuple[int, ...]


@dataclass(frozen=True)
class Parities:
    """All parities of d bits with this product; what is claimed of their coefficients."""

    d: int
    value: int
    factor: Fraction = field(default=Fraction(1), repr=False)
    missing: int = field(default=0, repr=False)
    too_few: int = field(default=2, repr=False)

    def coefficient(self, subset: Members, members: Members) -> Fraction:
        """What is claimed of one coefficient."""
        if not subset:
            return Fraction(1, 2**self.d)
        return self.factor * Fraction(self.value if subset == members else 0, 2**self.d)


@claim(
    source=PAPER.at("Section 5.3, example after Assumption 5.1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.EXHAUSTIVE,
    cases=grid(Parities, d=[1, 2, 3, 4, 5, 6], value=[1, -1]),
    thorough=grid(Parities, d=[7, 8], value=[1, -1]),
    must_fail={
        "the other sign": lambda case: replace(case, factor=Fraction(-1)),
        "2 per cent more": lambda case: replace(case, factor=Fraction(51, 50)),
        "one vertex missing": lambda case: replace(case, missing=1),
        "Assumption 5.1 for two bits": lambda case: replace(case, too_few=1),
    },
)
def fourier_mass_of_parity_sits_on_two_characters(case: Parities) -> Finding:
    r"""A parity rule has two non-zero coefficients: $\bar p_\emptyset$ and that of its own set.

    For the uniform law on $\{x : \prod_{i \in I} x_i = \epsilon\}$, $I$ not empty:
    $\bar p_\emptyset = 2^{-d}$, $\bar p_I = \epsilon 2^{-d}$, and $\bar p_J = 0$ for every other
    $J \subset [d]$. So Assumption 5.1 holds if and only if $|I| > 2$.
    """
    bits = range(case.d)
    subsets = [members for size in range(case.d + 1) for members in combinations(bits, size)]

    def as_claimed(members: Members) -> bool:
        law = parity_by_enumeration(case.d, members, case.value)
        if case.missing and law.support_size > 1:
            law = FiniteLaw.uniform(law.vertices[case.missing :])
        coefficients = dict(zip(in_cube_order(subsets), law.fourier_coefficients(), strict=True))
        expected = {subset: case.coefficient(subset, members) for subset in subsets}
        decided = law.is_pairwise_independent_with_zero_mean() is (len(members) > case.too_few)
        return coefficients == expected and decided

    return for_all([members for members in subsets if members], as_claimed)


def in_cube_order(subsets: list[Members]) -> list[Members]:
    """The subsets by the number whose binary digits they are, as the cube numbers them."""
    return sorted(subsets, key=lambda subset: sum(2**i for i in subset))
