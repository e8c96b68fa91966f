"""What a benchmark records beside its time: peak memory and growth with size.

Memory is the peak of the process' resident set over a call, less what was resident before it
(Linux: VmHWM, reset through /proc/self/clear_refs). Nothing here is asserted.
"""

import ctypes
import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mebibytes(call: Callable[[], Any]) -> float | None:
    """The largest growth of the resident set during one call, or None where Linux is not."""
    if not _RESET.exists():
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = _resident("VmRSS")
    _RESET.write_text("5")
    value = call()
    peak = _resident("VmHWM") - before
    del value
    return peak / 1024


def _resident(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    msg = f"{name} must be in {_STATUS}, got a status without it"
    raise ValueError(msg)


def seconds(call: Callable[[], Any], rounds: int = 5) -> float:
    """The median processor time of a call, after one that warms up."""
    call()
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def growth(sizes: Sequence[int], prepare: Callable[[int], Callable[[], Any]]) -> dict[str, Any]:
    """Times of the call that `prepare` makes for each size, and the exponent of time in size.

    The exponent is the slope of least squares of ln time on ln size.
    """
    times = [seconds(prepare(size)) for size in sizes]
    return {
        "sizes": list(sizes),
        "seconds": times,
        "exponent": slope([math.log(n) for n in sizes], [math.log(t) for t in times]),
    }


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The slope of the line of least squares."""
    return statistics.linear_regression(x, y).slope
