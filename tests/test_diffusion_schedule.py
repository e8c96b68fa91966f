"""Schedules against quadrature, finite products and ball arithmetic."""

import math
from collections.abc import Iterator

import flint
import numpy as np
import pytest
import torch
from flint import arb
from scipy import integrate

from theorylab.diffusion import EDMSchedule, GaussianMixture, Schedule, VPSchedule

LINEAR = VPSchedule.linear(0.1, 20.0)
DDPM = VPSchedule.ddpm()
EDM = EDMSchedule()


@pytest.fixture
def _two_hundred_bits() -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = 200
    yield
    flint.ctx.prec = before


def relative(value: float, exact: arb) -> float:
    return abs(float((arb(value) - exact) / exact))


@pytest.mark.usefixtures("_two_hundred_bits")
@pytest.mark.parametrize("t", [1e-7, 1e-5, 1e-3, 0.1, 0.5, 1.0])
def test_trap_11_one_minus_alpha_bar_keeps_its_digits(t: float) -> None:
    """Written as 1 - abar this is off by 3.5e-9 at t = 1e-7, and sigma by half of it."""
    low, high, time = arb(LINEAR.beta_min), arb(LINEAR.beta_max), arb(t)
    exact = 1 - (-(low * time + (high - low) * time**2 / 2)).exp()
    assert relative(float(LINEAR.one_minus_alpha_bar(t)), exact) <= 1e-13
    assert relative(float(LINEAR.sigma(t)), exact.sqrt()) <= 1e-13
    ratio = (exact / (1 - exact)).sqrt()
    assert relative(float(LINEAR.noise_to_signal(t)), ratio) <= 1e-13
    assert relative(float(LINEAR.alpha(t)), (1 - exact).sqrt()) <= 1e-13


@pytest.mark.usefixtures("_two_hundred_bits")
def test_ddpm_products_against_ball_arithmetic() -> None:
    product, worst = arb(1), 0.0
    for t, beta in enumerate(DDPM.betas.tolist()):
        product *= 1 - arb(beta)
        worst = max(
            worst,
            relative(float(DDPM.alpha_bar(t)), product),
            relative(float(DDPM.one_minus_alpha_bar(t)), 1 - product),
        )
    assert worst <= 1e-13


def test_constants_of_the_main_data_set() -> None:
    """Printed values: the products above in 30-digit arithmetic, rounded as shown."""
    variance = float(GaussianMixture.grid().variance)
    printed = {0: 0.012248, 2: 0.020245, 8: 0.040848, 20: 0.079712, 21: 0.082921}
    printed |= {24: 0.092540, 25: 0.095745, 800: 25.736, 999: 157.407}
    for t, value in printed.items():
        digits = 5e-7 if t < 800 else 5e-4
        assert float(DDPM.effective_deviation(t, variance)) == pytest.approx(value, abs=digits)
    bars = DDPM.alpha_bar([0, 800, 999]).tolist()
    assert bars == pytest.approx([0.9999, 1.508e-3, 4.036e-5], rel=4e-4)
    assert float(DDPM.alpha_bar(0)) == pytest.approx(0.9999, rel=1e-14)
    betas = DDPM.betas.tolist()
    assert [betas[0], betas[-1], len(betas)] == [1e-4, 2e-2, 1000]


def test_ddpm_before_its_first_index_is_the_data() -> None:
    assert float(DDPM.alpha_bar(-1)) == 1.0
    assert float(DDPM.sigma(-1)) == 0.0
    assert float(DDPM.noise_to_signal(-1)) == 0.0
    assert DDPM.span == (-1.0, 999.0)
    assert VPSchedule.ddpm(1).alpha_bar(0).tolist() == pytest.approx(0.9999, rel=1e-14)


def test_ddpm_between_indices_is_linear_in_the_logarithm() -> None:
    t = torch.tensor([-1.0, 0.0, 41.0, 998.0])
    for share in (0.25, 0.5, 0.8):
        ends = torch.log(DDPM.alpha_bar(t)), torch.log(DDPM.alpha_bar(t + 1))
        expected = (1 - share) * ends[0] + share * ends[1]
        torch.testing.assert_close(torch.log(DDPM.alpha_bar(t + share)), expected)
        slope = ends[0] - ends[1]
        torch.testing.assert_close(DDPM.beta(t + share), slope, rtol=1e-10, atol=0)
    torch.testing.assert_close(DDPM.beta(t + 1), slope, rtol=1e-10, atol=0)


@pytest.mark.parametrize("t", [0.05, 0.5, 0.93])
def test_linear_alpha_bar_is_the_exponential_of_the_integral(t: float) -> None:
    integral, _ = integrate.quad(lambda s: float(LINEAR.beta(s)), 0, t, epsabs=1e-13)
    assert float(LINEAR.alpha_bar(t)) == pytest.approx(math.exp(-integral), rel=1e-12)
    assert LINEAR.span == (0.0, 1.0)
    assert float(LINEAR.beta(0.0)) == 0.1
    assert float(LINEAR.beta(1.0)) == 20.0


