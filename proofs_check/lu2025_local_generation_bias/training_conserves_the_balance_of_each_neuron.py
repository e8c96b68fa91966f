"""Lemma A.3: the two layers of a neuron stay balanced under the gradient flow of the loss."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._networks import random_network
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import HypercubeLaw, gradient_flow, population_gradient


@dataclass(frozen=True)
class Training:
    """A law, a noise level, a random unbalanced network; the weights claimed in the balance."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    seed: int
    of_w: float = field(default=1.0, repr=False)
    of_b: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Lemma A.3"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Training,
        law=[parity_of_three_bits, odd_parity_beside_a_free_bit, balanced_brackets, skewed],
        alpha_bar=[0.5],
        seed=[0],
    ),
    thorough=grid(Training, law=[parity_of_three_bits, skewed], alpha_bar=[0.1, 0.9], seed=[1, 2]),
    must_fail={
        "the bias left out": lambda case: replace(case, of_b=0.0),
        "weights 2 per cent too heavy": lambda case: replace(case, of_w=1.02),
        "a sum of all squares": lambda case: replace(case, of_w=-1.0, of_b=-1.0),
    },
)
def training_conserves_the_balance_of_each_neuron(case: Training) -> Finding:
    r"""$\frac{d}{ds} (a_j^2 - \|w_j\|^2 - b_j^2) = 0$ along
    $\frac{d}{ds} \theta = -\nabla L(\theta)$, for every neuron, law and noise level.

    Asked of the exact gradient at a network that is not balanced, to $10^{-12}$ of
    $\max_j |a_j \partial_{a_j} L|$, and of the flow integrated from there over one unit of time,
    to $10^{-6}$ of the largest $a_j^2$.
    """
    law = case.law()
    start = random_network(law.dimension, 3, case.seed)
    setting: dict[str, Any] = {"law": law, "coordinate": 1, "alpha_bar": case.alpha_bar}
    in_a, in_w, in_b = population_gradient(start, **setting)
    speed = start.a * in_a - case.of_w * (start.w * in_w).sum(-1) - case.of_b * start.b * in_b
    end = gradient_flow(start, time=1.0, rtol=1e-7, atol=1e-9, **setting).end
    before, after = (
        net.a**2 - case.of_w * net.w.square().sum(-1) - case.of_b * net.b**2
        for net in (start, end)
    )
    moved = (end.a**2 - start.a**2).abs().max()
    return all_hold(
        equal(speed, torch.zeros(3), budget=1e-12, scale=float((start.a * in_a).abs().max())),
        equal(after, before, budget=1e-6, scale=float(start.a.square().max())).with_detail(
            f"a^2 moved by {float(moved):.3g}"
        ),
    )
