"""Runs of the two samplers under the exact score, at the 50 nodes of the paper's DDIM.

Notation: a state is labelled by its remaining steps: 50 at raw index 800, i + 1 at the i-th node,
0 at the data; y = x / alpha the rescaled states, s the effective deviations.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_contraction,
    ddim_sample,
    quadratic_nodes,
    sample_exactly,
    start_law,
)
from theorylab.diffusion.lattice import farthest_point_mixture

STEPS = 50
SCHEDULE = VPSchedule.ddpm()


@dataclass(frozen=True, eq=False)
class Run:
    """States (51, n, d) in the coordinates y, with the noise levels at which they are."""

    mixture: GaussianMixture
    y: Tensor
    s: Tensor
    alpha: Tensor
    left: Tensor

    @property
    def d(self) -> int:
        """The dimension."""
        return self.mixture.d


def nodes() -> Tensor:
    """Raw indices in the order of a run: 800, 768, ..., 1, 0, and -1 for the data."""
    return torch.tensor([*quadratic_nodes(STEPS)[::-1], -1], dtype=torch.float64)


def levels(variance: Tensor) -> Tensor:
    """s at the nodes of a run, (51)."""
    return SCHEDULE.effective_deviation(nodes(), variance)


def contractions(variance: Tensor) -> Tensor:
    """c of the 50 steps of a run."""
    v = SCHEDULE.noise_to_signal(nodes()) ** 2
    return ddim_contraction(v[:-1], v[1:], variance)


class Named(Protocol):
    """A mixture by name, such as `Law` and `Farthest`."""

    def __hash__(self) -> int:
        """Equal names are equal mixtures."""

    def mixture(self) -> GaussianMixture:
        """The mixture itself."""


@dataclass(frozen=True)
class Farthest:
    """The 25 farthest-point modes in d dimensions."""

    dimension: int

    def __str__(self) -> str:
        """Such as "farthest points in d=8"."""
        return f"farthest points in d={self.dimension}"

    def mixture(self) -> GaussianMixture:
        """The mixture itself."""
        return _farthest(self.dimension)


@cache
def _farthest(dimension: int) -> GaussianMixture:
    return farthest_point_mixture(dimension)


def data(dimension: int) -> Named:
    """The data of the paper: the grid in the plane, farthest points in more dimensions."""
    return GRID if dimension == 2 else Farthest(dimension)


def shortest(mixture: GaussianMixture) -> float:
    """ell, the smallest distance of two modes."""
    return float(torch.pdist(mixture.means).min())


@cache
def ddim(law: Named, n: int, seed: int) -> Run:
    """DDIM-50 from N(0, I)."""
    mixture = law.mixture()
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, mixture.d, generator=generator, dtype=torch.float64)
    path = ddim_sample(
        x,
        quadratic_nodes(STEPS),
        schedule=SCHEDULE,
        score=ExactScore(mixture, SCHEDULE),
        keep_path=True,
    )
    return _run(mixture, path.states / SCHEDULE.alpha(nodes())[:, None, None])


@cache
def reverse_sde(law: Named, n: int, seed: int) -> Run:
    """The reverse SDE of the paper, exact in law at the nodes, from the exact law at raw 800."""
    mixture = law.mixture()
    path = sample_exactly(
        start_law(mixture, SCHEDULE, 800.0).sample(n, seed=seed),
        quadratic_nodes(STEPS),
        mixture=mixture,
        schedule=SCHEDULE,
        seed=seed,
        keep_path=True,
    )
    return _run(mixture, path.states / SCHEDULE.alpha(nodes())[:, None, None])


def _run(mixture: GaussianMixture, y: Tensor) -> Run:
    left = torch.arange(STEPS, -1, -1)
    return Run(mixture, y, levels(mixture.variance), SCHEDULE.alpha(nodes()), left)
