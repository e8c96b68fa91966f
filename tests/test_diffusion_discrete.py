"""Single steps of DDIM and DDPM: textbook forms and exact identities; the nodes."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Schedule,
    VPSchedule,
    ddim_contraction,
    ddim_sample,
    ddim_step,
    ddpm_step,
    linear_nodes,
    quadratic_nodes,
)

DDPM = VPSchedule.ddpm()
STEPS = [(DDPM, 20, 16), (DDPM, 800, 768), (DDPM, 5, -1), (EDMSchedule(), 3.0, 0.4)]
STEPS += [(VPSchedule.linear(0.1, 20.0), 0.9, 0.3)]

# The rounded squares 800 (i/49)^2; the second and third, 0 and 1, are raised to increase.
FIFTY = """0 1 2 3 5 8 12 16 21 27 33 40 48 56 65 75 85 96 108 120 133 147 161 176 192 208 225 243
261 280 300 320 341 363 385 408 432 456 481 507 533 560 588 616 645 675 705 736 768 800"""


def mixture() -> GaussianMixture:
    return GaussianMixture([[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]], 0.2, [0.5, 0.3, 0.2])


def draw(n: int = 30, d: int = 2, *, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def levels(schedule: Schedule, *times: float) -> list[float]:
    return [float(schedule.noise_to_signal(t)) ** 2 for t in times]


def test_quadratic_nodes_are_those_of_the_paper() -> None:
    assert quadratic_nodes(50) == [int(word) for word in FIFTY.split()]
    assert quadratic_nodes(3, 9) == [0, 2, 9]  # 2.25 is rounded down
    assert quadratic_nodes(3, 10) == [0, 3, 10]  # 2.5 is rounded up
    assert quadratic_nodes(2) == [0, 800]
    assert quadratic_nodes(801) == list(range(801))
    for count in range(2, 300, 7):
        nodes = quadratic_nodes(count, 299)
        assert (len(nodes), nodes[0], nodes[-1]) == (count, 0, 299)
        assert all(a < b for a, b in pairwise(nodes))


def test_linear_nodes_reach_both_ends() -> None:
    assert linear_nodes(1000) == list(range(1000))
    assert linear_nodes(4, 1000) == [0, 333, 666, 999]
    assert linear_nodes(3, 1000) == [0, 500, 999]  # 499.5 is rounded up


@pytest.mark.parametrize(("schedule", "t", "t_next"), STEPS)
def test_ddim_step_is_a_convex_combination(schedule: Schedule, t: float, t_next: float) -> None:
    """y' = mbar + c (y - mbar), for any length of the step."""
    data, x = mixture(), draw()
    v, v_next = levels(schedule, t, t_next)
    alpha, alpha_next = float(schedule.alpha(t)), float(schedule.alpha(t_next))
    c = (0.2 + math.sqrt(v * v_next)) / (0.2 + v)
    y = x / alpha
    mean = data.with_variance(0.2 + v).expected_mean(y)
    score = ExactScore(data, schedule)
    moved = ddim_step(x, t, t_next, schedule=schedule, score=score) / alpha_next
    torch.testing.assert_close(moved, mean + c * (y - mean), rtol=1e-11, atol=1e-12)
    assert float(ddim_contraction(v, v_next, 0.2)) == pytest.approx(c, rel=1e-14)


