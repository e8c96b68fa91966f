"""Lemmas A.1 and A.2: on M the gradient of a neuron's weights points along its own coordinate."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
    parity_of_two_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._networks import univariate_network
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import HypercubeLaw, TwoLayerReLU


@dataclass(frozen=True)
class Pull:
    """A law, a noise level, the output i and another coordinate k; where x_k is centred."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    other: int
    own: int = 0
    centre: float = field(default=0.0, repr=False)


@claim(
    source=PAPER.at("Lemmas A.1 and A.2"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Pull,
        law=[parity_of_three_bits, odd_parity_beside_a_free_bit],
        alpha_bar=[0.2, 0.5, 0.9],
        other=[1, 2],
    ),
    must_fail={
        "a parity of two bits": lambda case: replace(case, law=parity_of_two_bits, other=1),
        "a law with means": lambda case: replace(case, law=skewed),
        "the own coordinate": lambda case: replace(case, other=case.own),
        "inputs off their centre by 0.01": lambda case: replace(case, centre=0.01),
    },
)
def univariate_outputs_do_not_pull_other_weights(case: Pull) -> Finding:
    r"""Under Assumption 5.1, for a network whose neurons see $x^{(i)}$ only and any $k \ne i$,
    $E[s_\theta(x)\, \sigma'(c_j x^{(i)} + b_j)\, x^{(k)}] = 0$ and
    $E[\xi^{(i)}\, \sigma'(c_j x^{(i)} + b_j)\, x^{(k)}] = 0$.

    By quadrature over $\xi^{(i)}$ from kink to kink and over $\xi^{(k)}$, vertex by vertex, for
    three neurons; to $10^{-12}$ of the same means with $|x^{(k)}|$ for $x^{(k)}$.
    """
    law = case.law()
    network = univariate_network(law.dimension, case.own, 3, seed=5)
    signed, absolute = pulls(network, law, case)
    return all_hold(
        *(
            equal(signed[part], torch.zeros(3), budget=1e-12, scale=float(absolute[part].max()))
            for part in (0, 1)
        )
    )


def pulls(network: TwoLayerReLU, law: HypercubeLaw, case: Pull) -> tuple[Tensor, Tensor]:
    """Both means of every neuron, (2, m), and the same with absolute values."""
    signal, noise = math.sqrt(case.alpha_bar), math.sqrt(1 - case.alpha_bar)
    slope, atoms_and_masses = network.w[:, case.own], law.weighted_vertices(like=network.w)
    signed, absolute = torch.zeros(2, 3), torch.zeros(2, 3)
    other, weight = (torch.tensor(p) for p in np.polynomial.hermite_e.hermegauss(24))
    weight = weight / math.sqrt(2 * math.pi)
    for vertex, mass in zip(*atoms_and_masses, strict=True):
        kinks = ((-network.b / slope) - signal * vertex[case.own]) / noise
        xi, length = between(kinks.clamp(-9, 9).sort().values.tolist())
        x = signal * vertex[case.own] + noise * xi
        place = torch.zeros(len(x), law.dimension)
        place[:, case.own] = x
        active = (x[:, None] * slope + network.b > 0).double()
        if case.other == case.own:
            mean, size = x - case.centre, (x - case.centre).abs()
        else:
            values = signal * vertex[case.other] + noise * other - case.centre
            mean, size = (weight @ values) * torch.ones_like(x), (weight @ values.abs()) + 0 * x
        for part, factor in enumerate((network(place), xi)):
            share = mass * (length * factor)[:, None] * active
            signed[part] += (share * mean[:, None]).sum(0)
            absolute[part] += (share * size[:, None]).sum(0).abs()
    return signed, absolute


def between(kinks: list[float]) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre on [-9, 9] cut at the kinks, the normal density in the weights."""
    nodes, weights = (torch.tensor(p) for p in np.polynomial.legendre.leggauss(60))
    xi, length = [], []
    for low, high in zip([-9.0, *kinks], [*kinks, 9.0], strict=True):
        xi.append((high + low) / 2 + (high - low) / 2 * nodes)
        length.append((high - low) / 2 * weights)
    places = torch.cat(xi)
    return places, torch.cat(length) * torch.exp(-(places**2) / 2) / math.sqrt(2 * math.pi)
