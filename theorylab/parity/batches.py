r"""Gradients from samples: the gradient of a batch, and draws that need fewer samples.

Notation: x = s v + nu xi, s_theta and K as in `theorylab.parity.population`; a batch is n points x
with targets y, its loss the mean of (s_theta(x) - y)^2; x^ = (x, 1), theta_j = (w_j, b_j).

A kind of draws is an object: `Independent`, `Stratified` or `Sobol`. This module takes no step;
`theorylab.parity.descent` does.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from theorylab import _require
from theorylab._threads import one_thread
from theorylab._typing import Points
from theorylab.parity.growth import growth_rate, growth_rate_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.network import TwoLayerReLU, coordinate_of
from theorylab.parity.population import Gradient
from theorylab.parity.posterior import signal_and_noise

PIECE = 2**17
"""The largest number of (sample, neuron) entries held at once, so that they stay in cache."""

DEVICE_PIECE = 2**23
"""The same on a device: 2^25 bytes of float32, a part of its cache; less waits for launches."""


def batch_gradient(
    a: Tensor, w: Tensor, b: Tensor, x: Points, target: Tensor
) -> tuple[Tensor, Gradient]:
    r"""The loss of a batch of one output, and its gradient, in pieces that stay in cache.

    .. math::
        \partial_{a_j} = \frac2n \sum_x e(x) \, \mathrm{relu}(\theta_j \cdot \hat x), \qquad
        \partial_{\theta_j} = \frac{2 a_j}{n} \sum_x e(x) \, 1\{\theta_j \cdot \hat x > 0\}\,
            \hat x, \qquad e = s_\theta - y .

    The error is at most 2 eps times the same sums of absolute values, unless rounding moves a
    sample across a neuron's kink (tests/test_fast_paths_refuse_errors.py).

    A formula: it checks nothing.

    Args:
        a: (m,).
        w: (m, d).
        b: (m,).
        x: (n, d).
        target: (n,).
    """
    points = torch.cat((x, torch.ones_like(x[:, :1])), dim=1)
    theta = torch.cat((w, b[:, None]), dim=1).T.contiguous()
    grad_a, grad, total = torch.zeros_like(a), torch.zeros_like(theta), torch.zeros_like(a[0])
    piece = PIECE if x.device.type == "cpu" else DEVICE_PIECE
    rows = min(len(x), max(1, piece // len(a)))
    level = theta.new_empty(rows, len(a))
    for some, aims in zip(points.split(rows), target.split(rows), strict=True):
        output = torch.mm(some, theta, out=level[: len(some)]).relu_()
        error = output @ a - aims
        total += error @ error
        grad_a.addmv_(output.T, error)
        grad.addmm_((some * error[:, None]).T, output.sign_())
    scale = 2 / len(x)
    grad *= scale * a
    return total / len(x), (scale * grad_a, grad[:-1].T, grad[-1])


class Draws(ABC):
    """How n points are drawn: abstract; see the final classes."""

    @abstractmethod
    def vertices_and_noise(
        self, masses: Tensor, dimension: int, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Indices of vertices (n,), and noise (n, d) of the dtype and device of `masses` (S,)."""

    def points(
        self,
        vertices: Tensor,
        masses: Tensor,
        count: int,
        *,
        alpha_bar: float,
        generator: torch.Generator,
    ) -> Points:
        """Points x (n, d) from atoms (S, d) and (S,) as `HypercubeLaw.weighted_vertices` gives.

        Raises:
            ValueError: `count` is no positive integer, or not one that these draws allow.
        """
        signal, noise = signal_and_noise(alpha_bar)
        size = _require.integer("count", count, at_least=1)
        chosen, xi = self.vertices_and_noise(masses, vertices.shape[1], size, generator)
        return signal * vertices[chosen] + noise * xi


