r"""Second derivatives of the growth rate K, and its derivatives on the unit sphere.

Notation: as `theorylab.parity.growth`, with n = |w|, u = w/n, z_v = (s w.v + b)/(nu n), y = (w, b)
the parameters of a neuron, the bias last.

This module follows no flow.
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Matrices, Points
from theorylab.parity.growth import checked_neurons, growth_rate_gradient, summable
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.posterior import signal_and_noise


def growth_rate_hessian(
    w: ArrayLike, b: ArrayLike, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Matrices:
    r"""The matrix of second derivatives of K in (w, b).

    .. math::
        \nabla^2 K = \nu (e_i \nabla P^T + \nabla P \, e_i^T) + \nu w_i \nabla^2 P, \qquad
        \nabla^2 P = \sum_v p_0(v) \phi(z_v) (\nabla^2 z_v - z_v \nabla z_v \nabla z_v^T),

    with \nabla_w z = s v / (\nu n) - z u / n, \partial_b z = 1 / (\nu n) and

    .. math::
        \nabla_w^2 z = -\frac{s (v u^T + u v^T)}{\nu n^2} - \frac{z}{n^2} (I - 3 u u^T), \qquad
        \partial_b \nabla_w z = -\frac{u}{\nu n^2}, \qquad \partial_b^2 z = 0.

    Since K is homogeneous of degree one, y = (w, b) is in its kernel.

    Args:
        w: (m, d) or (d,), no row 0.
        b: (m,) or a scalar.
        law: p0.
        coordinate: i, counted from 0.
        alpha_bar: A in [0, 1).

    Returns:
        (m, d+1, d+1), or (d+1, d+1) for a single neuron; the bias is the last coordinate.

    Raises:
        ValueError: as `theorylab.parity.growth_rate_gradient`.
    """
    w, b, coordinate = checked_neurons(w, b, law, coordinate, non_zero=True)
    signal, noise = signal_and_noise(alpha_bar)
    atoms, masses = summable(law).weighted_vertices(like=w)
    norm = torch.linalg.vector_norm(w, dim=-1, keepdim=True)
    u = w / norm
    z = (signal * (w @ atoms.T) + b[..., None]) / (noise * norm)
    density = masses * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    slope = _slope_of_z(z, u, atoms, signal, noise) / norm[..., None]
    gradient = (density[..., None] * slope).sum(-2)
    bend = _mean_bend_of_z(density, z, u, atoms, signal, noise) / norm[..., None] ** 2
    spread = torch.einsum("...v,...vj,...vk->...jk", density * z, slope, slope)
    hessian = noise * w[..., coordinate, None, None] * (bend - spread)
    hessian[..., coordinate, :] += noise * gradient
    hessian[..., :, coordinate] += noise * gradient
    return hessian


def growth_rate_on_sphere(
    direction: ArrayLike, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> tuple[Tensor, Points]:
    r"""K on the unit sphere of y = (w, b), and its gradient there.

    .. math:: K(y), \qquad \nabla_S K = \nabla K - (y \cdot \nabla K) \, y

    Args:
        direction: (m, d+1) or (d+1,), of length 1 to 1e-6, the bias last, no w = 0.
        law: p0.
        coordinate: i, counted from 0.
        alpha_bar: A in [0, 1).

    Returns:
        K of shape (m,) or scalar, and the gradient of the shape of `direction`.

    Raises:
        ValueError: as `theorylab.parity.growth_rate_gradient`; a direction not of length 1.
    """
    y = _unit(direction, law)
    in_w, in_b = growth_rate_gradient(
        y[..., :-1], y[..., -1], law=law, coordinate=coordinate, alpha_bar=alpha_bar
    )
    gradient = torch.cat((in_w, in_b[..., None]), dim=-1)
    rate = (y * gradient).sum(-1)
    return rate, gradient - rate[..., None] * y


def growth_rate_sphere_hessian(
    direction: ArrayLike, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Matrices:
    r"""The Hessian of K on the unit sphere, as a matrix of R^{d+1} that vanishes on y.

    .. math:: \nabla_S^2 K = (I - y y^T) (\nabla^2 K - K I) (I - y y^T)

    Its other eigenvalues are those of the Riemannian Hessian. Arguments and errors as
    `growth_rate_on_sphere`.
    """
    y = _unit(direction, law)
    rate, _ = growth_rate_on_sphere(y, law=law, coordinate=coordinate, alpha_bar=alpha_bar)
    hessian = growth_rate_hessian(
        y[..., :-1], y[..., -1], law=law, coordinate=coordinate, alpha_bar=alpha_bar
    )
    identity = torch.eye(y.shape[-1], dtype=y.dtype, device=y.device)
    tangent = identity - y[..., :, None] * y[..., None, :]
    return tangent @ (hessian - rate[..., None, None] * identity) @ tangent


def _slope_of_z(z: Tensor, u: Tensor, atoms: Tensor, signal: float, noise: float) -> Tensor:
    """n times the gradient of z_v in (w, b), (*m, S, d+1)."""
    in_w = signal / noise * atoms - z[..., None] * u[..., None, :]
    return torch.cat((in_w, torch.full_like(z, 1 / noise)[..., None]), dim=-1)


def _mean_bend_of_z(
    density: Tensor, z: Tensor, u: Tensor, atoms: Tensor, signal: float, noise: float
) -> Tensor:
    """n^2 times the sum over v of p0 phi(z) times the Hessian of z_v, (*m, d+1, d+1)."""
    d = u.shape[-1]
    mean = density @ atoms
    cross = mean[..., :, None] * u[..., None, :]
    twist = torch.eye(d, dtype=u.dtype, device=u.device) - 3 * u[..., :, None] * u[..., None, :]
    bend = u.new_zeros((*u.shape[:-1], d + 1, d + 1))
    weight = (density * z).sum(-1)[..., None, None]
    bend[..., :d, :d] = -signal / noise * (cross + cross.transpose(-1, -2)) - weight * twist
    across = -density.sum(-1, keepdim=True) * u / noise
    bend[..., :d, d] = across
    bend[..., d, :d] = across
    return bend


def _unit(direction: ArrayLike, law: HypercubeLaw) -> Tensor:
    y = _require.array("direction", direction)
    y = _require.points("direction", y, dimension=law.dimension + 1, like=y)
    off = (torch.linalg.vector_norm(y, dim=-1) - 1).abs()
    if bool((off > 1e-6).any()):
        msg = f"direction must have length 1, off by {off.max().item():.3g}"
        raise ValueError(msg)
    return y
