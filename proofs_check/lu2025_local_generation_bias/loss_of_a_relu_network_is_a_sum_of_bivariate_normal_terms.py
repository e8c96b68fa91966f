"""The exact loss of section 5.1.2 and its exact gradient, which the paper only uses as means."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    parity_of_three_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._networks import random_network
from proofs_check.lu2025_local_generation_bias._pair_quadrature import (
    gradient_by_differences,
    loss_by_quadrature,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    growth_rate,
    growth_rate_gradient,
    population_gradient,
    population_loss,
)
from theorylab.parity.normal_pairs import Correlation, PairMoments, pair_moments


@dataclass(frozen=True)
class Training:
    """A law, a noise level, a random network of three neurons; what is claimed of the terms."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    seed: int
    kinks: float = field(default=1.0, repr=False)
    overlap: float = field(default=1.0, repr=False)
    growth: float = field(default=2.0, repr=False)
    shift: float = field(default=0.0, repr=False)


@claim(
    source=PAPER.at("Section 5.1.2, L_t; appendix A.2, gradient flow"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Training,
        law=[parity_of_three_bits, skewed, balanced_brackets],
        alpha_bar=[0.6],
        seed=[0],
    ),
    thorough=grid(
        Training,
        law=[parity_of_three_bits, balanced_brackets],
        alpha_bar=[0.05, 0.5, 0.95],
        seed=[1, 2],
    ),
    must_fail={
        "the kinks carry no gradient": lambda case: replace(case, kinks=0.0),
        "the common activation 2 per cent too large": lambda case: replace(case, overlap=1.02),
        "growth counted once": lambda case: replace(case, growth=1.0),
        "signal share off by 0.02": lambda case: replace(case, shift=0.02),
    },
)
def loss_of_a_relu_network_is_a_sum_of_bivariate_normal_terms(case: Training) -> Finding:
    r"""With $U_j = w_j \cdot x + b_j$, $s_\theta = \sum_j a_j U_j^+$ and
    $K_j = E[\xi_i U_j^+]$, for every law on $\{-1, 1\}^d$ and every network with all
    $w_j \ne 0$,
    $E|\xi_i - s_\theta|^2 = 1 - 2 \sum_j a_j K_j + \sum_{jk} a_j a_k E[U_j^+ U_k^+]$, and its
    derivative in $w_j$ is
    $2 a_j \sum_k a_k E\big[s\, v\, 1_j U_k^+ + \nu^2 (w_j \delta(U_j) U_k^+ + w_k 1_j 1_k)\big]
    - 2 a_j \nabla_w K_j$, $1_j = 1\{U_j > 0\}$.
    Given a vertex $v$, $(U_j, U_k)$ is normal with the correlation $\cos(w_j, w_k)$ whatever $v$,
    so that every term is a bivariate normal moment. The other side integrates over the noise of
    one neuron from its kink on, and takes differences for the derivatives; the library's loss and
    its derivatives in $a$, $w$ and $b$ agree with it to $10^{-9}$.
    """
    law = case.law()
    network = random_network(law.dimension, 3, case.seed)
    setting: dict[str, Any] = {"law": law, "coordinate": 1, "alpha_bar": case.alpha_bar}
    loss = loss_by_quadrature(network, **setting)
    slopes = gradient_by_differences(network, **setting)
    mine = written_out(network, law, case)
    library = population_gradient(network, **setting)
    return all_hold(
        equal(mine[0], loss, budget=1e-10),
        equal(mine[1], slopes[1], budget=1e-9),
        equal(population_loss(network, **setting), loss, budget=1e-10),
        *(equal(p, q, budget=1e-9) for p, q in zip(library, slopes, strict=True)),
    )


def written_out(network: TwoLayerReLU, law: HypercubeLaw, case: Training) -> tuple[Tensor, Tensor]:
    """The loss and its derivative in w, as they stand in the statement."""
    alpha_bar = case.alpha_bar + case.shift
    a, w, b = network.a, network.w, network.b
    atoms, masses = law.weighted_vertices(like=w)
    see = all_pairs(network, atoms, alpha_bar)
    setting: dict[str, Any] = {"law": law, "coordinate": 1, "alpha_bar": alpha_bar}
    loss = 1 - case.growth * a @ growth_rate(w, b, **setting)
    loss = loss + a @ (see.product @ masses) @ a
    pull = math.sqrt(alpha_bar) * torch.einsum("jkv,v,vc,k->jc", see.first_on, masses, atoms, a)
    kinks = case.kinks * ((see.first_edge @ masses) @ a)[:, None] * w
    overlap = case.overlap * (see.both @ masses) @ (a[:, None] * w)
    grad, _ = growth_rate_gradient(w, b, **setting)
    whole = pull + (1 - alpha_bar) * (kinks + overlap)
    return loss, a[:, None] * (2 * whole - case.growth * grad)


def all_pairs(network: TwoLayerReLU, atoms: Tensor, alpha_bar: float) -> PairMoments:
    """Tensors (m, m, S)."""
    norm = torch.linalg.vector_norm(network.w, dim=-1)
    unit = network.w / norm[:, None]
    mean = math.sqrt(alpha_bar) * network.w @ atoms.T + network.b[:, None]
    sd = (math.sqrt(1 - alpha_bar) * norm)[:, None]
    correlation = Correlation.between(unit[:, None, None], unit[None, :, None])
    return pair_moments(mean[:, None], mean[None], sd[:, None], sd[None], correlation)
