r"""The exact gradient of a two-layer ReLU network, by the compiled loop of pairs.h.

This module checks nothing; see `theorylab.parity.population`.
"""

import ctypes
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from theorylab.native import mixture
from theorylab.native.mixture import place

RULES = {4: 0.07, 6: 0.25, 8: 0.45, 10: 0.62, 12: 0.74, 16: 0.875, 20: 0.935, 24: 0.965}
"""How many nodes serve below which |r|: 2e-17, found at all |h|, |k| <= 9."""

MOST_NODES = 24
"""As in pairs.h: a row of the tables of nodes and weights, filled up with 0."""

OWEN_NODES = 14
"""Of Owen's function, above the last |r|; see `theorylab.parity.normal_pairs.NODES`."""


class Result(NamedTuple):
    """What the loop gives, all of the dtype of the network.

    Attributes:
        value: the loss, (1,).
        gradient: rows (dL/da, dL/dw, dL/db), (m, d + 2).
        product: sum_k a_k E[U_j+ U_k+], (m,).
        on: p_g sum_k a_k E_g[1{U_j > 0} U_k+], (m, G).
        both: E[1{U_j > 0} 1{U_k > 0}], (m, m).
    """

    value: Tensor
    gradient: Tensor
    product: Tensor
    on: Tensor
    both: Tensor


def run(
    neurons: tuple[Tensor, Tensor, Tensor],
    groups: tuple[Tensor, Tensor, Tensor, Tensor],
    coordinate: int,
    signal: float,
    noise: float,
) -> Result:
    """`Result` of the neurons (a, w, b); groups are (vertices, masses, means, alike).

    In one thread. float32 is computed in float64 and rounded.

    Raises:
        MemoryError: no room for 4 m G numbers.
        RuntimeError: there is no compiled library.
    """
    dtype = neurons[1].dtype
    given = [_double(part) for part in (*neurons, *groups[:3])]
    (m, d), count = neurons[1].shape, len(groups[1])
    sizes = (1, m * (d + 2), m, m * count, m * m)
    room = torch.empty(sum(sizes), dtype=torch.float64).split(sizes)
    rules = _rules()
    filled = _Structure(
        *(place(part) for part in (*given, groups[3].contiguous(), *rules)),
        *(m, d, count, len(rules[0]), coordinate, signal, noise),
        *(place(room[part]) for part in (2, 3, 4, 1, 0)),
    )
    if mixture.loaded().pairs_float64(ctypes.byref(filled)):
        msg = f"room for {4 * m * count} numbers is needed, got none"
        raise MemoryError(msg)
    value, gradient, product, on, both = room if dtype == torch.float64 else map(_single, room)
    shaped = gradient.view(m, d + 2), product, on.view(m, count), both.view(m, m)
    return Result(value, *shaped)


def _double(part: Tensor) -> Tensor:
    kept = part.detach()
    return (kept if kept.dtype == torch.float64 else kept.to(torch.float64)).contiguous()


def _single(part: Tensor) -> Tensor:
    return part.to(torch.float32)


@cache
def _rules() -> tuple[Tensor, ...]:
    """Counts and limits of the rules, nodes and weights on [0, 1]."""
    counts = [*RULES, OWEN_NODES]
    tables = np.zeros((2, len(counts), MOST_NODES))
    for row, count in enumerate(counts):
        nodes, weights = np.polynomial.legendre.leggauss(count)
        tables[:, row, :count] = (nodes + 1) / 2, weights / 2
    limits = torch.tensor([*RULES.values(), 2.0], dtype=torch.float64)
    return torch.tensor(counts, dtype=torch.int64), limits, *map(torch.from_numpy, tables)


class _Structure(ctypes.Structure):
    """PairTask of pairs.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("a", "w", "b", "vertices", "masses", "means")),
        *((name, ctypes.c_void_p) for name in ("alike", "counts", "limits", "nodes", "weights")),
        *((name, ctypes.c_long) for name in ("m", "d", "groups", "rules", "coordinate")),
        *((name, ctypes.c_double) for name in ("signal", "noise")),
        *((name, ctypes.c_void_p) for name in ("product", "on", "both", "gradient", "value")),
    )