@final
@dataclass(frozen=True)
class Independent(Draws):
    """Independent points."""

    def vertices_and_noise(
        self, masses: Tensor, dimension: int, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Uniform or by `torch.multinomial`, and normal draws."""
        return _vertices(masses, count, generator), _normals(masses, (count, dimension), generator)


@final
@dataclass(frozen=True)
class Stratified(Draws):
    """Each vertex as often as its probability says, and the noise in pairs xi, -xi.

    Only for laws of equal probabilities; the number of points must be a multiple of twice the
    number of vertices.
    """

    def vertices_and_noise(
        self, masses: Tensor, dimension: int, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """As the class says."""
        if not bool((masses == masses[0]).all()):
            msg = "law must have equal probabilities to be stratified, got unequal ones"
            raise ValueError(msg)
        if count % (2 * len(masses)):
            msg = f"count must be a multiple of {2 * len(masses)}, got {count}"
            raise ValueError(msg)
        half = _normals(masses, (count // 2, dimension), generator)
        order = torch.arange(count // 2, device=masses.device) % len(masses)
        return order.repeat(2), torch.cat((half, -half))


@final
@dataclass(frozen=True)
class Sobol(Draws):
    """A scrambled Sobol sequence over the vertex and the noise together; n a power of 2 is best.

    Source: Owen, "Scrambled net variance for integrals of smooth functions" (1997).
    """

    def vertices_and_noise(
        self, masses: Tensor, dimension: int, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The first coordinate chooses the vertex by its distribution function."""
        seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
        engine = SobolEngine(dimension + 1, scramble=True, seed=seed)
        uniform = engine.draw(count, dtype=torch.float64).to(masses.device)
        below = masses.double().cumsum(0)
        chosen = torch.searchsorted(below, uniform[:, 0] * below[-1], right=True)
        # the engine has 30 bits, and 0 among them: half a step in is inside (0, 1)
        xi = torch.special.ndtri(uniform[:, 1:] + 2.0**-31).to(masses.dtype)
        return chosen.clamp(max=len(masses) - 1), xi


def sampled_gradient(
    network: TwoLayerReLU,
    *,
    law: HypercubeLaw,
    coordinate: int = 0,
    alpha_bar: float,
    draws: Draws,
    count: int,
    seed: int,
    exact_linear: bool = True,
) -> Gradient:
    r"""An estimate of `population_gradient` from n points, without bias for independent points.

    .. math:: L = 1 - 2 \sum_j a_j K_j + E[s_\theta(x)^2]

    The last term is sampled, the other one exact. Without `exact_linear` it is sampled too, by
    the targets y_i(x) = E[xi_i | x].

    Args:
        network: of one output; no row of w may be 0.
        law: p0.
        coordinate: i.
        alpha_bar: A in [0, 1).
        draws: such as `Sobol()`.
        count: n, at least 1.
        seed: of a generator of its own.
        exact_linear: whether the linear term is exact.

    Raises:
        ValueError: an argument that violates the above, or a count that the draws do not allow.
    """
    if not isinstance(network, TwoLayerReLU) or network.has_all_outputs:
        msg = f"network must be a TwoLayerReLU with one output, got {network!r}"
        raise ValueError(msg)
    if not isinstance(draws, Draws):
        msg = f"draws must be Draws such as Sobol(), got {draws!r}"
        raise ValueError(msg)
    a, w, b = network.a, network.w, network.b
    i = coordinate_of(coordinate, network.dimension)
    slope_w, slope_b = growth_rate_gradient(w, b, law=law, coordinate=i, alpha_bar=alpha_bar)
    generator = torch.Generator(device=w.device)
    generator.manual_seed(_require.integer("seed", seed, at_least=0))
    atoms = law.weighted_vertices(like=w)
    x = draws.points(*atoms, count, alpha_bar=alpha_bar, generator=generator)
    with one_thread():
        if not exact_linear:
            target = law.noise_mean(x, alpha_bar=alpha_bar)[:, i]
            return batch_gradient(a, w, b, x, target)[1]
        _, (in_a, in_w, in_b) = batch_gradient(a, w, b, x, torch.zeros_like(x[:, 0]))
    rate = growth_rate(w, b, law=law, coordinate=i, alpha_bar=alpha_bar)
    return in_a - 2 * rate, in_w - 2 * a[:, None] * slope_w, in_b - 2 * a * slope_b


def _vertices(masses: Tensor, count: int, generator: torch.Generator) -> Tensor:
    if bool((masses == masses[0]).all()):
        shape = (count,)
        return torch.randint(len(masses), shape, generator=generator, device=masses.device)
    return torch.multinomial(masses, count, replacement=True, generator=generator)


def _normals(masses: Tensor, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=masses.dtype, device=masses.device)
