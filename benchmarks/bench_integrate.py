"""Integration against the engines it is built on, and against scipy.

Ordinary: the probability flow of the 25-mode grid in the clock, at equal tolerance; beside each
time stands the error achieved, the largest over trajectories and coordinates, against DOPRI8 at
1e-12. Stochastic: the reverse equation at k = 1, at equal step.
"""

from collections.abc import Callable, Iterator

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from benchmarks import peers
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_dynamics,
    reverse,
    start_law,
)
from theorylab.integrate import (
    DOPRI5,
    DOPRI8,
    EULER_MARUYAMA,
    BrownianPath,
    Dynamics,
    solve_ode,
    solve_sde,
)

TOLERANCE = 1e-6
S_START = 5.0
STEP = 1 / 128
GRID = GaussianMixture.grid()
FLOW = clock_dynamics(GRID, s_start=S_START, s_stop=0.05)


def start() -> Tensor:
    """The exact law at the start of the flow."""
    return GRID.noised(1.0, S_START).sample(256, seed=2)


def ode_solvers() -> Iterator[tuple[str, Callable[[Dynamics, Tensor, float], Tensor]]]:
    """Every solver that can be run here, theorylab's first."""
    yield "theorylab", _own_ode
    yield "torchdiffeq", peers.torchdiffeq_solve
    yield "scipy RK45", peers.scipy_solve
    if peers.installed("diffrax") and peers.installed("jax"):
        solve = peers.diffrax_solve(GRID, FLOW, S_START)
        yield "diffrax", lambda _, x, tolerance: solve(x, tolerance)


def _own_ode(dynamics: Dynamics, x: Tensor, tolerance: float) -> Tensor:
    return solve_ode(dynamics, x, method=DOPRI5, rtol=tolerance, atol=tolerance).end


@pytest.fixture(scope="module")
def reference() -> Tensor:
    """The end of the flow to twelve digits."""
    return solve_ode(FLOW, start(), method=DOPRI8, rtol=1e-12, atol=1e-12).end


@pytest.mark.parametrize(
    ("name", "solve"), [pytest.param(*pair, id=pair[0]) for pair in ode_solvers()]
)
def test_ode(benchmark: BenchmarkFixture, name: str, solve: object, reference: Tensor) -> None:
    """256 trajectories, rtol = atol = 1e-6, float64, one thread."""
    benchmark.group = (
        "engines: probability flow, 256 trajectories, Dormand-Prince 5(4), tolerance 1e-6"
    )
    end = benchmark.pedantic(solve, (FLOW, start(), TOLERANCE), rounds=5, warmup_rounds=1)
    benchmark.extra_info["name"] = name
    benchmark.extra_info["largest error"] = float((end - reference).abs().max())


def _own_sde(dynamics: Dynamics, x: Tensor, step: float, entropy: int) -> Tensor:
    noise = BrownianPath(entropy)
    return solve_sde(dynamics, x, method=EULER_MARUYAMA, step=step, noise=noise).end


def _increasing(dynamics: Dynamics) -> Dynamics:
    """The same run in s = start - t: torchsde takes increasing times only."""
    diffusion = dynamics.diffusion
    assert diffusion is not None

    def f(s: Tensor, x: Tensor) -> Tensor:
        return -dynamics.drift(dynamics.start - s, x)

    def g(s: Tensor, x: Tensor) -> Tensor:
        return diffusion(dynamics.start - s, x)

    return Dynamics(f, (0.0, dynamics.length), g)


SCHEDULE = VPSchedule.linear()
REVERSE = reverse(SCHEDULE, ExactScore(GRID, SCHEDULE), k=1.0)
SDE_SOLVERS = [
    pytest.param("theorylab", REVERSE, _own_sde, id="theorylab"),
    pytest.param("torchsde", _increasing(REVERSE), peers.torchsde_solve, id="torchsde"),
]


@pytest.mark.parametrize(("name", "dynamics", "solve"), SDE_SOLVERS)
def test_sde(benchmark: BenchmarkFixture, name: str, dynamics: Dynamics, solve: object) -> None:
    """512 trajectories, 128 steps of Euler-Maruyama, float64, one thread."""
    benchmark.group = "engines: reverse equation, 512 trajectories, Euler-Maruyama, 128 steps"
    x = start_law(GRID, SCHEDULE).sample(512, seed=3)
    end = benchmark.pedantic(solve, (dynamics, x, STEP, 4), rounds=3, warmup_rounds=1)
    benchmark.extra_info.update({"name": name, "deviation of the result": float(torch.std(end))})
