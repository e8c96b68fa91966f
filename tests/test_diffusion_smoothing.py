"""Smoothed scores, flows on a line, and the closed forms between two modes."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from scipy import integrate, stats

from theorylab.diffusion import EDMSchedule, ExactScore, GaussianMixture, VPSchedule
from theorylab.diffusion.chain import chain_steps, propagate
from theorylab.diffusion.line import (
    flow_gap_masses,
    flow_preimages,
    interior_gaps,
    mass_above,
    mass_below,
    mass_between,
    quantile_map,
)
from theorylab.diffusion.midpoint import (
    HardSigmoidLaw,
    log_midpoint_density,
    midpoint_slope,
    speciation_noise,
    steepest_midpoint_slope,
)
from theorylab.diffusion.smoothing import (
    Floor,
    HardSigmoidScore,
    Inflate,
    SmoothedScore,
    Smoothing,
    Temper,
    lipschitz_cap,
)

EDM = EDMSchedule(0.0, 80.0)
PAIR = GaussianMixture.pair(1.0, 0.0025)
LAW = GaussianMixture([[0.0], [1.0], [3.0]], 0.01, [0.2, 0.5, 0.3])
SMOOTHINGS = [Temper(0.3), Inflate(0.0), Inflate(0.05), Floor(0.04), Floor(0.0)]


@pytest.mark.parametrize("schedule", [EDM, VPSchedule.ddpm(100, 1e-3, 0.2)])
@pytest.mark.parametrize("none", [Temper(1.0), Inflate(0.0), Floor(0.0)])
def test_no_smoothing_is_the_exact_score(schedule: Any, none: Smoothing) -> None:
    mixture = GaussianMixture.grid(side=3)
    x = torch.linspace(-2, 2, 14).reshape(7, 2)
    smoothed = SmoothedScore(mixture, schedule, none)(x, 5.0)
    torch.testing.assert_close(smoothed, ExactScore(mixture, schedule)(x, torch.tensor(5.0)))


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_integral_is_that_of_one_over_both_variances(smoothing: Smoothing) -> None:
    def integrand(u: float) -> float:
        return 1 / float(smoothing.effective(torch.tensor(math.exp(u))))

    numeric = integrate.quad(integrand, math.log(0.01), math.log(9.0), points=[math.log(0.04)])
    assert smoothing.integral(0.01, 9.0) == pytest.approx(numeric[0], rel=1e-9)


def test_a_lipschitz_cap_bounds_the_slope_of_the_centres() -> None:
    score = SmoothedScore(PAIR, EDM, lipschitz_cap(4.0, 0.5))
    y = torch.linspace(-1, 1, 2001)[:, None]
    sigma, v = 0.01, 0.0026
    centre = y + v * score(y, sigma)
    assert float((centre[1:] - centre[:-1]).max() / 1e-3) == pytest.approx(4.0, rel=1e-4)


def test_the_hard_sigmoid_is_exact_above_its_level_and_clipped_below() -> None:
    score = HardSigmoidScore(0.5, 0.0025, 0.1, EDM)
    y = torch.tensor([[-0.9], [0.03], [0.2]])
    torch.testing.assert_close(score(y, 0.3), ExactScore(PAIR, EDM)(y, torch.tensor(0.3)))
    centre = y + 0.0026 * score(y, 0.01)
    torch.testing.assert_close(centre, torch.tensor([[-0.5], [0.15], [0.5]]))


def test_smoothed_scores_do_not_depend_on_the_batch_and_keep_the_dtype() -> None:
    score = SmoothedScore(LAW, EDM, Inflate(0.1))
    x = torch.linspace(-2, 4, 9)[:, None]
    torch.testing.assert_close(score(x, 0.5)[3:4], score(x[3:4], 0.5), rtol=0, atol=0)
    assert score(x.float(), 0.5).dtype == torch.float32


def test_masses_on_a_line_are_sums_of_normal_tails() -> None:
    x = torch.tensor([-1.0, 0.4, 3.5])
    expected = sum(
        w * stats.norm.cdf(x.numpy(), m, 0.1)
        for w, m in zip([0.2, 0.5, 0.3], [0, 1, 3], strict=True)
    )
    torch.testing.assert_close(mass_below(LAW, x), torch.as_tensor(expected), rtol=1e-12, atol=0)
    torch.testing.assert_close(mass_above(LAW, x), 1 - torch.as_tensor(expected))
    between = mass_between(LAW, x[:1], x[1:2])
    torch.testing.assert_close(between, mass_below(LAW, x[1:2]) - mass_below(LAW, x[:1]))


def test_the_quantile_map_of_a_normal_law_is_affine_also_in_the_tails() -> None:
    start, end = GaussianMixture([[0.0]], 4.0), GaussianMixture([[1.0]], 0.25)
    y = torch.tensor([-14.0, -1.0, 0.0, 3.0, 14.0])
    torch.testing.assert_close(quantile_map(start, end, y), 1 + y / 4, rtol=1e-12, atol=1e-12)


def test_preimages_under_the_exact_flow_are_quantiles() -> None:
    ends = torch.tensor([-0.2, 0.5, 0.9, 1.5, 3.1])
    found = flow_preimages(ExactScore(LAW, EDM), ends, stop=0.0, start=5.0, width=0.1, rtol=1e-9)
    torch.testing.assert_close(
        quantile_map(LAW.noised(1.0, 5.0), LAW, found), ends, atol=1e-6, rtol=0
    )


def test_the_exact_flow_leaves_in_the_gaps_what_the_law_has_there() -> None:
    gaps = interior_gaps(LAW.means, 0.3)
    flow = flow_gap_masses(
        ExactScore(LAW, EDM), LAW.noised(1.0, 5.0), gaps, stop=0.0, start=5.0, width=0.1, rtol=1e-9
    )
    torch.testing.assert_close(flow, mass_between(LAW, *gaps), rtol=1e-6, atol=0)


def test_without_smoothing_the_midpoint_density_is_that_of_the_modes() -> None:
    value = log_midpoint_density(Inflate(0.0), half=0.5, variance=0.02, start=1e12)
    assert value == pytest.approx(float(GaussianMixture.pair(1.0, 0.02).log_prob([0.0])), rel=1e-9)


def test_the_midpoint_slope_is_that_of_the_denoiser_and_its_maximum_the_formula() -> None:
    noises = torch.linspace(0.005, 1.5, 4000)
    slopes = midpoint_slope(0.0025 + noises**2, half=0.5, variance=0.0025)
    y = torch.tensor([[-1e-5], [1e-5]])
    low, high = PAIR.posterior_mean(y, float(noises[700]))[:, 0]
    assert float(slopes[700]) == pytest.approx(float(high - low) / 2e-5, rel=1e-6)
    best = steepest_midpoint_slope(half=0.5, variance=0.0025)
    assert float(slopes.max()) == pytest.approx(best, rel=1e-5)
    assert steepest_midpoint_slope(half=0.1, variance=0.04) == 1.0


def test_the_speciation_noise_is_where_the_drift_changes_sign() -> None:
    sigma = speciation_noise(half=0.5, variance=0.0025)
    assert float(midpoint_slope(0.0025 + sigma**2, half=0.5, variance=0.0025)) == pytest.approx(1)
    assert speciation_noise(half=0.1, variance=0.04) == 0.0


def test_the_hard_sigmoid_law_integrates_its_density() -> None:
    law = HardSigmoidLaw(0.5, 0.0025, 0.1)
    area = integrate.quad(lambda y: float(law.density(y)), 0.0, 0.3, points=[0.1], epsabs=0)
    assert 2 * area[0] == pytest.approx(float(law.mass_within(0.3)), rel=1e-9)


def test_the_chain_keeps_means_and_ends_in_the_denoiser() -> None:
    schedule = VPSchedule.ddpm(50, 1e-3, 0.2)
    for step in chain_steps(schedule):
        alpha, before = schedule.alpha(float(step.t)), schedule.alpha(float(step.t - 1))
        assert step.clean + step.kept * float(alpha) == pytest.approx(float(before), rel=1e-12)
    assert (step.clean, step.kept, step.variance) == (pytest.approx(1.0), 0.0, 0.0)


@pytest.mark.parametrize("large", [True, False])
def test_the_law_of_the_chain_of_one_gaussian_is_gaussian(large: bool) -> None:
    """Variances by the recursion of an affine chain against the quadrature."""
    schedule, own = VPSchedule.ddpm(60, 1e-3, 0.2), 0.04
    mixture = GaussianMixture([[0.3]], own)
    law = propagate(ExactScore(mixture, schedule), schedule, last=59, large=large, coarse_above=20)
    mean, variance = 0.0, 1.0
    for step in chain_steps(schedule, large=large):
        noise = float(schedule.noise_to_signal(float(step.t))) ** 2
        kept = own / (own + noise)
        slope = step.clean * kept / float(schedule.alpha(float(step.t))) + step.kept
        mean = slope * mean + step.clean * (1 - kept) * 0.3
        variance = slope**2 * variance + step.variance
    mass, centre, deviation = law.moments(-5.0, 5.0)
    assert (mass, centre) == (pytest.approx(1, abs=1e-12), pytest.approx(mean, rel=1e-10))
    assert deviation == pytest.approx(math.sqrt(variance), rel=1e-9)
    tail = stats.norm.sf(1.4, mean, math.sqrt(variance))
    assert float(law.masses([1.4, 1.8])[0]) == pytest.approx(
        tail - stats.norm.sf(1.8, mean, math.sqrt(variance)), rel=1e-6
    )


def _still(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return 0 * x * t


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: Temper(0.0), "share must be positive"),
    (lambda: Inflate(-0.1), "added must be non-negative"),
    (lambda: Floor(-1.0), "least must be non-negative"),
    (lambda: Floor(1.0).integral(2.0, 1.0), "low must not exceed high"),
    (lambda: lipschitz_cap(0.0, 1.0), "slope must be positive"),
    (lambda: SmoothedScore(LAW, EDM, 3.0), "smoothing must have effective"),  # type: ignore[arg-type]
    (lambda: SmoothedScore(LAW.with_variance([1.0, 1.0, 2.0]), EDM, Floor(1.0)), "share one"),
    (lambda: SmoothedScore(LAW, EDM, Floor(1.0))([[0.0]], [0.1]), "t must be one time"),
    (lambda: HardSigmoidScore(0.5, 0.01, 0.6, EDM), "width must be below half"),
    (lambda: HardSigmoidLaw(0.5, 0.01, 0.01), "width must be between"),
    (lambda: HardSigmoidLaw(0.5, 0.01, 0.1).origin(0.6), "y must be in"),
    (lambda: midpoint_slope(0.001, half=0.5, variance=0.01), "v must be at least"),
    (lambda: mass_below(GaussianMixture.grid(), [0.0]), "law must be one on a line"),
    (lambda: flow_preimages(_still, [[0.0]], stop=0.0, start=1.0), "ends must have shape"),
    (lambda: flow_preimages(_still, [0.0], stop=1.0, start=1.0), "start must exceed"),
    (lambda: interior_gaps([0.0, 1.0], 0.5), "margin must be below half"),
    (lambda: list(chain_steps(EDM)), "schedule must be a DDPMSchedule"),  # type: ignore[arg-type]
    (
        lambda: propagate(
            ExactScore(LAW, VPSchedule.ddpm(10)), VPSchedule.ddpm(10), last=9, spacing=0.1
        ),
        "spacing must be below",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