@pytest.mark.parametrize(
    ("schedule", "t"), [(LINEAR, 0.3), (LINEAR, 0.9), (DDPM, 20.4), (DDPM, 700.5), (EDM, 3.0)]
)
def test_rates_are_derivatives_of_the_levels(schedule: Schedule, t: float) -> None:
    """Definition of f and g^2, differentiated automatically in t."""
    time = torch.tensor(t, requires_grad=True)
    # The term 0 * time gives the constant alpha of EDM a derivative, zero.
    (rate,) = torch.autograd.grad(torch.log(schedule.alpha(time)) + 0 * time, time)
    (growth,) = torch.autograd.grad(schedule.sigma(time) ** 2, time)
    square = growth - 2 * rate * schedule.sigma(t) ** 2
    torch.testing.assert_close(schedule.drift_rate(t), rate, rtol=1e-10, atol=0)
    torch.testing.assert_close(schedule.diffusion_squared(t), square, rtol=1e-10, atol=0)


@pytest.mark.parametrize("schedule", [LINEAR, DDPM, EDM])
def test_levels_agree_with_each_other(schedule: Schedule) -> None:
    t = torch.linspace(*schedule.span, 7)[1:]
    torch.testing.assert_close(schedule.sigma(t), schedule.alpha(t) * schedule.noise_to_signal(t))
    torch.testing.assert_close(Schedule.sigma(schedule, t), schedule.sigma(t))
    expected = torch.sqrt(0.3 + (schedule.sigma(t) / schedule.alpha(t)) ** 2)
    torch.testing.assert_close(schedule.effective_deviation(t, 0.3), expected)
    if isinstance(schedule, VPSchedule):
        total = schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2
        torch.testing.assert_close(total, torch.ones_like(t), rtol=1e-14, atol=0)
        torch.testing.assert_close(schedule.alpha_bar(t), schedule.alpha(t) ** 2)


def test_edm_adds_noise_at_unit_rate() -> None:
    assert EDM.span == (0.002, 80.0)
    assert EDM.alpha(5.0).item() == 1.0
    assert EDM.sigma(5.0).item() == 5.0
    assert EDM.sigma(0.0).item() == 0.0
    assert EDM.sigma(200.0).item() == 200.0


def test_results_follow_the_time() -> None:
    for schedule, t in [(LINEAR, 0.4), (DDPM, 40.0), (EDM, 2.0)]:
        for dtype in (torch.float32, torch.float64):
            time = torch.full((2, 3), t, dtype=dtype)
            for name in ("alpha", "sigma", "noise_to_signal", "drift_rate", "diffusion_squared"):
                value = getattr(schedule, name)(time)
                assert (value.dtype, value.shape) == (dtype, (2, 3)), name
                reference = getattr(schedule, name)(t)
                assert reference.dtype == torch.float64
                assert value[0, 0].item() == pytest.approx(reference.item(), rel=1e-4)
    assert DDPM.alpha_bar(np.array([0, 999])).dtype == torch.float64


def test_rounding_beyond_the_ends_is_forgiven_and_more_is_not() -> None:
    assert LINEAR.sigma(-1e-16).item() == 0.0
    assert DDPM.alpha_bar(999 + 1e-12).item() == DDPM.alpha_bar(999).item()
    for schedule, t in [(LINEAR, -1e-9), (LINEAR, 1 + 1e-9), (DDPM, -1.001), (DDPM, 1000)]:
        with pytest.raises(ValueError, match=r"t must be in \[.*\], got"):
            schedule.alpha(t)
    with pytest.raises(ValueError, match=r"t must be in \[0.0, inf\], got -1.0"):
        EDM.sigma(-1)
    with pytest.raises(ValueError, match=r"got 1001.0"):
        DDPM.sigma([3.0, 1001.0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: VPSchedule.linear(0.0, 1.0), "beta_min must be positive"),
        (lambda: VPSchedule.linear(2.0, 1.0), "beta_max must be at least beta_min = 2.0, got 1.0"),
        (lambda: VPSchedule.linear(0.1, math.nan), "beta_max must be finite"),
        (lambda: VPSchedule.ddpm(0), "steps must be at least 1, got 0"),
        (lambda: VPSchedule.ddpm(10.0), "steps must be an integer"),
        (lambda: VPSchedule.ddpm(10, 0.1, 1.0), "beta_max must be below 1, got 1.0"),
        (lambda: EDMSchedule(-1.0), "sigma_min must be non-negative"),
        (lambda: EDMSchedule(3.0, 2.0), "sigma_max must exceed sigma_min = 3.0, got 2.0"),
        (lambda: LINEAR.effective_deviation(0.5, -1.0), "variance must be non-negative"),
        (lambda: LINEAR.sigma("now"), "t must be"),
    ],
)
def test_bad_schedules(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
