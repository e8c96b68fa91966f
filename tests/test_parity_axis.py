"""The axis and the second derivatives of K against autograd and direct maximisation."""

import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from theorylab.parity import (
    HypercubeLaw,
    axis_activation,
    axis_curvature,
    axis_growth,
    best_axis_bias,
    growth_rate,
    growth_rate_hessian,
    growth_rate_on_sphere,
    growth_rate_sphere_hessian,
    stationary_biases,
    transverse_curvature,
)

SKEWED = HypercubeLaw.from_support(
    [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1]], [0.45, 0.2, 0.3, 0.05]
)
LAWS = {"parity": HypercubeLaw.parity(3), "brackets": HypercubeLaw.dyck(4), "skewed": SKEWED}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
LEVELS = [0.0, 0.1, 0.5, 0.7, 0.9, 0.99, 0.999]


def directions(d, m, *, seed):
    y = torch.randn(m, d + 1, generator=torch.Generator().manual_seed(seed))
    return y / torch.linalg.vector_norm(y, dim=-1, keepdim=True)


@pytest.mark.parametrize("alpha_bar", LEVELS)
def test_axis_growth_is_the_growth_rate_of_a_neuron_on_the_axis(alpha_bar):
    bias = torch.linspace(-3, 3, 13)
    w = torch.zeros(13, 3)
    w[:, 1] = 1.0
    rate = growth_rate(w, bias, law=HypercubeLaw.parity(3), coordinate=1, alpha_bar=alpha_bar)
    noise = math.sqrt(1 - alpha_bar)
    torch.testing.assert_close(noise * axis_activation(bias, alpha_bar=alpha_bar), rate)
    share = noise * axis_growth(bias, alpha_bar=alpha_bar) * torch.sqrt(1 + bias**2)
    torch.testing.assert_close(share, rate)


@pytest.mark.parametrize("alpha_bar", LEVELS)
def test_stationary_biases_are_where_the_slope_vanishes(alpha_bar):
    biases = stationary_biases(alpha_bar).requires_grad_()
    value = axis_growth(biases, alpha_bar=alpha_bar)
    (slope,) = torch.autograd.grad(value.sum(), biases)
    assert slope.abs().max().item() < 1e-12
    assert bool((biases.diff() > 0).all())
    assert len(biases) == (1 if alpha_bar < 0.8475703365630 else 3)


@pytest.mark.parametrize(("alpha_bar", "count"), [(0.84757033, 1), (0.84757034, 3)])
def test_two_more_stationary_biases_are_born_at_the_notes_level(alpha_bar, count):
    assert len(stationary_biases(alpha_bar)) == count


