"""The sums over pairs of neurons and groups of vertices that the exact loss is made of.

Notation: vertices with equal w_j . v for all j form a group g of probability p_g and mean vertex
v_g; neuron j has mean mu_jg = s w_j . v + b_j and deviation nu |w_j| there.

Which vertices are alike is read off the columns of w: coordinates with equal columns enter only by
their sum, coordinates with a zero column not at all. A network that treats d - 1 coordinates alike
thus costs 2 d groups instead of 2^(d-1).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab.parity._hermite import CHUNK, SeriesSums, reach, series_sums
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.normal_pairs import Correlation, Level, standard_moments

BLOCK = 2**12
"""How many (pair, group) entries are held at once, so that they stay in cache."""

FAR = 9.0
"""From this |h| on the density at the kink, phi(9) = 1e-18, is below rounding and counts as 0.

Nearer, all |h_jv| are below 9 + 2 s sqrt(d) / nu, which bounds the digits that differences lose.
"""

LENGTHS = tuple(CHUNK * n for n in (0, 1, 2, 3, 4, 5, 6, 8, 10, 14))
"""How many terms the series may have; 0: all pairs are computed one by one."""

SMALL = 2**10
"""Up to so many weights their columns are compared in Python, a call of torch taking longer."""

TERM = (7.0, 2e-3, 7e-5)
"""Microseconds of one term of the series: fixed, a (neuron, group), a (pair, group); measured."""

PAIR = (450.0, 0.3)
"""Microseconds of the pairs computed one by one: fixed, a (pair, group); measured."""


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
        key = _classes(w)
        if self._groups is None or key != self._key:
            self._key, self._groups = key, self._grouped(key)
        return self._groups

    def _grouped(self, key: tuple[int, ...]) -> Groups:
        labels = sorted(set(key) - {-1})
        if len(labels) == len(key):  # every vertex is a group of its own
            every = torch.arange(len(key), device=self._masses.device)
            return Groups(self._vertices, self._masses, self._vertices, every)
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


def _classes(w: Tensor) -> tuple[int, ...]:
    """A number for each column of w (m, d), equal for equal columns, -1 for columns of 0."""
    if w.numel() <= SMALL:
        seen: dict[tuple[float, ...], int] = {}
        columns = [tuple(column) for column in w.T.tolist()]
        return tuple(seen.setdefault(c, len(seen)) if any(c) else -1 for c in columns)
    _, classes = torch.unique(w, dim=1, return_inverse=True)
    return tuple(torch.where((w != 0).any(dim=0), classes, -1).tolist())


@dataclass(frozen=True)
class PairSums:
    """What the other neurons do to each neuron, summed over the vertices.

    Attributes:
        product: (m,), sum_k a_k E[U_j+ U_k+].
        on: (m, G), p_g sum_k a_k E_g[1{U_j > 0} U_k+].
        both: (m, m), E[1{U_j > 0} 1{U_k > 0}].
        kinked: (m,), whether the kink of the neuron is nearer than FAR to a vertex's mean.
    """

    product: Tensor
    on: Tensor
    both: Tensor
    kinked: Tensor


def pair_sums(
    a: Tensor, w: Tensor, b: Tensor, groups: Groups, signal: float, noise: float
) -> PairSums:
    """`PairSums` of the neurons a (m,), w (m, d), b (m,), no row of w being 0.

    A neuron and itself: in closed form. Weakly correlated pairs: by the Hermite series of
    `theorylab.parity._hermite`. The others: one by one, by Owen's function.
    """
    norm = torch.linalg.vector_norm(w, dim=-1)
    unit, deviation = w / norm[:, None], noise * norm
    level = Level.at((signal * (w @ groups.vertices.T) + b[:, None]) / deviation[:, None])
    r = unit @ unit.T
    size = r.abs().fill_diagonal_(0)
    terms, rho = _cheapest(size, level.mean.shape[1])
    kept = (size < rho).to(r).fill_diagonal_(0)
    factors, masses = a * deviation, groups.masses
    sums = series_sums(level.mean, masses, r * kept, kept, factors, terms)
    _add_own(sums, level, masses, factors)
    _add_near(sums, level, masses, factors, unit, size >= rho)
    kinked = (level.mean.abs() < FAR).any(1)
    return PairSums(deviation * (sums.product @ factors), sums.on, sums.both, kinked)


def _cheapest(size: Tensor, groups: int) -> tuple[int, float]:
    """How many terms of the series cost least, and the |r| from which on it is not used."""
    width, accuracy = len(size), torch.finfo(size.dtype).eps
    term = TERM[0] + width * groups * (TERM[1] + TERM[2] * width)
    choices = [(n, reach(n, accuracy) if n else 0.0) for n in LENGTHS]
    near = (size[..., None] >= size.new_tensor([rho for _, rho in choices])).sum((0, 1)).tolist()
    costs = [
        n * term + (PAIR[0] + PAIR[1] * groups * twice / 2 if twice else 0.0)
        for (n, _), twice in zip(choices, near, strict=True)
    ]
    return choices[costs.index(min(costs))]


def _add_own(sums: SeriesSums, level: Level, masses: Tensor, factors: Tensor) -> None:
    """The pairs (j, j): r = 1."""
    h, below, density = level.mean, level.below, level.density
    on = torch.addcmul(density, h, below)
    sums.product.diagonal().add_(torch.addcmul(below, h, on) @ masses)
    sums.both.diagonal().add_(below @ masses)
    sums.on.addcmul_(on * masses, factors[:, None])


def _add_near(
    sums: SeriesSums, level: Level, masses: Tensor, factors: Tensor, unit: Tensor, near: Tensor
) -> None:
    """The pairs j < k marked in near (m, m)."""
    first, second = torch.nonzero(near.triu(1), as_tuple=True)
    if len(first) == 0:
        return
    size = max(1, BLOCK // len(masses))
    for j, k in zip(first.split(size), second.split(size), strict=True):
        correlation = Correlation.between(unit[j][:, None], unit[k][:, None])
        see = standard_moments(level[torch.stack((j, k))], correlation)
        left, right = torch.cat((j, k)), torch.cat((k, j))
        sums.both[left, right] = (see.both @ masses).repeat(2)
        sums.product[left, right] = (see.product @ masses).repeat(2)
        on = (see.on * masses).flatten(0, 1) * factors[right][:, None]
        sums.on.index_add_(0, left, on)
