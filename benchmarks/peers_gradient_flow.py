"""W4: the gradient of the two-layer network, by scipy over all pairs, and from samples.

Notation: neurons a (m,), w (m, d), b (m,); vertices V (G, d) with masses P; s = sqrt(alpha_bar),
nu = sqrt(1 - alpha_bar); h = (s w V^T + b) / (nu |w|), r the cosines of the weights.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import ndtr, owens_t
from torch import Tensor

from theorylab.parity import HypercubeLaw, TwoLayerReLU
from theorylab.parity.population import gradient_of_one, setting_of

Gradient = tuple[np.ndarray, np.ndarray, np.ndarray]


def scipy_gradient(
    network: TwoLayerReLU, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> Gradient:
    """The exact gradient with `scipy.special.owens_t` for every pair j <= k at every vertex."""
    a, w, b = (part.numpy() for part in (network.a, network.w, network.b))
    vertices, masses = (part.numpy() for part in law.weighted_vertices(like=network.w))
    s, nu = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    norm = np.linalg.norm(w, axis=1)
    deviation = nu * norm
    h = (s * w @ vertices.T + b[:, None]) / deviation[:, None]
    j, k = np.triu_indices(len(a))
    pairs = _pairs(h, w / norm[:, None], deviation, j, k)
    product, first_on, second_on, first_edge, second_edge, both = pairs

    def full(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        out = np.zeros((len(a), len(a), *x.shape[1:]))
        out[j, k], out[k, j] = x, y
        return out

    share = masses[:, None] * np.c_[vertices, np.ones(len(vertices))]
    on = np.einsum("jkd,k->jd", full(first_on @ share, second_on @ share), a)
    edge = full(first_edge @ masses, second_edge @ masses)
    joint = full(both @ masses, both @ masses)
    active, z = ndtr(h) @ masses, _density(h) * masses
    slope = w[:, coordinate] / norm
    grad_a = full(product @ masses, product @ masses) @ a - nu * w[:, coordinate] * active
    turn = nu * slope[:, None] * (z * h).sum(1)[:, None] * (w / norm[:, None])
    rate = s * slope[:, None] * (z @ vertices) - turn
    grad_w = s * on[:, :-1] + nu**2 * (w * (edge @ a)[:, None] + (joint * a) @ w) - rate
    grad_w[:, coordinate] -= nu * active
    grad_b = on[:, -1] - slope * z.sum(1)
    return 2 * grad_a, 2 * a[:, None] * grad_w, 2 * a * grad_b


def _pairs(
    h: np.ndarray, unit: np.ndarray, deviation: np.ndarray, j: np.ndarray, k: np.ndarray
) -> tuple[np.ndarray, ...]:
    """E[U+ V+], E[1_U V+], E[1_V U+], E[delta_U V+], E[delta_V U+] and E[1_U 1_V]."""
    x, y = h[j], h[k]
    r = np.clip((unit[j] * unit[k]).sum(1), -1, 1)[:, None]
    same = np.abs(r) > 1 - 1e-14  # copies: Owen's T would lose half of the digits
    q = np.where(same, 0, np.sqrt(1 - r * r))
    with np.errstate(all="ignore"):
        t, u = np.where(same, 0, (y - r * x) / q), np.where(same, 0, (x - r * y) / q)
        opposite = np.where((x < 0) ^ (y < 0), 0.5, 0)
        apart = (ndtr(x) + ndtr(y)) / 2 - owens_t(x, t / x) - owens_t(y, u / y) - opposite
    both = np.where(same, ndtr(np.minimum(x, y)), apart)
    p, o = _density(x), _density(y)
    c, e = np.where(same, 0.5, ndtr(t)), np.where(same, 0.5, ndtr(u))
    one, two = deviation[j][:, None], deviation[k][:, None]
    product = one * two * ((x * y + r) * both + y * p * c + x * o * e + p * q * _density(t))
    first_on = two * (y * both + o * e + r * p * c)
    second_on = one * (x * both + p * c + r * o * e)
    first_edge = two / one * p * ((y - r * x) * c + q * _density(t))
    second_edge = one / two * o * ((x - r * y) * e + q * _density(u))
    return product, first_on, second_on, first_edge, second_edge, both


def _density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def scipy_flow(
    network: TwoLayerReLU,
    law: HypercubeLaw,
    alpha_bar: float,
    time: float,
    method: str,
    rtol: float = 1e-8,
) -> np.ndarray:
    """The end of the gradient flow by a method of `solve_ivp`, on theorylab's exact gradient."""
    setting = setting_of(network, law, 0, alpha_bar)
    m, d = network.width, network.dimension
    start = np.concatenate([network.a.numpy(), network.w.numpy().ravel(), network.b.numpy()])

    def velocity(_: float, flat: np.ndarray) -> np.ndarray:
        a, w, b = torch.from_numpy(flat).split([m, m * d, m])
        parts = gradient_of_one(TwoLayerReLU(a, w.view(m, d), b), setting)
        return -np.concatenate([part.numpy().ravel() for part in parts])

    found = solve_ivp(velocity, (0, time), start, method=method, rtol=rtol, atol=1e-3 * rtol)
    return found.y[:, -1]


