"""W4 on a CUDA device: the gradient of the two-layer network, of batches and exact.

    python -m benchmarks.gpu.bench_gradient_flow_cuda [--rounds R] [--device cpu --tiny]

A batch: width 2000, 16 coordinates, against autograd, eager and compiled; beside each time the
largest difference to autograd in float64 on the host, relative to the largest entry, and the
fraction of the measured rate of matrix products. Exact: parity, against scipy on the host, whose
time is that of the process on the host.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import peers_gradient_flow
from benchmarks.gpu.measure_cuda import Row, Setting, main_of, of_limit
from theorylab.parity import ParityLaw, TwoLayerReLU, population_gradient
from theorylab.parity.batches import batch_gradient

ALPHA_BAR = 0.5
Gradient = tuple[Tensor, ...]


def rows(setting: Setting) -> Iterator[Row]:
    """Batches in both dtypes, then exact gradients."""
    for n in (20,) if setting.tiny else (4096, 1_000_000):
        for dtype in (torch.float32, torch.float64):
            yield from _batches(n, dtype, setting)
    for d, m in ((3, 4),) if setting.tiny else ((8, 64), (10, 128)):
        yield from _exact(d, m, setting)


def network(m: int, d: int, device: str, dtype: torch.dtype) -> TwoLayerReLU:
    """Balanced neurons of unit scale."""
    drawn = TwoLayerReLU.balanced(m, d, scale=0.5, seed=3)
    return TwoLayerReLU(*(part.to(device, dtype) for part in (drawn.a, drawn.w, drawn.b)))


def _batches(n: int, dtype: torch.dtype, setting: Setting) -> Iterator[Row]:
    m, d = (8, 4) if setting.tiny else (2000, 16)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, generator=draw, dtype=torch.float64)
    target = torch.randn(n, generator=draw, dtype=torch.float64)
    x, target = (part.to(setting.device, dtype) for part in (x, target))
    wide = network(m, d, setting.device, dtype)
    expected = _on_host(wide, x, target)
    least = setting.limit(dtype, flops=4.0 * n * m * (d + 1))
    group = f"W4: gradient of a batch of {n}, width {m}, d = {d}, {str(dtype)[6:]}"
    for name, gradient in ways(wide, x, target, setting):
        beside = {"error": off(gradient(), expected), **least}
        yield of_limit(setting.row(group, name, gradient, **beside))


def ways(
    wide: TwoLayerReLU, x: Tensor, target: Tensor, setting: Setting
) -> Iterator[tuple[str, Callable[[], Gradient]]]:
    """Calls that return the gradient, theorylab's first."""
    given = (wide.a, wide.w, wide.b, x, target)
    own = {"torch.compile": torch.compile(_differentiated, backend=setting.backend)}
    yield "theorylab", lambda: batch_gradient(*given)[1]
    yield "theorylab, in one CUDA graph", _graphed(given, setting)
    yield "torch, autograd", lambda: peers_gradient_flow.autograd_gradient(wide, x, target)
    for name, function in own.items():
        yield f"torch, autograd, {name}", lambda function=function: function(*given)


def _graphed(given: tuple[Tensor, ...], setting: Setting) -> Callable[[], Gradient]:
    """In pieces, all of them in one graph, into tensors of its own."""
    out = tuple(torch.empty_like(part) for part in given[:3])

    def whole() -> None:
        for place, part in zip(out, batch_gradient(*given)[1], strict=True):
            place.copy_(part)

    replay = setting.captured(whole)

    def gradient() -> Gradient:
        replay()
        return out

    return gradient


def _differentiated(a: Tensor, w: Tensor, b: Tensor, x: Tensor, target: Tensor) -> Gradient:
    """The backward pass as torch.func writes it, for torch.compile."""

    def loss(a: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return (torch.relu(torch.addmm(b, x, w.T)) @ a - target).square().mean()

    return torch.func.grad(loss, argnums=(0, 1, 2))(a, w, b)


def _on_host(wide: TwoLayerReLU, x: Tensor, target: Tensor) -> Gradient:
    host = TwoLayerReLU(*(part.cpu().double() for part in (wide.a, wide.w, wide.b)))
    points, aims = x.cpu().double(), target.cpu().double()
    rows_ = 8192
    parts = [
        [len(some) * part for part in peers_gradient_flow.autograd_gradient(host, some, aim)]
        for some, aim in zip(points.split(rows_), aims.split(rows_), strict=True)
    ]
    return tuple(torch.stack(each).sum(0) / len(x) for each in zip(*parts, strict=True))


def _exact(d: int, m: int, setting: Setting) -> Iterator[Row]:
    law = ParityLaw(d, range(d))
    host = network(m, d, "cpu", torch.float64)
    there = network(m, d, setting.device, torch.float64)
    known = {"coordinate": 0, "alpha_bar": ALPHA_BAR}
    begun = time.process_time()
    expected = peers_gradient_flow.scipy_gradient(host, law, 0, ALPHA_BAR)
    by_scipy = 1e3 * (time.process_time() - begun)
    group = f"W4: exact gradient, parity of {d} bits, {m} neurons, float64"
    for name, given in (("theorylab", there), ("theorylab, on the host", host)):

        def exact(given: TwoLayerReLU = given) -> Gradient:
            return population_gradient(given, law=law, **known)

        yield setting.row(group, name, exact, error=off(exact(), expected))
    yield {"group": group, "name": "scipy, on the host", "median ms": by_scipy, "error": 0.0}


def off(found: Any, expected: Any) -> float:
    """The largest difference, by the largest entry."""
    left, right = _flat(found), _flat(expected)
    return float(np.abs(left - right).max() / np.abs(right).max())


def _flat(gradient: Any) -> np.ndarray:
    return np.concatenate([torch.as_tensor(part).cpu().double().ravel() for part in gradient])


if __name__ == "__main__":
    sys.exit(main_of(rows, __doc__))
