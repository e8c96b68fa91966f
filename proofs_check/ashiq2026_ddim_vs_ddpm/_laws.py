"""The mixtures on which the claims of this folder are run, and useless restatements of them.

Notation: a law is named; `scale` changes its unit, `turn` is the seed of a rotation (0: none).
A statement that is about the mixture and not about coordinates must not notice either.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture


@dataclass(frozen=True)
class Law:
    """A mixture by name: "grid" (25 modes, equal), or "random" with unequal weights."""

    name: str = "grid"
    modes: int = 25
    dimension: int = 2
    seed: int = 0
    scale: float = 1.0
    turn: int = 0

    def __str__(self) -> str:
        """Such as "grid" or "random 9 in d=6 seed 5, scaled 100, turned"."""
        name = self.name if self.name == "grid" else f"random {self.modes} in d={self.dimension}"
        unit = f", scaled {self.scale:g}" if self.scale != 1 else ""
        return f"{name} seed {self.seed}{unit}{', turned' if self.turn else ''}"

    def mixture(self) -> GaussianMixture:
        """The mixture itself."""
        plain = GaussianMixture.grid() if self.name == "grid" else self._random()
        means = self.scale * plain.means @ self.rotation(plain.d).T
        return GaussianMixture(means, self.scale**2 * plain.variance, plain.weights)

    def rotation(self, d: int) -> Tensor:
        """The orthogonal matrix by which the law is turned."""
        if self.turn == 0:
            return torch.eye(d)
        generator = torch.Generator().manual_seed(self.turn)
        return torch.linalg.qr(torch.randn(d, d, generator=generator)).Q

    def _random(self) -> GaussianMixture:
        """Well separated modes with weights that differ by a factor of up to six."""
        generator = torch.Generator().manual_seed(self.seed)
        means = torch.randn(self.modes, self.dimension, generator=generator)
        weights = torch.rand(self.modes, generator=generator) + 0.2
        return GaussianMixture(means, 1e-3, weights / weights.sum())


GRID = Law()
RESTATED = Law(scale=100.0, turn=1)
RANDOM = Law("random", 9, 6, seed=5)
WIDE = Law("random", 12, 64, seed=6, scale=0.01, turn=2)
USUAL = (GRID, RESTATED, RANDOM, WIDE)
"""The default choice: the paper's grid, the same in other words, and two laws of a user."""
