r"""The exact loss of a two-layer ReLU network on a law of the cube, and its exact gradient.

Notation: x = s v + nu xi, s = sqrt(A), nu = sqrt(1 - A), A = alpha_bar; s_theta(x) = \sum_j a_j
relu(U_j), U_j = w_j . x + b_j, for one output coordinate i; K_j = E[xi_i relu(U_j)] the growth
rate; E_v the mean over xi at a fixed vertex v, 1_j = 1{U_j > 0}, delta_j = delta(U_j).

Nothing is sampled: a pair of neurons sees a bivariate normal at every vertex (see
`theorylab.parity.normal_pairs`). The cost is m^2 / 2 times the number of vertices that the network
tells apart (see `theorylab.parity._pairs`), most of it in matrix products (see
`theorylab.parity._hermite`). This module follows no flow.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab.native import pairs
from theorylab.native.mixture import takes
from theorylab.native.recorded import recorded
from theorylab.parity._pairs import Atoms, Groups, pair_sums
from theorylab.parity.growth import MAX_ATOMS, activation_and_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.network import TwoLayerReLU, coordinate_of
from theorylab.parity.posterior import signal_and_noise

Gradient = tuple[Tensor, Tensor, Tensor]
"""The derivatives in a, w and b, of their shapes."""


def population_loss(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Tensor:
    r"""L = E|xi_i - s_theta(x)|^2, exactly.

    .. math::
        L = 1 - 2 \sum_j a_j K_j
            + \sum_{jk} a_j a_k \sum_v p_0(v) E_v[\mathrm{relu}(U_j) \mathrm{relu}(U_k)]

    Args:
        network: no row of w may be 0.
        law: p0.
        coordinate: i, for a network of one output; ignored if it has all outputs.
        alpha_bar: A in [0, 1).

    Returns:
        The loss; of every coordinate, in shape (d,), for a network with all outputs.

    Raises:
        ValueError: a zero row of w, another dimension than the law's, a coordinate outside
            0..d-1, alpha_bar outside [0, 1), more than `growth.MAX_ATOMS` vertices.

    Source: arXiv 2503.03595, section 5.1.2 defines L; the closed form is not in the paper.
    """
    return _each_output(network, law, coordinate, alpha_bar, _loss)


def population_gradient(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Gradient:
    r"""The gradient of `population_loss` in a, w and b, exactly.

    .. math::
        \partial_{a_j} L &= 2 \Big(\sum_k a_k E[U_j^+ U_k^+] - K_j\Big), \\
        \partial_{(w_j, b_j)} L &= 2 a_j \Big(\sum_k a_k E[1_j U_k^+ (x, 1)] - \nabla K_j\Big), \\
        E_v[1_j U_k^+ x] &= s v E_v[1_j U_k^+]
            + \nu^2 (w_j E_v[\delta_j U_k^+] + w_k E_v[1_j 1_k]) .

    The last line is an integration by parts in xi; its part along w_j is not computed by it but
    from E[1_j U_k+ (w_j . x + b_j)] = E[U_j+ U_k+]. Arguments and errors as `population_loss`.

    Returns:
        dL/da, dL/dw, dL/db; with all outputs, of the sum of the losses.
    """
    parts = _each_output(network, law, coordinate, alpha_bar, gradient_of_one)
    return (parts[0], parts[1], parts[2])


def ratio_of_means_dependency(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Tensor:
    r"""E[(d_i s_theta)^2] / E|grad s_theta|^2, the local dependency ratio with means inside.

    .. math::
        \frac{\sum_{jk} a_j a_k w_{ji} w_{ki} E[1_j 1_k]}
             {\sum_{jk} a_j a_k (w_j \cdot w_k) E[1_j 1_k]}

    The paper's ratio, Equation (2), is the mean of the ratio instead: it is another number.
    Arguments and errors as `population_loss`; the Jacobian must not vanish everywhere.
    """
    return _each_output(network, law, coordinate, alpha_bar, _dependency)


@dataclass(frozen=True)
class Setting:
    """What the formulas of one output need besides the network: made by `setting_of`."""

    atoms: Atoms
    coordinate: int
    alpha_bar: float


def setting_of(
    network: TwoLayerReLU, law: HypercubeLaw, coordinate: int, alpha_bar: float
) -> Setting:
    """Check the arguments of this module and list the atoms once."""
    if not isinstance(network, TwoLayerReLU):
        msg = f"network must be a TwoLayerReLU, got {network!r}"
        raise ValueError(msg)
    if not isinstance(law, HypercubeLaw) or law.dimension != network.dimension:
        msg = f"law must be a HypercubeLaw on {network.dimension} coordinates, got {law!r}"
        raise ValueError(msg)
    i = coordinate_of(coordinate, law.dimension)
    signal_and_noise(alpha_bar)
    if law.support_size > MAX_ATOMS:
        msg = f"law must have at most {MAX_ATOMS} vertices, got {law.support_size}"
        raise ValueError(msg)
    return Setting(Atoms(law, i, network.w), i, _require.number("alpha_bar", alpha_bar))


def gradient_of_one(network: TwoLayerReLU, setting: Setting) -> Gradient:
    """`population_gradient` of a network with one output, the setting checked before."""
    return _gradient_and_value(network, setting)[0]


def loss_and_gradient(network: TwoLayerReLU, setting: Setting) -> tuple[Tensor, Gradient]:
    r"""Both at once, of a network with one output, the setting checked before.

    The value costs nothing beside the gradient: L = 1 + a . dL/da / 2 - a . K.
    """
    gradient, value = _gradient_and_value(network, setting)
    return value, gradient


def _gradient_and_value(network: TwoLayerReLU, setting: Setting) -> tuple[Gradient, Tensor]:
    a, w, b = network.a, network.w, network.b
    groups = _groups(network, setting)
    signal, noise = signal_and_noise(setting.alpha_bar)
    if not recorded(a, w, b) and takes(w):
        parts = groups.vertices, groups.masses, groups.means, groups.alike
        found = pairs.run((a, w, b), parts, setting.coordinate, signal, noise)
        rows = found.gradient
        return (rows[:, 0], rows[:, 1:-1], rows[:, -1]), found.value[0]
    see = pair_sums(a, w, b, groups, signal, noise)
    active, rate_w, rate_b = _growth(network, groups, setting)
    pull_b = see.on.sum(1)
    pull_w = signal * (see.on @ groups.means) + noise**2 * (see.both @ (a[:, None] * w))
    radial = see.product - b * pull_b - (w * pull_w).sum(-1)  # U_j = w_j . x + b_j
    radial = torch.where(see.kinked, radial, 0.0) / w.square().sum(-1)
    pull = pull_w + w * radial[:, None] - rate_w
    grad_w = pull[:, groups.alike]
    grad_w[:, setting.coordinate] -= noise * active
    rate = noise * w[:, setting.coordinate] * active
    gradient = (2 * (see.product - rate), 2 * a[:, None] * grad_w, 2 * a * (pull_b - rate_b))
    return gradient, 1 + a @ (see.product - 2 * rate)


def _loss(network: TwoLayerReLU, setting: Setting) -> tuple[Tensor]:
    return (_gradient_and_value(network, setting)[1],)


def _dependency(network: TwoLayerReLU, setting: Setting) -> tuple[Tensor]:
    a, w, i = network.a, network.w, setting.coordinate
    groups = _groups(network, setting)
    see = pair_sums(a, w, network.b, groups, *signal_and_noise(setting.alpha_bar))
    weights = a[:, None] * w
    squares = (weights * (see.both @ weights)).sum(0)
    below = squares.sum()
    if not bool(below > 0):
        msg = f"network must have a Jacobian that does not vanish, got E|J|^2 = {below.item()}"
        raise ValueError(msg)
    return (squares[i] / below,)


def _groups(network: TwoLayerReLU, setting: Setting) -> Groups:
    if bool((network.w == 0).all(dim=-1).any()):
        msg = "w must be non-zero for every neuron, got a zero row"
        raise ValueError(msg)
    return setting.atoms.groups(network.w)


def _growth(network: TwoLayerReLU, groups: Groups, setting: Setting) -> tuple[Tensor, ...]:
    signal, noise = signal_and_noise(setting.alpha_bar)
    norm = torch.linalg.vector_norm(network.w, dim=-1, keepdim=True)
    z = (signal * (network.w @ groups.vertices.T) + network.b[:, None]) / (noise * norm)
    return activation_and_gradient(
        z, groups.masses, groups.means, network.w, setting.coordinate, setting.alpha_bar
    )


def _each_output(network, law, coordinate, alpha_bar, formula):  # type: ignore[no-untyped-def]
    if not (isinstance(network, TwoLayerReLU) and network.has_all_outputs):
        parts = formula(network, setting_of(network, law, coordinate, alpha_bar))
        return parts[0] if len(parts) == 1 else parts
    d = network.dimension
    outputs = [
        formula(network.output(i), setting_of(network, law, i, alpha_bar)) for i in range(d)
    ]
    stacked = [torch.stack(part) for part in zip(*outputs, strict=True)]
    return stacked[0] if len(stacked) == 1 else tuple(stacked)
