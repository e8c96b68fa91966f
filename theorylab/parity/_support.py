"""Supports: what a law on the cube is made of, checked and turned into exact numbers.

Notation: S atoms, each a vertex of {-1, 1}^d, with positive rational probabilities.

This module defines no law; see `theorylab.parity.laws`.
"""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike

Vertex = tuple[int, ...]


def checked_vertices(value: ArrayLike) -> tuple[Vertex, ...]:
    """Distinct vertices from an array (S, d) of +1 and -1.

    Raises:
        ValueError: another shape, another entry, or a repeated row.
    """
    array = _require.array("vertices", value)
    if array.ndim != 2 or 0 in array.shape:
        msg = f"vertices must have shape (S, d) with S, d >= 1, got shape {tuple(array.shape)}"
        raise ValueError(msg)
    if bool((array.abs() != 1).any()):
        bad = array[array.abs() != 1][0].item()
        msg = f"vertices must have entries +1 and -1, got {bad}"
        raise ValueError(msg)
    return tuple(tuple(row) for row in array.to(torch.int64).tolist())


def checked_probabilities(value: Iterable[Fraction | float]) -> tuple[Fraction, ...]:
    """Probabilities as fractions with sum 1.

    A floating number is read as the decimal that prints it, and floating probabilities are divided
    by their exact sum, which must be 1 to the square root of their rounding unit.

    Raises:
        ValueError: an entry that is no positive finite number, or another sum.
    """
    entries = _entries(value)
    fractions = tuple(_fraction(entry) for entry in entries)
    total = sum(fractions, start=Fraction(0))
    units = [np.finfo(entry.dtype).eps for entry in entries if isinstance(entry, np.floating)]
    tolerance = math.sqrt(max(units, default=0.0))
    if abs(total - 1) > tolerance:
        msg = f"probabilities must sum to 1, got a sum of {float(total)!r}"
        raise ValueError(msg)
    return tuple(fraction / total for fraction in fractions)


def _entries(value: object) -> list[object]:
    if isinstance(value, Tensor) and value.dtype is not torch.bfloat16:  # numpy has none
        value = value.detach().cpu().numpy()
    scalar = isinstance(value, Tensor | np.ndarray) and value.ndim == 0
    if not isinstance(value, Iterable) or scalar or isinstance(value, str | bytes):
        msg = f"probabilities must be a sequence of numbers, got {value!r}"
        raise ValueError(msg)
    return [np.float64(entry) if isinstance(entry, float) else entry for entry in value]


def _fraction(entry: Any) -> Fraction:
    number = isinstance(entry, Fraction | int | np.integer | np.floating)
    if not number or isinstance(entry, bool) or not math.isfinite(entry) or entry <= 0:
        msg = f"probabilities must be positive finite numbers, got {entry!r}"
        raise ValueError(msg)
    return entry if isinstance(entry, Fraction) else Fraction(str(entry))


def check_atoms(
    dimension: int, vertices: tuple[Vertex, ...], probabilities: tuple[Fraction, ...]
) -> None:
    """Require distinct vertices of that dimension and as many positive fractions with sum 1.

    Raises:
        ValueError: otherwise.
    """
    _require.integer("dimension", dimension, at_least=1)
    for vertex in vertices:
        if len(vertex) != dimension or not set(vertex) <= {1, -1}:
            msg = f"vertices must be {dimension} entries +1 and -1 each, got {vertex!r}"
            raise ValueError(msg)
    if len(set(vertices)) != len(vertices):
        repeated = next(v for k, v in enumerate(vertices) if v in vertices[:k])
        msg = f"vertices must be distinct, got {repeated!r} twice"
        raise ValueError(msg)
    if len(probabilities) != len(vertices):
        msg = f"probabilities must be {len(vertices)}, one a vertex, got {len(probabilities)}"
        raise ValueError(msg)
    if any(p <= 0 for p in probabilities) or sum(probabilities) != 1:
        msg = f"probabilities must be positive with sum 1, got {[str(p) for p in probabilities]}"
        raise ValueError(msg)


def checked_subset(name: str, value: Iterable[int], dimension: int) -> tuple[int, ...]:
    """Distinct coordinates in 0, ..., dimension - 1, in the order given.

    Raises:
        ValueError: no sequence of integers, one outside the range, or one repeated.
    """
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        msg = f"{name} must be a sequence of coordinates, got {value!r}"
        raise ValueError(msg)
    members = tuple(_require.integer(name, i, at_least=0) for i in value)
    if any(i >= dimension for i in members):
        msg = f"{name} must lie in 0..{dimension - 1}, got {max(members)}"
        raise ValueError(msg)
    if len(set(members)) != len(members):
        msg = f"{name} must have distinct coordinates, got {members}"
        raise ValueError(msg)
    return members


def balanced_words(d: int) -> tuple[Vertex, ...]:
    """The words of length d in +1 and -1 with sum 0 and no negative partial sum, d even."""
    partial: list[tuple[Vertex, int]] = [((), 0)]
    for position in range(d):
        partial = [
            ((*word, step), height + step)
            for word, height in partial
            for step in (1, -1)
            if 0 <= height + step <= d - position - 1
        ]
    return tuple(word for word, _ in partial)
