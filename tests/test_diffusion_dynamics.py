"""Forward and reverse dynamics: Fokker-Planck residuals, exact transport, joint laws."""

import numpy as np
import pytest
import torch
from scipy import stats

from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Schedule,
    VPSchedule,
    forward,
    probability_flow,
    reverse,
    start_law,
)
from theorylab.integrate import DOPRI8, solve_ode
from theorylab.path import Dynamics

LINEAR = VPSchedule.linear(0.1, 20.0)
SHORT = VPSchedule.linear(0.1, 1.5)  # ends at abar = 0.45, far from N(0, I)
SCHEDULES = [(LINEAR, 0.37), (VPSchedule.ddpm(), 120.4), (EDMSchedule(), 1.3)]


def mixture() -> GaussianMixture:
    means = [[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]]
    return GaussianMixture(means, [0.2, 0.4, 0.1], [0.5, 0.3, 0.2])


def density_rate(schedule: Schedule, t: float, x: torch.Tensor) -> torch.Tensor:
    """dp/dt by central differences at two steps, extrapolated: error O(h^4)."""

    def central(h: float) -> torch.Tensor:
        ahead, behind = (start_law(mixture(), schedule, t + dt) for dt in (h, -h))
        return (ahead.log_prob(x).exp() - behind.log_prob(x).exp()) / (2 * h)

    h = 2e-3 * t
    return (4 * central(h / 2) - central(h)) / 3


def transport(dynamics: Dynamics, schedule: Schedule, t: float, x: torch.Tensor) -> torch.Tensor:
    """-div(f p) + sum_i d_i^2 (g^2 p) / 2 with the dynamics' own sign of time."""
    points = x.clone().requires_grad_()
    p = start_law(mixture(), schedule, t).log_prob(points).exp()
    time = torch.tensor(t)
    flux = dynamics.sign * dynamics.drift(time, points) * p[:, None]
    if dynamics.diffusion is not None:
        (slope,) = torch.autograd.grad(p.sum(), points, create_graph=True)
        flux = flux - dynamics.diffusion(time, points) ** 2 * slope / 2
    divergence = sum(
        torch.autograd.grad(flux[:, i].sum(), points, retain_graph=True)[0][:, i] for i in range(2)
    )
    return -dynamics.sign * divergence


@pytest.mark.parametrize("k", [None, 0.0, 0.25, 1.0, 2.0])
@pytest.mark.parametrize(("schedule", "t"), SCHEDULES)
def test_every_noise_level_transports_the_marginals(
    schedule: Schedule, t: float, k: float | None
) -> None:
    """Fokker-Planck at points of a two-dimensional mixture; k = None is the forward equation."""
    score = ExactScore(mixture(), schedule)
    dynamics = forward(schedule) if k is None else reverse(schedule, score, k=k)
    law = start_law(mixture(), schedule, t)
    x = law.sample(50, seed=2)
    expected = density_rate(schedule, t, x)
    residual = transport(dynamics, schedule, t, x) - expected
    assert float(residual.abs().max()) <= 1e-7 * float(expected.abs().max())


def test_probability_flow_is_the_reverse_without_noise() -> None:
    score = ExactScore(mixture(), LINEAR)
    x, t = mixture().sample(10), torch.tensor(0.4)
    flow = probability_flow(LINEAR, score)
    assert flow.diffusion is None
    assert flow.span == (1.0, 0.0)
    expected = -LINEAR.beta(t) / 2 * (x + score(x, t))
    torch.testing.assert_close(flow.drift(t, x), expected, rtol=1e-13, atol=1e-14)


def test_spans_and_directions() -> None:
    score = ExactScore(mixture(), LINEAR)
    assert forward(LINEAR).span == (0.0, 1.0)
    assert forward(LINEAR, start=0.2, stop=0.3).span == (0.2, 0.3)
    assert reverse(LINEAR, score).sign == -1.0
    assert reverse(LINEAR, score, start=0.5, stop=0.1).span == (0.5, 0.1)
    assert probability_flow(EDMSchedule(), score).span == (80.0, 0.002)
    assert probability_flow(VPSchedule.ddpm(), score, start=8, stop=0).span == (8.0, 0.0)


def cdf(law: GaussianMixture, x: np.ndarray) -> np.ndarray:
    std = law.variance.sqrt().expand(law.K).numpy()
    parts = stats.norm.cdf(x[:, None], law.means[:, 0].numpy(), std)
    return parts @ law.weights.numpy()


