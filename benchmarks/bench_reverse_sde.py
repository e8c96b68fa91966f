"""W3: the reverse equation of the 25-mode grid, from the exact law at s = 5 down to the data.

8192 trajectories, float32, one thread. A path: 100 equal steps of Euler and Maruyama in the clock.
The end alone: one exact transition against 1000 steps. Beside each time stands the standard
deviation about the nearest mode, divided by the exact one: 1 is unbiased.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from benchmarks import measure, peers_reverse_sde
from theorylab.diffusion import EDMSchedule, GaussianMixture, euler_maruyama, sample_exactly

S_START = 5.0
GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
SPAN = math.log(S_START / DEVIATION)
SCHEDULE = EDMSchedule(sigma_min=0.0, sigma_max=S_START)
TOP = math.sqrt(S_START**2 - DEVIATION**2)


@cache
def starts(n: int, dtype: torch.dtype) -> Tensor:
    """The exact law at the start."""
    return GRID.noised(1.0, TOP).sample(n, seed=2).to(dtype)


def fused(steps: int) -> peers_reverse_sde.Solve:
    """The fused loop."""
    span = {"s_start": S_START, "s_stop": DEVIATION}
    return lambda y: euler_maruyama(GRID, y, steps=steps, **span, seed=1)


def _transition(y: Tensor) -> Tensor:
    law = {"mixture": GRID, "schedule": SCHEDULE}
    return sample_exactly(y, [TOP], **law, seed=1, last=0.0).end


def _transitions(n: int, nodes: int) -> Tensor:
    """Exact transitions over equal nodes."""
    times = [TOP * (node + 1) / nodes for node in range(nodes)]
    law = {"mixture": GRID, "schedule": SCHEDULE}
    return sample_exactly(starts(n, torch.float32), times, **law, seed=1, last=0.0).end


def spread(end: Tensor) -> float:
    """The root mean square of a coordinate about the nearest mode, over the exact one."""
    means = GRID.means.to(end)
    nearest = means[torch.cdist(end, means).argmin(-1)]
    return float((end - nearest).square().mean().sqrt()) / DEVIATION


def _single() -> GaussianMixture:
    return GaussianMixture(GRID.means.float(), GRID.variance.float())


PATHS = [("theorylab", fused(100)), *peers_reverse_sde.solvers(_single(), S_START, SPAN, 100)]
ENDS = [
    ("theorylab", _transition),
    ("theorylab, fused, 1000 steps", fused(1000)),
    *peers_reverse_sde.solvers(_single(), S_START, SPAN, 1000),
]


def _measured(benchmark: BenchmarkFixture, name: str, solve: Callable[..., Any]) -> None:
    y = starts(8192, torch.float32)
    end = benchmark.pedantic(solve, (y,), rounds=3, warmup_rounds=1)
    benchmark.extra_info.update({"name": name, "deviation": spread(end)})
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: solve(y))


@pytest.mark.parametrize(("name", "solve"), PATHS, ids=[name for name, _ in PATHS])
def test_path(benchmark: BenchmarkFixture, name: str, solve: Callable[..., Any]) -> None:
    """100 equal steps."""
    benchmark.group = "W3: reverse equation, 100 steps, 8192 trajectories, float32"
    _measured(benchmark, name, solve)


@pytest.mark.parametrize(("name", "solve"), ENDS, ids=[name for name, _ in ENDS])
def test_end(benchmark: BenchmarkFixture, name: str, solve: Callable[..., Any]) -> None:
    """The end alone."""
    benchmark.group = "W3: end of the reverse equation, 8192 trajectories, float32"
    _measured(benchmark, name, solve)


GROWTH: dict[str, tuple[tuple[int, ...], Callable[[int], Callable[[], Any]]]] = {
    "trajectories": (
        (1000, 10_000, 100_000),
        lambda n: lambda: fused(100)(starts(n, torch.float32)),
    ),
    "steps": ((10, 100, 1000), lambda m: lambda: fused(m)(starts(8192, torch.float32))),
    "trajectories, exact transitions": (
        (1000, 10_000, 100_000),
        lambda n: lambda: _transitions(n, 1),
    ),
    "nodes, exact transitions": ((1, 10, 100), lambda m: lambda: _transitions(98_304, m)),
}


@pytest.mark.parametrize("name", GROWTH)
def test_growth(benchmark: BenchmarkFixture, name: str) -> None:
    """Time and peak memory against one size; the largest is what is timed."""
    sizes, prepare = GROWTH[name]
    benchmark.group = "W3: growth of theorylab's samplers"
    benchmark.extra_info["name"] = f"with {name}"
    benchmark.extra_info["growth"] = measure.growth(sizes, prepare)
    peaks = [measure.peak_mebibytes(prepare(size)) for size in sizes]
    benchmark.extra_info["peak MiB of each"] = [p and round(p, 1) for p in peaks]
    benchmark.pedantic(prepare(sizes[-1]), rounds=3, warmup_rounds=1)
