"""The exact gradient flow: engines against each other, conserved quantities, the surrogate."""

import pytest
import torch

from theorylab.integrate import RK4
from theorylab.parity import (
    BDF,
    LSODA,
    RADAU,
    HypercubeLaw,
    Stiff,
    TwoLayerReLU,
    direction_flow,
    gradient_flow,
    population_gradient,
    population_loss,
    surrogate_flow,
)
from theorylab.parity.stiff import solve_stiff
from theorylab.path import Dynamics

LAW = HypercubeLaw.parity(3)
SETTING = {"law": LAW, "coordinate": 0, "alpha_bar": 0.5}


def balanced(scale=0.1):
    return TwoLayerReLU.balanced(3, 3, scale=scale, seed=1)


def unbalanced():
    return TwoLayerReLU.without_bias(4, 3, scale=0.1, seed=2)


def distance(one, other):
    return max((getattr(one, n) - getattr(other, n)).abs().max().item() for n in "awb")


def test_engines_agree_on_the_flow():
    reference = gradient_flow(balanced(), time=1.5, rtol=1e-7, **SETTING).end
    for method in (LSODA, BDF, RADAU):
        other = gradient_flow(balanced(), time=1.5, method=method, rtol=1e-5, **SETTING).end
        assert distance(reference, other) < 1e-4
    fixed = gradient_flow(balanced(), time=1.5, method=RK4, step=0.1, **SETTING).end
    assert distance(reference, fixed) < 1e-5


def test_the_flow_starts_along_the_negative_gradient_and_loses_loss():
    times = [0.0, 1e-4, 0.5, 1.0]
    path = gradient_flow(balanced(), time=1.0, times=times, rtol=1e-6, **SETTING)
    first, second = path.networks[:2]
    for name, slope in zip("awb", population_gradient(first, **SETTING), strict=True):
        speed = (getattr(second, name) - getattr(first, name)) / 1e-4
        torch.testing.assert_close(speed, -slope, atol=2e-4, rtol=1e-3)
    losses = torch.stack([population_loss(net, **SETTING) for net in path.networks])
    assert (torch.diff(losses) < 0).all()
    assert path.times.tolist() == times


def test_outputs_train_apart():
    whole = TwoLayerReLU.balanced(2, 3, scale=0.1, seed=3, all_outputs=True)
    run = {"law": LAW, "alpha_bar": 0.5, "time": 0.5, "rtol": 1e-6}
    together = gradient_flow(whole, **run).end
    for i in range(3):
        alone = gradient_flow(whole.output(i), coordinate=i, **run).end
        assert distance(together.output(i), alone) < 1e-6


@pytest.mark.parametrize("start", [balanced, unbalanced])
def test_directions_carry_the_whole_surrogate_flow(start):
    start = start()
    plain = surrogate_flow(start, time=1.0, **SETTING).end
    polar = direction_flow(start, time=1.0, **SETTING)
    assert distance(plain, polar.network(-1)) < 1e-6
    assert distance(start, polar.network(0)) < 1e-12


def test_small_networks_follow_the_surrogate():
    tiny = balanced(1e-5)
    true = gradient_flow(tiny, time=1.0, atol=1e-14, **SETTING).end
    surrogate = surrogate_flow(tiny, time=1.0, atol=1e-14, **SETTING).end
    assert distance(true, surrogate) < 1e-6 * true.w.abs().max()


def test_a_stiff_method_solves_a_linear_equation():
    rates = torch.tensor([[-1.0, -1000.0]])
    dynamics = Dynamics(lambda t, x: rates * x + t * 0, (0.0, 1.0))
    path = solve_stiff(dynamics, torch.ones(1, 2), method=RADAU, rtol=1e-9, atol=1e-9)
    assert path.end[0, 0].item() == pytest.approx(0.36787944117144233, rel=1e-7)
    assert 0 < path.evaluations < 10000


NOISY = Dynamics(lambda t, x: x, (0.0, 1.0), diffusion=lambda t, x: x)  # noqa: ARG005


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Stiff("rk4"), "name must be one of LSODA"),
        (lambda: solve_stiff(NOISY, torch.ones(1, 1), method=BDF), "no diffusion"),
        (
            lambda: solve_stiff(
                Dynamics(lambda t, x: x + t, (0.0, 1.0)), torch.ones(1, 1), method="BDF"
            ),
            "method must be",
        ),
        (lambda: gradient_flow(balanced(), time=0.0, **SETTING), "time must be positive"),
        (
            lambda: gradient_flow(balanced(), time=1.0, times=[0.0, 2.0], **SETTING),
            "times must lead",
        ),
        (
            lambda: gradient_flow(balanced(), time=1.0, method=BDF, step=0.1, **SETTING),
            "step must",
        ),
        (lambda: gradient_flow(balanced(), time=1.0, method=RK4, **SETTING), "step"),
        (lambda: surrogate_flow("net", time=1.0, **SETTING), "network must be"),
        (
            lambda: direction_flow(
                TwoLayerReLU.balanced(2, 3, scale=0.1, seed=3, all_outputs=True),
                time=1.0,
                **SETTING,
            ),
            "network must have one output",
        ),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