@pytest.mark.parametrize("alpha_bar", LEVELS)
def test_best_bias_maximises_over_a_grid(alpha_bar):
    best = best_axis_bias(alpha_bar)
    grid = torch.linspace(-1, 3, 40001)
    values = axis_growth(grid, alpha_bar=alpha_bar)
    assert values.max().item() <= best.share + 1e-15
    near = grid[values.argmax()].item()
    found = minimize_scalar(
        lambda D: -axis_growth(D, alpha_bar=alpha_bar).item(),
        bounds=(near - 1e-2, near + 1e-2),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert abs(found.x - best.bias) < 1e-6
    assert abs(best.growth_rate - math.sqrt(1 - alpha_bar) * best.share) < 1e-15
    assert 0.5 < best.share < math.sqrt(0.5)


@pytest.mark.parametrize("alpha_bar", [0.0, 0.3, 0.5, 0.8, 0.95])
def test_curvatures_are_the_eigenvalues_of_the_sphere_hessian_at_the_best_direction(alpha_bar):
    best = best_axis_bias(alpha_bar)
    y = torch.tensor([1.0, 0.0, 0.0, best.bias])
    y = y / torch.linalg.vector_norm(y)
    hessian = growth_rate_sphere_hessian(y, law=HypercubeLaw.parity(3), alpha_bar=alpha_bar)
    expected = [axis_curvature(alpha_bar), 0.0]
    expected += [transverse_curvature(alpha_bar, third_moment=T) for T in (1.0, -1.0)]
    found = torch.linalg.eigvalsh(hessian)
    torch.testing.assert_close(found, torch.tensor(sorted(expected)), rtol=1e-12, atol=1e-13)


@every_law
@pytest.mark.parametrize("alpha_bar", [0.1, 0.9])
def test_hessian_is_that_of_autograd(law, alpha_bar):
    y = 1.7 * directions(law.dimension, 5, seed=1)
    options = {"law": law, "coordinate": 1, "alpha_bar": alpha_bar}
    found = growth_rate_hessian(y[:, :-1], y[:, -1], **options)
    for row, matrix in zip(y, found, strict=True):
        expected = torch.autograd.functional.hessian(
            lambda p: growth_rate(p[:-1], p[-1], **options), row
        )
        torch.testing.assert_close(matrix, expected, rtol=1e-11, atol=1e-12)
        assert (matrix @ row).abs().max().item() < 1e-12
        alone = growth_rate_hessian(row[:-1], row[-1], **options)
        torch.testing.assert_close(alone, matrix, rtol=1e-13, atol=1e-14)


@every_law
def test_sphere_derivatives_are_those_along_great_circles(law):
    y = directions(law.dimension, 3, seed=2)
    options = {"law": law, "alpha_bar": 0.6}
    value, gradient = growth_rate_on_sphere(y, **options)
    hessian = growth_rate_sphere_hessian(y, **options)
    torch.testing.assert_close(value, growth_rate(y[:, :-1], y[:, -1], **options))
    for k in range(3):
        u = directions(law.dimension, 1, seed=3 + k)[0]
        u = u - (u @ y[k]) * y[k]
        u = u / torch.linalg.vector_norm(u)

        def along(t, k=k, u=u):
            p = torch.cos(t) * y[k] + torch.sin(t) * u
            return growth_rate(p[:-1], p[-1], **options)

        t = torch.zeros((), requires_grad=True)
        (first,) = torch.autograd.grad(along(t), t, create_graph=True)
        (second,) = torch.autograd.grad(first, t)
        assert abs(first.item() - (gradient[k] @ u).item()) < 1e-13
        assert abs(second.item() - (u @ hessian[k] @ u).item()) < 1e-12


def test_dtype_and_shapes():
    y = directions(3, 4, seed=9).float()
    value, gradient = growth_rate_on_sphere(y, law=SKEWED, alpha_bar=0.5)
    assert (value.dtype, gradient.dtype) == (torch.float32, torch.float32)
    assert growth_rate_sphere_hessian(y, law=SKEWED, alpha_bar=0.5).shape == (4, 4, 4)
    assert axis_growth([[0.0, 1.0]], alpha_bar=0.5).shape == (1, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stationary_biases(1.0), r"alpha_bar must be in \[0.0, 0.999\], got 1.0"),
        (lambda: best_axis_bias(-0.1), r"alpha_bar must be in \[0.0, 0.999\], got -0.1"),
        (lambda: axis_growth(math.nan, alpha_bar=0.5), r"bias must be finite.*nan"),
        (lambda: axis_growth(0.0, alpha_bar=1.5), r"alpha_bar must be in \[0, 1\), got 1.5"),
        (
            lambda: transverse_curvature(0.5, third_moment=math.inf),
            r"third_moment must be finite, got inf",
        ),
        (
            lambda: growth_rate_on_sphere([1.0, 1.0, 0.0, 0.0], law=SKEWED, alpha_bar=0.5),
            r"direction must have length 1, off by 0\.41",
        ),
        (
            lambda: growth_rate_on_sphere([1.0, 0.0], law=SKEWED, alpha_bar=0.5),
            r"direction must be of shape \(\*n, 4\)",
        ),
        (
            lambda: growth_rate_hessian(torch.zeros(3), 1.0, law=SKEWED, alpha_bar=0.5),
            r"w must be non-zero",
        ),
        (
            lambda: growth_rate_hessian(torch.ones(3), 1.0, law=SKEWED, alpha_bar=1.0),
            r"alpha_bar must be in \[0, 1\)",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
