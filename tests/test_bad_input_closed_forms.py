"""Bad inputs of closed forms and small helpers without a table in a test file of their own."""

from collections.abc import Callable

import pytest
import torch

from theorylab.diffusion import (
    AncestralChain,
    GaussianMixture,
    VPSchedule,
    cut_bound,
    heun_sample,
    mean_square,
    mixture_moments,
    one_layer_half_time,
    trajectory_variance,
)
from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    axis_activation,
    axis_curvature,
    dependency_ratios,
    growth_rate_sphere_hessian,
    linear_loss,
    stochastic_descent,
)

PAIR = GaussianMixture.pair(1.0, 0.01)
LAW = HypercubeLaw.parity(3)
SCHEDULE = VPSchedule.ddpm()
X = torch.zeros(2, 3)


def network() -> TwoLayerReLU:
    """Two neurons on three inputs."""
    return TwoLayerReLU([1.0, -1.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [0.0, 0.0])


def descend(**changes: object) -> object:
    """A short run with one argument changed."""
    given = {"rate": 0.1, "batch": 4, "steps": 2, "every": 1, "seed": 0, "alpha_bar": 0.5}
    return stochastic_descent(network(), law=LAW, coordinate=0, **(given | changes))


TABLE: list[tuple[Callable[[], object], str]] = [
    (lambda: heun_sample(3, [[0.0]], [1.0, 0.5]), "denoiser"),
    (lambda: heun_sample(lambda y, _: y, [[0.0]], [0.5, 1.0]), "nodes"),
    (lambda: mean_square([1.0, 2.0]), "values"),
    (lambda: mean_square([[float("nan")]]), "must be finite"),
    (lambda: mixture_moments(3), "law"),
    (lambda: one_layer_half_time(-1.0, 0.5), "eigenvalue"),
    (lambda: one_layer_half_time(1.0, -0.5), "sigma"),
    (lambda: trajectory_variance(3, score=PAIR.score, schedule=SCHEDULE, window=(9, 0)), "path"),
    (lambda: axis_activation(0.5, alpha_bar=1.0), "alpha_bar"),
    (lambda: axis_activation(float("inf"), alpha_bar=0.5), "bias"),
    (lambda: axis_curvature(1.0), "alpha_bar"),
    (lambda: dependency_ratios(3, X, [0]), "network"),
    (lambda: dependency_ratios(lambda x: x, X, [7]), "region"),
    (lambda: dependency_ratios(lambda x: x, X, [0], zero=float("nan")), "zero"),
    (lambda: growth_rate_sphere_hessian([1.0, 0.0], law=LAW, alpha_bar=0.5), "direction"),
    (lambda: growth_rate_sphere_hessian([0.0] * 4, law=LAW, alpha_bar=0.5), "direction"),
    (lambda: linear_loss(alpha_bar=1.5), "alpha_bar"),
    (lambda: descend(rate=0.0), "rate"),
    (lambda: descend(batch=0), "batch"),
    (lambda: descend(steps=3, every=2), "every"),
    (lambda: descend(seed=-1), "seed"),
    (lambda: descend(alpha_bar=1.0), "alpha_bar"),
    (lambda: cut_bound(3, 0.1, [0.2]), "chain"),
    (lambda: cut_bound(chain(), 0.1, [-0.2]), "cuts"),
]


def chain() -> AncestralChain:
    """The sampler of the pair, from raw index 2."""
    return AncestralChain(PAIR, SCHEDULE, [2, 1, 0])


@pytest.mark.parametrize(("call", "argument"), TABLE)
def test_bad_input_is_refused(call: Callable[[], object], argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        call()


def test_a_law_of_another_dimension_is_refused() -> None:
    """stochastic_descent refuses a law of another dimension than the network's."""
    with pytest.raises(ValueError, match=r"dimension|law"):
        stochastic_descent(
            network(), law=HypercubeLaw.parity(4), coordinate=0, alpha_bar=0.5, rate=0.1, batch=4,
            steps=2, every=1, seed=0,
        )  # fmt: skip
