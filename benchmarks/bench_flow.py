"""W2: the probability flow of the 25-mode grid in the clock, from the exact law at s = 5.

8192 trajectories down to the data, float64, one thread. Beside each time stand the median, the
99th percentile and the largest error over the trajectories, against steps of their own at 1e-13,
and the number that end nearest to another mode than there.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from benchmarks import measure, peers_flow
from theorylab.diffusion import DOPRI5_EACH, TRANSPORT, GaussianMixture, clock_dynamics, solve_flow
from theorylab.integrate import DOPRI5, EXPONENTIAL_RK4, solve_ode

S_START = 5.0
GRID = GaussianMixture.grid()
S_STOP = math.sqrt(float(GRID.variance))
SPAN = math.log(S_START / S_STOP)
LABEL = "W2: flow, 25 modes, d = 2, 8192 trajectories, float64"


@cache
def starts(n: int) -> Tensor:
    """The exact law at the start."""
    return GRID.noised(1.0, S_START).sample(n, seed=2)


FLOW = clock_dynamics(GRID, s_start=S_START, s_stop=S_STOP)


def own(tolerance: float) -> peers_flow.Solve:
    """Steps of its own for every trajectory."""
    known = {"method": DOPRI5_EACH, "rtol": tolerance, "atol": tolerance}
    return lambda y: solve_ode(FLOW, y, **known).end


def _adaptive(y: Tensor) -> Tensor:
    return solve_ode(FLOW, y, method=DOPRI5, rtol=1e-7, atol=1e-7).end


def _exponential(y: Tensor) -> Tensor:
    return solve_ode(FLOW, y, method=EXPONENTIAL_RK4, step=SPAN / 320).end


def _exact(y: Tensor) -> Tensor:
    return solve_ode(FLOW, y, method=TRANSPORT).end


SOLVERS = [
    ("theorylab", own(1e-6)),
    ("theorylab, 1e-07", own(1e-7)),
    ("theorylab, 1e-08", own(1e-8)),
    ("theorylab, torchdiffeq with the worst error, 1e-07", _adaptive),
    ("theorylab, exponential RK4, 320 equal steps", _exponential),
    *peers_flow.solvers(GRID, S_START, SPAN),
]


PRODUCT = [
    ("theorylab", _exact),
    ("theorylab, steps of their own, 1e-06", own(1e-6)),
    ("theorylab, steps of their own, 1e-13", own(1e-13)),
    *(pair for pair in peers_flow.solvers(GRID, S_START, SPAN) if "1e-07" not in pair[0]),
]


@cache
def reference(n: int) -> Tensor:
    """The flow at a tolerance of 1e-13."""
    return own(1e-13)(starts(n))


def errors(end: Tensor) -> dict[str, Any]:
    """What an end is off by, and how many trajectories end in another mode."""
    exact = reference(len(end))
    off = (end - exact).norm(dim=-1).sort().values
    modes = [torch.cdist(each, GRID.means).argmin(-1) for each in (end, exact)]
    return {
        "median error": float(off[len(off) // 2]),
        "p99 error": float(off[int(0.99 * len(off))]),
        "largest error": float(off[-1]),
        "wrong modes": int((modes[0] != modes[1]).sum()),
    }


@pytest.mark.parametrize(("name", "solve"), SOLVERS, ids=[name for name, _ in SOLVERS])
def test_flow(benchmark: BenchmarkFixture, name: str, solve: peers_flow.Solve) -> None:
    """The whole way down."""
    y = starts(8192)
    benchmark.group = LABEL
    end = benchmark.pedantic(solve, (y,), rounds=3, warmup_rounds=1)
    benchmark.extra_info.update({"name": name} | errors(end))
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: solve(y))


@pytest.mark.parametrize(("name", "solve"), PRODUCT, ids=[name for name, _ in PRODUCT])
def test_product_law(benchmark: BenchmarkFixture, name: str, solve: peers_flow.Solve) -> None:
    """The grid is a product law: its flow is known; the error is that to steps at 1e-13."""
    y = starts(8192)
    benchmark.group = "W2: flow of a product law, exact against solvers, 8192 trajectories"
    end = benchmark.pedantic(solve, (y,), rounds=3, warmup_rounds=1)
    benchmark.extra_info.update({"name": name} | errors(end))
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: solve(y))


def test_hundred_thousand(benchmark: BenchmarkFixture) -> None:
    """None of 100,000 trajectories ends in another mode."""
    benchmark.group = "W2: flow, 100,000 trajectories"
    solve = own(1e-7)
    end = benchmark.pedantic(solve, (starts(100_000),), rounds=1)
    benchmark.extra_info.update({"name": "theorylab"} | errors(end))


GROWTH: dict[str, tuple[tuple[int, ...], Callable[[int], Callable[[], Any]]]] = {
    "trajectories": ((1000, 10_000, 100_000), lambda n: lambda: own(1e-6)(starts(n))),
    "trajectories, exact transport": (
        (1000, 10_000, 100_000),
        lambda n: lambda: _exact(starts(n)),
    ),
    "modes": ((4, 25, 100, 400), lambda k: _with_modes(round(math.sqrt(k)))),
}


def _with_modes(side: int) -> Callable[[], Any]:
    law = GaussianMixture.grid(side)
    y = law.noised(1.0, S_START).sample(2000, seed=1)
    span = {"s_start": S_START, "s_stop": math.sqrt(float(law.variance))}
    return lambda: solve_flow(law, y, **span, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", GROWTH)
def test_growth(benchmark: BenchmarkFixture, name: str) -> None:
    """Time against one size; the largest is what is timed."""
    sizes, prepare = GROWTH[name]
    benchmark.group = "W2: growth of theorylab's flow"
    benchmark.extra_info["name"] = f"with {name}"
    benchmark.extra_info["growth"] = measure.growth(sizes, prepare)
    benchmark.pedantic(prepare(sizes[-1]), rounds=3, warmup_rounds=1)
