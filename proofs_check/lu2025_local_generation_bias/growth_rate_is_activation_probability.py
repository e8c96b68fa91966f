"""Lemma A.5 defines the growth rate K; the proof of Theorem A.4 writes it as a mean of erf."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
    parity_of_two_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._quadrature import growth_rate_by_quadrature
from theorylab.claims import Evidence, Finding, Relation, claim, equal, grid
from theorylab.parity import HypercubeLaw, growth_rate

COORDINATE = 1
SMALL = [parity_of_two_bits, parity_of_three_bits, skewed]


def as_claimed(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """nu w_i P(w.x + b > 0)."""
    return growth_rate(w, b, law=law, coordinate=COORDINATE, alpha_bar=alpha_bar)


def without_nu(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """w_i P(w.x + b > 0)."""
    return as_claimed(w, b, law, alpha_bar) / math.sqrt(1 - alpha_bar)


def of_the_silent_side(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """nu w_i P(w.x + b < 0)."""
    return math.sqrt(1 - alpha_bar) * w[:, COORDINATE] - as_claimed(w, b, law, alpha_bar)


def of_the_uniform_law(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """The same with independent fair bits for the law."""
    return as_claimed(w, b, HypercubeLaw.parity(law.dimension, []), alpha_bar)


@dataclass(frozen=True)
class Neurons:
    """A law, a noise level, and three neurons on the unit sphere of (w, b)."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    seed: int
    formula: Callable[[Tensor, Tensor, HypercubeLaw, float], Tensor] = field(
        default=as_claimed, repr=False
    )
    factor: float = field(default=1.0, repr=False)
    shift: float = field(default=0.0, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem A.4, display of K"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(Neurons, law=SMALL, alpha_bar=[0.1, 0.5, 0.9], seed=[0]),
        Neurons(balanced_brackets, 0.5, 0),
        Neurons(odd_parity_beside_a_free_bit, 0.1, 0),
    ],
    thorough=[
        Neurons(balanced_brackets, 0.9, 0),
        Neurons(odd_parity_beside_a_free_bit, 0.9, 0),
        *grid(
            Neurons,
            law=[parity_of_three_bits, balanced_brackets],
            alpha_bar=[0.02, 0.3, 0.7, 0.95],
            seed=[1, 2],
        ),
    ],
    must_fail={
        "2 per cent more": lambda case: replace(case, factor=1.02),
        "without the factor nu": lambda case: replace(case, formula=without_nu),
        "the probability of silence": lambda case: replace(case, formula=of_the_silent_side),
        "the law forgotten": lambda case: replace(case, formula=of_the_uniform_law),
        "signal share off by 0.03": lambda case: replace(case, shift=0.03),
    },
)
def growth_rate_is_activation_probability(case: Neurons) -> Finding:
    r"""A neuron grows at the rate $K(w, b) = \nu\, w_i\, P(w \cdot x + b > 0)$.

    For every law $p_0$ on $\{-1, 1\}^d$, with $x = s v + \nu \xi$, $s = \sqrt{\bar\alpha}$,
    $\nu = \sqrt{1 - \bar\alpha}$, $y_i(x) = E[\xi_i | x]$ and
    $K(w, b) = E[y_i(x)\, \mathrm{relu}(w \cdot x + b)]$, by integration by parts in $\xi_i$:
    $K(w, b) = \nu\, w_i \sum_v p_0(v)\, \Phi\big((s\, w \cdot v + b) / (\nu |w|)\big)$ for
    $w \ne 0$. The paper leaves a mean of error functions over a Gaussian. The other side is an
    integral over $\mathbb{R}^d$ of the definition.
    """
    law = case.law()
    generator = torch.Generator().manual_seed(case.seed)
    place = torch.randn(3, law.dimension + 1, generator=generator)
    place = place / torch.linalg.vector_norm(place, dim=-1, keepdim=True)
    w, b = place[:, :-1], place[:, -1]
    integrals = [
        growth_rate_by_quadrature(
            w[k], b[k], law=law, coordinate=COORDINATE, alpha_bar=case.alpha_bar
        )
        for k in range(len(w))
    ]
    closed = case.factor * case.formula(w, b, law, case.alpha_bar + case.shift)
    return equal(torch.stack(integrals), closed, budget=1e-9)
