r"""Samplers: a rule for the way from noise to data, and `sample`, which goes it.

Notation: as in `theorylab.diffusion.steps`. A rule is a `Step`, taken at every node, or a `Plan`
that changes between steps (`Hybrid`) or goes back up (`Restart`). On the DDPM schedule a time is a
raw index, and -1 the data.

This module clamps nothing and learns nothing: the score is an argument. It does not choose nodes;
see `quadratic_nodes`, `linear_nodes` and `with_final_steps`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.discrete import descending, stepped
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score
from theorylab.diffusion.steps import DDIM, Ancestral, Level, Step
from theorylab.noise import TrajectoryNoise
from theorylab.path import Path

FLOW, NOISY = DDIM(), Ancestral()


class Move(NamedTuple):
    """One move from t to t_next: down by a step, or, with None, up by the forward process."""

    t: float
    t_next: float
    step: Step | None


class Plan(ABC):
    """A rule that knows all the times of a run."""

    @abstractmethod
    def moves(self, times: Sequence[float]) -> list[Move]:
        """The moves of a run over decreasing times."""


@dataclass(frozen=True)
class Hybrid(Plan):
    """The steps of `first`, but for the last `count`, which are those of `then`.

    DDIM followed by z steps of DDPM, as in arXiv:2605.06831, is `Hybrid(z)` on the nodes
    `with_final_steps(nodes, z)`.

    Raises:
        ValueError: a negative count, or rules that are no `Step`; at a run, more than all steps.
    """

    count: int
    first: Step = FLOW
    then: Step = NOISY

    def __post_init__(self) -> None:
        _require.integer("count", self.count, at_least=0)
        _points.instance("first", self.first, Step)
        _points.instance("then", self.then, Step)

    def moves(self, times: Sequence[float]) -> list[Move]:
        """As many moves as there are intervals."""
        change = len(times) - 1 - self.count
        if change < 0:
            msg = f"count must be at most the number of steps {len(times) - 1}, got {self.count}"
            raise ValueError(msg)
        rules = [self.first] * change + [self.then] * self.count
        return [Move(*ends, step) for ends, step in zip(pairwise(times), rules, strict=True)]


@dataclass(frozen=True)
class Restart(Plan):
    """On reaching `low`, back up to `high` by the forward process and down again, `count` times.

    Both must be times of the run. Going up draws the forward noise between the two times, so a
    restart leaves the marginals of the forward process as they are.

    Raises:
        ValueError: high <= low, a negative count, a step that is no `Step`; at a run, a low or a
            high that is not among the times.

    Source: Xu et al., arXiv:2306.14878, Algorithm 1, with any step in place of theirs.
    """

    low: float
    high: float
    count: int = 1
    step: Step = FLOW

    def __post_init__(self) -> None:
        low = _require.number("low", self.low)
        if _require.number("high", self.high) <= low:
            msg = f"high must exceed low = {low}, got {self.high}"
            raise ValueError(msg)
        _require.integer("count", self.count, at_least=0)
        _points.instance("step", self.step, Step)

    def moves(self, times: Sequence[float]) -> list[Move]:
        """The way down to low, `count` loops, and the rest of the way."""
        top, bottom = _place("high", self.high, times), _place("low", self.low, times)
        down = [Move(*ends, self.step) for ends in pairwise(times)]
        loop = [Move(times[bottom], times[top], None), *down[top:bottom]]
        return down[:bottom] + loop * self.count + down[bottom:]


def _place(name: str, time: float, times: Sequence[float]) -> int:
    if time not in times:
        msg = f"{name} must be one of the times {list(times)}, got {time}"
        raise ValueError(msg)
    return times.index(time)


@torch.no_grad()
def sample(
    x: ArrayLike,
    nodes: Sequence[float],
    rule: Step | Plan,
    *,
    schedule: Schedule,
    score: Score,
    seed: int | None = None,
    first_trajectory: int = 0,
    last: float = -1.0,
    keep_path: bool = False,
) -> Path:
    """Follow the rule over the nodes, from the largest down, and finally to `last`.

    The noise of a trajectory is a function of the seed, its number and the number of the move:
    rows m, m + 1, ... of a large run are the run of those rows alone with `first_trajectory` = m,
    bit for bit if the score does not depend on the batch. The exact score in the plane does not;
    matrix products in networks and in many dimensions do, in the last digits, unless the score is
    wrapped in `Blocked`. So a run of any size is done in pieces. Memory does not grow with the
    number of steps, and no gradient is recorded.

    Args:
        x: the points at nodes[-1], (n, d).
        nodes: strictly increasing times, as `quadratic_nodes` or `linear_nodes` give them.
        rule: such as `DDIM(eta)`, `Ancestral(FIXED_LARGE)`, `Family(k)`, `Hybrid(z)` or
            `Restart(low, high, count)`.
        schedule: alpha and sigma.
        score: the score, called once a step.
        seed: of the noise; needed where there is any.
        first_trajectory: the number of the first row.
        last: the time of the data: -1 on the DDPM schedule.
        keep_path: keep the states after all moves; otherwise the path has its two ends only.

    Returns:
        The path; its times go up where a `Restart` does.

    Raises:
        ValueError: nodes that do not increase strictly above `last`, a missing seed, points not
            of shape (n, d), a rule of another type, or as `ddim_step`.
    """
    points = _require.array("x", x)
    if points.ndim != 2 or 0 in points.shape:
        msg = f"x must have shape (n, d) with n, d >= 1, got shape {tuple(points.shape)}"
        raise ValueError(msg)
    _require.integer("first_trajectory", first_trajectory, at_least=0)
    times = descending(nodes, last)
    moves = moves_of(rule, times)
    if seed is not None:
        _require.integer("seed", seed, at_least=0)
    noise = None if seed is None else TrajectoryNoise(seed, first_trajectory)
    visited = list(dict.fromkeys(t for move in moves for t in (move.t, move.t_next)))
    levels = dict(zip(visited, Level.of(schedule, visited), strict=True))
    states, kept = [points], [times[0]]
    for number, move in enumerate(moves):
        ends = levels[move.t], levels[move.t_next]
        drawn = partial(_normals, noise, number, points)
        if move.step is None:
            points = _raised(points, *ends, drawn())
        else:
            points = stepped(move.step, points, *ends, score=score, noise=drawn)
        states = [*states, points] if keep_path else [states[0], points]
        kept = [*kept, move.t_next] if keep_path else [kept[0], move.t_next]
    evaluations = sum(move.step is not None for move in moves)
    return Path(torch.tensor(kept, dtype=torch.float64), torch.stack(states), evaluations)


def moves_of(rule: Step | Plan, times: list[float]) -> list[Move]:
    """The moves of a rule over decreasing times.

    Raises:
        ValueError: neither a `Step` nor a `Plan`.
    """
    if isinstance(rule, Step):
        return [Move(*ends, rule) for ends in pairwise(times)]
    if not isinstance(rule, Plan):
        msg = f"rule must be a Step or a Plan, such as DDIM() or Hybrid(5), got {rule!r}"
        raise ValueError(msg)
    return rule.moves(times)


def _raised(x: Tensor, at: Level, above: Level, z: Tensor) -> Tensor:
    """The points after the forward process from t up to a later time."""
    added = torch.sqrt(above.v - at.v) * z
    return above.alpha / at.alpha * (x + at.alpha * added)


def _normals(noise: TrajectoryNoise | None, number: int, like: Tensor) -> Tensor:
    if noise is None:
        msg = "seed must be an integer for a rule that draws noise, got None"
        raise ValueError(msg)
    return noise.normals(number, like=like)


def ddim_sample(
    x: ArrayLike,
    nodes: Sequence[float],
    *,
    schedule: Schedule,
    score: Score,
    eta: float = 0.0,
    seed: int | None = None,
    last: float = -1.0,
    keep_path: bool = False,
) -> Path:
    """The run of DDIM: `sample` with the rule `DDIM(eta)`.

    All raw indices as nodes with eta = 1 are ancestral DDPM.

    Raises:
        ValueError: eta outside [0, 1], a missing seed with eta > 0, or as `sample`.
    """
    if _require.between("eta", eta, 0.0, 1.0) > 0 and seed is None:
        msg = f"seed must be an integer if eta > 0, got None with eta = {eta}"
        raise ValueError(msg)
    return sample(
        x,
        nodes,
        DDIM(eta),
        schedule=schedule,
        score=score,
        seed=seed,
        last=last,
        keep_path=keep_path,
    )
