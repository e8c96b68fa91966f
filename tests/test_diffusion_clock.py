"""The clock against quadrature, its dynamics against those in time."""

import math

import pytest
import torch
from scipy import integrate

from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Schedule,
    VPSchedule,
    clock,
    clock_dynamics,
    clock_reverse,
    deviation_at,
    probability_flow,
)
from theorylab.integrate import DOPRI8, solve_ode

LINEAR = VPSchedule.linear(0.1, 20.0)
DDPM = VPSchedule.ddpm()


def mixture() -> GaussianMixture:
    return GaussianMixture([[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]], 0.2, [0.5, 0.3, 0.2])


@pytest.mark.parametrize(
    ("schedule", "t"), [(LINEAR, 0.0), (LINEAR, 0.4), (EDMSchedule(0.002, 5.0), 0.3)]
)
@pytest.mark.parametrize("variance", [0.01, 1.3])
def test_clock_is_its_integral(schedule: Schedule, t: float, variance: float) -> None:
    def rate(s: float) -> float:
        own = float(schedule.alpha(s) ** 2 * variance + schedule.sigma(s) ** 2)
        return float(schedule.diffusion_squared(s)) / (2 * own)

    expected, _ = integrate.quad(rate, t, schedule.span[1], epsabs=1e-12, epsrel=1e-12)
    assert float(clock(schedule, t, variance)) == pytest.approx(expected, rel=1e-10)


def test_budgets_of_the_main_data_set() -> None:
    """ln of ratios of the deviations in test_diffusion_schedule, e.g. ln(157.41/0.0070709)."""
    variance = float(GaussianMixture.grid().variance)
    u = clock(DDPM, [-1, 0, 24, 800, 999], variance).tolist()
    assert u[0] == pytest.approx(10.0106, abs=5e-5)
    assert u[1] == pytest.approx(9.4612, abs=5e-5)
    assert u[0] - u[2] == pytest.approx(2.5717, abs=5e-5)
    assert u[0] - u[3] == pytest.approx(8.1997, abs=5e-5)
    assert u[4] == 0.0


def test_deviation_inverts_the_clock() -> None:
    t = torch.linspace(0, 1, 9)
    start = float(LINEAR.effective_deviation(1.0, 0.2))
    recovered = deviation_at(clock(LINEAR, t, 0.2), start)
    torch.testing.assert_close(recovered, LINEAR.effective_deviation(t, 0.2))
    assert deviation_at(0, 3).dtype == torch.float64


def test_clock_dynamics_is_the_probability_flow_rescaled() -> None:
    data, start, stop = mixture(), 0.9, 0.05
    x = data.noised(float(LINEAR.alpha(start)), float(LINEAR.sigma(start))).sample(40, seed=3)
    flow = probability_flow(LINEAR, ExactScore(data, LINEAR), start=start, stop=stop)
    in_time = solve_ode(flow, x, method=DOPRI8, rtol=1e-11, atol=1e-11)
    s_start, s_stop = (float(LINEAR.effective_deviation(t, 0.2)) for t in (start, stop))
    dynamics = clock_dynamics(data, s_start=s_start, s_stop=s_stop)
    elapsed = clock(LINEAR, stop, 0.2) - clock(LINEAR, start, 0.2)
    assert dynamics.span == pytest.approx((0.0, float(elapsed)), rel=1e-12)
    y = x / LINEAR.alpha(start)
    in_clock = solve_ode(dynamics, y, method=DOPRI8, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(
        in_clock.end, in_time.end / LINEAR.alpha(stop), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("k", [0.0, 0.25, 1.0, 2.0])
def test_reverse_family_transports_the_marginals(k: float) -> None:
    """Fokker-Planck in u for the law of y with variance s^2, s = s_start exp(-u)."""
    data, s_start, u = mixture(), 4.0, 1.1
    dynamics = clock_reverse(data, k, s_start=s_start)
    y = data.with_variance((s_start * math.exp(-u)) ** 2).sample(30, seed=5)

    def density(at: float, points: torch.Tensor) -> torch.Tensor:
        return data.with_variance((s_start * math.exp(-at)) ** 2).log_prob(points).exp()

    h = 1e-3
    coarse = (density(u + h, y) - density(u - h, y)) / (2 * h)
    fine = (density(u + h / 2, y) - density(u - h / 2, y)) / h
    expected = (4 * fine - coarse) / 3
    points = y.clone().requires_grad_()
    p = density(u, points)
    flux = dynamics.drift(torch.tensor(u), points) * p[:, None]
    if k > 0:
        (slope,) = torch.autograd.grad(p.sum(), points, create_graph=True)
        flux = flux - dynamics.diffusion(torch.tensor(u), points) ** 2 * slope / 2
    divergence = sum(
        torch.autograd.grad(flux[:, i].sum(), points, retain_graph=True)[0][:, i] for i in range(2)
    )
    assert float((divergence + expected).abs().max()) <= 1e-8 * float(expected.abs().max())
    assert (dynamics.diffusion is None) is (k == 0)


def test_the_run_ends_at_the_data_by_default() -> None:
    dynamics = clock_dynamics(mixture(), s_start=2.0)
    assert dynamics.span == pytest.approx((0.0, math.log(2.0 / math.sqrt(0.2))))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: clock_dynamics(m.with_variance([0.1, 0.2, 0.3]), s_start=1), "must be shared"),
        (lambda m: clock_dynamics(m, s_start=0.1), "s_start must be at least sqrt"),
        (lambda m: clock_dynamics(m, s_start=2, s_stop=2), "s_start must differ from s_stop"),
        (lambda m: clock_reverse(m, s_start=2, s_stop=3), "s_start must exceed s_stop"),
        (lambda m: clock_dynamics(m, s_start=2, s_stop=0.4), r"s_stop must be at least sqrt"),
        (lambda m: clock_dynamics(m, s_start=-2), "s_start must be positive, got -2"),
        (lambda m: clock_reverse(m, -0.1, s_start=2), "k must be non-negative, got -0.1"),
        (lambda _: deviation_at(0.0, 0.0), "s_start must be positive, got 0"),
        (lambda _: clock(LINEAR, 0.5, -1.0), "variance must be non-negative"),
        (lambda _: clock(LINEAR, 1.5, 1.0), r"t must be in \[0.0, 1.0\], got 1.5"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(mixture())
