"""Steps of a sampler with the exact score of a mixture, by the compiled loop of sampler.h.

This module checks nothing; see `theorylab.diffusion.exact_sampler`.
"""

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab.native import mixture
from theorylab.native.mixture import place, shared_rows


class Task(NamedTuple):
    """A run, all tensors of one dtype, contiguous and on the host.

    Attributes:
        starts: y, (n, d).
        means: (K, d).
        log_weights: (K,).
        scales: 1 / s^2 of each step, (m,).
        moves: c of each step, (m,).
        deviations: b of each step, (m,).
        key: two words of 32 bits.
        first: the number of the first row.
        keep: whether the state after every step is kept, or the last alone.
    """

    starts: Tensor
    means: Tensor
    log_weights: Tensor
    scales: Tensor
    moves: Tensor
    deviations: Tensor
    key: tuple[int, int]
    first: int
    keep: bool


def run(task: Task) -> Tensor:
    """The states (m or 1, n, d); rows are shared among the threads that torch may use.

    Raises:
        MemoryError: no room for K numbers a lane.
        RuntimeError: there is no compiled library.
    """
    n, d = task.starts.shape
    kept = len(task.moves) if task.keep else 1
    states = task.starts.new_empty((kept, n, d))
    tensors = task[:6]
    filled = _Structure(
        *(place(part) for part in tensors),
        *(n, len(task.means), len(task.moves), kept, task.first),
        (ctypes.c_uint32 * 2)(*task.key),
        place(states),
    )
    entry = getattr(mixture.loaded(), f"sample_{str(task.starts.dtype)[6:]}")

    def rows(first: int, last: int) -> int:
        return entry(ctypes.byref(filled), ctypes.c_long(first), ctypes.c_long(last), d)

    if any(shared_rows(rows, n, at_least=256)):
        msg = f"room for {len(task.means)} modes is needed, got none"
        raise MemoryError(msg)
    return states


def normals(key: tuple[int, int], first: int, step: int, like: Tensor) -> Tensor:
    """The noise of one step, (n, d), as the loop draws it.

    Raises:
        RuntimeError: there is no compiled library.
    """
    out = torch.zeros_like(like)
    advance(out, None, (0.0, 0.0, 1.0), key, first, step)
    return out


def advance(
    x: Tensor,
    pull: Tensor | None,
    row: tuple[float, float, float],
    key: tuple[int, int],
    first: int,
    step: int,
) -> None:
    """Write r x + c pull + b Z to x (n, d), for a row (r, c, b); without a pull, r x + b Z.

    Both contiguous, of one dtype and on the host; rows are numbered from `first`.

    Raises:
        RuntimeError: there is no compiled library.
    """
    entry = getattr(mixture.loaded(), f"advance_{str(x.dtype)[6:]}")
    entry(
        place(x), None if pull is None else place(pull),
        *(ctypes.c_long(size) for size in x.shape),
        *(ctypes.c_double(number) for number in row),
        ctypes.c_uint64(first), ctypes.c_uint32(step), (ctypes.c_uint32 * 2)(*key),
    )  # fmt: skip


class _Structure(ctypes.Structure):
    """SamplerTask of sampler.h, of the same layout for both number formats."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("starts", "means", "logs")),
        *((name, ctypes.c_void_p) for name in ("scales", "moves", "deviations")),
        *((name, ctypes.c_long) for name in ("n", "modes", "steps", "kept")),
        ("number", ctypes.c_uint64),
        ("key", ctypes.c_uint32 * 2),
        ("states", ctypes.c_void_p),
    )