def compiled_gradient(
    network: TwoLayerReLU, x: Tensor, target: Tensor
) -> Callable[[], tuple[Tensor, ...]]:
    """The gradient of a batch written out, by torch.compile; it needs a C++ compiler."""

    def gradient(a: Tensor, w: Tensor, b: Tensor, x: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        u = torch.addmm(b, x, w.T)
        active = torch.relu(u)
        off = 2 * (active @ a - target) / len(x)
        pulled = torch.where(u > 0, off[:, None] * a, 0)
        return active.T @ off, pulled.T @ x, pulled.sum(0)

    def compiled() -> tuple[Tensor, ...]:
        with warnings.catch_warnings():  # of torch's own, at its first use
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch.compile(gradient)(network.a, network.w, network.b, x, target)

    return compiled


def numba_gradient(
    network: TwoLayerReLU, x: Tensor, target: Tensor
) -> Callable[[], tuple[np.ndarray, ...]]:
    """The gradient of a batch in pieces of 256 rows, by numba around BLAS."""
    import numba

    @numba.njit(fastmath=True)
    def gradient(
        a: np.ndarray, w: np.ndarray, b: np.ndarray, x: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        grad_a, grad_w, grad_b = np.zeros_like(a), np.zeros_like(w), np.zeros_like(b)
        for first in range(0, len(x), 256):
            rows = x[first : first + 256]
            u = np.dot(rows, w.T) + b
            off = np.dot(np.maximum(u, 0), a) - target[first : first + 256]
            off = off * a.dtype.type(2 / len(x))
            for i in range(len(rows)):
                for j in range(len(a)):
                    on = u[i, j] > 0
                    grad_a[j] += off[i] * u[i, j] if on else 0
                    u[i, j] = off[i] * a[j] if on else 0
                    grad_b[j] += u[i, j]
            grad_w += np.dot(u.T, rows)
        return grad_a, grad_w, grad_b

    given = [part.numpy() for part in (network.a, network.w, network.b, x, target)]
    return lambda: gradient(*given)


def autograd_gradient(network: TwoLayerReLU, x: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """The gradient of the mean square error of a batch, by autograd."""
    leaves = [part.clone().requires_grad_() for part in (network.a, network.w, network.b)]
    a, w, b = leaves
    loss = (torch.relu(torch.addmm(b, x, w.T)) @ a - target).square().mean()
    return torch.autograd.grad(loss, leaves)


def jax_gradient(network: TwoLayerReLU) -> Callable[[Tensor, Tensor], Any]:
    """The same, compiled by jax."""
    import jax

    jax.config.update("jax_enable_x64", True)
    leaves = [jax.numpy.asarray(part.numpy()) for part in (network.a, network.w, network.b)]

    def loss(leaves: Any, x: Any, target: Any) -> Any:
        a, w, b = leaves
        return ((jax.nn.relu(x @ w.T + b) @ a - target) ** 2).mean()

    compiled = jax.jit(jax.grad(loss))
    return lambda x, target: jax.block_until_ready(compiled(leaves, x.numpy(), target.numpy()))
