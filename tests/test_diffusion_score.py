"""The exact score against ball arithmetic, and the conversions against each other."""

import math
from collections.abc import Iterator

import flint
import numpy as np
import pytest
import torch
from flint import arb

from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Schedule,
    Score,
    VPSchedule,
    denoiser_from_epsilon,
    denoiser_from_score,
    epsilon_from_denoiser,
    epsilon_from_score,
    score_from_denoiser,
    score_from_epsilon,
)

LINEAR = VPSchedule.linear(0.1, 20.0)


@pytest.fixture
def _two_hundred_bits() -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = 200
    yield
    flint.ctx.prec = before


def mixture(per_mode: bool = True) -> GaussianMixture:
    rng = np.random.default_rng(5)
    variance = [0.2, 0.5, 0.01] if per_mode else 0.2
    return GaussianMixture(rng.standard_normal((3, 2)), variance, [0.5, 0.3, 0.2])


@pytest.mark.parametrize("per_mode", [False, True])
@pytest.mark.parametrize(
    ("schedule", "t"), [(LINEAR, 0.02), (LINEAR, 0.6), (VPSchedule.ddpm(), 37), (EDMSchedule(), 5)]
)
def test_exact_score_is_the_score_of_the_noised_law(
    schedule: Schedule, t: float, per_mode: bool
) -> None:
    law = mixture(per_mode).noised(float(schedule.alpha(t)), float(schedule.sigma(t)))
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((20, 2)))
    score = ExactScore(mixture(per_mode), schedule)
    assert isinstance(score, Score)
    torch.testing.assert_close(score(x, t), law.score(x), rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("_two_hundred_bits")
def test_exact_score_against_ball_arithmetic() -> None:
    """Relative to |mu - x|/v, what one rounding of x changes is eps |x| / |mu - x|.

    Measured 3.5e-16; with 1 - abar as a difference the same points give 1.1e-12.
    """
    data = GaussianMixture([[0.7], [-0.4]], 1e-9, [0.35, 0.65])
    score, worst = ExactScore(data, LINEAR), 0.0
    rng = np.random.default_rng(2)
    for t in 10.0 ** rng.uniform(-7, 0, 200):
        alpha, sigma = float(LINEAR.alpha(t)), float(LINEAR.sigma(t))
        centre = float(data.means[rng.integers(2), 0])
        x = alpha * centre + math.hypot(sigma, math.sqrt(1e-9)) * rng.uniform(1, 3)
        time = arb(float(t))
        integral = arb(0.1) * time + (arb(20.0) - arb(0.1)) * time**2 / 2
        exact_alpha, noise = (-integral / 2).exp(), 1 - (-integral).exp()
        v = exact_alpha**2 * arb(float(data.variance)) + noise
        pulls = [exact_alpha * arb(mu) - arb(x) for (mu,) in data.means.tolist()]
        masses = [
            arb(w) * (-(pull**2) / (2 * v)).exp()
            for w, pull in zip(data.weights.tolist(), pulls, strict=True)
        ]
        exact = sum(m * p for m, p in zip(masses, pulls, strict=True)) / sum(masses) / v
        scale = max(abs(float(pull)) for pull in pulls) / float(v)
        worst = max(worst, abs(float(arb(float(score([[x]], t))) - exact)) / scale)
    assert worst <= 1e-14


def test_one_time_per_point() -> None:
    score = ExactScore(mixture(), LINEAR)
    x = torch.from_numpy(np.random.default_rng(3).standard_normal((2, 3, 2)))
    t = torch.linspace(0.05, 1, 6).reshape(2, 3)
    together = score(x, t)
    for i in range(2):
        for j in range(3):
            alone = score(x[i, j], float(t[i, j]))
            torch.testing.assert_close(together[i, j], alone, rtol=1e-12, atol=1e-12)


def test_results_follow_the_points() -> None:
    score = ExactScore(mixture(), LINEAR)
    for dtype in (torch.float32, torch.float64):
        assert score(torch.zeros(3, 2, dtype=dtype), 0.5).dtype == dtype
        assert score(torch.zeros(3, 2, dtype=dtype), torch.tensor(0.5)).dtype == dtype


@pytest.mark.parametrize("per_point", [False, True])
def test_conversions_are_the_conditional_expectations(per_point: bool) -> None:
    data = mixture()
    t = torch.linspace(0.1, 0.9, 15) if per_point else torch.tensor(0.3)
    alpha, sigma = LINEAR.alpha(t), LINEAR.sigma(t)
    x = torch.from_numpy(np.random.default_rng(4).standard_normal((15, 2)))
    score = ExactScore(data, LINEAR)(x, t)
    denoiser = denoiser_from_score(x, score, alpha, sigma)
    for i in range(15):
        a, s = (float(value.expand(15)[i]) for value in (alpha, sigma))
        expected = data.posterior_mean(x[i] / a, s / a)
        torch.testing.assert_close(denoiser[i], expected, rtol=1e-10, atol=1e-12)
    noise = epsilon_from_score(score, sigma)
    a, s = (value.expand(15)[:, None] for value in (alpha, sigma))
    torch.testing.assert_close(a * denoiser + s * noise, x)
    torch.testing.assert_close(noise, (x - a * denoiser) / s)


@pytest.mark.parametrize("sigma", [1e-3, 0.5, torch.linspace(0.1, 2, 9)])
def test_round_trips(sigma: float | torch.Tensor) -> None:
    rng = np.random.default_rng(6)
    x, value = (torch.from_numpy(rng.standard_normal((9, 3))) for _ in range(2))
    alpha = 0.8
    kept = {"rtol": 1e-9, "atol": 1e-9}
    back = score_from_epsilon(epsilon_from_score(value, sigma), sigma)
    torch.testing.assert_close(back, value, **kept)
    back = score_from_denoiser(x, denoiser_from_score(x, value, alpha, sigma), alpha, sigma)
    torch.testing.assert_close(back, value, **kept)
    back = epsilon_from_denoiser(x, denoiser_from_epsilon(x, value, alpha, sigma), alpha, sigma)
    torch.testing.assert_close(back, value, **kept)
    first = denoiser_from_epsilon(x, epsilon_from_score(value, sigma), alpha, sigma)
    torch.testing.assert_close(first, denoiser_from_score(x, value, alpha, sigma), **kept)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: score_from_epsilon(x, 0.0), "sigma must be positive, got an entry 0.0"),
        (lambda x: score_from_denoiser(x, x, 1.0, [1.0, 0.0, 1.0]), "sigma must be positive"),
        (lambda x: denoiser_from_score(x, x, 0.0, 1.0), "alpha must be positive"),
        (lambda x: denoiser_from_score(x, x[:2], 1.0, 1.0), "score must have the shape"),
        (lambda x: epsilon_from_score(x, [1.0, 2.0]), r"sigma must have shape \(\) or \(3,\)"),
        (lambda x: ExactScore(mixture(), LINEAR)(x, 1.5), r"t must be in \[0.0, 1.0\], got 1.5"),
        (lambda x: ExactScore(mixture(), LINEAR)(x, [0.1]), r"t must have shape \(\) or \(3,\)"),
        (lambda x: ExactScore(mixture(), LINEAR)(x[:, :1], 0.1), r"x must be of shape \(\*n, 2\)"),
        (lambda _: ExactScore(mixture(), 3), "schedule must be a Schedule, got 3"),
        (lambda _: ExactScore(None, LINEAR), "mixture must be a GaussianMixture, got None"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(3, 2))
