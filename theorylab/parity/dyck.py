r"""Balanced bracket words of any even length, by paths over (position, height).

Notation: v in {-1, 1}^d, +1 an opening bracket; the height after t symbols is their sum, never
negative and 0 at the end; lam_i = s x_i / nu^2 the log odds of a coordinate.

Nothing is enumerated but where atoms are asked for.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import Points
from theorylab.parity import _support, cube
from theorylab.parity._support import Vertex
from theorylab.parity.families import FiniteLaw
from theorylab.parity.laws import HypercubeLaw


@final
@dataclass(frozen=True)
class DyckLaw(HypercubeLaw):
    """Uniform on the balanced words of length d.

    Attributes:
        dimension: d, even.

    Raises:
        ValueError: d is no positive even integer.
    """

    def __post_init__(self) -> None:
        """Check the length."""
        if _require.integer("d", self.dimension, at_least=1) % 2:
            msg = f"d must be even, a balanced word has as many +1 as -1, got {self.dimension}"
            raise ValueError(msg)

    @property
    def support_size(self) -> int:
        """The Catalan number of d/2."""
        half = self.dimension // 2
        return math.comb(self.dimension, half) // (half + 1)

    def atoms(self) -> tuple[tuple[Vertex, Fraction], ...]:
        """As `HypercubeLaw.atoms`."""
        return self._listed.atoms()

    def weighted_vertices(self, *, like: Tensor) -> tuple[Tensor, Tensor]:
        """As `HypercubeLaw.weighted_vertices`."""
        return self._listed.weighted_vertices(like=like)

    @cached_property
    def _listed(self) -> FiniteLaw:
        d = cube.dimension_up_to("dimension", self.dimension, cube.MAX_VERTEX_DIMENSION)
        return FiniteLaw.uniform(_support.balanced_words(d))

    def _moment(self, members: tuple[int, ...]) -> Fraction:
        chosen = set(members)
        paths = {0: 1}
        for t in range(self.dimension):
            step: dict[int, int] = {}
            for height, weight in paths.items():
                for sign in self._steps(t, height):
                    signed = weight * (sign if t in chosen else 1)
                    step[height + sign] = step.get(height + sign, 0) + signed
            paths = step
        return Fraction(paths[0], self.support_size)

    def _marginal(self, kept: tuple[int, ...]) -> FiniteLaw:
        cube.dimension_up_to("the number of coordinates", len(kept), cube.MAX_VERTEX_DIMENSION)
        chosen = set(kept)
        paths: dict[tuple[int, Vertex], int] = {(0, ()): 1}
        for t in range(self.dimension):
            step: dict[tuple[int, Vertex], int] = {}
            for (height, seen), count in paths.items():
                for sign in self._steps(t, height):
                    key = (height + sign, (*seen, sign) if t in chosen else seen)
                    step[key] = step.get(key, 0) + count
            paths = step
        order = sorted(kept)
        images = [tuple(seen[order.index(i)] for i in kept) for _, seen in paths]
        masses = tuple(Fraction(count, self.support_size) for count in paths.values())
        return FiniteLaw(len(kept), tuple(images), masses)

    def _steps(self, t: int, height: int) -> Iterable[int]:
        """The symbols that may follow at position t."""
        return (s for s in (1, -1) if 0 <= height + s <= self.dimension - t - 1)

    def _posterior_mean(self, lam: Points) -> Points:
        return dyck_mean(lam)


def dyck_mean(lam: Points) -> Points:
    r"""Posterior mean under the uniform law on balanced words, in O(d^2) a point.

    .. math::
        F_{t+1}(h) = F_t(h-1) e^{\lambda_t} + F_t(h+1) e^{-\lambda_t}, \qquad
        E[v_t | x] = \tanh \frac12 \ln
        \frac{\sum_h F_t(h) e^{\lambda_t} B_{t+1}(h+1)}{\sum_h F_t(h) e^{-\lambda_t} B_{t+1}(h-1)}

    with F_0(h) = 1 at h = 0 and 0 elsewhere, and B the same sums from the right. Logarithms are
    carried. That of an unreachable height is minus a quarter of the largest number, where
    infinity would make derivatives NaN: its exponential is exactly 0 for every lam whose d-fold
    is smaller than that, as no law of interest reaches.

    Args:
        lam: (*n, d) log odds, d even.

    Returns:
        (*n, d).
    """
    columns = lam.unbind(-1)
    forward = _passes(columns)
    backward = _passes([-column for column in reversed(columns)])[::-1]
    means = []
    for t, column in enumerate(columns):
        before, after = forward[t], backward[t + 1]
        opened = torch.logsumexp(before[..., :-1] + after[..., 1:], dim=-1) + column
        closed = torch.logsumexp(before[..., 1:] + after[..., :-1], dim=-1) - column
        means.append(torch.tanh((opened - closed) / 2))
    return torch.stack(means, dim=-1)


def _passes(columns: Sequence[Tensor]) -> list[Tensor]:
    """The logarithm of the weight of all paths to each height, after 0, ..., d symbols."""
    first = columns[0]
    absent = -torch.finfo(first.dtype).max / 4
    shape = (*first.shape, len(columns) // 2 + 1)
    here = torch.full(shape, absent, dtype=first.dtype, device=first.device)
    here[..., 0] = 0
    nowhere = torch.full_like(here[..., :1], absent)
    reached = [here]
    for column in columns:
        rise = torch.cat((nowhere, here[..., :-1]), dim=-1) + column[..., None]
        fall = torch.cat((here[..., 1:], nowhere), dim=-1) - column[..., None]
        here = torch.logaddexp(rise, fall)
        reached.append(here)
    return reached
