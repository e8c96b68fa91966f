"""Requirements on input: every function returns the checked value or raises ValueError.

A message names the argument, the requirement and the value that was given. Nothing is clamped,
normalised or cast in silence: numpy arrays, sequences and integers become floating tensors, and a
floating tensor keeps its dtype and its device.
"""

import math

import numpy as np
import torch
from torch import Tensor

from theorylab._typing import ArrayLike


def _fail(name: str, requirement: str, value: object) -> ValueError:
    return ValueError(f"{name} must be {requirement}, got {value!r}")


def array(name: str, value: ArrayLike, *, like: Tensor | None = None) -> Tensor:
    """`value` as a finite floating tensor, with the dtype and device of `like` if it has none."""
    if isinstance(value, Tensor) and (value.layout is not torch.strided or value.is_meta):
        raise _fail(name, "a dense tensor with values", f"{value.layout} on {value.device}")
    if isinstance(value, Tensor) and value.is_floating_point():
        result = value
    elif isinstance(value, Tensor | np.ndarray | list | tuple | float | int | np.generic):
        result = _converted(name, value, like)
    else:
        raise _fail(name, "a tensor, an array or a sequence of numbers", value)
    if not _finite(result):
        bad = result[~torch.isfinite(result)].reshape(-1)[0].item()
        raise _fail(name, "finite in every entry", bad)
    return result


def _finite(value: Tensor) -> bool:
    """Whether all entries are finite: the sum is not, if one is not; else it may overflow."""
    given = value.detach()
    return bool(torch.isfinite(given.sum())) or bool(torch.isfinite(given).all())


def _converted(name: str, value: object, like: Tensor | None) -> Tensor:
    if isinstance(value, bool) or (isinstance(value, Tensor) and value.dtype == torch.bool):
        raise _fail(name, "numeric", value)
    if isinstance(value, Tensor):
        host = value
    else:
        try:
            host = torch.as_tensor(np.asarray(value))
        except (TypeError, ValueError):
            raise _fail(name, "numeric and rectangular", value) from None
    if host.is_complex() or host.dtype == torch.bool:
        raise _fail(name, "real and numeric", value)
    if like is not None:
        return host.to(dtype=like.dtype, device=like.device)
    return host if host.is_floating_point() else host.to(torch.get_default_dtype())


def points(name: str, value: ArrayLike, *, dimension: int, like: Tensor) -> Tensor:
    """Points of R^d, shape (*n, d)."""
    result = array(name, value, like=like)
    if result.ndim < 1 or result.shape[-1] != dimension:
        raise _fail(name, f"of shape (*n, {dimension})", tuple(result.shape))
    return result


def number(name: str, value: float) -> float:
    """A finite real number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number | Tensor):
        raise _fail(name, "a real number", value)
    try:
        result = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise _fail(name, "a real number", value) from None
    if not math.isfinite(result):
        raise _fail(name, "finite", result)
    return result


def positive(name: str, value: float) -> float:
    """A finite number > 0."""
    result = number(name, value)
    if result <= 0:
        raise _fail(name, "positive", result)
    return result


def non_negative(name: str, value: float) -> float:
    """A finite number >= 0."""
    result = number(name, value)
    if result < 0:
        raise _fail(name, "non-negative", result)
    return result


def between(name: str, value: float, low: float, high: float) -> float:
    """A finite number in [low, high]."""
    result = number(name, value)
    if not low <= result <= high:
        raise _fail(name, f"in [{low}, {high}]", result)
    return result


def integer(name: str, value: int, *, at_least: int) -> int:
    """An integer >= `at_least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise _fail(name, "an integer", value)
    if value < at_least:
        raise _fail(name, f"at least {at_least}", int(value))
    return int(value)
