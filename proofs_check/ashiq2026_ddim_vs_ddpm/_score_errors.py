"""Two modes, a schedule time and scores with random smooth errors, for Appendix C.

Notation: xi the coordinate along the segment from its midpoint, in y = x / alpha_t; s the
effective deviation, sigma_t^2 = alpha_t^2 s^2; eps~ = alpha_t s^2 eps the size of an error of the
score in the drift of xi; rho = ell xi / (2 s^2) the natural unit of xi.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from theorylab.diffusion import ExactScore, GaussianMixture, Score, Segment, VPSchedule
from theorylab.diffusion.perturbed import SmoothField


@dataclass(frozen=True)
class Pair:
    """Two equal modes `ell` apart on a turned axis, seen at a raw time of the paper's schedule."""

    raw: int
    dimension: int = 2
    ell: float = 0.7070891
    turn: int = 5

    @cached_property
    def mixture(self) -> GaussianMixture:
        """The modes around the origin; their width is a hundredth of their distance."""
        generator = torch.Generator().manual_seed(self.turn)
        axes = torch.randn(self.dimension, self.dimension, generator=generator)
        e = torch.linalg.qr(axes).Q[0]
        return GaussianMixture(torch.stack([e, -e]) * self.ell / 2, (0.01 * self.ell) ** 2)

    @cached_property
    def segment(self) -> Segment:
        """From the second mode to the first."""
        return Segment(self.mixture.means[0], self.mixture.means[1])

    @cached_property
    def s(self) -> float:
        """The effective deviation."""
        return float(VPSchedule.ddpm().effective_deviation(self.raw, self.mixture.variance))

    @cached_property
    def alpha(self) -> float:
        """The factor sqrt(abar_t)."""
        return float(VPSchedule.ddpm().alpha(float(self.raw)))

    @cached_property
    def score(self) -> Score:
        """The exact score."""
        return ExactScore(self.mixture, VPSchedule.ddpm())

    @property
    def eigenvalue(self) -> float:
        """The exact lambda = ell^2/(4 s^2) - 1."""
        return self.ell**2 / (4 * self.s**2) - 1

    def states(self, xi: Tensor) -> Tensor:
        """The points x of the segment's line, (*n, d)."""
        return self.alpha * (self.segment.midpoint + xi[..., None] * self.segment.direction)

    def drift(self, score: Score, xi: Tensor) -> Tensor:
        """The drift d xi/du under any score, of the shape of xi."""
        pull = score(self.states(xi), torch.tensor(float(self.raw))) @ self.segment.direction
        return self.alpha * self.s**2 * pull


PAIRS = (
    (Pair(8), 100),
    (Pair(20, dimension=6), 2000),
    (Pair(2, dimension=64, ell=1.4), 3000, 100),
    (Pair(24, dimension=1), 4000),
)
"""The pairs of modes on which the score errors are tried, the first seed, and how many fields."""


@dataclass(frozen=True)
class Errors:
    """One smooth field for each row of a batch (..., N, d), evaluated together."""

    amplitude: Tensor
    length: Tensor
    outwards: Tensor
    along: Tensor
    phase: Tensor

    @staticmethod
    def random(pair: Pair, amplitude: Tensor, length: Tensor, *, seed: int) -> "Errors":
        """Fields of the given sizes; the last three are as bad as a field can be.

        These lie along the segment: constant to either side, and steepest at the midpoint.
        """
        d, e = pair.dimension, pair.segment.direction
        made = [SmoothField(seed + n, 1.0, 1.0, d)._waves() for n in range(len(amplitude))]
        outwards, along, phase = (torch.stack(part) for part in zip(*made, strict=True))
        outwards[-3:], along[-3:] = e, e
        phase[-3:] = torch.tensor([math.pi / 2, -math.pi / 2, 0.0])[:, None]
        length = length.clone()
        length[-3:-1] = 1e9
        return Errors(amplitude, length, outwards, along, phase)

    @property
    def lipschitz(self) -> Tensor:
        """The bounds L, (N,)."""
        return self.amplitude / self.length

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:  # noqa: ARG002
        """Field n at row n; see `SmoothField`."""
        angle = torch.einsum("...nd,nwd->...nw", x, self.along) / self.length[:, None] + self.phase
        waves = torch.einsum("...nw,nwd->...nd", torch.sin(angle), self.outwards)
        return self.amplitude[:, None] / self.phase.shape[1] * waves


def nearest_zero(pair: Pair, score: Score, reach: Tensor, *, steps: int = 200) -> Tensor:
    """The zero of the drift nearest to the midpoint, (N,); `reach` where there is none within.

    Searched on 2 steps + 1 points of [-reach, reach], then by bisection.
    """
    shares = torch.linspace(-1, 1, 2 * steps + 1)[:, None]
    values = pair.drift(score, shares * reach)
    crosses = values[:-1] * values[1:] <= 0
    away = torch.minimum(shares[:-1].abs(), shares[1:].abs()).masked_fill(~crosses, torch.inf)
    first = away.argmin(0)
    low, high = shares[first, 0] * reach, shares[first + 1, 0] * reach
    sign = torch.sign(pair.drift(score, high) - pair.drift(score, low))
    for _ in range(60):
        middle = (low + high) / 2
        above = sign * pair.drift(score, middle) > 0
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return torch.where(crosses.any(0), (low + high) / 2, reach)
