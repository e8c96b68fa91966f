"""Section 5.1.1 with the missing factor: when two bits are independent."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import are_independent, law_of
from theorylab.claims import Evidence, Finding, Relation, claim, for_all
from theorylab.parity import FiniteLaw


@dataclass(frozen=True)
class AllLaws:
    """All laws on {-1, 1}^d whose probabilities are multiples of 1/parts."""

    d: int
    parts: int
    scale: Fraction = field(default=Fraction(1), repr=False)

    def laws(self) -> Iterator[FiniteLaw]:
        """Each law once, as the gaps between bars among parts + 2^d - 1 places."""
        cells = 2**self.d
        for bars in combinations(range(self.parts + cells - 1), cells - 1):
            edges = (-1, *bars, self.parts + cells - 1)
            counts = [edges[k + 1] - edges[k] - 1 for k in range(cells)]
            yield law_of(Fraction(count, self.parts) for count in counts)


@claim(
    source=PAPER.at("Section 5.1.1"),
    relation=Relation.REPAIRS,
    evidence=Evidence.EXHAUSTIVE,
    cases=[AllLaws(2, 9), AllLaws(2, 12), AllLaws(2, 16), AllLaws(3, 4)],
    thorough=[AllLaws(2, 25), AllLaws(3, 6), AllLaws(3, 8)],
    must_fail={
        "no factor, as printed": lambda case: replace(case, scale=Fraction(1, 2**case.d)),
        "a factor 2^(d-1)": lambda case: replace(case, scale=Fraction(1, 2)),
        "2 per cent more": lambda case: replace(case, scale=Fraction(51, 50)),
        "the other sign": lambda case: replace(case, scale=Fraction(-1)),
    },
)
def independence_multiplies_fourier_coefficients_with_factor_two_to_d(case: AllLaws) -> Finding:
    r"""$x_i, x_j$ are independent iff $\bar p_{\{i,j\}} = 2^d \bar p_{\{i\}} \bar p_{\{j\}}$.

    For every law on $\{-1, 1\}^d$ and all $i \ne j$; as $\bar p_\emptyset = 2^{-d}$, the condition
    is also $\bar p_\emptyset \bar p_{\{i,j\}} = \bar p_{\{i\}} \bar p_{\{j\}}$. Checked on all
    laws whose probabilities are multiples of $1/N$.
    """
    factor = case.scale * 2**case.d

    def equivalent(law: FiniteLaw) -> bool:
        single = [law.fourier_coefficient([i]) for i in range(case.d)]
        return all(
            are_independent(law, i, j)
            == (law.fourier_coefficient([i, j]) == factor * single[i] * single[j])
            for i, j in combinations(range(case.d), 2)
        )

    return for_all(case.laws(), equivalent)
