"""The parameters of a Gaussian mixture, checked.

This module is not public; see `theorylab.diffusion.mixture`.
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike


def checked_means(means: ArrayLike) -> Tensor:
    """The means (K, d), finite, K and d at least 1.

    Raises:
        ValueError: anything else.
    """
    result = _require.array("means", means)
    if result.ndim != 2 or 0 in result.shape:
        msg = f"means must have shape (K, d) with K, d >= 1, got shape {tuple(result.shape)}"
        raise ValueError(msg)
    return result


def checked_variance(variance: ArrayLike, means: Tensor) -> Tensor:
    """The variance () or (K,), positive, on the dtype and device of the means.

    Raises:
        ValueError: anything else.
    """
    result = _require.array("variance", variance, like=means).to(means)
    if result.ndim != 0 and result.shape != means.shape[:1]:
        shape = tuple(result.shape)
        msg = f"variance must be a number or have shape ({len(means)},), got shape {shape}"
        raise ValueError(msg)
    if not bool((result > 0).all()):
        msg = f"variance must be positive, got an entry {float(result.min())}"
        raise ValueError(msg)
    return result


def checked_weights(weights: ArrayLike | None, means: Tensor) -> Tensor:
    """The weights (K,), positive with sum 1 up to sqrt(eps); equal if None is given.

    Raises:
        ValueError: anything else.
    """
    count = len(means)
    if weights is None:
        return torch.full_like(means[:, 0], 1 / count)
    result = _require.array("weights", weights, like=means).to(means)
    if result.shape != (count,):
        msg = f"weights must have shape ({count},), got shape {tuple(result.shape)}"
        raise ValueError(msg)
    if not bool((result > 0).all()):
        msg = f"weights must be positive, got an entry {float(result.min())}"
        raise ValueError(msg)
    total = float(result.detach().sum())
    if abs(total - 1) > math.sqrt(torch.finfo(result.dtype).eps):
        msg = f"weights must sum to 1, got a sum of {total}"
        raise ValueError(msg)
    return result
