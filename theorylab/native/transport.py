"""The increasing map between two mixtures on the line, by the compiled loop of transport.h.

This module checks nothing; see `theorylab.diffusion.quantiles`.
"""

import ctypes

import torch
from torch import Tensor

from theorylab.native import mixture
from theorylab.native.mixture import place, shared_rows


def run(
    starts: Tensor, places: Tensor, log_weights: Tensor, s_start: float, s_stop: float
) -> tuple[Tensor, Tensor]:
    """Ends (n,) and rounds (n,), 0 where the target was not met.

    Starts (n,), places in increasing order and log_weights (K,), float64, contiguous, on the host.

    Raises:
        RuntimeError: there is no compiled library.
    """
    ends = torch.empty_like(starts)
    rounds = torch.empty(len(starts), dtype=torch.int32)
    weights = torch.exp(log_weights)
    filled = _Task(
        *(place(part) for part in (starts, places, weights, log_weights)),
        *(len(starts), len(places), s_start, s_stop),
        *(place(ends), place(rounds)),
    )
    entry = mixture.loaded().transport

    def rows(first: int, last: int) -> int:
        return entry(ctypes.byref(filled), ctypes.c_long(first), ctypes.c_long(last))

    shared_rows(rows, len(starts), at_least=2048)
    return ends, rounds


class _Task(ctypes.Structure):
    """TransportTask of transport.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("starts", "places", "weights", "logs")),
        *((name, ctypes.c_long) for name in ("n", "modes")),
        *((name, ctypes.c_double) for name in ("s_start", "s_stop")),
        *((name, ctypes.c_void_p) for name in ("ends", "rounds")),
    )
