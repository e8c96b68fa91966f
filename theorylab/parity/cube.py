r"""The hypercube, its characters and the Walsh-Hadamard transform.

Notation: the vertices of {-1, 1}^d and the subsets I of {0, ..., d-1} are numbered alike by
0, ..., 2^d - 1. Bit i of a vertex's number is 1 where v_i = -1, bit i of a subset's number is 1
where i belongs to I. The character of I is v_I = prod_{i in I} v_i, so that vertex number a and
subset number c have v_I = (-1)^popcount(a & c), which is symmetric in a and c.

This module knows no probability; see `theorylab.parity.laws`.
"""

from collections.abc import Sequence
from fractions import Fraction

import torch
from jaxtyping import Num
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike

MAX_VERTEX_DIMENSION = 20
"""The largest d whose vertices are listed: 2^20 of them."""

MAX_CHARACTER_DIMENSION = 12
"""The largest d whose matrix of characters is built: 4^12 entries."""


def dimension_up_to(name: str, d: int, limit: int) -> int:
    """An integer 1 <= d <= limit.

    Raises:
        ValueError: d is not an integer, or outside the range; the limit and the value are named.
    """
    d = _require.integer(name, d, at_least=1)
    if d > limit:
        msg = f"{name} must be at most {limit} where 2^{name} objects are listed, got {d}"
        raise ValueError(msg)
    return d


def vertices(d: int, *, dtype: torch.dtype | None = None) -> Num[Tensor, "V d"]:
    r"""All vertices, one a row.

    .. math:: v_i = 1 - 2 \, \mathrm{bit}_i(a), \qquad a = 0, \dots, 2^d - 1

    Args:
        d: dimension, at most `MAX_VERTEX_DIMENSION`.
        dtype: of the result; torch's default floating type if None.

    Returns:
        (2^d, d), entries +1 and -1; row 0 is (1, ..., 1).

    Raises:
        ValueError: d is not an integer in [1, MAX_VERTEX_DIMENSION].
    """
    d = dimension_up_to("d", d, MAX_VERTEX_DIMENSION)
    bits = torch.arange(2**d)[:, None] >> torch.arange(d) & 1
    return (1 - 2 * bits).to(dtype or torch.get_default_dtype())


def characters(d: int, *, dtype: torch.dtype | None = None) -> Tensor:
    r"""The matrix of all characters at all vertices.

    .. math:: H_{a c} = \prod_{i \in I_c} (v_a)_i

    Args:
        d: dimension, at most `MAX_CHARACTER_DIMENSION`.
        dtype: of the result; torch's default floating type if None.

    Returns:
        (2^d, 2^d), symmetric, entries +1 and -1; H H = 2^d identity.

    Raises:
        ValueError: d is not an integer in [1, MAX_CHARACTER_DIMENSION].
    """
    d = dimension_up_to("d", d, MAX_CHARACTER_DIMENSION)
    factor = torch.tensor([[1, 1], [1, -1]], dtype=dtype or torch.get_default_dtype())
    matrix = factor
    for _ in range(d - 1):
        matrix = torch.kron(factor, matrix)
    return matrix


def walsh_hadamard(values: ArrayLike) -> Tensor:
    r"""The sums of a function on the cube against all characters, in d 2^d additions.

    .. math:: F_I = \sum_v f(v) \, v_I

    Applied twice it gives 2^d f. The last axis is transformed, any others are a batch.

    Args:
        values: (*n, 2^d), f at the vertices in the order of this module.

    Returns:
        (*n, 2^d), dtype and device of the input.

    Raises:
        ValueError: not finite numbers, or the last axis is not a power of two long.
    """
    result = _require.array("values", values)
    length = result.shape[-1] if result.ndim else 0
    _power_of_two("values", length)
    half = 1
    while half < length:
        pair = result.reshape(*result.shape[:-1], -1, 2, half)
        first, second = pair.unbind(-2)
        result = torch.stack((first + second, first - second), dim=-2).reshape(result.shape)
        half *= 2
    return result


def inverse_walsh_hadamard(values: ArrayLike) -> Tensor:
    r"""The function on the cube whose sums against the characters are given.

    .. math:: f(v) = 2^{-d} \sum_I F_I \, v_I

    Args:
        values: (*n, 2^d), F_I in the order of this module.

    Returns:
        (*n, 2^d), dtype and device of the input.

    Raises:
        ValueError: as `walsh_hadamard`.
    """
    transformed = walsh_hadamard(values)
    return transformed / transformed.shape[-1]


def walsh_hadamard_exact(values: Sequence[Fraction | int]) -> tuple[Fraction, ...]:
    """`walsh_hadamard` in rational arithmetic.

    Args:
        values: 2^d integers or fractions, f at the vertices in the order of this module.

    Returns:
        2^d fractions F_I.

    Raises:
        ValueError: no sequence, an entry that is neither an integer nor a fraction, or their
            number is not a power of two.
    """
    if not hasattr(values, "__len__"):
        msg = f"values must be a sequence of integers or fractions, got {values!r}"
        raise ValueError(msg)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Fraction | int):
            msg = f"values must be integers or fractions, got {value!r}"
            raise ValueError(msg)
    _power_of_two("values", len(values))
    result = [Fraction(value) for value in values]
    half = 1
    while half < len(result):
        for a in range(len(result)):
            if not a & half:
                first, second = result[a], result[a | half]
                result[a], result[a | half] = first + second, first - second
        half *= 2
    return tuple(result)


def _power_of_two(name: str, length: int) -> None:
    if length < 1 or length & (length - 1):
        msg = f"{name} must have a power of two of entries on the last axis, got {length}"
        raise ValueError(msg)
