"""Theorem 5.2 as printed: the set M is not invariant; a counterexample by one neuron."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Start:
    """A parity of all d bits at alpha_bar, one neuron a = 0, w = direction / |direction|, b."""

    d: int
    alpha_bar: Fraction
    direction: tuple[int, ...]
    bias: Fraction
    between: tuple[str, str]
    output: int = 0
    half: int = field(default=2, repr=False)


@claim(
    source=PAPER.at("Theorem 5.2"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Start(4, Fraction(1, 2), (1, 1, 0, 0), Fraction(1, 5), ("0.576701", "0.576703")),
        Start(8, Fraction(1, 2), (1, 1, 0, 0), Fraction(1, 5), ("0.576701", "0.576703")),
    ],
    must_fail={
        "a neuron along the output's own coordinate": lambda case: replace(
            case, direction=(1, 0, 0, 0), between=("0.1", "1.5")
        ),
        "a neuron that does not see the output's own coordinate": lambda case: replace(
            case, direction=(0, 1, 1, 0)
        ),
        "one per cent faster": lambda case: replace(case, between=("0.5820", "0.5830")),
        "the factor 2 of the gradient lost": lambda case: replace(case, half=1),
    },
)
def neuron_with_zero_output_weight_may_leave_the_univariate_set(case: Start) -> Finding:
    r"""The set $M = \{\theta : a_{ij} (I - e_i e_i^\top) w_{ij} = 0\}$ is not invariant under
    gradient flow, though Assumption 5.1 holds.

    The network of one neuron $a = 0$, $w = (e_1 + e_2)/\sqrt 2$, $b = 1/5$ lies in $M$ for the
    output $i = 1$. On the parity of $d = 4$ or 8 bits at $\bar\alpha = 1/2$ its output weight has
    the velocity $a'(0) = 2 K(w, b) = 2 \nu w_1 P(w \cdot x + b > 0)$, which lies in
    $(0.576701, 0.576703)$, while $(I - e_1 e_1^\top) w \ne 0$ and $w'(0) = 0$: it leaves $M$ at
    once. The printed proof needs balance, $a_j = 0 \Rightarrow (w_j, b_j) = 0$.
    """
    law = HypercubeLaw.parity(case.d)
    if not law.is_pairwise_independent_with_zero_mean():
        msg = f"the law must satisfy Assumption 5.1, got {law}"
        raise ValueError(msg)
    low, high = (ball(end) for end in case.between)
    transverse = sum(k * k for i, k in enumerate(case.direction) if i != case.output)
    return all_hold(
        enclosed(lambda: velocity(law, case) - low),
        enclosed(lambda: high - velocity(law, case)),
        enclosed(lambda: arb(transverse)),
    )


def velocity(law: HypercubeLaw, case: Start) -> arb:
    """2 nu w_i sum_v p(v) Phi((s w.v + b) / nu) for |w| = 1."""
    weights = list(case.direction) + [0] * (case.d - len(case.direction))
    size = ball(sum(k * k for k in weights)).sqrt()
    noise, signal = (1 - ball(case.alpha_bar)).sqrt(), ball(case.alpha_bar).sqrt()
    active = arb(0)
    for vertex, mass in law.atoms():
        level = signal * dot(weights, vertex) / size + ball(case.bias)
        active += ball(mass) * (-level / noise / arb(2).sqrt()).erfc() / 2
    return case.half * noise * weights[case.output] / size * active


def dot(left: Sequence[int], right: Sequence[int]) -> int:
    """The inner product of integers."""
    return sum(p * q for p, q in zip(left, right, strict=True))
