r"""Probability laws on the hypercube: exact moments, exact marginals, posterior means.

Notation: v in {-1, 1}^d with law p0; v_I = prod_{i in I} v_i; m_I = E[v_I]; A = alpha_bar,
s = sqrt(A), nu = sqrt(1 - A), x = s v + nu xi with xi standard normal. Coordinates count from 0.

Moments and marginals are fractions, posterior means are tensors. This module draws no samples,
and defines no law: the final classes stand in `theorylab.parity.families`, `products` and `dyck`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.parity import _support, cube, posterior

if TYPE_CHECKING:
    from theorylab.parity.dyck import DyckLaw
    from theorylab.parity.families import FiniteLaw, ParityLaw
    from theorylab.parity.products import ParityProductLaw


@dataclass(frozen=True)
class HypercubeLaw(ABC):
    """A probability law on {-1, 1}^d: abstract, made by its static methods.

    Attributes:
        dimension: d.
    """

    dimension: int

    @staticmethod
    def parity(d: int, subset: Iterable[int] | None = None, *, value: int = 1) -> "ParityLaw":
        r"""Uniform on the vertices with \prod_{i in subset} v_i = value.

        Args:
            d: dimension, at least 1; large d is fine, nothing is enumerated.
            subset: distinct coordinates, all of them if None; empty for the uniform law.
            value: +1 or -1.

        Raises:
            ValueError: d is no positive integer; a coordinate outside 0..d-1 or repeated; another
                value, or -1 with an empty subset.
        """
        from theorylab.parity.families import ParityLaw

        d = _require.integer("d", d, at_least=1)
        members = range(d) if subset is None else subset
        return ParityLaw(d, _support.checked_subset("subset", members, d), value)

    @staticmethod
    def parities(
        d: int, subsets: Iterable[Iterable[int]], *, values: Iterable[int] | None = None
    ) -> "ParityProductLaw":
        r"""Uniform on the vertices with \prod_{i in I} v_i = value for each of several subsets I.

        Args:
            d: dimension, at least 1; large d is fine, nothing is enumerated.
            subsets: disjoint, none of them empty.
            values: +1 or -1, one a subset; +1 all if None.

        Raises:
            ValueError: as `parity`; subsets that meet, an empty one, or another number of values.
        """
        from theorylab.parity.products import ParityProductLaw

        members = [tuple(subset) for subset in subsets]
        signs = [1] * len(members) if values is None else list(values)
        if len(signs) != len(members):
            msg = f"values must be {len(members)}, one a subset, got {len(signs)}"
            raise ValueError(msg)
        pairs = zip(members, signs, strict=True)
        rules = tuple(HypercubeLaw.parity(d, subset, value=sign) for subset, sign in pairs)
        return ParityProductLaw(_require.integer("d", d, at_least=1), rules)

    @staticmethod
    def dyck(d: int) -> "DyckLaw":
        """Uniform on the balanced bracket words of length d, +1 an opening bracket.

        There are Catalan(d/2) of them; large d is fine, nothing is enumerated.

        Raises:
            ValueError: d is no positive even integer.
        """
        from theorylab.parity.dyck import DyckLaw

        return DyckLaw(_require.integer("d", d, at_least=1))

    @staticmethod
    def from_support(
        vertices: ArrayLike, probabilities: Iterable[Fraction | float] | None = None
    ) -> "FiniteLaw":
        """The law with these atoms.

        Args:
            vertices: (S, d), entries +1 and -1, rows distinct.
            probabilities: S positive numbers, equal if None. Fractions and integers must sum to 1
                exactly. Floating numbers must sum to 1 to the square root of their rounding unit;
                each is read as the decimal that prints it (0.1 is 1/10), and the law is the one
                proportional to these decimals.

        Raises:
            ValueError: shape, entries, a repeated vertex, or probabilities as said above.
        """
        from theorylab.parity.families import FiniteLaw

        rows = _support.checked_vertices(vertices)
        if probabilities is None:
            return FiniteLaw.uniform(rows)
        return FiniteLaw(len(rows[0]), rows, _support.checked_probabilities(probabilities))

    @property
    @abstractmethod
    def support_size(self) -> int:
        """The number of vertices of positive probability."""

    @abstractmethod
    def atoms(self) -> tuple[tuple[_support.Vertex, Fraction], ...]:
        """Every vertex of the support with its probability.

        Raises:
            ValueError: the law is not stored by atoms and d exceeds cube.MAX_VERTEX_DIMENSION.
        """

    @abstractmethod
    def weighted_vertices(self, *, like: Tensor) -> tuple[Tensor, Tensor]:
        """The atoms as tensors (S, d) and (S,) on the dtype and device of `like`.

        Raises:
            ValueError: as `atoms`.
        """

    @abstractmethod
    def _moment(self, members: tuple[int, ...]) -> Fraction: ...

    @abstractmethod
    def _marginal(self, kept: tuple[int, ...]) -> "HypercubeLaw": ...

    @abstractmethod
    def _posterior_mean(self, lam: Points) -> Points: ...

    def moment(self, subset: Iterable[int]) -> Fraction:
        r"""m_I = E[\prod_{i in I} v_i], exact; m of the empty set is 1.

        Raises:
            ValueError: a coordinate outside 0..d-1 or repeated.
        """
        return self._moment(_support.checked_subset("subset", subset, self.dimension))

    def marginal(self, coordinates: Iterable[int]) -> "HypercubeLaw":
        """The law of these coordinates, in this order.

        Raises:
            ValueError: none, one outside 0..d-1, or one repeated.
        """
        kept = _support.checked_subset("coordinates", coordinates, self.dimension)
        if not kept:
            msg = "coordinates must name at least one coordinate, got none"
            raise ValueError(msg)
        return self._marginal(kept)

    def fourier_coefficient(self, subset: Iterable[int]) -> Fraction:
        r"""The coefficient of v_I in p0, exact.

        .. math:: \bar p_I = 2^{-d} \sum_v p_0(v) v_I = 2^{-d} m_I

        Raises:
            ValueError: as `moment`.
        """
        return self.moment(subset) / 2**self.dimension

    def fourier_coefficients(self) -> tuple[Fraction, ...]:
        """All 2^d of them by the transform, in the order of `theorylab.parity.cube`.

        Raises:
            ValueError: d exceeds cube.MAX_CHARACTER_DIMENSION.
        """
        d = cube.dimension_up_to("dimension", self.dimension, cube.MAX_CHARACTER_DIMENSION)
        table = [Fraction(0)] * 2**d
        for vertex, probability in self.atoms():
            table[sum(1 << i for i in range(d) if vertex[i] < 0)] = probability
        return tuple(total / 2**d for total in cube.walsh_hadamard_exact(table))

    def is_pairwise_independent_with_zero_mean(self) -> bool:
        """Whether m_I = 0 for every I of one or two coordinates: Assumption 5.1, decided exactly.

        Source: arXiv 2503.03595, Assumption 5.1.
        """
        coordinates = range(self.dimension)
        subsets = (subset for size in (1, 2) for subset in combinations(coordinates, size))
        return not any(self._moment(subset) for subset in subsets)

    def posterior_mean(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""E[v | x], the mean of the clean vertex given the noisy point.

        Args:
            x: (*n, d).
            alpha_bar: A in [0, 1).

        Returns:
            (*n, d), entries in [-1, 1], dtype and device of x.

        Raises:
            ValueError: x is not finite or has another last axis; alpha_bar outside [0, 1).
        """
        place = _require.array("x", x)
        place = _require.points("x", place, dimension=self.dimension, like=place)
        return self._posterior_mean(posterior.log_odds(place, alpha_bar=alpha_bar))

    def noise_mean(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""E[xi | x], the target of noise prediction.

        .. math:: y(x) = (x - s \, E[v | x]) / \nu

        Arguments, shapes and errors as `posterior_mean`. Source: arXiv 2503.03595, section 5.1.2.
        """
        signal, noise = posterior.signal_and_noise(alpha_bar)
        place = _require.array("x", x)
        return (place - signal * self.posterior_mean(place, alpha_bar=alpha_bar)) / noise

    def score(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""The gradient of the log density of x.

        .. math:: \nabla \ln p(x) = (s \, E[v | x] - x) / \nu^2 = -y(x) / \nu

        Arguments, shapes and errors as `posterior_mean`.
        """
        _, noise = posterior.signal_and_noise(alpha_bar)
        return -self.noise_mean(x, alpha_bar=alpha_bar) / noise
