"""The sums over pairs of neurons and groups of vertices that the exact loss is made of.

Notation: vertices with equal w_j . v for all j form a group g of probability p_g and mean vertex
v_g; neuron j has mean mu_jg = s w_j . v + b_j and deviation nu |w_j| there.

Which vertices are alike is read off the columns of w: coordinates with equal columns enter only by
their sum, coordinates with a zero column not at all. A network that treats d - 1 coordinates alike
thus costs 2 d groups instead of 2^(d-1).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.normal_pairs import Correlation, PairMoments, pair_moments

BLOCK = 2**12
"""How many (pair, group) entries are held at once, so that they stay in cache."""


@dataclass(frozen=True)
class Groups:
    """Vertices that no neuron tells apart.

    Attributes:
        vertices: (G, d), one vertex of each group.
        masses: (G,), the probability of each group.
        means: (G, d), the mean vertex of each group.
        alike: (d,), for each coordinate the first one with its column of w and of `means`; the
            gradients of both are equal, and are made so to the last digit.
    """

    vertices: Tensor
    masses: Tensor
    means: Tensor
    alike: Tensor


class Atoms:
    """A law's atoms, grouped as the columns of w require; the last grouping is kept."""

    def __init__(self, law: HypercubeLaw, coordinate: int, like: Tensor) -> None:
        self._vertices, self._masses = law.weighted_vertices(like=like)
        self._coordinate = coordinate
        self._key: tuple[int, ...] | None = None
        self._groups: Groups | None = None

    def groups(self, w: Tensor) -> Groups:
        """The groups under the weights (m, d)."""
        _, classes = torch.unique(w, dim=1, return_inverse=True)
        kept = (w != 0).any(dim=0)
        key = tuple(torch.where(kept, classes, -1).tolist())
        if self._groups is None or key != self._key:
            self._key, self._groups = key, self._grouped(key)
        return self._groups

    def _grouped(self, key: tuple[int, ...]) -> Groups:
        labels = sorted(set(key) - {-1})
        member = torch.tensor([[label == k for label in labels] for k in key], dtype=torch.bool)
        sums = self._vertices @ member.to(self._vertices)
        distinct, group = torch.unique(sums, dim=0, return_inverse=True)
        masses = self._masses.new_zeros(len(distinct)).index_add_(0, group, self._masses)
        weighted = self._vertices * self._masses[:, None]
        totals = weighted.new_zeros(len(distinct), weighted.shape[1]).index_add_(
            0, group, weighted
        )
        first = torch.full_like(group[: len(distinct)], len(group))
        place = torch.arange(len(group), device=group.device)
        first = first.scatter_reduce(0, group, place, reduce="amin")
        means = totals / masses[:, None]
        return Groups(self._vertices[first], masses, means, self._alike(key, means))

    def _alike(self, key: tuple[int, ...], means: Tensor) -> Tensor:
        d = len(key)
        own = torch.arange(d, device=means.device) == self._coordinate
        tag = torch.stack((torch.tensor(key, dtype=torch.int64).to(means), own.to(means)))
        _, classes = torch.unique(torch.cat((tag, means)), dim=1, return_inverse=True)
        return (classes[None] == classes[:, None]).to(torch.int64).argmax(dim=1)


@dataclass(frozen=True)
class PairBlock:
    """Some pairs j <= k, and their moments in every group.

    Attributes:
        j: (P,).
        k: (P,).
        apart: (P,), 1 where j < k and 0 where j = k.
        moments: tensors (P, G).
    """

    j: Tensor
    k: Tensor
    apart: Tensor
    moments: PairMoments


def pair_blocks(
    w: Tensor, b: Tensor, groups: Groups, signal: float, noise: float
) -> Iterator[PairBlock]:
    """All pairs j <= k of the neurons w (m, d), b (m,), block by block."""
    norm = torch.linalg.vector_norm(w, dim=-1)
    unit, deviation = w / norm[:, None], noise * norm
    means = signal * (w @ groups.vertices.T) + b[:, None]
    pairs = torch.triu_indices(len(w), len(w), device=w.device)
    size = max(1, BLOCK // means.shape[1])
    for j, k in zip(pairs[0].split(size), pairs[1].split(size), strict=True):
        correlation = Correlation.between(unit[j][:, None], unit[k][:, None])
        deviations = deviation[j][:, None], deviation[k][:, None]
        moments = pair_moments(means[j], means[k], *deviations, correlation)
        yield PairBlock(j, k, (j < k).to(w.dtype), moments)
