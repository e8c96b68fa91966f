"""Hessians of the exact loss by differences of the exact gradient, and univariate minima.

Notation: theta = (a, c, b, p), c_j the weight of neuron j on its own coordinate, p_j the others.
This module checks nothing.
"""

import math
from functools import cache

import numpy as np
import torch
from scipy.optimize import least_squares, minimize
from torch import Tensor

from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    population_gradient,
    population_loss,
)

STEP = 1e-3
"""Fourth-order differences: an error of STEP^4 times a fifth derivative, and rounding / STEP."""


def blocks(
    network: TwoLayerReLU, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> dict[str, Tensor]:
    """Derivatives of the gradient: "pp" (j, k, j', k'), "bb" (j, j') and "pu" (j, k, u), where u
    runs over a, c and b.
    """
    others = [k for k in range(network.dimension) if k != coordinate]
    m = network.width

    def slopes(name: str, j: int, k: int) -> tuple[Tensor, Tensor, Tensor]:
        total = [torch.zeros_like(network.a), torch.zeros_like(network.w), network.b * 0]
        for step, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            parts = {"a": network.a.clone(), "w": network.w.clone(), "b": network.b.clone()}
            parts[name][(j, k) if name == "w" else (j,)] += step * STEP
            moved = population_gradient(
                TwoLayerReLU(**parts), law=law, coordinate=coordinate, alpha_bar=alpha_bar
            )
            total = [t + weight * g / (12 * STEP) for t, g in zip(total, moved, strict=True)]
        return total[0], total[1], total[2]

    pp = torch.stack(
        [torch.stack([slopes("w", j, k)[1][:, others] for k in others]) for j in range(m)]
    )
    biases = [slopes("b", j, 0) for j in range(m)]
    inner = [*biases, *(slopes("a", j, 0) for j in range(m))]
    inner += [slopes("w", j, coordinate) for j in range(m)]
    cross = torch.stack([one[1][:, others] for one in inner], dim=-1)
    return {"pp": pp, "bb": torch.stack([one[2] for one in biases]), "pu": cross}


@cache
def univariate_minimum(alpha_bar: float, width: int, seed: int) -> TwoLayerReLU:
    """A stationary network of one coordinate: descent of the exact loss by BFGS, then
    Gauss-Newton on the gradient, down to 1e-8.
    """
    law = HypercubeLaw.parity(1, [])
    start = TwoLayerReLU.balanced(width, 1, scale=0.4, bias_scale=1.2, seed=seed)

    def network(flat: np.ndarray) -> TwoLayerReLU:
        parts = torch.tensor(flat).reshape(3, width)
        return TwoLayerReLU(parts[0], parts[1][:, None], parts[2])

    def gradient(flat: np.ndarray) -> np.ndarray:
        slopes = population_gradient(network(flat), law=law, alpha_bar=alpha_bar)
        return torch.cat([slope.reshape(-1) for slope in slopes]).numpy()

    def loss(flat: np.ndarray) -> float:
        return float(population_loss(network(flat), law=law, alpha_bar=alpha_bar))

    first = torch.cat((start.a, start.w[:, 0], start.b)).numpy()
    near = minimize(loss, first, jac=gradient, method="BFGS", options={"gtol": 1e-5})
    found = least_squares(gradient, near.x, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    if np.abs(found.fun).max() > 1e-8:
        msg = f"no stationary network was found, the gradient is {np.abs(found.fun).max():.1e}"
        raise RuntimeError(msg)
    return network(found.x)


def embedded(network: TwoLayerReLU, d: int, coordinate: int = 0) -> TwoLayerReLU:
    """The same function of one coordinate as a network on d coordinates."""
    w = torch.zeros(network.width, d)
    w[:, coordinate] = network.w[:, 0]
    return TwoLayerReLU(network.a, w, network.b)


def best_univariate_network(alpha_bar: float) -> TwoLayerReLU:
    """Eight neurons on six kinks, fitted to y*(x) = (x - s tanh(s x / nu^2)) / nu: output weights
    by least squares under the law of x, layers balanced.
    """
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    x = np.linspace(-signal - 8 * noise, signal + 8 * noise, 20001)
    density = sum(np.exp(-((x - s * signal) ** 2) / (2 * noise**2)) for s in (1, -1))
    target = (x - signal * np.tanh(signal * x / noise**2)) / noise
    kinks = np.array([-1.9, -1.0, -0.35, 0.35, 1.0, 1.9])
    slope = np.array([1.0] * 6 + [-1.0] * 2)
    bias = np.array([*-kinks, kinks[0], kinks[-1]])
    features = np.maximum(np.outer(x, slope) + bias, 0)
    root = np.sqrt(density)
    a = np.linalg.lstsq(features * root[:, None], target * root, rcond=None)[0]
    size = np.sqrt(np.abs(a) / np.sqrt(slope**2 + bias**2))
    parts = np.sign(a) * np.abs(a) / size, slope * size, bias * size
    return TwoLayerReLU(
        torch.tensor(parts[0]), torch.tensor(parts[1])[:, None], torch.tensor(parts[2])
    )
