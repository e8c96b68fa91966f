r"""Preconditioned denoisers, as Karras et al. build them around a network.

Notation: D(y, sigma) = c_skip y + c_out F(c_in y, c_noise) with a network F; sigma_d the standard
deviation of a coordinate of the data.

This module holds no network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _points


@runtime_checkable
class Preconditioning(Protocol):
    """The four factors as functions of sigma > 0."""

    def skip(self, sigma: Tensor) -> Tensor:
        """The factor c_skip of y."""

    def out(self, sigma: Tensor) -> Tensor:
        """The factor c_out of the network's output."""

    def into(self, sigma: Tensor) -> Tensor:
        """The factor c_in of y at the network's input."""

    def noise(self, sigma: Tensor) -> Tensor:
        """The number c_noise that tells the network sigma."""


@dataclass(frozen=True)
class EDMPreconditioning:
    r"""The factors of EDM.

    .. math:: c_{skip} = \frac{\sigma_d^2}{\sigma_d^2 + \sigma^2}, \quad
              c_{out} = \frac{\sigma \sigma_d}{\sqrt{\sigma_d^2 + \sigma^2}}, \quad
              c_{in} = \frac{1}{\sqrt{\sigma_d^2 + \sigma^2}}, \quad
              c_{noise} = \tfrac14 \ln \sigma

    Raises:
        ValueError: sigma_data that is not positive.

    Source: Karras et al., arXiv:2206.00364, Table 1.
    """

    sigma_data: float = 0.5

    def __post_init__(self) -> None:
        _require.positive("sigma_data", self.sigma_data)

    def skip(self, sigma: Tensor) -> Tensor:
        """The Wiener gain of N(0, sigma_d^2 I)."""
        return self.sigma_data**2 / (self.sigma_data**2 + sigma**2)

    def out(self, sigma: Tensor) -> Tensor:
        """The deviation of the posterior of N(0, sigma_d^2)."""
        return sigma * self.sigma_data / torch.sqrt(self.sigma_data**2 + sigma**2)

    def into(self, sigma: Tensor) -> Tensor:
        """One over the deviation of y."""
        return 1 / torch.sqrt(self.sigma_data**2 + sigma**2)

    def noise(self, sigma: Tensor) -> Tensor:
        """A quarter of ln sigma."""
        return torch.log(sigma) / 4


@dataclass(frozen=True)
class VEPreconditioning:
    r"""The factors of the variance-exploding baseline: c_skip = 1, c_out = sigma, c_in = 1.

    c_noise = ln(sigma/2).

    Source: Karras et al., arXiv:2206.00364, Table 1.
    """

    def skip(self, sigma: Tensor) -> Tensor:
        """One, at every sigma."""
        return torch.ones_like(sigma)

    def out(self, sigma: Tensor) -> Tensor:
        """The noise level."""
        return sigma

    def into(self, sigma: Tensor) -> Tensor:
        """One."""
        return torch.ones_like(sigma)

    def noise(self, sigma: Tensor) -> Tensor:
        """The logarithm of sigma / 2."""
        return torch.log(sigma / 2)


@dataclass(frozen=True)
class PreconditionedDenoiser:
    """D(y, sigma) = c_skip y + c_out F(c_in y, c_noise).

    Attributes:
        network: F, callable as F(z, noise) with z (*n, d) and noise () or (*n, 1).
        preconditioning: the four factors.

    Raises:
        ValueError: a network that cannot be called, factors that are not a `Preconditioning`.
    """

    network: Callable[[Tensor, Tensor], Tensor]
    preconditioning: Preconditioning

    def __post_init__(self) -> None:
        if not callable(self.network):
            msg = f"network must be callable, got {self.network!r}"
            raise ValueError(msg)
        if not isinstance(self.preconditioning, Preconditioning):
            msg = f"preconditioning must have the four factors, got {self.preconditioning!r}"
            raise ValueError(msg)

    def __call__(self, y: ArrayLike, sigma: ArrayLike) -> Points:
        """The estimate of x, (*n, d); sigma > 0, one number or one per point.

        Raises:
            ValueError: sigma that is not positive or of a shape neither () nor (*n).
        """
        points = _require.array("y", y)
        if points.ndim < 1:
            msg = f"y must be of shape (*n, d), got {tuple(points.shape)}"
            raise ValueError(msg)
        level, factors = _points.positive_level("sigma", sigma, points), self.preconditioning
        inner = self.network(factors.into(level) * points, factors.noise(level))
        return factors.skip(level) * points + factors.out(level) * inner
