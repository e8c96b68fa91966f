r"""Samplers with the exact score of a mixture, fused: one loop over the steps for each block.

Notation: as in `theorylab.diffusion.steps`; V the shared variance of the data, s^2 = V + v. With
the exact score the predicted noise is that of E[x_0 | y] = y + (v / s^2)(mbar(y; s) - y), so every
rule y' = x_0 + w eps + b Z is

.. math:: y' = y + \frac{v}{s^2}\Big(1 - \frac{w}{\sqrt v}\Big)(\bar m(y; s) - y) + b\,Z .

A trajectory stays in the processor's cache from the first step to the last; memory does not grow
with the number of steps. The noise is another than that of `samplers.sample`, with the same
properties: it depends on the seed, the trajectory's number and the move only.
tests/test_diffusion_exact_sampler.py compares the two.

The normals end where the uniforms of Box and Muller's map end, at sqrt(-2 ln u) for the least u:
2^-33 from 32 bits in float32, hence 6.76, and 2^-54 from 53 bits in float64, hence 8.65. Beyond
lie 1.3e-11 and 5.1e-18 of a normal law. `sample_mixture` and `euler_maruyama` draw the same
normals at equal seed, trajectory and step (common random numbers): give them different seeds where
they are to be independent.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _counter
from theorylab.diffusion.discrete import descending
from theorylab.diffusion.flow import checked_outputs, checked_starts
from theorylab.diffusion.kernels import Native
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.samplers import Move, Plan, moves_of
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.steps import Level, Levels, Step
from theorylab.native import sampler as native
from theorylab.path import Path


class Coefficients(NamedTuple):
    """Of y' = y + move (mbar(y) - y) + deviation Z, shares at variance 1 / scale."""

    scale: float
    move: float
    deviation: float


def coefficients(move: Move, at: Level, after: Level, variance: float) -> Coefficients:
    """The coefficients of one move, down by its step or up by the forward process."""
    if move.step is None:
        return Coefficients(1.0, 0.0, float(torch.sqrt(after.v - at.v)))
    levels = Levels.between(at, after)
    total = variance + float(at.v)
    kept = float(move.step.kept(levels) / torch.sqrt(at.v))
    return Coefficients(
        1 / total, float(at.v) / total * (1 - kept), float(move.step.drawn(levels))
    )


@torch.no_grad()
def sample_mixture(
    x: ArrayLike,
    nodes: Sequence[float],
    rule: Step | Plan,
    *,
    mixture: GaussianMixture,
    schedule: Schedule,
    seed: int,
    first_trajectory: int = 0,
    last: float = -1.0,
    keep_path: bool = False,
) -> Path:
    """Follow the rule over the nodes, from the largest down, and finally to `last`.

    Args:
        x: the points at nodes[-1], (n, d), float32 or float64.
        nodes: strictly increasing times.
        rule: a `Step` such as `Ancestral()` or `DDIM(0.5)`, or a `Plan`.
        mixture: the data, with a shared variance.
        schedule: alpha and sigma.
        seed: of the noise.
        first_trajectory: the number of the first row.
        last: the time of the end, below all nodes; the data on the DDPM schedule.
        keep_path: return every state and not the two ends alone.

    Raises:
        ValueError: a variance per mode, and as `samplers.sample`.
    """
    points = checked_starts(mixture, x)
    first = _require.integer("first_trajectory", first_trajectory, at_least=0)
    key = _counter.key_of(_require.integer("seed", seed, at_least=0))
    moves = moves_of(rule, descending(nodes, last))
    visited = list(dict.fromkeys(t for move in moves for t in (move.t, move.t_next)))
    levels = dict(zip(visited, Level.of(schedule, visited), strict=True))
    spread = float(mixture.variance)
    rows = [coefficients(move, levels[move.t], levels[move.t_next], spread) for move in moves]
    task = _task(
        mixture, points / levels[moves[0].t].alpha.to(points), rows, key, first, keep=keep_path
    )
    states = _run(task, mixture)
    kept = [move.t_next for move in moves] if keep_path else [moves[-1].t_next]
    alphas = torch.stack([levels[t].alpha for t in kept]).to(points)
    times = torch.tensor([moves[0].t, *kept], dtype=torch.float64)
    down = sum(move.step is not None for move in moves)
    return Path(times, torch.cat([points[None], alphas[:, None, None] * states]), down)


