"""Runs of `ddim_sample`: limits, known output laws, paths and noise."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    classify,
    ddim_sample,
    ddim_step,
    linear_nodes,
    probability_flow,
    quadratic_nodes,
    start_law,
)
from theorylab.integrate import DOPRI8, solve_ode

DDPM = VPSchedule.ddpm()


def mixture() -> GaussianMixture:
    return GaussianMixture([[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]], 0.2, [0.5, 0.3, 0.2])


def draw(n: int = 30, d: int = 2, *, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def test_ddim_with_many_steps_is_the_probability_flow() -> None:
    """First order: a tenth of the step is a tenth of the error, within 20 %."""
    data, schedule = mixture(), VPSchedule.linear(0.1, 20.0)
    score, x = ExactScore(data, schedule), draw(20)
    flow = probability_flow(schedule, score, start=1.0, stop=0.2)
    exact = solve_ode(flow, x, method=DOPRI8, rtol=1e-10, atol=1e-10).end
    errors = []
    for count in (100, 1000):
        nodes = np.linspace(0.2, 1.0, count + 1)
        path = ddim_sample(x, nodes[1:], schedule=schedule, score=score, last=0.2)
        errors.append(float((path.end - exact).abs().max()))
    assert errors[1] < 4e-3
    assert 8 < errors[0] / errors[1] < 12


def output_deviation(nodes: list[int], eta: float) -> float:
    """Std of the output over that of the mode, for one mode of the grid and x_T from its law.

    From x_T ~ N(0, 1) the deterministic outputs are 0.08 % wider, by
    1 / sqrt(1 - abar_800). A step is affine here: on 0, 1 and on unit noise it gives factor and
    spread.
    """
    variance = float(GaussianMixture.grid().variance)
    score = ExactScore(GaussianMixture([[0.0]], variance), DDPM)
    times = [*nodes[::-1], -1]
    total = float(start_law(score.mixture, DDPM, nodes[-1]).variance)
    for t, t_next in pairwise(times):
        probe = torch.tensor([[1.0], [0.0]])
        noise = torch.tensor([[0.0], [1.0]])
        step = {"schedule": DDPM, "score": score, "eta": eta, "noise": noise}
        factor, spread = ddim_step(probe, t, t_next, **step)[:, 0].tolist()
        total = factor**2 * total + spread**2
    return math.sqrt(total / variance)


@pytest.mark.parametrize(
    ("nodes", "eta", "expected"),
    [
        (quadratic_nodes(10), 0.0, 0.5130),
        (quadratic_nodes(20), 0.0, 0.5456),
        (quadratic_nodes(50), 0.0, 0.5626),
        (quadratic_nodes(200), 0.0, 0.5646),
        (quadratic_nodes(50), 0.5, 0.5594),
        (quadratic_nodes(50), 1.0, 0.5463),
        (linear_nodes(1000), 1.0, 0.5474),
    ],
)
def test_output_deviation_of_one_mode(nodes: list[int], eta: float, expected: float) -> None:
    """Values obtained separately from the product of c and the recursion of the variance."""
    assert output_deviation(nodes, eta) == pytest.approx(expected, abs=6e-5)


def test_interpolation_rate_of_ddim_10_by_quadrature() -> None:
    """The grid is a product law and a one-dimensional DDIM step a map, so that no draw is needed.

    A sample is interpolated where just one coordinate ends away from the modes (5 sigma): 2 q
    (1 - q). Reference 9.0e-3 to two digits, from another program.
    """
    grid = GaussianMixture.grid()
    axis = GaussianMixture(grid.means[:5, 1:], float(grid.variance))
    x = torch.linspace(-7, 7, 100_001)
    mass = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    score = ExactScore(axis, DDPM)
    end = ddim_sample(x[:, None], quadratic_nodes(10), schedule=DDPM, score=score).end
    q = float(mass[classify(end, axis) != 0].sum())
    assert 2 * q * (1 - q) == pytest.approx(9.0e-3, abs=1e-4)


def test_sample_path_and_ends() -> None:
    data, x, nodes = mixture(), draw(), quadratic_nodes(12)
    score = ExactScore(data, DDPM)
    whole = ddim_sample(x, nodes, schedule=DDPM, score=score, keep_path=True)
    ends = ddim_sample(x, nodes, schedule=DDPM, score=score)
    assert whole.times.tolist() == [*nodes[::-1], -1]
    assert ends.times.tolist() == [800, -1]
    assert whole.states.shape == (13, 30, 2)
    assert whole.evaluations == ends.evaluations == 12
    assert torch.equal(whole.end, ends.end)
    assert torch.equal(whole.begin, x)
    state = x
    for t, t_next, reached in zip(whole.times, whole.times[1:], whole.states[1:], strict=False):
        state = ddim_step(state, float(t), float(t_next), schedule=DDPM, score=score)
        assert torch.equal(state, reached)


def test_noise_depends_on_seed_and_step_alone() -> None:
    data, x, nodes = mixture(), draw(), quadratic_nodes(5)
    run = {"schedule": DDPM, "score": ExactScore(data, DDPM), "eta": 1.0}
    first = ddim_sample(x, nodes, seed=1, **run).end
    assert torch.equal(first, ddim_sample(x, nodes, seed=1, **run).end)
    assert not torch.equal(first, ddim_sample(x, nodes, seed=2, **run).end)
    part = ddim_sample(x[:7], nodes, seed=1, **run).end
    torch.testing.assert_close(part, first[:7])
    still = {**run, "score": lambda x, t: torch.zeros_like(x)}  # noqa: ARG005
    path = ddim_sample(torch.zeros(400, 2), nodes, seed=1, keep_path=True, **still)
    y = path.states / DDPM.alpha(path.times)[:, None, None]
    steps = (y[1:] - y[:-1])[:-1].reshape(4, -1)
    correlations = torch.corrcoef(steps) - torch.eye(4)
    assert float(correlations.abs().max()) < 6 / math.sqrt(800)  # 6 standard errors


def test_ancestral_sampling_ends_in_the_data() -> None:
    """Ancestral steps over every fourth index: the mean within 5 standard errors.

    The covariance, of order 0.8, within 0.06: five standard errors and the sampler's own bias.
    """
    data, n = mixture(), 10_000
    score = ExactScore(data, DDPM)
    x = draw(n, seed=4)
    end = ddim_sample(x, linear_nodes(250), schedule=DDPM, score=score, eta=1.0, seed=3).end
    mean = data.weights @ data.means
    spread = data.means - mean
    covariance = torch.einsum("k,ki,kj->ij", data.weights, spread, spread) + 0.2 * torch.eye(2)
    bound = 5 * covariance.diagonal().max().sqrt() / math.sqrt(n)
    assert float((end.mean(0) - mean).abs().max()) < float(bound)
    assert float((torch.cov(end.T) - covariance).abs().max()) < 0.06
