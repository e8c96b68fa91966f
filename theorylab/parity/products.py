r"""Several parity rules at once, on disjoint sets of coordinates.

Notation: v uniform on prod_{i in I_k} v_i = eps_k, k = 1, ..., m, the I_k disjoint; m_I = E[v_I].

Rules on sets that meet are not covered here; list such a law's atoms with
`HypercubeLaw.from_support`.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import torch
from torch import Tensor

from theorylab._typing import Points
from theorylab.parity import cube, posterior
from theorylab.parity._support import Vertex
from theorylab.parity.families import ParityLaw
from theorylab.parity.laws import HypercubeLaw


@final
@dataclass(frozen=True)
class ParityProductLaw(HypercubeLaw):
    r"""Uniform on the vertices that obey all the rules; the law of independent blocks.

    m_I is the product of the eps_k if I is a union of some I_k, and 0 otherwise.

    Attributes:
        dimension: d >= 1.
        rules: parities of dimension d on disjoint non-empty subsets.

    Raises:
        ValueError: a rule of another dimension, an empty subset, or subsets that meet.
    """

    rules: tuple[ParityLaw, ...]

    def __post_init__(self) -> None:
        """Check the rules."""
        taken: set[int] = set()
        for rule in self.rules:
            if not isinstance(rule, ParityLaw) or rule.dimension != self.dimension:
                msg = f"rules must be parities of dimension {self.dimension}, got {rule!r}"
                raise ValueError(msg)
            if not rule.subset or taken & set(rule.subset):
                msg = f"rules must have disjoint non-empty subsets, got {rule.subset}"
                raise ValueError(msg)
            taken |= set(rule.subset)

    @property
    def support_size(self) -> int:
        """2^(d-m)."""
        return 2 ** (self.dimension - len(self.rules))

    def atoms(self) -> tuple[tuple[Vertex, Fraction], ...]:
        """As `HypercubeLaw.atoms`."""
        mass = Fraction(1, self.support_size)
        return tuple((tuple(row), mass) for row in self._rows(torch.int64).tolist())

    def weighted_vertices(self, *, like: Tensor) -> tuple[Tensor, Tensor]:
        """As `HypercubeLaw.weighted_vertices`."""
        rows = self._rows(like.dtype).to(like.device)
        return rows, torch.full_like(rows[:, 0], 1 / self.support_size)

    def _rows(self, dtype: torch.dtype) -> Tensor:
        cube.dimension_up_to("dimension", self.dimension, cube.MAX_VERTEX_DIMENSION)
        rows = cube.vertices(self.dimension, dtype=dtype)
        for rule in self.rules:
            rows = rows[rows[:, list(rule.subset)].prod(dim=-1) == rule.value]
        return rows

    def _moment(self, members: tuple[int, ...]) -> Fraction:
        inside = [rule for rule in self.rules if set(rule.subset) <= set(members)]
        if sum(len(rule.subset) for rule in inside) != len(members):
            return Fraction(0)
        return Fraction(math.prod(rule.value for rule in inside))

    def _marginal(self, kept: tuple[int, ...]) -> "ParityProductLaw":
        inside = [rule for rule in self.rules if set(rule.subset) <= set(kept)]
        moved = (tuple(kept.index(i) for i in rule.subset) for rule in inside)
        rules = zip(moved, inside, strict=True)
        return ParityProductLaw(
            len(kept), tuple(ParityLaw(len(kept), subset, rule.value) for subset, rule in rules)
        )

    def _posterior_mean(self, lam: Points) -> Points:
        mean = torch.tanh(lam)
        for rule in self.rules:
            here = torch.zeros(self.dimension, dtype=torch.bool, device=lam.device)
            here[list(rule.subset)] = True
            under = posterior.parity_mean(lam, subset=rule.subset, value=rule.value)
            mean = torch.where(here, under, mean)
        return mean
