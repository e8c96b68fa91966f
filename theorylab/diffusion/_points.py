"""Points and per-point numbers that users hand in, checked.

Notation: x (*n, d) points; a level is one number for all points, (), or one per point, (*n).

This module computes nothing, and is not public.
"""

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points

Kind = TypeVar("Kind")


def instance(name: str, value: object, kind: type[Kind]) -> Kind:
    """A value of that type.

    Raises:
        ValueError: another type.
    """
    if not isinstance(value, kind):
        msg = f"{name} must be a {kind.__name__}, got {value!r}"
        raise ValueError(msg)
    return value


def broadcasting(name: str, value: Tensor, other: str, like: Tensor) -> Tensor:
    """A tensor whose shape can be broadcast with that of the argument `other`.

    Raises:
        ValueError: it cannot.
    """
    try:
        torch.broadcast_shapes(value.shape, like.shape)
    except RuntimeError:
        shape = tuple(like.shape)
        msg = f"{name} must broadcast with {other} of shape {shape}, got {tuple(value.shape)}"
        raise ValueError(msg) from None
    return value


def points(name: str, value: ArrayLike, *, like: Tensor) -> Points:
    """Points of the dimension of `like` (..., d).

    A tensor and a floating array keep their dtype; all else takes dtype and device of `like`.
    """
    if isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64):
        value = torch.from_numpy(np.ascontiguousarray(value)).to(like.device)
    return _require.points(name, value, dimension=like.shape[-1], like=like)


def covariance(name: str, value: ArrayLike, mean: Tensor) -> Tensor:
    """A covariance (d, d) of the dtype, the device and the dimension of a mean (d,).

    Raises:
        ValueError: another shape, a matrix that is not symmetric or not positive semi-definite to
            sqrt(eps) of its largest entry.
    """
    matrix, d = _require.array(name, value, like=mean).to(mean), mean.shape[0]
    if matrix.shape != (d, d):
        msg = f"{name} must be of shape ({d}, {d}), got {tuple(matrix.shape)}"
        raise ValueError(msg)
    slack = torch.finfo(matrix.dtype).eps ** 0.5 * float(matrix.abs().max())
    lowest = float(torch.linalg.eigvalsh((matrix + matrix.T) / 2)[0])
    if float((matrix - matrix.T).abs().max()) > slack or lowest < -slack:
        msg = f"{name} must be symmetric and positive semi-definite, got {matrix}"
        raise ValueError(msg)
    return matrix


def level(name: str, value: ArrayLike, x: Tensor) -> Tensor:
    """A level as () or (*n, 1), on the dtype and device of x.

    Raises:
        ValueError: another shape.
    """
    result = _require.array(name, value, like=x).to(x)
    if result.ndim == 0:
        return result
    if result.shape != x.shape[:-1]:
        shapes = f"() or {tuple(x.shape[:-1])}"
        msg = f"{name} must have shape {shapes}, got shape {tuple(result.shape)}"
        raise ValueError(msg)
    return result[..., None]


def non_negative_level(name: str, value: ArrayLike, x: Tensor) -> Tensor:
    """A level whose entries are not negative.

    Raises:
        ValueError: an entry < 0, or another shape.
    """
    result = level(name, value, x)
    if bool((result < 0).any()):
        msg = f"{name} must be non-negative, got an entry {float(torch.min(result))}"
        raise ValueError(msg)
    return result


def positive_level(name: str, value: ArrayLike, x: Tensor) -> Tensor:
    """A level whose entries are positive.

    Raises:
        ValueError: an entry <= 0, or another shape.
    """
    result = level(name, value, x)
    if not bool((result > 0).all()):
        msg = f"{name} must be positive, got an entry {float(torch.min(result))}"
        raise ValueError(msg)
    return result
