"""Small laws that several claims of this paper share, with their noised law and nodes for it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.diffusion import (
    Denoiser,
    GaussianDenoiser,
    GaussianMixture,
    MultiDeltaDenoiser,
    lattice_rule,
)


@dataclass(frozen=True)
class Law:
    """A law in R^d whose modes have deviations of `width`; width 0 is a set of points.

    The modes are drawn from `seed`, unequal in weight and off the origin.
    """

    modes: int = 5
    d: int = 2
    width: float = 0.0
    seed: int = 1

    @property
    def means(self) -> Tensor:
        """The modes, (modes, d)."""
        generator = torch.Generator().manual_seed(self.seed)
        return 1.5 * torch.randn(self.modes, self.d, generator=generator) + 0.8

    @property
    def weights(self) -> Tensor:
        """Shares between one and three times the smallest."""
        share = 1 + 2 * torch.arange(self.modes) / max(self.modes - 1, 1)
        return share / share.sum()

    def posterior_mean(self) -> Denoiser:
        """E[x | y] as D(y, sigma)."""
        if self.width == 0:
            return MultiDeltaDenoiser(self.means, self.weights)
        return GaussianMixture(self.means, self.width**2, self.weights).posterior_mean

    def noised(self, sigma: float) -> GaussianMixture:
        """The law of y = x + sigma n."""
        return GaussianMixture(self.means, self.width**2 + sigma**2, self.weights)

    def gaussian(self) -> GaussianDenoiser:
        """The Gaussian denoiser from the moments, computed here from their definitions."""
        mean = self.weights @ self.means
        off = self.means - mean
        covariance = (off.T * self.weights) @ off + self.width**2 * torch.eye(self.d)
        return GaussianDenoiser.from_moments(mean, covariance)

    def nodes(self, sigma: float, spacing: float = 0.5) -> tuple[Tensor, Tensor]:
        """Trapezoidal nodes and weights for the law of y."""
        return lattice_rule(self.noised(sigma), spacing=spacing)
