r"""The growth rate K of a small ReLU neuron in the first phase of training, in closed form.

Notation: v on the cube with law p0, x = s v + nu xi, s = sqrt(A), nu = sqrt(1 - A), A = alpha_bar;
y_i(x) = E[xi_i | x]; Phi and phi the standard normal distribution function and density;
z_v = (s w.v + b) / (nu |w|), so that Phi(z_v) = P(w.x + b > 0 | v).

This module follows no training; it evaluates K and its gradient at given parameters.
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab._normal import normal_below
from theorylab._typing import ArrayLike, PerPoint, Points
from theorylab.parity.cube import MAX_VERTEX_DIMENSION
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.posterior import signal_and_noise

MAX_ATOMS = 2 ** (MAX_VERTEX_DIMENSION - 1)
"""The largest support that is summed over: a parity on all coordinates that are listed."""

BLOCK = 2**22
"""The largest number of (neuron, atom) pairs held at once."""


def growth_rate(
    w: ArrayLike, b: ArrayLike, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> PerPoint:
    r"""K(w, b) = E[y_i(x) relu(w.x + b)], by Gaussian integration by parts in xi_i.

    .. math::
        K(w, b) = \nu w_i P(w \cdot x + b > 0)
                = \nu w_i \sum_v p_0(v) \Phi\Big(\frac{s \, w \cdot v + b}{\nu |w|}\Big)

    and K(0, b) = relu(b) E[xi_i] = 0. Only the law of the coordinates with w_k != 0 enters, so
    that a parity of any dimension is summed where few weights differ from 0.

    Args:
        w: (m, d) or (d,), one neuron a row.
        b: (m,) or a scalar.
        law: p0.
        coordinate: i, the output coordinate, counted from 0.
        alpha_bar: A in [0, 1).

    Returns:
        (m,), or a scalar tensor for a single neuron; differentiable where w != 0.

    Raises:
        ValueError: w or b is not finite or of another shape; coordinate outside 0..d-1; alpha_bar
            outside [0, 1); a support of more than `MAX_ATOMS` vertices on the coordinates with
            non-zero weights.

    Source: arXiv 2503.03595, Lemma A.5 defines K; the closed form is not in the paper.
    """
    w, b, coordinate = checked_neurons(w, b, law, coordinate)
    _, noise = signal_and_noise(alpha_bar)
    active = _activation_probability(torch.atleast_2d(w), b.reshape(-1), law, alpha_bar)
    return noise * w[..., coordinate] * active.reshape(b.shape)


def growth_rate_gradient(
    w: ArrayLike, b: ArrayLike, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> tuple[Points, PerPoint]:
    r"""The gradient of K in w and in b.

    .. math::
        \partial_b K &= \frac{w_i}{|w|} \sum_v p_0(v) \phi(z_v), \\
        \partial_w K &= \nu P e_i + \frac{s w_i}{|w|} \sum_v p_0(v) \phi(z_v) v
            - \frac{\nu w_i}{|w|^2} \Big(\sum_v p_0(v) \phi(z_v) z_v\Big) w,

    with P = \sum_v p_0(v) \Phi(z_v). K is homogeneous of degree one, hence
    w . dK/dw + b dK/db = K.

    Args:
        w: (m, d) or (d,), no row 0: there K(., b) is given by a limit, or has no gradient.
        b: (m,) or a scalar.
        law: p0.
        coordinate: i, counted from 0.
        alpha_bar: A in [0, 1).

    Returns:
        dK/dw of the shape of w, and dK/db of the shape of `growth_rate`.

    Raises:
        ValueError: as `growth_rate`; a row of w is 0; more than `MAX_ATOMS` atoms in all.
    """
    w, b, coordinate = checked_neurons(w, b, law, coordinate, non_zero=True)
    norm = torch.linalg.vector_norm(w, dim=-1, keepdim=True)
    signal, noise = signal_and_noise(alpha_bar)
    atoms, masses = summable(law).weighted_vertices(like=w)
    z = (signal * (w @ atoms.T) + b[..., None]) / (noise * norm)
    active, grad, grad_b = activation_and_gradient(z, masses, atoms, w, coordinate, alpha_bar)
    grad[..., coordinate] += noise * active
    return grad, grad_b


def activation_and_gradient(
    z: Tensor, masses: Tensor, means: Tensor, w: Tensor, coordinate: int, alpha_bar: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""P(w.x + b > 0), dK/dw without its term nu P e_i, and dK/db: formulas, nothing is checked.

    Args:
        z: (*m, G), z_v for groups of vertices with equal w.v.
        masses: (G,), their probabilities.
        means: (G, d), the mean vertex of each.
        w: (*m, d), no row 0.
        coordinate: i.
        alpha_bar: A.
    """
    signal, noise = signal_and_noise(alpha_bar)
    norm = torch.linalg.vector_norm(w, dim=-1, keepdim=True)
    share = w[..., coordinate, None] / norm
    density = masses * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    grad = signal * share * (density @ means)
    grad = grad - noise * share * (density * z).sum(-1, keepdim=True) * (w / norm)
    return normal_below(z) @ masses, grad, share[..., 0] * density.sum(-1)


