r"""Denoisers to be trained: a small network inside EDM's preconditioning, and its loss.

Notation: y = x + sigma n; D(y, sigma) = c_skip y + c_out F(c_in y, c_noise); ln sigma is
drawn from N(m, s^2).

This module holds no data and takes no steps; see `theorylab.learn.digits` for a recipe.
"""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import silu

from theorylab import _require
from theorylab.diffusion import EDMPreconditioning, PreconditionedDenoiser, Preconditioning
from theorylab.learn.objective import Draws


class DenoisingMLP(nn.Module):
    """Two hidden layers F(z, noise) on R^d whose last layer starts at 0.

    So a preconditioned denoiser starts at D(y, sigma) = c_skip y.

    Args:
        d: the dimension of the points.
        width: of both hidden layers.

    Raises:
        ValueError: d < 1, width < 1; when called, points of another dimension.
    """

    def __init__(self, d: int, *, width: int = 80) -> None:
        super().__init__()
        self.d = _require.integer("d", d, at_least=1)
        _require.integer("width", width, at_least=1)
        self.enter = nn.Linear(d + 1, width)
        self.inner = nn.Linear(width, width)
        self.leave = nn.Linear(width, d)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        """F at z, (*n, d), and the level told to the network, () or (*n, 1)."""
        if z.ndim < 1 or z.shape[-1] != self.d:
            msg = f"z must have shape (*n, {self.d}), got {tuple(z.shape)}"
            raise ValueError(msg)
        told = noise.expand(*z.shape[:-1], 1)
        h = silu(self.enter(torch.cat((z, told), -1)))
        return self.leave(silu(self.inner(h)))


@dataclass(frozen=True)
class DenoisingLoss:
    r"""The mean of |D(y, sigma) - x|^2 / (c_out^2 d) over a batch: EDM's loss.

    Attributes:
        data: draws x, (batch, d).
        preconditioning: around the network.
        batch: the number of draws of a step.
        mean, deviation: of ln sigma.

    Raises:
        ValueError: data that cannot be called, no preconditioning, batch < 1, a deviation < 0.

    Source: Karras et al., arXiv:2206.00364, Table 1.
    """

    data: Draws
    preconditioning: Preconditioning = field(default_factory=EDMPreconditioning)
    batch: int = 64
    mean: float = -1.2
    deviation: float = 1.2

    def __post_init__(self) -> None:
        if not callable(self.data):
            msg = f"data must be callable as data(n, generator), got {self.data!r}"
            raise ValueError(msg)
        if not isinstance(self.preconditioning, Preconditioning):
            msg = f"preconditioning must have the four factors, got {self.preconditioning!r}"
            raise ValueError(msg)
        _require.integer("batch", self.batch, at_least=1)
        _require.number("mean", self.mean)
        _require.non_negative("deviation", self.deviation)

    def __call__(self, network: nn.Module, generator: Generator) -> Tensor:
        """The loss of one batch."""
        x = self.data(self.batch, generator).float()
        level = torch.empty_like(x[:, 0]).normal_(generator=generator)
        sigma = torch.exp(self.mean + self.deviation * level)
        y = x + sigma[:, None] * torch.empty_like(x).normal_(generator=generator)
        estimate = PreconditionedDenoiser(network, self.preconditioning)(y, sigma)
        off = (estimate - x) / self.preconditioning.out(sigma)[:, None]
        return off.square().mean()


@dataclass(frozen=True, eq=False)
class LearnedDenoiser:
    """A trained network as a denoiser D(y, sigma).

    The network computes in the dtype of its weights and the result has that of y; no gradients are
    kept.

    Attributes:
        network: F.
        preconditioning: the one it was trained in.

    Raises:
        ValueError: something else than a module or a preconditioning.
    """

    network: nn.Module
    preconditioning: Preconditioning = field(default_factory=EDMPreconditioning)

    def __post_init__(self) -> None:
        if not isinstance(self.network, nn.Module):
            msg = f"network must be a torch.nn.Module, got {self.network!r}"
            raise ValueError(msg)
        PreconditionedDenoiser(self.network, self.preconditioning)

    def __call__(self, y: Tensor, sigma: float | Tensor) -> Tensor:
        """The estimate of x, (*n, d)."""
        own = next(self.network.parameters(), y)
        level = torch.as_tensor(sigma, dtype=torch.float64).to(own)
        with torch.no_grad():
            return PreconditionedDenoiser(self.network, self.preconditioning)(y.to(own), level).to(
                y
            )
