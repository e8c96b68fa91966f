r"""Samplers with any score, fused: all steps of a block of rows, noise and update in one pass.

Notation: as in `theorylab.diffusion.steps`. The predicted noise is eps = -sigma_t score(x_t, t);
every rule y' = x_0 + w eps + b Z is, in x = alpha_t y,

.. math:: x' = \frac{\alpha_{t'}}{\alpha_t}\,x + \alpha_{t'}\,(\sqrt v - w)\,\sigma_t\,
          \mathrm{score}(x, t) + \alpha_{t'}\, b\, Z .

`EulerMaruyama(k)` is one of the rules. A block is taken through all steps before the next begins;
update and normals are one compiled pass in place, without temporaries, or lines of torch without a
compiler and on other devices. What remains is the time of the network, which no fusing shortens;
benchmarks/bench_reverse_network.py measures both.

The noise is that of `theorylab.diffusion.exact_sampler`: at equal seed, trajectory and move the
normals are those of `sample_mixture`, on every device up to the rounding of its logarithm, sine
and cosine. This module learns nothing.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _counter
from theorylab.diffusion.discrete import _score_at, descending
from theorylab.diffusion.samplers import Move, Plan, moves_of
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score
from theorylab.diffusion.steps import Level, Levels, Step
from theorylab.native import mixture as compiled
from theorylab.native import sampler as native
from theorylab.path import Path

ROWS = 2048
"""Rows of a block: activations of 100 neurons are 0.8 MiB in float32, in a second-level cache."""

Row = tuple[float, float, float]


@torch.no_grad()
def sample_network(
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
    rows: int = ROWS,
) -> Path:
    """Follow the rule over the nodes, from the largest down, and finally to `last`.

    As `samplers.sample`, in blocks and on other noise. The score is called on blocks of at most
    `rows` points; it must neither mix its rows nor keep the points, which are overwritten. Then
    the result depends on `rows` only as far as the score does: matrix products round differently
    in batches of different sizes. With the score wrapped in `Blocked(score, m)`, and `rows` and
    `first_trajectory` multiples of m, the result is the same for all such `rows` and batches, bit
    for bit. Memory grows with the number of steps with `keep_path` alone; no gradient is recorded.

    Args:
        x: the points at nodes[-1], (n, d), float32 or float64, on any device.
        nodes: strictly increasing times.
        rule: a `Step` such as `EulerMaruyama(k)` or `DDIM(eta)`, or a `Plan`.
        schedule: alpha and sigma.
        score: the score, called once a step and block.
        seed: of the noise; needed where there is any.
        first_trajectory: the number of the first row.
        last: the time of the data: -1 on the DDPM schedule.
        keep_path: keep the states after all moves; otherwise the path has its two ends only.
        rows: of a block; on a CUDA device, as many as its memory takes.

    Raises:
        ValueError: points of another dtype, rows < 1, and as `samplers.sample`.
    """
    points = _require.array("x", x)
    if points.ndim != 2 or 0 in points.shape or points.dtype not in (torch.float32, torch.float64):
        got = f"shape {tuple(points.shape)} and {points.dtype}"
        msg = f"x must have shape (n, d) with n, d >= 1 and be float32 or float64, got {got}"
        raise ValueError(msg)
    first = _require.integer("first_trajectory", first_trajectory, at_least=0)
    size = _require.integer("rows", rows, at_least=1)
    moves = moves_of(rule, descending(nodes, last))
    table = _table(moves, schedule)
    key = _key(seed, table)
    kept = [move.t_next for move in moves] if keep_path else [moves[-1].t_next]
    states = points.new_empty((1 + len(kept), *points.shape))
    states[0] = points
    for start in range(0, len(points), size):
        block = points[start : start + size].clone(memory_format=torch.contiguous_format)
        for number, (move, row) in enumerate(zip(moves, table, strict=True)):
            pull = None if move.step is None else _score_at(score, block, move.t).to(block)
            _advance(block, pull, row, key, first + start, number)
            if keep_path:
                states[number + 1, start : start + size] = block
        states[-1, start : start + size] = block
    times = torch.tensor([moves[0].t, *kept], dtype=torch.float64)
    return Path(times, states, sum(move.step is not None for move in moves))


def _table(moves: list[Move], schedule: Schedule) -> list[Row]:
    """The factors of x, of the score and of the normals, for each move."""
    visited = list(dict.fromkeys(t for move in moves for t in (move.t, move.t_next)))
    levels = dict(zip(visited, Level.of(schedule, visited), strict=True))
    return [factors(move, levels[move.t], levels[move.t_next]) for move in moves]


def factors(move: Move, at: Level, after: Level) -> Row:
    """The factors of x, of the score and of the normals; without a step, of the forward way."""
    rate = float(after.alpha / at.alpha)
    if move.step is None:
        return rate, 0.0, float(after.alpha * torch.sqrt(after.v - at.v))
    levels = Levels.between(at, after)
    pulled = after.alpha * (torch.sqrt(at.v) - move.step.kept(levels)) * at.sigma
    return rate, float(pulled), float(after.alpha * move.step.drawn(levels))


def _key(seed: int | None, table: list[Row]) -> tuple[int, int]:
    if seed is not None:
        return _counter.key_of(_require.integer("seed", seed, at_least=0))
    if any(deviation != 0 for _, _, deviation in table):
        msg = "seed must be an integer for a rule that draws noise, got None"
        raise ValueError(msg)
    return 0, 0


def _advance(
    x: Points, pull: Tensor | None, row: Row, key: tuple[int, int], first: int, step: int
) -> None:
    """Replace x by its successor, in place."""
    if compiled.takes(x):
        native.advance(x, None if pull is None else pull.contiguous(), row, key, first, step)
    else:
        _counter.advance(x, pull, row, key, first, step)