def checked_neurons(
    w: ArrayLike, b: ArrayLike, law: HypercubeLaw, coordinate: int, *, non_zero: bool = False
) -> tuple[Tensor, Tensor, int]:
    """The arguments checked; b is given the shape of the neurons.

    Raises:
        ValueError: as `growth_rate`; with `non_zero`, a row of w that is 0.
    """
    if not isinstance(law, HypercubeLaw):
        msg = f"law must be a HypercubeLaw, got {law!r}"
        raise ValueError(msg)
    weights = _require.array("w", w)
    weights = _require.points("w", weights, dimension=law.dimension, like=weights)
    if weights.ndim > 2:
        msg = f"w must have shape (m, d) or (d,), got shape {tuple(weights.shape)}"
        raise ValueError(msg)
    biases = _require.array("b", b, like=weights)
    if biases.ndim and biases.shape != weights.shape[:-1]:
        msg = f"b must be a scalar or have shape {tuple(weights.shape[:-1])}, got shape "
        raise ValueError(msg + str(tuple(biases.shape)))
    coordinate = _require.integer("coordinate", coordinate, at_least=0)
    if coordinate >= law.dimension:
        msg = f"coordinate must be in 0..{law.dimension - 1}, got {coordinate}"
        raise ValueError(msg)
    if non_zero and bool((weights == 0).all(dim=-1).any()):
        msg = "w must be non-zero for every neuron where the gradient is asked for, got a zero row"
        raise ValueError(msg)
    return weights, biases.expand(weights.shape[:-1]), coordinate


def _activation_probability(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """P(w.x + b > 0) for each neuron (m,); any value for a zero row, where K is 0 anyway."""
    if law.support_size > MAX_ATOMS:
        return _on_non_zero_coordinates(w, b, law, alpha_bar)
    signal, noise = signal_and_noise(alpha_bar)
    size = w.detach().abs().amax(dim=-1, keepdim=True)
    size = torch.where(size == 0, torch.ones_like(size), size)
    unit = w / size
    norm = torch.linalg.vector_norm(unit, dim=-1, keepdim=True)
    norm = torch.where(norm == 0, torch.ones_like(norm), norm)
    atoms, masses = law.weighted_vertices(like=w)
    total = torch.zeros_like(b)
    rows = max(1, BLOCK // max(1, len(w)))
    for some, mass in zip(atoms.split(rows), masses.split(rows), strict=True):
        z = (signal * (unit @ some.T) + b[:, None] / size) / (noise * norm)
        total = total + normal_below(z) @ mass
    return total


def _on_non_zero_coordinates(w: Tensor, b: Tensor, law: HypercubeLaw, alpha_bar: float) -> Tensor:
    """`_activation_probability` neuron by neuron, on the marginal law of its own coordinates."""
    values = []
    for row, bias in zip(w, b, strict=True):
        kept = torch.nonzero(row).flatten().tolist() or [0]
        small = summable(law.marginal(kept))
        values.append(_activation_probability(row[None, kept], bias[None], small, alpha_bar))
    return torch.cat(values)


def summable(law: HypercubeLaw) -> HypercubeLaw:
    """The law itself, if its atoms are few enough to be summed over.

    Raises:
        ValueError: more than `MAX_ATOMS` atoms.
    """
    if law.support_size > MAX_ATOMS:
        msg = (
            f"law must have at most {MAX_ATOMS} vertices on the coordinates with non-zero "
            f"weights, got {law.support_size}"
        )
        raise ValueError(msg)
    return law
