"""Score errors of known size, and the midpoint eigenvalue of any score."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from theorylab.diffusion import ExactScore, GaussianMixture, Score, Segment, VPSchedule
from theorylab.diffusion.perturbed import (
    ConstantField,
    ErrorField,
    PerturbedScore,
    SmoothField,
    directional_slope,
    midpoint_eigenvalue,
)

SCHEDULE = VPSchedule.ddpm()


def pair(ell: float = 1.5, variance: float = 0.04, d: int = 3) -> tuple[GaussianMixture, Segment]:
    mixture = GaussianMixture.pair(ell, variance, dimension=d)
    return mixture, Segment(mixture.means[0], mixture.means[1])


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("waves", [1, 8])
def test_smooth_field_stays_within_its_bounds(d: int, waves: int) -> None:
    field = SmoothField(3, 0.7, 0.25, dimension=d, waves=waves)
    x = points(4000, d)
    assert (field.sup, field.lipschitz) == (0.7, 0.7 / 0.25)
    assert float(torch.linalg.vector_norm(field(x), dim=-1).max()) <= field.sup * (1 + 1e-12)
    other = x + 0.01 * points(4000, d, seed=1)
    change = torch.linalg.vector_norm(field(x) - field(other), dim=-1)
    ratio = change / torch.linalg.vector_norm(x - other, dim=-1)
    assert float(ratio.max()) <= field.lipschitz * (1 + 1e-9)


def test_smooth_field_attains_its_bounds_with_one_wave() -> None:
    field = SmoothField(5, 0.7, 0.25, dimension=2, waves=1)
    x = points(20_000, 2)
    assert float(torch.linalg.vector_norm(field(x), dim=-1).max()) > 0.999 * field.sup
    slopes = jacobian(lambda x: field(x).sum(0), x[:2000]).movedim(0, 1)
    steepest = float(torch.linalg.matrix_norm(slopes, ord=2).max())
    assert 0.999 * field.lipschitz < steepest <= field.lipschitz * (1 + 1e-12)


def test_smooth_field_is_its_formula() -> None:
    field = SmoothField(11, 2.0, 0.5, dimension=2, waves=3)
    b, k, phase = field._waves()
    x = torch.tensor([0.3, -0.8])
    terms = [b[m] * math.sin(float(k[m] @ x) / 0.5 + float(phase[m])) for m in range(3)]
    torch.testing.assert_close(field(x), 2.0 / 3 * (terms[0] + terms[1] + terms[2]))
    torch.testing.assert_close(torch.linalg.vector_norm(b, dim=-1), torch.ones(3))


def test_smooth_field_depends_on_the_seed_only_and_not_on_the_global_state() -> None:
    x = points(5, 2)
    torch.manual_seed(0)
    first = SmoothField(1, 1.0, 1.0)(x)
    torch.manual_seed(99)
    assert torch.equal(first, SmoothField(1, 1.0, 1.0)(x))
    assert not torch.allclose(first, SmoothField(2, 1.0, 1.0)(x))
    assert SmoothField(1, 1.0, 1.0)(x.float()).dtype == torch.float32


def test_constant_field_is_its_value() -> None:
    field = ConstantField([3.0, -4.0])
    assert (field.sup, field.lipschitz) == (5.0, 0.0)
    assert torch.equal(field(torch.zeros(2, 3, 2)), torch.tensor([3.0, -4.0]).expand(2, 3, 2))
    assert isinstance(field, ErrorField)
    assert isinstance(SmoothField(1, 1.0, 1.0), ErrorField)


def test_perturbed_score_is_the_sum_and_again_a_score() -> None:
    mixture, _ = pair()
    exact, field = ExactScore(mixture, SCHEDULE), SmoothField(2, 0.3, 0.5, dimension=3)
    x, t = points(6, 3), torch.tensor(40.0)
    perturbed = PerturbedScore(exact, field)
    torch.testing.assert_close(perturbed(x, t), exact(x, t) + field(x))
    assert isinstance(perturbed, Score)
    twice = PerturbedScore(perturbed, field)
    torch.testing.assert_close(twice(x, t), exact(x, t) + 2 * field(x))


@pytest.mark.parametrize("t", [5.0, 40.0, 200.0])
def test_midpoint_eigenvalue_of_the_exact_score_is_the_formula(t: float) -> None:
    mixture, segment = pair()
    s = float(SCHEDULE.effective_deviation(t, mixture.variance))
    exact = ExactScore(mixture, SCHEDULE)
    measured = midpoint_eigenvalue(exact, segment, SCHEDULE, t, variance=0.04)
    assert measured == pytest.approx(1.5**2 / (4 * s**2) - 1, rel=1e-12)


def test_midpoint_eigenvalue_of_a_linear_score_is_its_slope() -> None:
    _, segment = pair(d=2)
    slope = torch.tensor([[-2.0, 5.0], [1.0, -3.0]])
    t, variance = 30.0, 0.04
    total = float(SCHEDULE.alpha(t)) ** 2 * variance + float(SCHEDULE.sigma(t)) ** 2
    measured = midpoint_eigenvalue(
        lambda x, t: x @ slope.T + t, segment, SCHEDULE, t, variance=variance
    )
    assert measured == pytest.approx(-2.0 * total, rel=1e-12)


def test_midpoint_eigenvalue_of_a_network_is_its_difference_quotient() -> None:
    generator = torch.Generator().manual_seed(4)
    layers = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))
    segment = Segment([1.0, 2.0, 0.5], [0.5, -1.0, 0.0])
    t, variance, h = 100.0, 0.01, 1e-5
    alpha = float(SCHEDULE.alpha(t))
    total = alpha**2 * variance + float(SCHEDULE.sigma(t)) ** 2
    ahead, behind = (alpha * segment.midpoint + sign * h * segment.direction for sign in (1, -1))
    with torch.no_grad():
        quotient = float((layers(ahead) - layers(behind)) @ segment.direction) / (2 * h)
    measured = midpoint_eigenvalue(
        lambda x, _: layers(x), segment, SCHEDULE, t, variance=variance
    )  # fmt: skip
    assert measured == pytest.approx(total * quotient, rel=1e-7)
    assert all(parameter.grad is None for parameter in layers.parameters())


def test_directional_slope_is_per_point_and_free_of_the_length_of_the_direction() -> None:
    x = points(5, 2)
    slope = directional_slope(lambda x, t: t * x**3, x, [0.0, 2.0], 7.0)
    torch.testing.assert_close(slope, 21.0 * x[:, 1] ** 2)
    with torch.no_grad():
        again = directional_slope(lambda x, t: t * x**3, x, [0.0, 2.0], 7.0)
    torch.testing.assert_close(slope, again)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SmoothField(-1, 1.0, 1.0), "seed"),
        (lambda: SmoothField(1, -1.0, 1.0), "amplitude"),
        (lambda: SmoothField(1, 1.0, 0.0), "length"),
        (lambda: SmoothField(1, 1.0, 1.0, dimension=0), "dimension"),
        (lambda: SmoothField(1, 1.0, 1.0, waves=0), "waves"),
        (lambda: SmoothField(1, 1.0, 1.0)(torch.zeros(4, 3)), "x"),
        (lambda: ConstantField(1.0), "value"),
        (lambda: ConstantField([[1.0]]), "value"),
        (lambda: PerturbedScore(3.0, ConstantField([1.0])), "score"),
        (lambda: PerturbedScore(ConstantField([1.0]), 3.0), "field"),
        (
            lambda: PerturbedScore(ConstantField([1.0]), lambda _, t: t)(
                torch.zeros(2, 1), torch.tensor(0.0)
            ),
            "field",
        ),
        (lambda: directional_slope(lambda x, _: x, [0.0, 0.0], [0.0, 0.0], 0.0), "direction"),
        (lambda: directional_slope(lambda x, _: x, [0.0, 0.0], [1.0], 0.0), "direction"),
        (
            lambda: directional_slope(lambda _x, _t: torch.zeros(2), [0.0, 0.0], [1.0, 0.0], 0.0),
            "score",
        ),
        (
            lambda: midpoint_eigenvalue(
                ConstantField([1.0]), Segment([1.0], [0.0]), SCHEDULE, 5.0, variance=0.0
            ),
            "variance",
        ),
        (
            lambda: midpoint_eigenvalue(
                ConstantField([1.0]), "a segment", SCHEDULE, 5.0, variance=1.0
            ),
            "segment",
        ),
    ],
)
def test_bad_arguments_are_named(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=rf"^{said} must"):
        make()
