r"""What a network is trained to do: to predict the noise in noisy data.

Notation: x_0 clean data, n unit noise, t a time, x_t = alpha_t x_0 + sigma_t n.

This module takes no steps; an objective is a function of a network and a generator.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import GaussianMixture, Schedule


@runtime_checkable
class Objective(Protocol):
    """Anything callable as objective(network, generator) that gives a scalar loss."""

    def __call__(self, network: nn.Module, generator: Generator) -> Tensor:
        """The loss of one draw."""


@runtime_checkable
class Draws(Protocol):
    """Anything callable as draws(n, generator), with n in front of the shape of the result."""

    def __call__(self, n: int, generator: Generator) -> Tensor:
        """One value per row, on the device of the generator."""


@dataclass(frozen=True)
class MixtureData:
    """Fresh draws from a Gaussian mixture, (n, d), float32.

    Raises:
        ValueError: no mixture.
    """

    mixture: GaussianMixture

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, GaussianMixture):
            msg = f"mixture must be a GaussianMixture, got {self.mixture!r}"
            raise ValueError(msg)

    def __call__(self, n: int, generator: Generator) -> Tensor:
        """The draws."""
        like = torch.empty((), dtype=torch.float32, device=generator.device)
        weights, means = self.mixture.weights.to(like), self.mixture.means.to(like)
        k = torch.multinomial(weights, n, replacement=True, generator=generator)
        std = self.mixture.variance.sqrt().to(like).expand(self.mixture.K)[k, None]
        noise = torch.empty_like(means[k]).normal_(generator=generator)
        return means[k] + std * noise


@dataclass(frozen=True, eq=False)
class FixedData:
    """Rows of a fixed set of points (m, ...), drawn with replacement.

    Raises:
        ValueError: no points, or points that are not finite.
    """

    points: ArrayLike

    def __post_init__(self) -> None:
        checked = _require.array("points", self.points)
        if checked.ndim < 2 or len(checked) == 0:
            msg = f"points must have shape (m, ...) with m >= 1, got {tuple(checked.shape)}"
            raise ValueError(msg)
        object.__setattr__(self, "points", checked)

    def __call__(self, n: int, generator: Generator) -> Tensor:
        """The rows."""
        rows = torch.as_tensor(self.points).to(generator.device)
        chosen = torch.randint(len(rows), (n,), generator=generator, device=generator.device)
        return rows[chosen]


@dataclass(frozen=True)
class RawIndices:
    """Times drawn uniformly from 0, ..., steps - 1.

    Raises:
        ValueError: steps < 1.
    """

    steps: int = 1000

    def __post_init__(self) -> None:
        _require.integer("steps", self.steps, at_least=1)

    def __call__(self, n: int, generator: Generator) -> Tensor:
        """The times, (n,)."""
        device = generator.device
        return torch.randint(self.steps, (n,), generator=generator, device=device).double()


@dataclass(frozen=True)
class UniformTimes:
    """Times drawn uniformly from [low, high].

    Raises:
        ValueError: bounds that are not finite or not in order.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if _require.number("high", self.high) <= _require.number("low", self.low):
            msg = f"high must exceed low = {self.low}, got {self.high}"
            raise ValueError(msg)

    def __call__(self, n: int, generator: Generator) -> Tensor:
        """The times, (n,)."""
        unit = torch.empty(n, dtype=torch.float64, device=generator.device)
        return self.low + (self.high - self.low) * unit.uniform_(generator=generator)


@dataclass(frozen=True)
class NoisePrediction:
    r"""The mean of (eps(x_t, t) - n)^2 over a batch and its coordinates.

    .. math:: x_t = \alpha_t x_0 + \sigma_t n

    Attributes:
        data: draws x_0, (batch, ...).
        schedule: alpha and sigma.
        times: draws t, (batch,).
        batch: the number of draws of a step.

    Raises:
        ValueError: data or times that cannot be called, something else than a schedule, batch < 1.
    """

    data: Draws
    schedule: Schedule
    times: Draws
    batch: int

    def __post_init__(self) -> None:
        for name in ("data", "times"):
            if not callable(getattr(self, name)):
                msg = (
                    f"{name} must be callable as {name}(n, generator), got {getattr(self, name)!r}"
                )
                raise ValueError(msg)
        if not isinstance(self.schedule, Schedule):
            msg = f"schedule must be a Schedule, got {self.schedule!r}"
            raise ValueError(msg)
        _require.integer("batch", self.batch, at_least=1)

    def __call__(self, network: nn.Module, generator: Generator) -> Tensor:
        """The loss of one batch."""
        x0 = self.data(self.batch, generator).float()
        t = self.times(self.batch, generator)
        n = torch.empty_like(x0).normal_(generator=generator)
        per_row = (-1, *[1] * (x0.ndim - 1))
        alpha, sigma = (
            level(t).float().view(per_row) for level in (self.schedule.alpha, self.schedule.sigma)
        )
        return (network(alpha * x0 + sigma * n, t.float()) - n).square().mean()
