"""The probability flow in the clock with steps of their own, by the compiled loop of flow.h.

This module checks nothing; see `theorylab.diffusion.flow`.
"""

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab.native import mixture
from theorylab.native.mixture import place, shared_rows


class Task(NamedTuple):
    """What to integrate, all tensors of one dtype, contiguous and on the host.

    Attributes:
        starts: (n, d).
        means: (K, d).
        log_weights: (K,).
        times: the way to each output, increasing, (m,).
        first: the clock at the start.
        direction: 1 or -1.
        s_start: the deviation at clock 0.
        rtol: relative tolerance.
        atol: absolute tolerance.
        most: evaluations of a trajectory, at most.
    """

    starts: Tensor
    means: Tensor
    log_weights: Tensor
    times: Tensor
    first: float
    direction: float
    s_start: float
    rtol: float
    atol: float
    most: int


def run(task: Task) -> tuple[Tensor, Tensor, Tensor]:
    """States (m, n, d), evaluations (n) and status (n): 0 arrived, see flow.h.

    The trajectories are shared among the threads that torch may use.

    Raises:
        MemoryError: no room for K numbers a lane.
        RuntimeError: there is no compiled library.
    """
    n, d = task.starts.shape
    dtype = task.starts.dtype
    states = task.starts.new_full((len(task.times), n, d), torch.nan)
    evaluations = torch.zeros(n, dtype=torch.int64)
    status = torch.zeros(n, dtype=torch.int32)
    real = ctypes.c_float if dtype == torch.float32 else ctypes.c_double
    filled = _structure(real)(
        *(place(part) for part in (task.starts, task.means, task.log_weights, task.times)),
        *(n, len(task.means), len(task.times), task.most),
        *(task.first, task.direction, task.s_start, task.rtol, task.atol),
        *(place(part) for part in (states, evaluations, status)),
    )
    entry = getattr(mixture.loaded(), f"flow_{str(dtype)[6:]}")

    def rows(first: int, last: int) -> int:
        return entry(ctypes.byref(filled), ctypes.c_long(first), ctypes.c_long(last), d)

    if any(shared_rows(rows, n, at_least=128)):
        msg = f"room for {len(task.means)} modes is needed, got none"
        raise MemoryError(msg)
    return states, evaluations, status


def _structure(real: type) -> type[ctypes.Structure]:
    """FlowTask of flow.h."""
    pointers = [(name, ctypes.c_void_p) for name in ("starts", "means", "logs", "times")]
    counts = [(name, ctypes.c_long) for name in ("n", "modes", "count", "most")]
    numbers = [(name, real) for name in ("first", "direction", "s_start", "rtol", "atol")]
    results = [(name, ctypes.c_void_p) for name in ("states", "evaluations", "status")]
    fields = pointers + counts + numbers + results
    return type("FlowTask", (ctypes.Structure,), {"_fields_": fields})
