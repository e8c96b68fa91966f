"""The loss of a two-layer ReLU network by quadrature, neuron pair by neuron pair.

Notation: given a vertex, U_j = mu_j + s_j X_j with X_j standard normal; given X_j = x, U_k is
normal with mean mu_k + s_k r x and deviation s_k sqrt(1 - r^2). The outer integral over x starts
at the kink of relu(U_j); the inner mean of a positive part is one-dimensional.

This module knows no bivariate normal probability.
"""

import math

import numpy as np
import torch
from torch import Tensor

from theorylab.parity import HypercubeLaw, TwoLayerReLU

NODES, REACH = 160, 9.0


def loss_by_quadrature(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> Tensor:
    """E|xi_i - s_theta(x)|^2."""
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    atoms, masses = law.weighted_vertices(like=network.w)
    norm = torch.linalg.vector_norm(network.w, dim=-1)
    mean, sd = signal * (network.w @ atoms.T) + network.b[:, None], noise * norm[:, None]
    x, weight = _from_the_kink(-mean / sd)
    level = mean[..., None] + sd[..., None] * x
    rate = network.w[:, coordinate] / norm * ((weight * level * x).sum(-1) @ masses)
    loss = 1 - 2 * network.a @ rate
    for k in range(network.width):
        r = (network.w @ network.w[k]) / (norm * norm[k])
        inner = mean[k, :, None] + sd[k] * r[:, None, None] * x
        spread = (sd[k] * torch.sqrt(torch.clamp(1 - r**2, min=0.0)))[:, None, None]
        square = (weight * level * _mean_positive_part(inner, spread)).sum(-1) @ masses
        loss = loss + network.a[k] * (network.a @ square)
    return loss


def gradient_by_differences(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Derivatives of `loss_by_quadrature` in a, w, b: fourth-order differences of step 1e-3."""
    parts = {"a": network.a, "w": network.w, "b": network.b}
    result = []
    for name, value in parts.items():
        slopes = torch.zeros_like(value).reshape(-1)
        for i in range(value.numel()):
            shift = torch.zeros_like(value)
            shift.view(-1)[i] = 1e-3
            near, far = (
                _difference(parts, name, step * shift, law, coordinate, alpha_bar)
                for step in (1, 2)
            )
            slopes[i] = (8 * near - far) / (12 * 1e-3)
        result.append(slopes.reshape(value.shape))
    return (result[0], result[1], result[2])


def _difference(
    parts: dict[str, Tensor],
    name: str,
    shift: Tensor,
    law: HypercubeLaw,
    coordinate: int,
    alpha_bar: float,
) -> Tensor:
    up, down = (
        loss_by_quadrature(
            TwoLayerReLU(**{**parts, name: parts[name] + sign * shift}),
            law=law,
            coordinate=coordinate,
            alpha_bar=alpha_bar,
        )
        for sign in (1, -1)
    )
    return up - down


def _from_the_kink(kink: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes (*n, NODES) on [kink, REACH], and weights that include the normal density."""
    nodes, weights = (torch.tensor(part) for part in np.polynomial.legendre.leggauss(NODES))
    low = torch.clamp(kink, -REACH, REACH)[..., None]
    half = (REACH - low) / 2
    x = low + half * (nodes + 1)
    return x, half * weights * torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def _mean_positive_part(mean: Tensor, sd: Tensor) -> Tensor:
    """E (mean + sd Z)_+, the positive part itself where sd is 0."""
    safe = torch.where(sd > 1e-9, sd, 1.0)
    z = mean / safe
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    smooth = mean * torch.special.ndtr(z) + safe * density
    return torch.where(sd > 1e-9, smooth, torch.relu(mean))
