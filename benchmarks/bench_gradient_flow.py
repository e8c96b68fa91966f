"""W4: the gradient of a two-layer ReLU network on parity, exact and from samples.

Balanced random neurons, alpha_bar = 0.5, coordinate 0, one thread. Exact gradients: beside the
time the largest difference to scipy's, relative to the largest entry. Samples: the relative error
of one gradient; to bring it down to 1e-3, the time is multiplied by (error / 1e-3)^2 for
independent points.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from benchmarks import measure, peers_gradient_flow
from benchmarks.peers import can_compile, installed
from theorylab.integrate import DOPRI5
from theorylab.parity import (
    LSODA,
    Independent,
    ParityLaw,
    Sobol,
    TwoLayerReLU,
    gradient_flow,
    population_gradient,
    sampled_gradient,
)
from theorylab.parity.batches import batch_gradient

ALPHA_BAR = 0.5
SIZES = [(4, 32), (8, 32), (8, 64)]


@cache
def network(d: int, m: int, dtype: torch.dtype = torch.float64) -> TwoLayerReLU:
    """Balanced neurons of unit scale."""
    drawn = TwoLayerReLU.balanced(m, d, scale=0.5, seed=3)
    return TwoLayerReLU(drawn.a.to(dtype), drawn.w.to(dtype), drawn.b.to(dtype))


def parity(d: int) -> ParityLaw:
    """An even number of -1 among all d bits."""
    return ParityLaw(d, range(d))


def exact(d: int, m: int) -> Any:
    """By theorylab."""
    return population_gradient(network(d, m), law=parity(d), coordinate=0, alpha_bar=ALPHA_BAR)


def by_scipy(d: int, m: int) -> Any:
    """By the prototype."""
    return peers_gradient_flow.scipy_gradient(network(d, m), parity(d), 0, ALPHA_BAR)


def flat(gradient: Any) -> np.ndarray:
    """All entries."""
    return np.concatenate([np.asarray(part).ravel() for part in gradient])


def off(found: Any, expected: Any) -> float:
    """The relative error in the Euclidean norm."""
    left, right = flat(found), flat(expected)
    return float(np.linalg.norm(left - right) / np.linalg.norm(right))


WAYS = {"theorylab": exact, "scipy, every pair and vertex": by_scipy}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("d", "m"), SIZES)
def test_exact(benchmark: BenchmarkFixture, d: int, m: int, name: str) -> None:
    """One exact gradient."""
    benchmark.group = f"W4: exact gradient, parity of {d} bits, {m} neurons, float64"
    found = benchmark.pedantic(WAYS[name], (d, m), rounds=5, warmup_rounds=1)
    benchmark.extra_info.update({"name": name, "error": off(found, by_scipy(d, m))})
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: WAYS[name](d, m))


def _sampled(draws: Any, seed: int = 0) -> Any:
    return sampled_gradient(
        network(8, 32), law=parity(8), coordinate=0, alpha_bar=ALPHA_BAR,
        draws=draws, count=4096, seed=seed,
    )  # fmt: skip


SAMPLED = {
    "theorylab": lambda _: exact(8, 32),
    "4096 independent points": lambda seed: _sampled(Independent(), seed),
    "4096 Sobol points": lambda seed: _sampled(Sobol(), seed),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_equal_error(benchmark: BenchmarkFixture, name: str) -> None:
    """One gradient from samples; the time that an error of 1e-3 would take stands beside it."""
    benchmark.group = "W4: exact against sampled gradient, parity of 8 bits, 32 neurons, float64"
    benchmark.pedantic(SAMPLED[name], (0,), rounds=5, warmup_rounds=1)
    errors = [off(SAMPLED[name](seed), exact(8, 32)) for seed in range(5)]
    error = float(np.sqrt(np.mean(np.square(errors))))
    benchmark.extra_info.update({"name": name, "error": error})
    if "independent" in name:
        spent = measure.seconds(lambda: SAMPLED[name](0))
        benchmark.extra_info["seconds for 1e-3"] = spent * (error / 1e-3) ** 2


def _batch(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(4096, 16, generator=draw, dtype=torch.float64)
    return x.to(dtype), torch.randn(4096, generator=draw, dtype=torch.float64).to(dtype)


def _batch_ways(dtype: torch.dtype) -> dict[str, Callable[[], Any]]:
    wide, (x, target) = network(16, 2000, dtype), _batch(dtype)
    ways: dict[str, Callable[[], Any]] = {
        "theorylab": lambda: batch_gradient(wide.a, wide.w, wide.b, x, target)[1],
        "torch, autograd": lambda: peers_gradient_flow.autograd_gradient(wide, x, target),
    }
    if can_compile():
        ways["torch.compile"] = peers_gradient_flow.compiled_gradient(wide, x, target)
    if installed("numba"):
        ways["numba"] = peers_gradient_flow.numba_gradient(wide, x, target)
    if installed("jax"):
        compiled = peers_gradient_flow.jax_gradient(wide)
        ways["jax"] = lambda: compiled(x, target)
    return ways


@pytest.mark.parametrize("name", _batch_ways(torch.float32))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_batch(benchmark: BenchmarkFixture, dtype: torch.dtype, name: str) -> None:
    """The gradient of a batch of 4096 points of 16 coordinates at width 2000."""
    ways = _batch_ways(dtype)
    benchmark.group = f"W4: gradient of a batch, width 2000, d = 16, {str(dtype)[6:]}"
    benchmark.extra_info["name"] = name
    found = benchmark.pedantic(ways[name], rounds=5, warmup_rounds=1)
    benchmark.extra_info["error"] = off(found, _batch_exact())
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(ways[name])


@cache
def _batch_exact() -> Any:
    """In float64, by autograd."""
    return peers_gradient_flow.autograd_gradient(network(16, 2000), *_batch(torch.float64))


LONG = 1000.0
"""How long the flow is followed: the fast directions are gone by 100, the loss falls in stairs."""


@cache
def _small() -> TwoLayerReLU:
    """Twelve small neurons."""
    drawn = TwoLayerReLU.balanced(12, 4, scale=0.1, seed=3)
    return TwoLayerReLU(drawn.a.double(), drawn.w.double(), drawn.b.double())


def _followed(method: Any) -> np.ndarray:
    known = {"law": parity(4), "alpha_bar": ALPHA_BAR, "time": LONG}
    end = gradient_flow(_small(), **known, method=method).end
    return np.concatenate([end.a.numpy(), end.w.numpy().ravel(), end.b.numpy()])


def _by_scipy(method: str, rtol: float = 1e-8) -> Callable[[], np.ndarray]:
    known = (_small(), parity(4), ALPHA_BAR, LONG, method, rtol)
    return lambda: peers_gradient_flow.scipy_flow(*known)


@cache
def _reference() -> np.ndarray:
    return _by_scipy("DOP853", 1e-12)()


FLOWS: dict[str, Callable[[], np.ndarray]] = {
    "theorylab": lambda: _followed(LSODA),
    "torchdiffeq dopri5, same gradient": lambda: _followed(DOPRI5),
    "scipy DOP853, same gradient": _by_scipy("DOP853"),
    "scipy LSODA, Jacobian by differences": _by_scipy("LSODA"),
    "scipy Radau, Jacobian by differences": _by_scipy("Radau"),
}


@pytest.mark.parametrize("name", FLOWS)
def test_long_flow(benchmark: BenchmarkFixture, name: str) -> None:
    """Twelve small neurons leave the invariant set, to time 1000; ours is given the Hessian."""
    benchmark.group = "W4: gradient flow to time 1000, parity of 4 bits, 12 neurons, rtol 1e-8"
    end = benchmark.pedantic(FLOWS[name], rounds=1, warmup_rounds=0)
    error = np.abs(end - _reference()).max() / np.abs(_reference()).max()
    benchmark.extra_info.update({"name": name, "error": float(error)})


GROWTH: dict[str, tuple[tuple[int, ...], Callable[[int], Callable[[], Any]]]] = {
    "neurons": ((16, 32, 64, 128), lambda m: lambda: exact(8, m)),
    "bits": ((4, 6, 8, 10), lambda d: lambda: exact(d, 32)),
}


@pytest.mark.parametrize("name", GROWTH)
def test_growth(benchmark: BenchmarkFixture, name: str) -> None:
    """Time of the exact gradient against one size; the largest is what is timed."""
    sizes, prepare = GROWTH[name]
    benchmark.group = "W4: growth of theorylab's exact gradient"
    benchmark.extra_info["name"] = f"with {name}"
    benchmark.extra_info["growth"] = measure.growth(sizes, prepare)
    benchmark.pedantic(prepare(sizes[-1]), rounds=3, warmup_rounds=1)
