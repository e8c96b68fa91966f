r"""The pull of a mixture on points, by the compiled loop of mixture.h.

.. math:: \sum_k r_k\, c_k\, (\mu_k - x), \qquad
          r_k \propto \exp\Big(\ell_k - \tfrac12 |\mu_k - x|^2 a_k b(x)\Big)

with c_k = a_k b(x) (weighted: the score) or c_k = 1 (the drift in the clock).

This module checks nothing; see `theorylab.diffusion.kernels`.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from theorylab.native.compiler import library

DIMENSIONS = range(1, 9)
_NAMES = {torch.float32: "pull_float32", torch.float64: "pull_float64"}


def serves(x: Tensor) -> bool:
    """Whether `pull` can take these points (*n, d)."""
    return x.shape[-1] in DIMENSIONS and takes(x)


def takes(x: Tensor) -> bool:
    """Whether there is a compiled library, and for such a tensor: on the host, a known dtype."""
    plain = type(x) is Tensor and x.layout == torch.strided and x.device.type == "cpu"
    return plain and x.dtype in _NAMES and library() is not None


def pull(
    x: Tensor,
    means: Tensor,
    log_weights: Tensor,
    inverses: Tensor | None,
    scales: Tensor,
    weighted: bool,
) -> Tensor:
    """The pull (n, d) on x (n, d); means (K, d), log_weights and inverses (K), scales (1) or (n).

    All of one dtype on the host. No inverses stand for inverses of 1, and take less time. The
    rows are shared among the threads that torch may use; a row does not depend on the others.

    Raises:
        MemoryError: no room for K numbers a lane.
        RuntimeError: there is no compiled library.
    """
    given = [part.detach().contiguous() for part in (x, means, log_weights, scales)]
    own = None if inverses is None else inverses.detach().contiguous()
    out = torch.empty_like(given[0])
    points, centres, logs, levels = (place(part) for part in given)
    rates = ctypes.c_void_p() if own is None else place(own)
    entry = getattr(loaded(), _NAMES[x.dtype])
    n, d = x.shape
    step = 0 if len(scales) == 1 else 1

    def rows(first: int, last: int) -> int:
        return entry(
            points, ctypes.c_long(first), ctypes.c_long(last), d, centres,
            ctypes.c_long(len(means)), logs, rates, int(weighted), levels, step,
            place(out),
        )  # fmt: skip

    if any(shared_rows(rows, n, at_least=4096)):
        msg = f"room for {len(means)} modes is needed, got none"
        raise MemoryError(msg)
    return out


def pull_axes(
    x: Tensor,
    places: Tensor,
    log_weights: Tensor,
    counts: tuple[int, ...],
    scales: Tensor,
    weighted: bool,
) -> Tensor:
    """The pull (n, d) of a product law, counts[c] modes along coordinate c, one after another.

    As `pull`, with the variance 1 / scales of all modes.

    Raises:
        MemoryError: no room for the modes of a coordinate.
        RuntimeError: there is no compiled library.
    """
    given = [part.detach().contiguous() for part in (x, places, log_weights, scales)]
    out = torch.empty_like(given[0])
    points, sides, logs, levels = (place(part) for part in given)
    numbers = (ctypes.c_long * len(counts))(*counts)
    entry = getattr(loaded(), f"pull_axes_{str(x.dtype)[6:]}")
    n, d = x.shape
    step = 0 if len(scales) == 1 else 1

    def rows(first: int, last: int) -> int:
        return entry(
            points, ctypes.c_long(first), ctypes.c_long(last), d, numbers, sides, logs,
            int(weighted), levels, step, place(out),
        )  # fmt: skip

    if any(shared_rows(rows, n, at_least=4096)):
        msg = f"room for {max(counts)} modes is needed, got none"
        raise MemoryError(msg)
    return out


def shared_rows(rows: Callable[[int, int], int], n: int, *, at_least: int) -> list[int]:
    """Call rows(first, last) for consecutive shares of n rows, in threads if they are many."""
    threads = min(torch.get_num_threads(), max(1, n // at_least))
    if threads == 1:
        return [rows(0, n)]
    edges = [n * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(rows, edges[:-1], edges[1:]))


def shares(logits: Tensor) -> Tensor:
    """The softmax of logits (n, K) along the modes, in place; contiguous, on the host.

    A share below exp(-700), or exp(-80) in float32, is raised to it.

    Raises:
        RuntimeError: there is no compiled library.
    """
    entry = getattr(loaded(), f"shares_{str(logits.dtype)[6:]}")
    rows, modes = logits.shape
    entry(ctypes.c_void_p(logits.data_ptr()), ctypes.c_long(rows), ctypes.c_long(modes))
    return logits


def place(tensor: Tensor) -> ctypes.c_void_p:
    """Where the numbers of a contiguous tensor lie."""
    return ctypes.c_void_p(tensor.data_ptr())


def loaded() -> ctypes.CDLL:
    """The compiled library.

    Raises:
        RuntimeError: there is none.
    """
    found = library()
    if found is None:
        msg = "a compiled library is needed, got none: ask `serves` first"
        raise RuntimeError(msg)
    return found
