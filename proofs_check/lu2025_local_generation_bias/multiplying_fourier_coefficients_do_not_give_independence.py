"""Section 5.1.1 names a condition for independence that lacks a factor 2^d."""

from dataclasses import dataclass, replace
from fractions import Fraction

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import are_independent, law_of
from theorylab.claims import Evidence, Finding, Relation, claim, for_all
from theorylab.parity import FiniteLaw, cube


@dataclass(frozen=True)
class PairLaw:
    """p0(v) = 2^-d (1 + m_1 v_1 + m_2 v_2 + share m_1 m_2 v_1 v_2)."""

    d: int
    first_mean: Fraction
    second_mean: Fraction
    share: Fraction

    def law(self) -> FiniteLaw:
        """The law, atom by atom."""
        first, second = self.first_mean, self.second_mean
        both = self.share * first * second
        return law_of(
            (1 + first * v[0] + second * v[1] + both * v[0] * v[1]) / Fraction(2**self.d)
            for v in cube.vertices(self.d, dtype=torch.int64).tolist()
        )


def counterexample(d: int, first: str, second: str) -> PairLaw:
    """The joint moment is 2^-d times the product of the means."""
    return PairLaw(d, Fraction(first), Fraction(second), Fraction(1, 2**d))


@claim(
    source=PAPER.at("Section 5.1.1"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[
        counterexample(2, "1/2", "1/2"),
        counterexample(2, "3/10", "-1/2"),
        counterexample(3, "1/2", "1/4"),
        counterexample(4, "-1/3", "2/3"),
    ],
    must_fail={
        "a joint moment 2 per cent larger": lambda case: replace(
            case, share=case.share * Fraction(51, 50)
        ),
        "the joint moment of independent bits": lambda case: replace(case, share=Fraction(1)),
        "a mean of zero": lambda case: replace(case, first_mean=Fraction(0)),
    },
)
def multiplying_fourier_coefficients_do_not_give_independence(case: PairLaw) -> Finding:
    r"""$\bar p_{\{i,j\}} = \bar p_{\{i\}} \bar p_{\{j\}}$ does not make $x_i, x_j$ independent.

    With the coefficients as the paper defines them, $\bar p_I = 2^{-d} E[x_I]$, the condition
    reads $E[x_i x_j] = 2^{-d} E[x_i] E[x_j]$. The law
    $p_0(x) = 2^{-d} (1 + m_1 x_1 + m_2 x_2 + 2^{-d} m_1 m_2 x_1 x_2)$ with $m_1 m_2 \ne 0$ meets
    it, and its first two bits are dependent. Where both means vanish, as under Assumption 5.1, the
    missing factor does no harm.
    """

    def refutes(law: FiniteLaw) -> bool:
        product = law.fourier_coefficient([0]) * law.fourier_coefficient([1])
        return law.fourier_coefficient([0, 1]) == product and not are_independent(law, 0, 1)

    finding = for_all([case.law()], refutes)
    return finding.with_detail(f"E[x_1 x_2] = {case.law().moment([0, 1])}")
