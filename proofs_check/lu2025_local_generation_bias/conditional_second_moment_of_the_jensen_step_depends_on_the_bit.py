r"""The proof of Theorem A.4 uses E[C | v_i] = |w|^2 + b^2, which three-bit moments break."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
)
from theorylab.claims import Evidence, Finding, Relation, claim, for_all
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Neuron:
    """A law, a noise level, a neuron with a positive first weight, and what C averages to."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: str
    w: tuple[str, ...]
    b: str
    stated: tuple[str, str]
    factor: Fraction = field(default=Fraction(1), repr=False)


SIMPLE = Neuron(parity_of_three_bits, "0.55", ("0.7", "0.4", "0.4"), "0.5", ("1.16604", ".83396"))


@claim(
    source=PAPER.at("Proof of Theorem A.4, display of E C"),
    relation=Relation.REFUTES,
    evidence=Evidence.EXHAUSTIVE,
    cases=[
        SIMPLE,
        replace(SIMPLE, alpha_bar="0.9", stated=("1.27170", "0.72830")),
        replace(
            SIMPLE,
            law=odd_parity_beside_a_free_bit,
            w=("0.7", "0.4", "0.3", "0.4"),
            stated=("0.84696", "1.15304"),
        ),
    ],
    must_fail={
        "no signal": lambda case: replace(case, alpha_bar="0"),
        "a law without three-bit moments": lambda case: replace(
            case, law=lambda: HypercubeLaw.parity(len(case.w), [])
        ),
        "2 per cent more": lambda case: replace(case, factor=Fraction(51, 50)),
        "the two bits exchanged": lambda case: replace(case, stated=case.stated[::-1]),
    },
)
def conditional_second_moment_of_the_jensen_step_depends_on_the_bit(case: Neuron) -> Finding:
    r"""$E[C | v_i] = |w|^2 + b^2$ is false under Assumption 5.1.

    $C = (s\, w_\perp \cdot v_\perp + \nu\, w_\perp \cdot \xi_\perp + b)^2 + w_i^2$ with $w_\perp$
    the weights off the coordinate $i$. On the parity of three bits with $w \propto (.7, .4, .4)$,
    $b \propto .5$, $|w|^2 + b^2 = 1$, $\bar\alpha = .55$ the conditional means are 1.16604 for
    $v_1 = 1$ and 0.83396 for $v_1 = -1$; at $\bar\alpha = .9$ they are 1.27170 and 0.72830, and
    with the parity $v_1 v_2 v_4 = -1$ beside a free bit, $w \propto (.7, .4, .3, .4)$ and
    $\bar\alpha = .55$ they are 0.84696 and 1.15304, each to five digits.
    """
    law = case.law()
    w, b, A = [Fraction(x) for x in case.w], Fraction(case.b), Fraction(case.alpha_bar)
    size = sum(x * x for x in w) + b * b
    half = Fraction(1, 2 * 10**5)

    def refutes(sign: int) -> bool:
        mean = case.factor * conditional_mean(law, w, b, A, sign) / size
        stated = Fraction(case.stated[sign < 0])
        return mean != 1 and abs(mean - stated) <= half

    finding = for_all([1, -1], lambda sign: refutes(sign))
    return finding if law.is_pairwise_independent_with_zero_mean() else for_all([0], bool)


def conditional_mean(
    law: HypercubeLaw, w: list[Fraction], b: Fraction, alpha_bar: Fraction, sign: int
) -> Fraction:
    """E[C | v_1 = sign], the Gaussian part integrated out, from the atoms."""
    across = sum(x * x for x in w[1:])
    total = mass = Fraction(0)
    for vertex, probability in law.atoms():
        if vertex[0] != sign:
            continue
        lean = sum((x * v for x, v in zip(w[1:], vertex[1:], strict=True)), Fraction(0))
        # E (s lean + b)^2 given v_1: the cross term 2 s b E[lean | v_1] vanishes under 5.1
        total += probability * alpha_bar * lean**2
        mass += probability
    return total / mass + b**2 + (1 - alpha_bar) * across + w[0] ** 2
