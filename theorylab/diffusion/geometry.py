r"""Segments between modes, tubes about them, bisectors and balls.

Notation: points a, b of R^d; ell = |a - b|, e = (a - b)/ell, midpoint m; a point x is
x = m + xi e + z with <z, e> = 0, and p = xi/ell + 1/2, so that p = 1 at a and p = 0 at b;
D_(1) <= D_(2) <= ... the sorted squared distances of x to the modes.

This module knows no probabilities; `transverse` is |z| and not the distance to the segment,
which is larger beyond its ends.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Flags, PerPoint, Points
from theorylab.diffusion import _components, _points

Vector = Float[Tensor, " d"]
Pairs = Int[Tensor, "*n 2"]


@dataclass(frozen=True, eq=False, init=False)
class Segment:
    """The closed segment from b to a. Results follow the dtype and the device of the points.

    Attributes:
        a: (d,), where p = 1.
        b: (d,), where p = 0.

    Raises:
        ValueError: ends of different shapes, not finite, or equal; in every method, points of
            another dimension or not finite.
    """

    a: Vector
    b: Vector

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        first = _vector("a", a)
        second = _vector("b", b).to(first)
        if first.shape != second.shape:
            msg = f"b must have shape {tuple(first.shape)} as a, got shape {tuple(second.shape)}"
            raise ValueError(msg)
        if bool((first == second).all()):
            msg = f"b must differ from a, got {second.tolist()!r} for both"
            raise ValueError(msg)
        object.__setattr__(self, "a", first)
        object.__setattr__(self, "b", second)

    @property
    def length(self) -> float:
        """The length ell = |a - b|."""
        return float(torch.linalg.vector_norm(self.a - self.b))

    @property
    def direction(self) -> Vector:
        """The unit vector e = (a - b)/ell."""
        return (self.a - self.b) / self.length

    @property
    def midpoint(self) -> Vector:
        """The point m = (a + b)/2."""
        return (self.a + self.b) / 2

    def parallel(self, x: ArrayLike) -> PerPoint:
        """The coordinate p = <x - m, e>/ell + 1/2, beyond [0, 1] beyond the ends; (*n)."""
        return self._split(x)[1] / self.length + 0.5

    def transverse(self, x: ArrayLike) -> PerPoint:
        """The distance |z| to the straight line through a and b; (*n)."""
        centred, xi = self._split(x)
        return torch.linalg.vector_norm(centred - xi[..., None] * self.direction.to(xi), dim=-1)

    def project(self, x: ArrayLike) -> Points:
        """The nearest point of the closed segment; (*n, d)."""
        p = self.parallel(x).clamp(0, 1)[..., None]
        return p * self.a.to(p) + (1 - p) * self.b.to(p)

    def distance(self, x: ArrayLike) -> PerPoint:
        """The distance to the closed segment, ends included; (*n)."""
        points = _points.points("x", x, like=self.a)
        return torch.linalg.vector_norm(points - self.project(points), dim=-1)

    def _split(self, x: ArrayLike) -> tuple[Tensor, Tensor]:
        """The vector x - m and its coordinate xi = <x - m, e>."""
        points = _points.points("x", x, like=self.a)
        centred = points - self.midpoint.to(points)
        return centred, centred @ self.direction.to(points)


@dataclass(frozen=True)
class Tube:
    """All points within `radius` of a closed segment.

    Raises:
        ValueError: something else than a Segment, or a negative radius.
    """

    segment: Segment
    radius: float

    def __post_init__(self) -> None:
        if not isinstance(self.segment, Segment):
            msg = f"segment must be a Segment, got {self.segment!r}"
            raise ValueError(msg)
        _require.non_negative("radius", self.radius)

    def contains(self, x: ArrayLike) -> Flags:
        """Whether dist(x, segment) <= radius; (*n)."""
        return self.segment.distance(x) <= self.radius


@dataclass(frozen=True, eq=False, init=False)
class Bisector:
    """The hyperplane of points as far from a as from b.

    Raises:
        ValueError: as `Segment`.
    """

    segment: Segment

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        object.__setattr__(self, "segment", Segment(a, b))

    @property
    def normal(self) -> Vector:
        """The unit normal e, towards a."""
        return self.segment.direction

    def offset(self, x: ArrayLike) -> PerPoint:
        """The signed distance <x - m, e> to the hyperplane, positive towards a; (*n)."""
        return self.segment._split(x)[1]


@dataclass(frozen=True, eq=False, init=False)
class Ball:
    """All points within `radius` of `centre`, (d,).

    Raises:
        ValueError: a centre that is not a finite vector, or a negative radius.
    """

    centre: Vector
    radius: float

    def __init__(self, centre: ArrayLike, radius: float) -> None:
        object.__setattr__(self, "centre", _vector("centre", centre))
        object.__setattr__(self, "radius", _require.non_negative("radius", radius))

    def contains(self, x: ArrayLike) -> Flags:
        """Whether |x - centre| <= radius; (*n)."""
        points = _points.points("x", x, like=self.centre)
        offset = points - self.centre.to(points)
        return torch.linalg.vector_norm(offset, dim=-1) <= self.radius


def nearest_pair(x: ArrayLike, means: ArrayLike) -> Pairs:
    """The indices of the two modes nearest to x, the nearest first; (*n, d), (K, d) -> (*n, 2).

    Raises:
        ValueError: fewer than two means, or shapes that disagree.
    """
    return _distances(x, means, 2).topk(2, dim=-1, largest=False).indices


def dominance_margin(x: ArrayLike, means: ArrayLike, s: ArrayLike) -> PerPoint:
    """The margin (D_(3) - D_(1)) / (2 s^2), infinite with two modes; (*n, d) -> (*n).

    The largest kappa at which the two-mode dominance of arXiv:2605.06831, Assumption 4.1, holds
    at x for some pair, in the coordinates y = x / alpha_t.

    Args:
        x: points y.
        means: the modes, (K, d).
        s: the effective deviation, one for all points or one per point.

    Raises:
        ValueError: fewer than two means, s that is not positive, or shapes that disagree.
    """
    squares = _distances(x, means, 2)
    scale = _points.positive_level("s", s, squares)
    if squares.shape[-1] == 2:
        return torch.full_like(squares[..., 0], torch.inf)
    three = squares.topk(3, dim=-1, largest=False).values
    return ((three[..., 2:] - three[..., :1]) / (2 * scale**2))[..., 0]


def _distances(x: ArrayLike, means: ArrayLike, at_least: int) -> Tensor:
    """The squared distances D_k, (*n, K)."""
    modes = _require.array("means", means)
    if modes.ndim != 2 or len(modes) < at_least:
        shape = tuple(modes.shape)
        msg = f"means must have shape (K, d) with K >= {at_least}, got shape {shape}"
        raise ValueError(msg)
    points = _points.points("x", x, like=modes)
    return _components.squared_distances(points, modes.to(points))


def _vector(name: str, value: ArrayLike) -> Tensor:
    result = _require.array(name, value)
    if result.ndim != 1 or len(result) == 0:
        msg = f"{name} must have shape (d,) with d >= 1, got shape {tuple(result.shape)}"
        raise ValueError(msg)
    return result
