r"""Noise that is a function of (entropy, step, trajectory): nothing is stored, no state is kept.

Notation: r substeps, w_j standard normals, h_j normals of variance 1/12, U the time integral of W.

This module knows no equation, no time and no step length: it deals in steps of unit length, which
`theorylab.integrate` scales.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import PerPoint, Points

_INCREMENT, _AREA = 0, 1  # two streams, so that asking for U does not change W
_NORMAL, _UNIFORM = 2, 3  # those of `TrajectoryNoise`
_BLOCK = 1024  # about so many numbers are drawn together


@dataclass(frozen=True)
class BrownianPath:
    r"""One Brownian path in R^d per trajectory, fixed by an integer.

    The normals of step k come from the counter-based generator Philox with a 128-bit key derived
    from `entropy` and the 256-bit counter (0, 0, stream, k). Therefore the path does not depend
    on the order of the calls, on the method or on global random state, and trajectory i sees the
    same path whatever the number n of trajectories (the dimension d being the same).

    With `substeps` = r the increment of step k is assembled from the steps rk, ..., rk + r - 1 of
    the path with the same entropy and one substep,

    .. math:: W = r^{-1/2} \sum_{j<r} w_j, \qquad
              U = r^{-3/2} \sum_{j<r} \Big(\sum_{i<j} w_i + \tfrac12 w_j + h_j\Big),

    so that a run with step h and r substeps sees the same Brownian path as a run with step h/r
    and one substep, provided that the first makes exactly r times fewer steps: choose a step that
    divides every output interval.

    Attributes:
        entropy: non-negative integer of any size; equal entropy, equal path.
        substeps: r, at least 1.

    Raises:
        ValueError: an entropy that is not an integer >= 0; substeps that are not an integer >= 1.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """

    entropy: int
    substeps: int = 1

    def __post_init__(self) -> None:
        """Check both integers."""
        _require.integer("entropy", self.entropy, at_least=0)
        _require.integer("substeps", self.substeps, at_least=1)

    @cached_property
    def _key(self) -> np.ndarray:
        return _key_of(self.entropy)

    def _normals(self, stream: int, fine_step: int, shape: tuple[int, ...]) -> np.ndarray:
        return _generator(self._key, 0, stream, fine_step).standard_normal(shape)

    def _fine_steps(self, step: int) -> range:
        first = _require.integer("step", step, at_least=0) * self.substeps
        return range(first, first + self.substeps)

    def increment(self, step: int, *, like: Tensor) -> Points:
        """W over the unit step number `step`: independent N(0, 1), of the shape of `like` (n, d).

        Raises:
            ValueError: a step that is not an integer >= 0.
        """
        total = np.zeros(tuple(like.shape))
        for fine_step in self._fine_steps(step):
            total += self._normals(_INCREMENT, fine_step, total.shape)
        return _cast(total / math.sqrt(self.substeps), like)

    def increment_and_integral(self, step: int, *, like: Tensor) -> tuple[Points, Points]:
        r"""The pair (W, U) of the unit step, :math:`U = \int_0^1 W_s ds`, each of shape (n, d).

        Var U = 1/3 and Cov(W, U) = 1/2; W is the one that `increment` returns.

        Raises:
            ValueError: a step that is not an integer >= 0.
        """
        total, integral = np.zeros(tuple(like.shape)), np.zeros(tuple(like.shape))
        for fine_step in self._fine_steps(step):
            w = self._normals(_INCREMENT, fine_step, total.shape)
            h = self._normals(_AREA, fine_step, total.shape) / math.sqrt(12)
            integral += total + w / 2 + h
            total += w
        r = self.substeps
        return _cast(total / math.sqrt(r), like), _cast(integral / r**1.5, like)


@dataclass(frozen=True)
class TrajectoryNoise:
    """Normals and uniforms for a run of a sampler, fixed by an integer.

    The numbers of a trajectory in a step depend on the entropy, on the trajectory's own number
    and on the step only: rows m, m + 1, ... of a large batch are those of a batch that begins at
    `first` = m. They are drawn in blocks of trajectories whose size depends on d only, each block
    from Philox with the 256-bit counter (0, block, stream, step).

    Attributes:
        entropy: non-negative integer of any size.
        first: the number of the first trajectory of the batch.

    Raises:
        ValueError: an entropy or a first that is not an integer >= 0.
    """

    entropy: int
    first: int = 0

    def __post_init__(self) -> None:
        """Check both integers."""
        _require.integer("entropy", self.entropy, at_least=0)
        _require.integer("first", self.first, at_least=0)

    @cached_property
    def _key(self) -> np.ndarray:
        return _key_of(self.entropy)

    def normals(self, step: int, *, like: Tensor) -> Points:
        """Independent N(0, 1) for step number `step`, of the shape (n, d) of `like`.

        Raises:
            ValueError: a step that is not an integer >= 0.
        """
        n, d = like.shape
        return _cast(self._rows(_NORMAL, step, n, d), like)

    def uniforms(self, step: int, *, like: Tensor) -> PerPoint:
        """One uniform of [0, 1) for each row of `like` (n, d), independent of the normals.

        Raises:
            ValueError: a step that is not an integer >= 0.
        """
        return _cast(self._rows(_UNIFORM, step, like.shape[0], 1)[:, 0], like)

    def _rows(self, stream: int, step: int, n: int, d: int) -> np.ndarray:
        """Rows first, ..., first + n - 1 of the whole table of the step, (n, d)."""
        step = _require.integer("step", step, at_least=0)
        size = max(1, _BLOCK // d)
        start, stop = self.first // size, (self.first + n - 1) // size + 1
        parts = []
        for block in range(start, stop):
            generator = _generator(self._key, block, stream, step)
            draw = generator.standard_normal if stream == _NORMAL else generator.random
            parts.append(draw((size, d)))
        skipped = self.first - start * size
        return np.concatenate(parts)[skipped : skipped + n]


def _key_of(entropy: int) -> np.ndarray:
    return np.random.SeedSequence(int(entropy)).generate_state(2, np.uint64)


def _generator(key: np.ndarray, block: int, stream: int, step: int) -> np.random.Generator:
    counter = np.array([0, block, stream, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def _cast(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(dtype=like.dtype, device=like.device)