@torch.no_grad()
def euler_maruyama(
    mixture: GaussianMixture,
    y: ArrayLike,
    *,
    steps: int,
    s_start: float,
    s_stop: float,
    k: float = 1.0,
    seed: int,
    first_trajectory: int = 0,
) -> Points:
    r"""The end of equal steps of Euler and Maruyama for the reverse family in the clock.

    .. math:: y' = y + (1+k)\,h\,(\bar m(y; s) - y) + \sqrt{2kh}\;s\,Z, \qquad
              h = \ln(s_{start}/s_{stop}) / steps

    The equation is that of `clock.clock_reverse`; `integrate.solve_sde` takes the same steps with
    torchsde, on other noise.

    Args:
        mixture: the data, with a shared variance.
        y: states x / alpha at s_start, (n, d), float32 or float64.
        steps: their number.
        s_start: the deviation at the start.
        s_stop: that at the end, below s_start and at least sqrt(variance).
        k: the noise level; 0 is the probability flow.
        seed: of the noise.
        first_trajectory: the number of the first row.

    Raises:
        ValueError: an argument that violates the above.
    """
    points = checked_starts(mixture, y)
    checked_outputs(mixture, s_start, s_stop, None)
    if s_stop > s_start:
        msg = f"s_stop must be below s_start = {s_start}, got {s_stop}"
        raise ValueError(msg)
    count = _require.integer("steps", steps, at_least=1)
    k = _require.non_negative("k", k)
    key = _counter.key_of(_require.integer("seed", seed, at_least=0))
    first = _require.integer("first_trajectory", first_trajectory, at_least=0)
    h = math.log(s_start / s_stop) / count
    levels = [s_start * math.exp(-step * h) for step in range(count)]
    rows = [Coefficients(1 / s**2, (1 + k) * h, math.sqrt(2 * k * h) * s) for s in levels]
    return _run(_task(mixture, points, rows, key, first, keep=False), mixture)[-1]


def _run(task: native.Task, mixture: GaussianMixture) -> Tensor:
    compiled = Native.serves(task.starts, task.means, mixture.variance)
    return native.run(task) if compiled else _in_torch(task)


def _task(
    mixture: GaussianMixture,
    y: Tensor,
    rows: list[Coefficients],
    key: tuple[int, int],
    first: int,
    *,
    keep: bool,
) -> native.Task:
    _, means, _, log_weights = mixture._at(y, "y")
    table = torch.tensor(rows, dtype=torch.float64).to(y)
    scales, moves, deviations = (column.contiguous() for column in table.T)
    law = (means.contiguous(), log_weights.contiguous())
    return native.Task(y.contiguous(), *law, scales, moves, deviations, key, first, keep)


def _in_torch(task: native.Task) -> Tensor:
    """The compiled loop in lines of torch."""
    mixture = GaussianMixture(task.means, 1.0, torch.softmax(task.log_weights, -1))
    y = task.starts
    states: list[Tensor] = []
    for step in range(len(task.moves)):
        if float(task.moves[step]) != 0:
            scaled = (1 / task.scales[step]).reshape(())
            shift = mixture.kernel.shift(y, task.means, scaled, task.log_weights)
            y = y + task.moves[step] * shift
        if float(task.deviations[step]) != 0:
            y = y + task.deviations[step] * _counter.normals(task.key, task.first, step, y)
        states = [*states, y] if task.keep else [y]
    return torch.stack(states)
