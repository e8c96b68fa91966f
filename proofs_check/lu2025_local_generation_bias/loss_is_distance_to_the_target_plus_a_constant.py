"""Section 5.1.2 splits the loss into a distance to the target and a term free of the network."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    parity_of_three_bits,
    parity_of_two_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._quadrature import mixture_density
from theorylab.claims import Evidence, Finding, Relation, claim, equal, grid
from theorylab.parity import HypercubeLaw, TwoLayerReLU, population_loss

COORDINATE = 1


@dataclass(frozen=True)
class Denoising:
    """A law, a noise level and an orientation; what is claimed of the constant."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    angle: float
    power: float = field(default=1.0, repr=False)
    constant: float = field(default=1.0, repr=False)
    coordinate: int = field(default=COORDINATE, repr=False)


@claim(
    source=PAPER.at("Section 5.1.2, score learning setting"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Denoising,
        law=[parity_of_two_bits, parity_of_three_bits, skewed],
        alpha_bar=[0.4],
        angle=[0.7],
    ),
    thorough=grid(
        Denoising,
        law=[parity_of_two_bits, parity_of_three_bits],
        alpha_bar=[0.1, 0.6],
        angle=[0.7, 2.0],
    ),
    must_fail={
        "the constant 2 per cent larger": lambda case: replace(case, constant=1.02),
        "no constant": lambda case: replace(case, constant=0.0),
        "sqrt of the signal to noise ratio": lambda case: replace(case, power=0.5),
        "the target of another coordinate": lambda case: replace(case, coordinate=0),
    },
)
def loss_is_distance_to_the_target_plus_a_constant(case: Denoising) -> Finding:
    r"""$E|\xi_i - s_\theta(x)|^2 = E|y_i(x) - s_\theta(x)|^2
    + \frac{\bar\alpha}{1 - \bar\alpha} E|v_i - E[v_i | x]|^2$, with $y_i = E[\xi_i | x]$, and the
    last term does not depend on $\theta$.

    For every law on the hypercube and every square-integrable $s_\theta$. The left side is the
    closed form of the library for a network of three neurons, whose kinks are parallel here; the
    right side integrates over $\mathbb{R}^d$ piece by piece, with the posterior mean of the law.
    """
    law = case.law()
    network = ridge_network(law.dimension, case.angle)
    setting: dict[str, Any] = {"law": law, "alpha_bar": case.alpha_bar}
    loss = population_loss(network, coordinate=COORDINATE, **setting)
    x, mass = points_and_masses(network, law, case.alpha_bar)
    mean = law.posterior_mean(x, alpha_bar=case.alpha_bar)
    target = (x - math.sqrt(case.alpha_bar) * mean) / math.sqrt(1 - case.alpha_bar)
    distance = mass @ (target[:, case.coordinate] - network(x)).square()
    spread = 1 - mass @ mean[:, case.coordinate].square()  # v_i^2 = 1
    gamma = case.alpha_bar / (1 - case.alpha_bar)
    return equal(loss, distance + case.constant * gamma**case.power * spread, budget=1e-8)


def ridge_network(d: int, angle: float) -> TwoLayerReLU:
    """Three neurons along one direction, two of them opposite."""
    direction = torch.ones(d)
    direction[0], direction[1] = math.cos(angle), math.sin(angle)
    w = torch.tensor([0.8, -1.1, 0.5])[:, None] * direction
    return TwoLayerReLU(torch.tensor([0.9, -0.6, -0.4]), w, torch.tensor([0.3, 0.5, -0.4]))


def points_and_masses(
    network: TwoLayerReLU, law: HypercubeLaw, alpha_bar: float
) -> tuple[Tensor, Tensor]:
    """A product rule in an orthonormal basis along the ridge: Gauss-Legendre between the kinks,
    trapezoidal across, with a step that resolves the poles of the posterior mean.
    """
    noise, signal = math.sqrt(1 - alpha_bar), math.sqrt(alpha_bar)
    d = law.dimension
    size = torch.linalg.vector_norm(network.w[0])
    columns = torch.cat((network.w[0][:, None] / size, torch.eye(d)[:, 1:]), dim=1)
    basis, _ = torch.linalg.qr(columns)
    basis = basis * torch.sign(basis[:, 0] @ network.w[0])
    reach = signal * math.sqrt(d) + 7.5 * noise
    kinks = (-network.b / (network.w @ basis[:, 0])).sort().values.tolist()
    nodes, weights = (torch.tensor(part) for part in np.polynomial.legendre.leggauss(40))
    along, lengths = [], []
    for low, high in zip([-reach, *kinks], [*kinks, reach], strict=True):
        along.append((high + low) / 2 + (high - low) / 2 * nodes)
        lengths.append((high - low) / 2 * weights)
    step = min(0.6 * noise, 0.35 * noise**2 / signal)
    across = [torch.arange(-reach, reach, step)] * (d - 1)
    x = torch.cartesian_prod(torch.cat(along), *across) @ basis.T
    length = torch.cat(lengths).repeat_interleave(len(across[0]) ** (d - 1))
    density = mixture_density(x, law=law, alpha_bar=alpha_bar)
    return x, density * length * step ** (d - 1)
