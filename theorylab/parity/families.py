r"""Two laws on the cube: a parity, which needs no enumeration, and a list of atoms.

Notation: v in {-1, 1}^d with law p0; m_I = E[prod_{i in I} v_i]; lam_i = s x_i / nu^2 the log odds
of a coordinate.

What is common to all laws, and how to make one, stands in `theorylab.parity.laws`.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import final

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import Points
from theorylab.parity import _support, cube, posterior
from theorylab.parity._support import Vertex
from theorylab.parity.laws import HypercubeLaw


@final
@dataclass(frozen=True)
class ParityLaw(HypercubeLaw):
    r"""Uniform on the vertices with \prod_{i in subset} v_i = value; the others are free.

    m_I is 1 for the empty set, `value` for the subset itself, and 0 otherwise. The marginal on J
    is the same parity if J contains the subset, and uniform if not.

    Attributes:
        dimension: d >= 1.
        subset: distinct coordinates, kept in increasing order; empty for the uniform law.
        value: +1 or -1; +1 if the subset is empty, where the product is 1.

    Raises:
        ValueError: a coordinate outside 0..d-1 or repeated, or another value.
    """

    subset: tuple[int, ...]
    value: int = 1

    def __post_init__(self) -> None:
        """Check, and sort the subset."""
        _require.integer("dimension", self.dimension, at_least=1)
        members = _support.checked_subset("subset", self.subset, self.dimension)
        object.__setattr__(self, "subset", tuple(sorted(members)))
        if isinstance(self.value, bool) or self.value not in (1, -1):
            msg = f"value must be +1 or -1, got {self.value!r}"
            raise ValueError(msg)
        if self.value == -1 and not self.subset:
            msg = "value must be +1 for an empty subset, whose product is 1, got -1"
            raise ValueError(msg)

    @property
    def support_size(self) -> int:
        """2^(d-1), or 2^d for the uniform law."""
        return 2 ** (self.dimension - bool(self.subset))

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
        listed = _kept_rows if self.dimension <= KEPT else _listed_rows
        return listed(self.dimension, self.subset, self.value, dtype).clone()

    def _moment(self, members: tuple[int, ...]) -> Fraction:
        if not members:
            return Fraction(1)
        return Fraction(self.value if set(members) == set(self.subset) else 0)

    def _marginal(self, kept: tuple[int, ...]) -> "ParityLaw":
        if not set(self.subset) <= set(kept):
            return ParityLaw(len(kept), ())
        return ParityLaw(len(kept), tuple(kept.index(i) for i in self.subset), self.value)

    def _posterior_mean(self, lam: Points) -> Points:
        return posterior.parity_mean(lam, subset=self.subset, value=self.value)


KEPT = 10
"""The vertices of parities of up to so many bits are listed once, 80 KiB at most."""


def _listed_rows(
    dimension: int, subset: tuple[int, ...], value: int, dtype: torch.dtype
) -> Tensor:
    rows = cube.vertices(dimension, dtype=dtype)
    return rows[rows[:, list(subset)].prod(dim=-1) == value]


_kept_rows = lru_cache(maxsize=32)(_listed_rows)


@final
@dataclass(frozen=True)
class FiniteLaw(HypercubeLaw):
    """A law given by its atoms.

    Attributes:
        dimension: d >= 1.
        vertices: S distinct vertices.
        probabilities: S positive fractions that sum to 1.

    Raises:
        ValueError: vertices of another length or repeated; probabilities of another number, not
            positive, or with another sum.
    """

    vertices: tuple[Vertex, ...]
    probabilities: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        """Check the atoms."""
        _support.check_atoms(self.dimension, self.vertices, self.probabilities)

    @classmethod
    def uniform(cls, vertices: tuple[Vertex, ...]) -> "FiniteLaw":
        """Equal probabilities on distinct vertices, at least one."""
        return cls(len(vertices[0]), vertices, (Fraction(1, len(vertices)),) * len(vertices))

    @property
    def support_size(self) -> int:
        """The number of atoms."""
        return len(self.vertices)

    def atoms(self) -> tuple[tuple[Vertex, Fraction], ...]:
        """As `HypercubeLaw.atoms`."""
        return tuple(zip(self.vertices, self.probabilities, strict=True))

    def weighted_vertices(self, *, like: Tensor) -> tuple[Tensor, Tensor]:
        """As `HypercubeLaw.weighted_vertices`."""
        return self._rows.to(like), self._masses.to(like)

    @cached_property
    def _rows(self) -> Tensor:
        return torch.tensor(self.vertices, dtype=torch.float64)

    @cached_property
    def _masses(self) -> Tensor:
        return torch.tensor([float(p) for p in self.probabilities], dtype=torch.float64)

    @cached_property
    def _log_masses(self) -> Tensor:
        """Logarithms of the probabilities, without underflow of the probabilities."""
        logs = [math.log(p.numerator) - math.log(p.denominator) for p in self.probabilities]
        return torch.tensor(logs, dtype=torch.float64)

    def _moment(self, members: tuple[int, ...]) -> Fraction:
        terms = (p * math.prod(v[i] for i in members) for v, p in self.atoms())
        return sum(terms, start=Fraction(0))

    def _marginal(self, kept: tuple[int, ...]) -> "FiniteLaw":
        merged: dict[Vertex, Fraction] = {}
        for vertex, probability in self.atoms():
            image = tuple(vertex[i] for i in kept)
            merged[image] = merged.get(image, Fraction(0)) + probability
        return FiniteLaw(len(kept), tuple(merged), tuple(merged.values()))

    def _posterior_mean(self, lam: Points) -> Points:
        return posterior.weighted_mean(lam, self._rows.to(lam), self._log_masses.to(lam))
