"""Exponential methods: exact on the linear part, of their order, and Runge-Kutta without one."""

import math
from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch

from tests.test_integrate_orders import SPANS, Oscillating, fitted_order
from theorylab import _exponential
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_dynamics,
    ddim_step,
)
from theorylab.integrate import (
    DOPRI8,
    EULER,
    EXPONENTIAL_EULER,
    EXPONENTIAL_HEUN,
    EXPONENTIAL_RK4,
    HEUN2,
    RK4,
    Dynamics,
    Exponential,
    FixedStep,
    solve_ode,
)

METHODS = [EXPONENTIAL_EULER, EXPONENTIAL_HEUN, EXPONENTIAL_RK4]


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("z", [-40.0, -3.0, -1.0, -0.999, -1e-3, 0.0, 1e-9, 0.5, 1.001, 20.0])
def test_phi_is_its_series(k: int, z: float) -> None:
    with mpmath.workdps(60):
        exact = mpmath.nsum(lambda j: mpmath.mpf(z) ** j / mpmath.factorial(j + k), [0, 400])
    assert _exponential.phi(k, z) == pytest.approx(float(exact), rel=2e-15)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("span", SPANS)
def test_a_linear_drift_is_solved_exactly_in_one_step(
    method: Exponential, span: tuple[float, float]
) -> None:
    decay = Dynamics(lambda _, x: -1.7 * x, span, linear=-1.7)
    x0 = torch.tensor([[0.3, -2.0], [1.1, 0.4]])
    path = solve_ode(decay, x0, method=method, step=2.1)
    expected = x0 * math.exp(-1.7 * (span[1] - span[0]))
    torch.testing.assert_close(path.end, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rate", [-3.0, 0.8])
@pytest.mark.parametrize("span", SPANS)
def test_the_order_is_as_declared(
    method: Exponential, rate: float, span: tuple[float, float]
) -> None:
    problem = Oscillating(span)
    dynamics = replace(problem.dynamics, linear=rate)
    counts, errors = [], []
    for step in 0.067 / 1.6 ** np.arange(5):
        times = torch.tensor(problem.times)
        path = solve_ode(dynamics, problem.x0, method=method, times=times, step=float(step))
        counts.append(sum(math.ceil(0.7 / step) for _ in range(3)))
        errors.append(problem.error(path))
    assert min(errors) > 1e-13
    assert fitted_order(counts, errors) == pytest.approx(method.order, abs=0.2)


@pytest.mark.parametrize(
    ("method", "classical"),
    [(EXPONENTIAL_EULER, EULER), (EXPONENTIAL_HEUN, HEUN2), (EXPONENTIAL_RK4, RK4)],
)
def test_without_a_linear_part_it_is_a_runge_kutta_method(
    method: Exponential, classical: FixedStep
) -> None:
    """torchdiffeq's rk4 is the 3/8 rule, so of order 4 only the order agrees."""
    problem = Oscillating((0.2, 2.3))
    ends = [
        solve_ode(problem.dynamics, problem.x0, method=m, step=0.02).end
        for m in (method, classical)
    ]
    tolerance = 1e-7 if method.order == 4 else 1e-14
    torch.testing.assert_close(*ends, rtol=tolerance, atol=tolerance)


PULL = Dynamics(lambda _, x: 2.5 - x, (0.0, 9.0), linear=-1.0)
START = [[2.5]]


def test_a_constant_pull_is_kept_as_a_fixed_point_at_any_step() -> None:
    for method in METHODS:
        end = solve_ode(PULL, torch.tensor(START), method=method, step=3.0).end
        torch.testing.assert_close(end, torch.tensor(START), rtol=1e-15, atol=0)


def test_in_the_clock_it_meets_the_adaptive_engine() -> None:
    grid = GaussianMixture.grid()
    dynamics = clock_dynamics(grid, s_start=20.0)
    start = grid.with_variance(400.0).sample(64, seed=3)
    exact = solve_ode(dynamics, start, method=DOPRI8, rtol=1e-12, atol=1e-12).end
    errors = [
        float((solve_ode(dynamics, start, method=EXPONENTIAL_RK4, step=h).end - exact).abs().max())
        for h in (0.02, 0.01)
    ]
    assert errors[1] < 1e-6
    assert errors[0] / errors[1] > 10


def test_ddim_is_the_exponential_euler_method_of_point_masses() -> None:
    points = GaussianMixture.pair(1.0, 1e-24, dimension=2)
    schedule = VPSchedule.ddpm()
    x = torch.tensor([[0.3, -0.4], [1.2, 0.1]])
    stepped = ddim_step(x, 300.0, 200.0, schedule=schedule, score=ExactScore(points, schedule))
    s, after = (float(schedule.noise_to_signal(t)) for t in (300.0, 200.0))
    dynamics = clock_dynamics(points, s_start=s, s_stop=after)
    y = x / schedule.alpha(300.0)
    end = solve_ode(dynamics, y, method=EXPONENTIAL_EULER, step=dynamics.length).end
    torch.testing.assert_close(end, stepped / schedule.alpha(200.0), rtol=1e-12, atol=1e-12)


def test_batches_and_measured_errors() -> None:
    problem = Oscillating((0.2, 2.3))
    dynamics = replace(problem.dynamics, linear=-1.0)
    path = solve_ode(dynamics, problem.x0, method=EXPONENTIAL_HEUN, step=0.05, measure_error=True)
    alone = solve_ode(dynamics, problem.x0[1:2], method=EXPONENTIAL_HEUN, step=0.05)
    assert torch.equal(path.end[1:2], alone.end)
    assert path.error is not None
    assert 1e-5 < float(path.error.max()) < 1e-2


# fmt: off
TABLE: list[tuple[Callable[[], object], str]] = [
    (lambda: Exponential(0), "order must be 1, 2 or 4, got 0"),
    (lambda: Exponential(3), "order must be 1, 2 or 4, got 3"),
    (lambda: Exponential(True), "order must be 1, 2 or 4, got True"),
    (lambda: Exponential(2.5), "order must be 1, 2 or 4, got 2.5"),  # type: ignore[arg-type]
    (lambda: Dynamics(lambda _, x: x, (0.0, 1.0), linear=math.nan), "linear must be"),
    (lambda: solve_ode(PULL, START, method=EXPONENTIAL_RK4), "step, and neither rtol nor atol"),
    (lambda: solve_ode(PULL, START, method=EXPONENTIAL_RK4, step=0.1, rtol=1e-6), "neither rtol"),
    (lambda: solve_ode(PULL, START, method=EXPONENTIAL_RK4, step=-0.1), "step must be positive"),
]
# fmt: on


@pytest.mark.parametrize(("call", "message"), TABLE)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
