r"""What replaces K(w, b) = -K(-w, b) in the proof of Theorem A.4."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    parity_of_three_bits,
    parity_of_two_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._quadrature import growth_rate_by_quadrature
from theorylab.claims import Evidence, Finding, Relation, claim, equal, grid
from theorylab.parity import HypercubeLaw, growth_rate

COORDINATE = 1


def flipped(law: HypercubeLaw) -> HypercubeLaw:
    """The law of v with the sign of the coordinate changed."""
    rows = [[-x if k == COORDINATE else x for k, x in enumerate(v)] for v, _ in law.atoms()]
    return HypercubeLaw.from_support(rows, [p for _, p in law.atoms()])


def itself(law: HypercubeLaw) -> HypercubeLaw:
    """The same law."""
    return law


@dataclass(frozen=True)
class Neurons:
    """A law, a noise level and two neurons."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    image: Callable[[HypercubeLaw], HypercubeLaw] = field(default=flipped, repr=False)
    all_weights: bool = field(default=False, repr=False)
    factor: float = field(default=-1.0, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem A.4, K(w, b) = -K(-w, b)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Neurons,
        law=[parity_of_two_bits, parity_of_three_bits, skewed],
        alpha_bar=[0.3, 0.9],
    ),
    must_fail={
        "the same law": lambda case: replace(case, image=itself),
        "all weights reversed": lambda case: replace(case, all_weights=True),
        "the same sign": lambda case: replace(case, factor=1.0),
        "2 per cent more": lambda case: replace(case, factor=-1.02),
    },
)
def flipping_a_weight_flips_the_bit_of_the_law(case: Neurons) -> Finding:
    r"""$K_{p_0}(w - 2 w_i e_i, b) = -K_{q_0}(w, b)$, $q_0$ the law of $v - 2 v_i e_i$ under $p_0$.

    For every law. The flip keeps Assumption 5.1, so the statements of Theorem A.4 for $w_i < 0$
    under $p_0$ are those for $w_i > 0$ under $q_0$. The left side is the integral of the
    definition, the right side the closed form.
    """
    law = case.law()
    generator = torch.Generator().manual_seed(5)
    y = torch.randn(2, law.dimension + 1, generator=generator)
    w, b = y[:, :-1], y[:, -1]
    mirrored = -w if case.all_weights else w.clone()
    mirrored[:, COORDINATE] = -w[:, COORDINATE]
    options: dict[str, Any] = {"coordinate": COORDINATE, "alpha_bar": case.alpha_bar}
    left = [
        growth_rate_by_quadrature(mirrored[k], b[k], law=law, **options) for k in range(len(w))
    ]
    right = growth_rate(w, b, law=case.image(law), **options)
    return equal(torch.stack(left), case.factor * right, budget=1e-9)