@pytest.mark.parametrize(("schedule", "t"), [(LINEAR, 1.0), (EDMSchedule(), 10.0)])
def test_flow_in_one_dimension_conserves_the_distribution_function(
    schedule: Schedule, t: float
) -> None:
    """F_stop(flow(x)) = F_start(x): trajectories on a line do not cross."""
    data = GaussianMixture([[-1.0], [0.2], [1.5]], [0.05, 0.1, 0.02], [0.5, 0.2, 0.3])
    begin, end = start_law(data, schedule, t), start_law(data, schedule, 0.05)
    x = np.linspace(-2.5, 2.5, 41) * float(schedule.sigma(t))
    flow = probability_flow(schedule, ExactScore(data, schedule), start=t, stop=0.05)
    path = solve_ode(flow, x[:, None], method=DOPRI8, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(cdf(end, path.end[:, 0].numpy()), cdf(begin, x), atol=1e-8, rtol=0)


def test_trap_10_start_from_the_exact_law_and_not_from_the_prior() -> None:
    """With a schedule that stops early the flow of N(0, 1) misses the data, that of p_T hits."""
    data = GaussianMixture([[1.0], [0.2]], 0.05, [0.3, 0.7])
    law = start_law(data, SHORT)
    assert float(law.means[0, 0]) == pytest.approx(float(SHORT.alpha(1.0)))
    assert float(law.variance) == pytest.approx(
        float(SHORT.alpha_bar(1.0)) * 0.05 + 1 - float(SHORT.alpha_bar(1.0))
    )
    x = np.linspace(-3, 3, 61)
    flow = probability_flow(SHORT, ExactScore(data, SHORT))
    path = solve_ode(flow, x[:, None], method=DOPRI8, rtol=1e-9, atol=1e-9)
    reached = cdf(data, path.end[:, 0].numpy())
    assert np.abs(reached - cdf(law, x)).max() <= 1e-7
    assert np.abs(reached - stats.norm.cdf(x)).max() >= 0.05


def moments(dynamics: Dynamics, variance: float, steps: int = 160) -> tuple[float, float]:
    """E[x_stop | x_start] / x_start and Var x_stop for a linear drift, by RK4 on both."""

    def rate(s: float, state: np.ndarray) -> np.ndarray:
        t = torch.tensor(dynamics.start + dynamics.sign * s)
        one = torch.ones(1, 1)
        slope = dynamics.sign * float(dynamics.drift(t, one))
        noise = 0.0 if dynamics.diffusion is None else float(dynamics.diffusion(t, one)) ** 2
        return np.array([slope * state[0], 2 * slope * state[1] + noise])

    state, h = np.array([1.0, variance]), dynamics.length / steps
    for i in range(steps):
        s = i * h
        one = rate(s, state)
        two = rate(s + h / 2, state + h / 2 * one)
        three = rate(s + h / 2, state + h / 2 * two)
        four = rate(s + h, state + h * three)
        state = state + h / 6 * (one + 2 * two + 2 * three + four)
    return float(state[0]), float(state[1])


@pytest.mark.parametrize("k", [0.0, 0.5, 1.0, 2.0])
def test_trap_9_only_k_1_reverses_the_joint_law(k: float) -> None:
    """One Gaussian: every k ends in the marginal, but the covariance with the start tells k."""
    v, stop = 0.3, 0.1
    data = GaussianMixture([[0.0]], v)
    begin, end = (float(start_law(data, SHORT, t).variance) for t in (1.0, stop))
    slope, variance = moments(reverse(SHORT, ExactScore(data, SHORT), k=k, stop=stop), begin)
    assert variance == pytest.approx(end, rel=1e-8)
    ratio = SHORT.effective_deviation(stop, v) / SHORT.effective_deviation(1.0, v)
    scale = SHORT.alpha(stop) / SHORT.alpha(1.0)
    assert slope == pytest.approx(float(scale * ratio ** (1 + k)), rel=1e-8)
    kept, _ = moments(forward(SHORT, start=stop), end)
    assert kept == pytest.approx(float(1 / scale), rel=1e-8)
    gap = slope * begin / (kept * end) - 1  # covariances of the two ends, reverse against forward
    if k == 1.0:
        assert abs(gap) <= 1e-8
    else:
        assert abs(gap) >= 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: reverse(LINEAR, s, k=-1.0), "k must be non-negative, got -1.0"),
        (lambda s: reverse(LINEAR, s, start=0.1, stop=0.1), "start must exceed stop = 0.1"),
        (lambda s: reverse(LINEAR, s, start=2.0), r"start must be in \[0.0, 1.0\], got 2.0"),
        (lambda s: reverse(LINEAR, s, stop=-0.1), r"stop must be in \[0.0, 1.0\], got -0.1"),
        (lambda _: reverse(LINEAR, 3), "score must be callable"),
        (lambda s: reverse(s, s), "schedule must be a Schedule"),
        (lambda _: forward(LINEAR, start=0.9, stop=0.1), "start must be below stop = 0.1"),
        (lambda _: start_law(mixture(), LINEAR, 1.1), r"t must be in \[0.0, 1.0\], got 1.1"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(ExactScore(mixture(), LINEAR))
