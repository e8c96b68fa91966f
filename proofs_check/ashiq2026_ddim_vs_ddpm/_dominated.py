"""Points with the two modes that dominate at them, all points at once.

Notation: (i, j) the two nearest modes of a point, kappa its own margin (D_(3) - D_(1)) / (2 s^2),
w_k the responsibilities at deviation s, L the segment of the pair, Delta = max_k dist(mu_k, L).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture


@dataclass(frozen=True, eq=False)
class Dominated:
    """Points (n, d) of a mixture at deviation s, each with the pair (n, 2) of modes given."""

    mixture: GaussianMixture
    s: float
    y: Tensor
    pair: Tensor

    @property
    def outside(self) -> Tensor:
        """Which modes are not in the pair of the point, (n, K)."""
        inside = torch.zeros(len(self.y), self.mixture.K, dtype=torch.bool)
        return ~inside.scatter(1, self.pair, True)

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """The modes mu_i and mu_j of every point, (n, d) each."""
        i, j = self.pair.unbind(-1)
        return self.mixture.means[i], self.mixture.means[j]

    @property
    def ell(self) -> Tensor:
        """The length of the pair's segment, (n,)."""
        a, b = self.ends
        return (a - b).norm(dim=-1)

    @property
    def squares(self) -> Tensor:
        """The squared distances D_k, (n, K)."""
        return ((self.y[:, None] - self.mixture.means) ** 2).sum(-1)

    @property
    def kappa(self) -> Tensor:
        """The margin of the pair: (min of D_k outside - min of D_k inside) / (2 s^2)."""
        inside = self.squares.masked_fill(self.outside, torch.inf).amin(-1)
        others = self.squares.masked_fill(~self.outside, torch.inf).amin(-1)
        return (others - inside) / (2 * self.s**2)

    @property
    def w(self) -> Tensor:
        """The responsibilities, (n, K)."""
        return self.mixture.with_variance(self.s**2).responsibilities(self.y)

    @property
    def mbar(self) -> Tensor:
        """The expected mean, (n, d)."""
        return self.w @ self.mixture.means

    @property
    def delta(self) -> Tensor:
        """The largest distance of a mode to the segment of the point's pair, (n,)."""
        a, b = (end[:, None] for end in self.ends)
        return distance(self.mixture.means.expand(len(self.y), -1, -1), a, b).amax(-1)

    def rho(self, kappa: Tensor, *, weighted: bool = True) -> Tensor:
        """e^{-kappa} max_{n in pair} sum_{k outside} pi_k / pi_n, or with equal weights."""
        weights = self.mixture.weights
        if not weighted:
            return torch.exp(-kappa) * (self.mixture.K - 2)
        inside = weights[self.pair]
        return torch.exp(-kappa) * (1 - inside.sum(-1)) / inside.amin(-1)


def nearest(mixture: GaussianMixture, s: float, y: Tensor, *, partner: int = 1) -> Dominated:
    """The points with their two nearest modes, whose margin is the largest of all pairs.

    Another `partner` pairs the nearest mode with the next but one, and so on; -1: the farthest.
    """
    order = ((y[:, None] - mixture.means) ** 2).sum(-1).argsort(dim=-1)
    return Dominated(mixture, s, y, order[:, [0, partner]])


def project(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The nearest point of the segment from b to a, segment by segment."""
    edge = a - b
    p = ((x - b) * edge).sum(-1) / (edge**2).sum(-1)
    return b + p.clamp(0, 1)[..., None] * edge


def distance(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The distance to the segment from b to a, segment by segment."""
    return (x - project(x, a, b)).norm(dim=-1)


def closest_modes(mixture: GaussianMixture) -> float:
    """The smallest distance of two modes."""
    return float(torch.pdist(mixture.means).min())


def points_about(mixture: GaussianMixture, spread: float, n: int, seed: int) -> Tensor:
    """Points about random modes and about the midpoints of random modes and their nearest."""
    generator = torch.Generator().manual_seed(seed)
    modes = mixture.means[torch.randint(0, mixture.K, (n,), generator=generator)]
    near = torch.cdist(modes, mixture.means).topk(2, largest=False).indices[:, 1]
    q = torch.rand(n, 1, generator=generator) / 2
    q[::2] = 0.0
    centres = (1 - q) * modes + q * mixture.means[near]
    return centres + spread * torch.randn(n, mixture.d, generator=generator)