@pytest.mark.parametrize(("schedule", "t", "t_next"), STEPS)
def test_ddpm_step_has_the_factor_of_the_exact_reverse_equation(
    schedule: Schedule, t: float, t_next: float
) -> None:
    """y' = mbar + (s'^2/s^2)(y - mbar) + sqrt((v - v') v'/v) Z."""
    data, x, noise = mixture(), draw(), draw(seed=2)
    v, v_next = levels(schedule, t, t_next)
    y = x / float(schedule.alpha(t))
    mean = data.with_variance(0.2 + v).expected_mean(y)
    expected = mean + (0.2 + v_next) / (0.2 + v) * (y - mean)
    expected = expected + math.sqrt((v - v_next) * v_next / v) * noise
    score = ExactScore(data, schedule)
    moved = ddpm_step(x, t, schedule=schedule, score=score, noise=noise, t_next=t_next)
    moved = moved / float(schedule.alpha(t_next))
    torch.testing.assert_close(moved, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("t", [0, 1, 20, 999])
def test_ddpm_step_is_the_textbook_one(t: int) -> None:
    """x' = c_0 x0 + c_1 x + sqrt(beta~) Z, arXiv:2006.11239, Eq. 6 and 7."""
    data, x, noise = mixture(), draw(), draw(seed=2)
    bar, before, beta = float(DDPM.alpha_bar(t)), float(DDPM.alpha_bar(t - 1)), DDPM.betas[t]
    clean = data.posterior_mean(x / math.sqrt(bar), math.sqrt(1 / bar - 1))
    expected = math.sqrt(before) * beta / (1 - bar) * clean
    expected = expected + torch.sqrt(1 - beta) * (1 - before) / (1 - bar) * x
    expected = expected + torch.sqrt(beta * (1 - before) / (1 - bar)) * noise
    score = ExactScore(data, DDPM)
    moved = ddpm_step(x, t, schedule=DDPM, score=score, noise=noise)
    torch.testing.assert_close(moved, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("t", "t_next"), [(800, 768), (12, 8), (1, 0)])
def test_ddim_step_is_the_textbook_one(t: int, t_next: int, eta: float) -> None:
    """arXiv:2010.02502, Eq. 12 with the sigma of Eq. 16, in abar."""
    data, x, noise = mixture(), draw(), draw(seed=2)
    bar, after = float(DDPM.alpha_bar(t)), float(DDPM.alpha_bar(t_next))
    clean = data.posterior_mean(x / math.sqrt(bar), math.sqrt(1 / bar - 1))
    epsilon = (x - math.sqrt(bar) * clean) / math.sqrt(1 - bar)
    spread = eta * math.sqrt((1 - after) / (1 - bar) * (1 - bar / after))
    expected = math.sqrt(after) * clean + math.sqrt(1 - after - spread**2) * epsilon
    score = ExactScore(data, DDPM)
    step = {"schedule": DDPM, "score": score, "eta": eta, "noise": noise}
    moved = ddim_step(x, t, t_next, **step)
    torch.testing.assert_close(moved, expected + spread * noise, rtol=1e-9, atol=1e-9)


def test_last_step_is_the_denoiser_without_noise() -> None:
    data, x = mixture(), draw()
    score = ExactScore(data, DDPM)
    ratio = float(DDPM.noise_to_signal(0))
    expected = data.posterior_mean(x / float(DDPM.alpha(0)), ratio)
    for moved in (
        ddim_step(x, 0, -1, schedule=DDPM, score=score),
        ddpm_step(x, 0, schedule=DDPM, score=score, noise=None),
        ddpm_step(x, 0, schedule=DDPM, score=score, noise=draw(seed=9)),
    ):
        torch.testing.assert_close(moved, expected, rtol=1e-9, atol=1e-9)


def test_results_follow_the_points() -> None:
    score = ExactScore(mixture(), DDPM)
    for dtype in (torch.float32, torch.float64):
        x = draw().to(dtype)
        assert ddim_step(x, 20, 16, schedule=DDPM, score=score).dtype == dtype
        run = ddim_sample(x, [0, 5, 20], schedule=DDPM, score=score, eta=0.5, seed=0)
        assert run.end.dtype == dtype


SCORE = ExactScore(mixture(), DDPM)
ON = {"schedule": DDPM, "score": SCORE}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ddim_step(x, 5, 5, **ON), "t_next must be below t = 5.0, got 5.0"),
        (lambda x: ddim_step(x, 5, -2, **ON), r"t must be in \[-1.0, 999.0\], got -2.0"),
        (lambda x: ddim_step(x, 1000, 5, **ON), r"t must be in \[-1.0, 999.0\], got 1000.0"),
        (lambda x: ddim_step(x, 5, 3, eta=1.1, **ON), r"eta must be in \[0.0, 1.0\], got 1.1"),
        (lambda x: ddim_step(x, 5, 3, eta=1.0, **ON), r"noise must be .*\(4, 2\), got None"),
        (lambda x: ddim_step(x, 5, 3, eta=1.0, noise=x[:2], **ON), r"noise must have shape"),
        (lambda x: ddpm_step(x, 5, noise=None, **ON), "noise must be unit normals"),
        (
            lambda x: ddim_step(x, 5, 3, schedule=DDPM, score=lambda x, _: x[:1]),
            r"score must return .* shape \(4, 2\), got shape \(1, 2\)",
        ),
        (lambda x: ddim_sample(x, [], **ON), "nodes must be non-empty"),
        (lambda x: ddim_sample(x, [3, 3], **ON), "nodes must .* increase strictly"),
        (lambda x: ddim_sample(x, [[1, 3]], **ON), "nodes must .* increase strictly"),
        (lambda x: ddim_sample(x, 7, **ON), "nodes must .* increase strictly"),
        (lambda x: ddim_sample(x, [3, 5], eta=1.0, **ON), "seed must be an integer if eta > 0"),
        (lambda x: ddim_sample(x, [3, 5], eta=1.0, seed=-1, **ON), "seed must be at least 0"),
        (lambda x: ddim_sample(x[0], [3, 5], **ON), r"x must have shape \(n, d\)"),
        (lambda x: ddim_sample(x[:0], [3, 5], **ON), r"x must have shape \(n, d\)"),
        (lambda _: quadratic_nodes(1), "count must be at least 2, got 1"),
        (lambda _: quadratic_nodes(5, 3), "last must be at least 4, got 3"),
        (lambda _: linear_nodes(5, 4), "steps must be at least 5, got 4"),
        (lambda _: ddim_contraction(-1.0, 0.0, 1.0), "v must be non-negative, got an entry -1.0"),
        (lambda _: ddim_contraction(0.0, 0.0, 0.0), r"variance \+ v must be positive"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(4, 2))


def test_no_step_starts_at_the_data() -> None:
    with pytest.raises(ValueError, match=r"t must be a time with noise, got 0\.0"):
        ddim_step(torch.zeros(4, 2), 0.0, -0.0 - 1e-17, schedule=EDMSchedule(), score=SCORE)
