"""One exact transition of the reverse equation, by the compiled loop of transition.h.

This module checks nothing; see `theorylab.diffusion.laws`.
"""

import ctypes
from typing import NamedTuple

from torch import Tensor

from theorylab.native import mixture
from theorylab.native.mixture import place, shared_rows


class Task(NamedTuple):
    """A transition, all tensors of one dtype, contiguous and on the host.

    Attributes:
        starts: x, (n, d).
        uniforms: in [0, 1], (n,).
        normals: (n, d).
        means: (K, d).
        logs: the logarithm of the weight less d ln s_k, (K,).
        inverses: 1 / s_k^2, (K,).
        kept: the factor of y - mu_k, (K,).
        deviations: of x' about its mean, (K,).
        alpha: at the start.
        alpha_next: at the stop.
        ends: where x' goes, (n, d); it may be `starts`.
    """

    starts: Tensor
    uniforms: Tensor
    normals: Tensor
    means: Tensor
    logs: Tensor
    inverses: Tensor
    kept: Tensor
    deviations: Tensor
    alpha: float
    alpha_next: float
    ends: Tensor


def run(task: Task) -> None:
    """Fill the ends; rows are shared among the threads that torch may use.

    Raises:
        MemoryError: no room for K numbers a lane.
        RuntimeError: there is no compiled library.
    """
    n, d = task.starts.shape
    filled = _Structure(
        *(place(part) for part in task[:8]),
        *(len(task.means), task.alpha, task.alpha_next),
        place(task.ends),
    )
    entry = getattr(mixture.loaded(), f"transition_{str(task.starts.dtype)[6:]}")

    def rows(first: int, last: int) -> int:
        return entry(ctypes.byref(filled), ctypes.c_long(first), ctypes.c_long(last), d)

    if any(shared_rows(rows, n, at_least=4096)):
        msg = f"room for {len(task.means)} modes is needed, got none"
        raise MemoryError(msg)


class _Structure(ctypes.Structure):
    """TransitionTask of transition.h, of the same layout for both number formats."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("starts", "uniforms", "normals", "means")),
        *((name, ctypes.c_void_p) for name in ("logs", "inverses", "kept", "deviations")),
        ("modes", ctypes.c_long),
        *((name, ctypes.c_double) for name in ("alpha", "alpha_next")),
        ("ends", ctypes.c_void_p),
    )
