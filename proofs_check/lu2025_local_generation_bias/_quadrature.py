"""The growth rate by brute force: an integral over R^d of density, target and activation.

Notation: p the density of x = s v + nu xi; y = E[xi | x]; z the coordinates of x in an orthonormal
basis whose first axis is w/|w|, so that the kink of relu(w.x + b) is at z_1 = -b/|w|.

p y is a sum of Gaussians times linear functions. Across w the trapezoidal rule with step h nu errs
by exp(-2 pi^2 / h^2) of the integrand's size, 1e-12 here, which is up to 2e-10 of K; along w,
Gauss-Legendre starts at the kink. This module knows no closed form.
"""

import math
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from theorylab.parity import HypercubeLaw

STEP = 0.85
REACH = 7.5
NODES = 40


def growth_rate_by_quadrature(
    w: Tensor, b: Tensor, *, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> Tensor:
    """E[y_i(x) relu(w.x + b)] of one neuron, by its definition."""
    noise = math.sqrt(1 - alpha_bar)
    size = torch.linalg.vector_norm(w)
    basis = _basis_from(w / size)
    atoms, _ = law.weighted_vertices(like=w)
    centres = math.sqrt(alpha_bar) * atoms @ basis
    low = (centres.amin(dim=0) - REACH * noise).tolist()
    high = (centres.amax(dim=0) + REACH * noise).tolist()
    along, weights = _gauss_legendre(min(max(float(-b / size), low[0]), high[0]), high[0])
    across = [torch.arange(low[k], high[k], STEP * noise) for k in range(1, law.dimension)]
    x = torch.cartesian_prod(along, *across) @ basis.T
    density = mixture_density(x, law=law, alpha_bar=alpha_bar)
    target = law.noise_mean(x, alpha_bar=alpha_bar)[:, coordinate]
    values = (density * target * torch.relu(x @ w + b)).reshape(len(along), -1)
    return weights @ values.sum(dim=-1) * (STEP * noise) ** (law.dimension - 1)


def mixture_density(x: Tensor, *, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """The density of x = s v + nu xi, one Gaussian a vertex."""
    variance = 1 - alpha_bar
    atoms, masses = law.weighted_vertices(like=x)
    terms = (
        mass * torch.exp(-(x - math.sqrt(alpha_bar) * v).square().sum(-1) / (2 * variance))
        for v, mass in zip(atoms, masses, strict=True)
    )
    return reduce(torch.add, terms) / (2 * math.pi * variance) ** (law.dimension / 2)


def _gauss_legendre(low: float, high: float) -> tuple[Tensor, Tensor]:
    nodes, weights = (torch.tensor(a) for a in np.polynomial.legendre.leggauss(NODES))
    half = (high - low) / 2
    return (high + low) / 2 + half * nodes, half * weights


def _basis_from(direction: Tensor) -> Tensor:
    """An orthonormal basis, one vector a column, the first along `direction`."""
    columns = torch.eye(len(direction), dtype=direction.dtype)
    columns[:, 0] = direction
    columns[:, 1:] = columns[:, 1:] if direction[0] != 0 else columns.roll(-1, 0)[:, 1:]
    basis, _ = torch.linalg.qr(columns)
    return basis * torch.sign(basis[:, 0] @ direction)
