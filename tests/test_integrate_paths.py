"""What solve_ode and solve_sde return: times, states, evaluations, error, dtype."""

import math

import numpy as np
import pytest
import torch

from theorylab._legs import Leg
from theorylab.integrate import (
    BOSH3,
    DOPRI5,
    DOPRI8,
    EULER,
    EULER_MARUYAMA,
    HEUN2,
    HEUN3,
    MIDPOINT,
    MILSTEIN,
    RK4,
    SRK,
    BrownianPath,
    Dynamics,
    FixedStep,
    solve_ode,
    solve_sde,
)

ODE_METHODS = [EULER, MIDPOINT, HEUN2, HEUN3, RK4, BOSH3, DOPRI5, DOPRI8]
ULPS = (1.1, 1.1000000000000008)  # so near that rounding leaves the leg
SDE_METHODS = [EULER_MARUYAMA, MILSTEIN, SRK]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, 0.0), (0.1, 0.3), (80.0, 0.002), (-0.7, 0.0)])
@pytest.mark.parametrize("method", [*ODE_METHODS, *SDE_METHODS], ids=lambda m: m.name)
def test_fields_are_never_evaluated_outside_the_span(
    method: object, span: tuple[float, float], dtype: torch.dtype
) -> None:
    """A slow field tempts an adaptive method to look far ahead; the ends are rounded to dtype."""
    seen = []

    def field(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        assert t.dtype == x.dtype == dtype
        seen.append(float(t))
        return 1e-6 * x / (1 + t.abs())

    x0 = torch.ones(2, 2, dtype=dtype)
    step = abs(span[1] - span[0]) / 9.5
    inner = 0.37 * span[0] + 0.63 * span[1]
    times = [span[0], inner, span[1]]
    if method in SDE_METHODS:
        dynamics, noise = Dynamics(field, span, diffusion=field), BrownianPath(1)
        path = solve_sde(dynamics, x0, method=method, step=step, noise=noise, times=times)
    elif isinstance(method, FixedStep):
        path = solve_ode(Dynamics(field, span), x0, method=method, step=step, times=times)
    else:
        dynamics = Dynamics(field, span)
        path = solve_ode(dynamics, x0, method=method, times=times, rtol=1e-5, atol=1e-5)
    low, high = (float(torch.tensor(end, dtype=dtype)) for end in sorted(span))
    assert low <= min(seen) <= max(seen) <= high
    assert span[0] == pytest.approx(seen[0], rel=1e-7)
    assert (path.states.dtype, path.times.dtype) == (dtype, dtype)
    assert path.states.shape == (3, 2, 2)
    assert path.times.tolist() == torch.tensor(times, dtype=dtype).tolist()
    assert torch.equal(path.begin, x0)


@pytest.mark.parametrize("ends", [(0.1, 0.3), (0.3, 0.1), (-0.7, 1.1), (-0.78, 0.62), ULPS])
def test_a_clock_stays_on_its_leg_and_is_exact_at_the_ends(ends: tuple[float, float]) -> None:
    for steps in (1, 3, 7, 1000):
        leg = Leg(*ends, steps)
        shown = [leg.time(tau / 2) for tau in range(2 * steps + 1)]
        assert (shown[0], shown[-1]) == ends
        assert min(ends) <= min(shown) <= max(shown) <= max(ends)
        for tau in (-0.1, steps + 0.1, math.nan):
            with pytest.raises(ValueError, match="tau must be in"):
                leg.time(tau)


@pytest.mark.parametrize("method", ODE_METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize("factor", [1.0, 1e-3])
def test_measured_error_is_the_true_one(method: object, factor: float) -> None:
    """x' = cos(t) x. Halving the step leaves 2^{-p} of the error, so 1 - 2^{-p} of it is seen."""
    x0 = factor * torch.tensor([[1.0, -2.0], [0.5, 0.1], [3.0, 0.0]])
    times = [0.0, 1.0, 2.5]
    chosen = {"step": 0.02} if isinstance(method, FixedStep) else {"rtol": 1e-7, "atol": 1e-9}
    path = solve_ode(
        Dynamics(lambda t, x: torch.cos(t) * x, (0.0, 2.5)),
        x0,
        method=method,
        times=times,
        measure_error=True,
        **chosen,
    )
    exact = torch.stack([x0 * math.exp(math.sin(t)) for t in times])
    true = (path.states - exact).abs().amax(dim=(0, 2))
    seen = 1 - 2.0**-method.order if isinstance(method, FixedStep) else 1.0
    assert float(true.min()) > 1e-13
    torch.testing.assert_close(path.error, seen * true, rtol=0.1, atol=0)


def test_error_is_not_measured_unasked() -> None:
    assert solve_ode(Dynamics(lambda _, x: x, (0, 1)), [[1.0]], method=RK4, step=0.1).error is None


@pytest.mark.parametrize("count", [1, 7, 10, 11, 49, 1000])
@pytest.mark.parametrize("length", [0.1, 0.7, 1.1, 5.0, 9.3])
def test_a_step_that_divides_in_exact_arithmetic_divides(length: float, count: int) -> None:
    """1.1 / 0.1 is 11.000000000000002 in floating point, and 12 steps would be wrong."""
    dynamics = Dynamics(lambda _, x: 0 * x, (0.0, length))
    path = solve_ode(dynamics, [[1.0]], method=EULER, step=length / count)
    assert path.evaluations == count
    single = np.linspace(0, length, 8, dtype=np.float32)
    path = solve_ode(dynamics, [[1.0]], method=EULER, step=length / 7, times=single)
    assert path.evaluations == 7


def test_rounded_output_times_still_end_at_the_ends_of_the_span() -> None:
    """0.7 in single precision is 0.699999988: the run begins and ends at 0.7 all the same."""
    for span in [(0.1, 0.7), (0.7, 0.1)]:
        seen = []

        def drift(t: torch.Tensor, x: torch.Tensor, seen: list = seen) -> torch.Tensor:
            seen.append(float(t))
            return x

        times = np.linspace(*span, 3, dtype=np.float32)
        solve_ode(Dynamics(drift, span), [[1.0]], method=RK4, step=0.1, times=times)
        assert (seen[0], seen[-1]) == span


def test_a_step_that_does_not_divide_is_made_smaller() -> None:
    """0.3 into 1: four steps of 0.25. Into [0, 0.4] and [0.4, 1]: two of 0.2 and two of 0.3."""
    seen = []

    def drift(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        seen.append(round(float(t), 12))
        return x

    solve_ode(Dynamics(drift, (0, 1)), [[1.0]], method=EULER, step=0.3)
    assert seen == [0.0, 0.25, 0.5, 0.75]
    seen.clear()
    solve_ode(Dynamics(drift, (0, 1)), [[1.0]], method=EULER, step=0.3, times=[0, 0.4, 1])
    assert seen == [0.0, 0.2, 0.4, 0.7]


@pytest.mark.parametrize("span", [(0.0, 2.0), (2.0, 0.0)])
@pytest.mark.parametrize("method", SDE_METHODS, ids=lambda m: m.name)
def test_output_times_on_the_grid_do_not_change_the_path(
    method: object, span: tuple[float, float]
) -> None:
    """The step index runs on over output times; restarted, the noise of a leg would repeat."""
    dynamics = Dynamics(lambda t, x: -t * x, span, diffusion=lambda _, x: 1 + 0.1 * x)
    x0, noise = torch.zeros(3, 2), BrownianPath(4)
    plain = solve_sde(dynamics, x0, method=method, step=0.125, noise=noise)
    times = [span[0], 1.75, 1.0, 0.5, span[1]] if span[0] else [0.0, 0.5, 1.0, 1.75, 2.0]
    path = solve_sde(dynamics, x0, method=method, step=0.125, noise=noise, times=times)
    torch.testing.assert_close(path.end, plain.end, rtol=1e-13, atol=1e-14)
    first = solve_sde(
        Dynamics(dynamics.drift, (times[0], times[1]), diffusion=dynamics.diffusion),
        x0,
        method=method,
        step=0.125,
        noise=noise,
    )
    torch.testing.assert_close(path.states[1], first.end, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("method", SDE_METHODS, ids=lambda m: m.name)
def test_a_trajectory_is_the_same_in_every_batch(method: object) -> None:
    dynamics = Dynamics(lambda t, x: -t * x, (0.0, 1.0), diffusion=lambda _, x: 1 + 0.1 * x)
    x0 = torch.linspace(-1, 1, 200).reshape(100, 2)
    ends = [
        solve_sde(dynamics, x0[:n], method=method, step=0.1, noise=BrownianPath(4)).end
        for n in (1, 100)
    ]
    torch.testing.assert_close(ends[0], ends[1][:1], rtol=1e-14, atol=0)


def test_sde_without_noise_is_the_ode() -> None:
    """With g = 0 Euler-Maruyama is Euler, and SRK has order two."""
    span, x0 = (1.0, 0.0), [[1.0, -0.5]]
    drift = lambda t, x: torch.cos(3 * t) * torch.sin(x)  # noqa: E731
    dynamics = Dynamics(drift, span, diffusion=lambda _, x: 0 * x)
    noise = BrownianPath(1)
    euler = solve_sde(dynamics, x0, method=EULER_MARUYAMA, step=0.03, noise=noise).end
    expected = solve_ode(Dynamics(drift, span), x0, method=EULER, step=0.03).end
    torch.testing.assert_close(euler, expected, rtol=1e-14, atol=0)
    srk = solve_sde(dynamics, x0, method=SRK, step=0.01, noise=noise).end
    exact = solve_ode(Dynamics(drift, span), x0, method=DOPRI8).end
    assert float((srk - exact).abs().max()) < 1e-4


def test_numpy_and_lists_are_accepted_and_no_gradient_is_recorded() -> None:
    rate = torch.tensor(2.0, requires_grad=True)
    dynamics = Dynamics(lambda _, x: rate * x, (0.0, 1.0))
    path = solve_ode(dynamics, np.ones((2, 1), dtype=np.float32), method=RK4, step=0.1)
    assert path.states.dtype == torch.float32
    assert not path.states.requires_grad
    assert solve_ode(dynamics, [[1, 2]], method=RK4, step=0.1).states.dtype == torch.float64


@pytest.mark.parametrize("method", [BOSH3, DOPRI5, DOPRI8], ids=lambda m: m.name)
def test_adaptive_method_starts_from_rest(method: object) -> None:
    """x(0) = 0 and f(0, 0) = 0 give no scale for the first step: x' = 3 t^2, x = t^3."""
    dynamics = Dynamics(lambda t, x: 3 * t**2 * torch.ones_like(x), (0.0, 1.0))
    path = solve_ode(dynamics, [[0.0]], method=method)
    assert float(path.end) == pytest.approx(1.0, abs=1e-8)
