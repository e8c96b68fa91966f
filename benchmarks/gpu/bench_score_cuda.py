"""W1 on a CUDA device: the score of a mixture, once at many points, against named peers.

    python -m benchmarks.gpu.bench_score_cuda [--rounds R] [--device cpu --tiny]

Beside each time: the error against float64 on the host at the first 20,000 points, relative to the
largest entry, and the fraction of the measured ceilings: the least bytes (points in, scores out),
exponentials (one for each mode), and operations of two products, whichever takes longest.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benchmarks import peers_score
from benchmarks.gpu.measure_cuda import Row, Setting, main_of, moved, of_limit, relative
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.compiled import UNROLLED, Compiled, Separable
from theorylab.diffusion.kernels import DEVICE_BUDGET, Chunked, Reference

SINGLE, DOUBLE = torch.float32, torch.float64
CASES = [
    (2, 25, 1_000_000, SINGLE),
    (2, 25, 10_000_000, SINGLE),
    (2, 25, 1_000_000, DOUBLE),
    (64, 1000, 100_000, SINGLE),
    (64, 1000, 100_000, DOUBLE),
]
"""Dimension, modes, points, dtype."""

TINY = [(2, 4, 50, SINGLE), (2, 4, 50, DOUBLE), (64, 9, 50, SINGLE)]
CHECKED = 20_000
BROADCAST = 1e9
"""Entries (n, K, d) above which temporaries of some GB leave out two peers."""


def rows(setting: Setting) -> Iterator[Row]:
    """Every case, every implementation."""
    for case in TINY if setting.tiny else CASES:
        yield from _of_case(case, setting)


def mixture(d: int, modes: int) -> GaussianMixture:
    """The modes of the square grid in the plane, random ones elsewhere, at deviation 0.5."""
    if d == 2:
        return GaussianMixture.grid(side=round(modes**0.5)).noised(1.0, 0.5)
    draw = torch.Generator().manual_seed(modes)
    means = torch.randn(modes, d, generator=draw, dtype=DOUBLE)
    return GaussianMixture(means, 5e-5).noised(1.0, 0.5)


def _of_case(case: tuple[int, int, int, torch.dtype], setting: Setting) -> Iterator[Row]:
    d, modes, points, dtype = case
    law = moved(mixture(d, modes), setting.device, dtype)
    x = law.sample(points, seed=1)
    few = x[:CHECKED].cpu().double()
    exact = moved(law, "cpu", DOUBLE).with_kernel(Reference()).score(few)
    least = setting.limit(
        dtype,
        size=2 * x.numel() * x.element_size(),
        exps=points * modes,
        flops=4.0 * points * modes * d,
    )
    group = f"W1: score, {modes} modes, d = {d}, {points} points, {str(dtype)[6:]}"
    for name, score in implementations(law, x, setting):
        off = relative(score()[:CHECKED], exact)
        yield of_limit(setting.row(group, name, score, error=off, **least))


def implementations(
    law: GaussianMixture, x: Tensor, setting: Setting
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls that return the score at x, theorylab's first."""
    at = law._at(x)
    yield "theorylab", lambda: law.score(x)
    if law.K * law.d <= UNROLLED:
        kernel = Compiled(setting.backend)
        yield "theorylab, compiled", lambda: kernel.score(*at)
        yield "theorylab, compiled, in one CUDA graph", graphed(kernel, at, setting)
    if law.d == 2:
        yield "theorylab, one coordinate at a time", lambda: Separable().score(*at)
    yield "theorylab, in chunks", lambda: Chunked(DEVICE_BUDGET).score(*at)
    entries = len(x) * law.K * law.d
    for name, peer in (
        ("torch, addmm in chunks of 2^20", peers_score.chunked_score(law, rows=2**20)),
        ("torch, matrix products", peers_score.product_score(law)),
        ("torch, scaled dot product attention", peers_score.attention_score(law)),
        ("torch, broadcast and logsumexp", peers_score.broadcast_score(law)),
        ("torch.distributions and autograd", peers_score.distribution_score(law)),
    ):
        if entries <= BROADCAST or name not in LARGE_TEMPORARIES:
            yield name, lambda peer=peer: peer(x)


LARGE_TEMPORARIES = {"torch, broadcast and logsumexp", "torch.distributions and autograd"}


def graphed(
    kernel: Compiled, at: tuple[Tensor, Tensor, Tensor, Tensor], setting: Setting
) -> Callable[[], Tensor]:
    """The same in one graph, into a tensor of its own."""
    out = torch.empty_like(at[0])
    replay = setting.captured(lambda: out.copy_(kernel.score(*at)))

    def score() -> Tensor:
        replay()
        return out

    return score


if __name__ == "__main__":
    sys.exit(main_of(rows, __doc__))
