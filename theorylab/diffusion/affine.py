r"""Affine maps and the affine map that is nearest to a denoiser on a law.

Notation: y ~ q a law of noisy points, D a denoiser, D_L(y) = W y + b its best affine
approximation in L^2(q); p_k the weights of nodes or samples y_k that stand for q.

q need not be the law for which D was made; the answer depends on it. This module draws no samples.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerPoint, Points
from theorylab.diffusion import _points


@dataclass(frozen=True, eq=False, init=False)
class AffineMap:
    """The map W y + b.

    Attributes:
        matrix: W, (d, d).
        bias: b, (d,).

    Raises:
        ValueError: shapes that disagree, entries that are not finite.
    """

    matrix: Float[Tensor, "d d"]
    bias: Float[Tensor, " d"]

    def __init__(self, matrix: ArrayLike, bias: ArrayLike) -> None:
        shift = _require.array("bias", bias)
        gain = _require.array("matrix", matrix, like=shift).to(shift)
        if shift.ndim != 1 or gain.shape != (shift.shape[0],) * 2:
            shapes = f"{tuple(gain.shape)} and {tuple(shift.shape)}"
            msg = f"matrix and bias must be of shapes (d, d) and (d,), got {shapes}"
            raise ValueError(msg)
        object.__setattr__(self, "matrix", gain)
        object.__setattr__(self, "bias", shift)

    def __call__(self, y: ArrayLike) -> Points:
        """W y + b, (*n, d).

        Raises:
            ValueError: points of another dimension.
        """
        points = _points.points("y", y, like=self.bias)
        return points @ self.matrix.T.to(points) + self.bias.to(points)


def best_affine_fit(
    y: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None
) -> AffineMap:
    r"""The affine map nearest to the values in the mean square, by centred least squares.

    .. math:: \min_{W, b} \sum_k p_k |W y_k + b - v_k|^2:\qquad
              W = \mathrm{Cov}_p(v, y)\, \mathrm{Cov}_p(y)^{-1},\quad b = \bar v - W \bar y

    Args:
        y: (n, d), samples of a law or the nodes of a quadrature rule for it.
        values: D(y), (n, d).
        weights: p, (n,), not negative with a positive sum (they are divided by it); equal if None.

    Raises:
        ValueError: shapes that disagree, weights as above, or points that lie in an affine
            subspace, where W is not unique.
    """
    points, target, p = _weighted(y, values, weights)
    mean, middle = p @ points, p @ target
    root = p.sqrt()[:, None]
    solved = torch.linalg.lstsq(root * (points - mean), root * (target - middle), driver="gelsd")
    if int(solved.rank) < points.shape[1]:
        msg = f"y must span R^{points.shape[1]}, got points of rank {int(solved.rank)}"
        raise ValueError(msg)
    gain = solved.solution.T
    return AffineMap(gain, middle - gain @ mean)


def mean_square(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""The mean square norm sum_k p_k |v_k|^2 of vectors (n, d).

    Raises:
        ValueError: as `best_affine_fit`.
    """
    vectors, _, p = _weighted(values, values, weights)
    return float(p @ (vectors**2).sum(-1))


def _weighted(
    y: ArrayLike, values: ArrayLike, weights: ArrayLike | None
) -> tuple[Tensor, Tensor, PerPoint]:
    points = _require.array("y", y)
    target = _require.array("values", values, like=points)
    if points.ndim != 2 or 0 in points.shape or target.shape != points.shape:
        shapes = f"{tuple(points.shape)} and {tuple(target.shape)}"
        msg = f"y and values must be of one shape (n, d), got {shapes}"
        raise ValueError(msg)
    if weights is None:
        return points, target, torch.full_like(points[:, 0], 1 / len(points))
    p = _require.array("weights", weights, like=points).to(points)
    if p.shape != points.shape[:1] or bool((p < 0).any()) or not float(p.sum()) > 0:
        msg = f"weights must be {len(points)} numbers >= 0 with a positive sum, got {p}"
        raise ValueError(msg)
    return points, target, p / p.sum()
