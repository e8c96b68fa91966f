r"""The proof of Theorem A.4: "since erf is odd, K(w, b) = -K(-w, b)". Not on 3-bit parity."""

from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import below
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Neuron:
    """A noise level, a direction w with b = 0, and the stated values of K(w, 0) and K(-w, 0)."""

    alpha_bar: str
    w: tuple[str, ...]
    stated: tuple[str, str]
    eps: int = field(default=1, repr=False)
    factor: str = field(default="1", repr=False)

    def rate(self, side: int) -> arb:
        """K at side * w and b = 0 on the parity prod v = eps: nu w_1 P(side w.x > 0)."""
        A = ball(self.alpha_bar)
        w = [side * ball(x) for x in self.w]
        size = sum((x * x for x in w), ball(0)).sqrt()
        rows = [v for v in product((1, -1), repeat=len(w)) if prod(v) == self.eps]
        gamma = A / (1 - A)
        total = ball(0)
        for v in rows:
            lean = sum((x * y for x, y in zip(w, v, strict=True)), ball(0))
            total += below(gamma.sqrt() * lean / size)
        return (1 - A).sqrt() * w[0] / size * total / len(rows)


@claim(
    source=PAPER.at("Proof of Theorem A.4, K(w, b) = -K(-w, b)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Neuron("0.3", ("1.412", "-1", "-1"), ("0.28604", "-0.30511")),
        Neuron("0.6", ("1.391", "1", "1"), ("0.19134", "-0.25216")),
        Neuron("0.9", ("1.301", "1", "-1"), ("0.15095", "-0.06315")),
    ],
    must_fail={
        "a parity of four bits": lambda case: replace(case, w=(*case.w, "1")),
        "the odd parity": lambda case: replace(case, eps=-1),
        "one free neighbour": lambda case: replace(case, w=(*case.w[:2], "0")),
        "2 per cent more": lambda case: replace(case, factor="1.02"),
    },
)
def growth_rate_is_not_odd_in_the_weights(case: Neuron) -> Finding:
    r"""$K(w, b) = -K(-w, b)$ fails on the parity of three bits $v_1 v_2 v_3 = 1$.

    With $b = 0$ and $|w| = 1$: $K(w, 0) = 0.28604$ and $K(-w, 0) = -0.30511$ for
    $w \propto (1.412, -1, -1)$ at $\bar\alpha = .3$; $0.19134$ and $-0.25216$ for
    $w \propto (1.391, 1, 1)$ at $.6$; $0.15095$ and $-0.06315$ for $w \propto (1.301, 1, -1)$ at
    $.9$, each to five digits. The law of $w \cdot x$ is not symmetric, as $v$ and $-v$ have
    opposite products.
    """
    factor, found = ball(case.factor), []
    for side, stated in zip((1, -1), case.stated, strict=True):
        off = (factor * case.rate(side) - ball(stated)) * 10**5
        found.append(enclosed(lambda off=off: ball("0.51") - off.max(-off), bits=113))
    gap = case.rate(1) + case.rate(-1)
    found.append(enclosed(lambda: gap.max(-gap) - ball("0.01")))
    return all_hold(*found)
