"""Paths of both processes near the end, and whether they enter the ball around a midpoint.

Notation: y = x / alpha, T nodes; the ball has the radius `share` ell, ell the spacing of the grid;
the rule of the pair is "any" for any two neighbours, "final" for the two modes nearest to the end.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.diffusion import (
    DDIM,
    ExactScore,
    GaussianMixture,
    VPSchedule,
    quadratic_nodes,
    sample,
    sample_exactly,
    start_law,
)
from theorylab.noise import TrajectoryNoise

GRID, SCHEDULE = GaussianMixture.grid(), VPSchedule.ddpm()
ELL = float(GRID.means[1, 1] - GRID.means[0, 1])


@dataclass(frozen=True, eq=False)
class Paths:
    """Raw steps (T), states (T, n, 2) there, and the ends (n, 2)."""

    raws: Tensor
    y: Tensor
    ends: Tensor

    def visits(self, window: int, pair: str, share: float = 0.35) -> Tensor:
        """Whether each path is in the ball at some node of the window raw <= `window`, (n)."""
        inside = self.y[self.raws <= window]
        if pair == "any":
            return (to_nearest_midpoint(inside) <= share * ELL).any(0)
        near = torch.cdist(self.ends, GRID.means).topk(2, largest=False).indices
        middle = GRID.means[near].mean(1)
        return ((inside - middle).norm(dim=-1) <= share * ELL).any(0)


def to_nearest_midpoint(y: Tensor) -> Tensor:
    """The distance to the nearest midpoint of two neighbours of the grid, (..., 2) -> (...)."""
    on_line, between = lattice_gap(y), half_lattice_gap(y)
    across = torch.hypot(between[..., 0], on_line[..., 1])
    return torch.minimum(across, torch.hypot(on_line[..., 0], between[..., 1]))


def lattice_gap(coordinate: Tensor) -> Tensor:
    """The distance of each coordinate to the nearest of -2, ..., 2 ell."""
    return (coordinate - ELL * torch.round(coordinate / ELL).clamp(-2, 2)).abs()


def half_lattice_gap(coordinate: Tensor) -> Tensor:
    """The distance of each coordinate to the nearest of -1.5, ..., 1.5 ell."""
    place = (torch.floor(coordinate / ELL) + 0.5).clamp(-1.5, 1.5)
    return (coordinate - ELL * place).abs()


def ddim_paths(n: int, seed: int, steps: int = 50) -> Paths:
    """DDIM with quadratic nodes from N(0, I), at the nodes up to raw 40."""
    x = TrajectoryNoise(seed).normals(0, like=torch.zeros(n, 2))
    score = ExactScore(GRID, SCHEDULE)
    path = sample(
        x, quadratic_nodes(steps), DDIM(), schedule=SCHEDULE, score=score, keep_path=True
    )
    return _paths(path.times, path.states)


def reverse_paths(n: int, seed: int, first: int = 21) -> Paths:
    """The reverse SDE at all raw steps, by exact transitions from the exact law at `first`."""
    x = start_law(GRID, SCHEDULE, float(first)).sample(n, seed=seed)
    path = sample_exactly(
        x, range(first + 1), mixture=GRID, schedule=SCHEDULE, seed=seed, keep_path=True
    )
    return _paths(path.times, path.states)


def forward_paths(n: int, seed: int, last: int = 21) -> Paths:
    """The forward process at all raw steps, from the data up: the same joint law."""
    data = GRID.sample(n, seed=seed)
    noise = TrajectoryNoise(seed)
    raws = torch.arange(-1, last + 1).double()
    added = (SCHEDULE.noise_to_signal(raws) ** 2).diff().sqrt()
    moves = torch.stack([noise.normals(step, like=data) for step in range(last + 1)])
    y = data + (added[:, None, None] * moves).cumsum(0)
    return Paths(raws[1:], y, data)


def _paths(times: Tensor, states: Tensor) -> Paths:
    shown = (times >= 0) & (times <= 40)
    alpha = SCHEDULE.alpha(times[shown])[:, None, None]
    return Paths(times[shown], states[shown] / alpha, states[-1])
