"""Closed-form denoisers, affine fits, descent, gains and scores against independent routes."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from theorylab.diffusion import (
    AffineDescent,
    AffineMap,
    Denoiser,
    EDMPreconditioning,
    GaussianDenoiser,
    GaussianMixture,
    MultiDeltaDenoiser,
    PreconditionedDenoiser,
    Preconditioning,
    VEPreconditioning,
    best_affine_fit,
    euler_gain,
    euler_sample,
    expected_disagreement,
    flow_gain,
    generalisation_score,
    hermite_rule,
    heun_gain,
    heun_sample,
    karras_nodes,
    lattice_rule,
    linearity_defect,
    linearity_score,
    mean_square,
    mixture_moments,
    nonlinearity,
    one_layer_gain,
    one_layer_half_time,
    score_difference,
    two_layer_gain,
    two_layer_half_time,
)


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("shape", [(5, 12), (40, 7), (1, 3), (6, 6)])
def test_gaussian_denoiser_of_data_is_ridge_regression_on_the_moments(
    shape: tuple[int, int],
) -> None:
    data, y, sigma = drawn(*shape), drawn(9, shape[1], seed=1), 0.7
    mean = data.mean(0)
    covariance = (data - mean).T @ (data - mean) / shape[0]
    noise = sigma**2 * torch.eye(shape[1], dtype=torch.float64)
    expected = mean + (y - mean) @ torch.linalg.solve(covariance + noise, covariance)
    denoiser = GaussianDenoiser.from_data(data)
    assert len(denoiser.eigenvalues) == min(shape[0] - 1, shape[1])
    torch.testing.assert_close(denoiser(y, sigma), expected)
    torch.testing.assert_close(GaussianDenoiser.from_moments(mean, covariance)(y, sigma), expected)
    torch.testing.assert_close(mean + (y - mean) @ denoiser.matrix(sigma), expected)
    loss = sigma**2 * torch.linalg.solve(covariance + noise, covariance).trace()
    assert denoiser.loss(sigma) == pytest.approx(float(loss))


def test_gaussian_denoiser_of_few_points_in_high_dimension_forms_no_square_matrix() -> None:
    """A 200,000 x 200,000 matrix would need 320 GB."""
    data = drawn(4, 200_000, dtype=torch.float32)
    denoiser = GaussianDenoiser.from_data(data)
    assert denoiser.directions.shape == (200_000, 3)
    torch.testing.assert_close(denoiser(data, 0.0), data, atol=1e-4, rtol=1e-4)
    assert denoiser(data, 1.0).dtype == torch.float32


def test_multi_delta_denoiser_is_the_limit_of_narrow_mixtures_and_takes_any_batch() -> None:
    points, weights = drawn(6, 3), torch.softmax(drawn(6, seed=2), 0)
    memory = MultiDeltaDenoiser(points, weights)
    y = drawn(2, 4, 3, seed=3)
    narrow = GaussianMixture(points, 1e-14, weights)
    for sigma in (0.05, 0.6, 5.0):
        torch.testing.assert_close(memory(y, sigma), narrow.posterior_mean(y, sigma))
        expected = narrow.noised(1.0, sigma).log_prob(y)
        torch.testing.assert_close(memory.log_prob(y, sigma), expected)
    torch.testing.assert_close(memory(y, 0.6)[1, 2], memory(y[1, 2], 0.6))
    levels = torch.tensor([[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]], dtype=torch.float64)
    torch.testing.assert_close(memory(y, levels)[1, 1], memory(y[1, 1], 2.0))
    torch.testing.assert_close(memory(y + 1e-9, 1e-3), points[memory.responsibilities(
        y, 1e-3).argmax(-1)])  # fmt: skip


def test_gaussian_denoiser_takes_one_level_per_point() -> None:
    denoiser, y = GaussianDenoiser.from_data(drawn(5, 4)), drawn(3, 4, seed=1)
    levels = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    for row, level in enumerate(levels.tolist()):
        torch.testing.assert_close(denoiser(y, levels)[row], denoiser(y[row], level))
    assert isinstance(denoiser, Denoiser)


def test_affine_fit_is_weighted_least_squares_and_leaves_an_orthogonal_residual() -> None:
    y, values, weights = drawn(50, 3), drawn(50, 3, seed=1), drawn(50, seed=2).exp()
    fitted = best_affine_fit(y, values, weights)
    design = np.hstack((y.numpy(), np.ones((50, 1)))) * weights.sqrt().numpy()[:, None]
    target = values.numpy() * weights.sqrt().numpy()[:, None]
    expected = np.linalg.lstsq(design, target, rcond=None)[0].T
    np.testing.assert_allclose(fitted.matrix, expected[:, :3], rtol=1e-10)
    np.testing.assert_allclose(fitted.bias, expected[:, 3], rtol=1e-10)
    affine = AffineMap(drawn(3, 3, seed=5), drawn(3, seed=6))
    again = best_affine_fit(y + 1e4, affine(y + 1e4))
    torch.testing.assert_close(again.matrix, affine.matrix, atol=1e-6, rtol=1e-6)
    assert nonlinearity(y, affine(y)) < 1e-20
    assert 0.5 < nonlinearity(y, values, weights) < 1
    assert mean_square(values) == pytest.approx(float((values**2).sum(1).mean()))


def test_descent_in_closed_form_is_descent() -> None:
    mean, root = drawn(3), drawn(3, 3, seed=1)
    descent = AffineDescent(mean, root @ root.T, 0.4)
    eta = 0.8 * descent.threshold
    cross = torch.cat((root @ root.T + torch.outer(mean, mean), mean[:, None]), 1)
    stacked = torch.zeros(3, 4, dtype=torch.float64)
    for _ in range(50):
        stacked = stacked - eta * 2 * (stacked @ descent.moments - cross)
    found = descent.after(50, eta)
    torch.testing.assert_close(torch.cat((found.matrix, found.bias[:, None]), 1), stacked)
    wiener = GaussianDenoiser.from_moments(mean, root @ root.T)
    y = drawn(4, 3, seed=3)
    torch.testing.assert_close(descent.limit(y), wiener(y, 0.4))
    torch.testing.assert_close(descent.after(0, eta, start=found).bias, found.bias)


def test_layer_gains_solve_their_equations_and_meet_their_half_times() -> None:
    values, sigma, u0 = torch.tensor([3.0, 0.3, 0.02], dtype=torch.float64), 0.4, 1e-3
    limit = values / (values + sigma**2)
    half = one_layer_half_time(values, sigma)
    torch.testing.assert_close(one_layer_gain(values, sigma, half), limit / 2)
    half = two_layer_half_time(values, sigma, start=u0)
    torch.testing.assert_close(two_layer_gain(values, sigma, half, start=u0), limit / 2)
    h, t = 1e-5, 0.3
    for gain, slope in (
        (lambda t: one_layer_gain(values, sigma, t),
         lambda u: 2 * (values - u * (values + sigma**2))),
        (lambda t: two_layer_gain(values, sigma, t, start=u0),
         lambda u: 4 * u * (values - u * (values + sigma**2))),
    ):  # fmt: skip
        torch.testing.assert_close((gain(t + h) - gain(t - h)) / (2 * h), slope(gain(t)))


@pytest.mark.parametrize("end", [0.002, 0.0])
def test_gains_are_what_the_samplers_do_with_the_gaussian_denoiser(end: float) -> None:
    values = torch.tensor([30.0, 1.0, 0.01], dtype=torch.float64)
    denoiser = GaussianDenoiser(drawn(3), torch.eye(3, dtype=torch.float64), values)
    nodes = torch.cat((karras_nodes(12, 0.01), torch.tensor([end])))
    start = denoiser.mean + torch.ones(3, dtype=torch.float64)
    for sample, gain in ((euler_sample, euler_gain), (heun_sample, heun_gain)):
        moved = sample(denoiser, start, nodes) - denoiser.mean
        torch.testing.assert_close(moved, gain(values, nodes))
    fine = karras_nodes(3000, max(end, 0.002))
    torch.testing.assert_close(
        heun_gain(values, fine), flow_gain(values, 80.0, float(fine[-1])), rtol=1e-4, atol=0
    )
    zero = torch.zeros(1, dtype=torch.float64)
    torch.testing.assert_close(euler_gain(zero, fine), fine[-1:] / fine[0])


def test_quadrature_rules_agree_and_carry_the_moments() -> None:
    law = GaussianMixture(drawn(3, 2), drawn(3, seed=1).exp(), [0.2, 0.3, 0.5])
    mean, covariance = mixture_moments(law)
    for y, p in (lattice_rule(law), hermite_rule(law, nodes=40)):
        assert float(p.sum()) == pytest.approx(1, abs=1e-12)
        torch.testing.assert_close(p @ y, mean)
        torch.testing.assert_close((y - mean).T @ (p[:, None] * (y - mean)), covariance)
    bumps = [float(p @ torch.cos(y.sum(-1))) for y, p in (lattice_rule(law), hermite_rule(law))]
    assert bumps[0] == pytest.approx(bumps[1], abs=1e-9)


def test_preconditioned_denoiser_composes_its_factors() -> None:
    factors = EDMPreconditioning(0.5)
    y, sigma = drawn(4, 3), torch.tensor([0.1, 1.0, 10.0, 80.0], dtype=torch.float64)
    assert isinstance(factors, Preconditioning)
    silent = PreconditionedDenoiser(lambda z, _: torch.zeros_like(z), factors)
    wiener = GaussianDenoiser(
        torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64), [0.25] * 3
    )
    torch.testing.assert_close(silent(y, sigma), wiener(y, sigma))
    loud = PreconditionedDenoiser(lambda z, noise: z + noise, factors)
    c_in = 1 / math.sqrt(0.25 + 1)
    expected = 0.2 * y[1] + math.sqrt(0.2) * (c_in * y[1] + 0.0)
    torch.testing.assert_close(loud(y, sigma)[1], expected)
    baseline = PreconditionedDenoiser(lambda z, _: torch.zeros_like(z), VEPreconditioning())
    torch.testing.assert_close(baseline(y, sigma), y)


def test_scores_of_known_maps() -> None:
    x, y = drawn(20, 5), drawn(20, 5, seed=1)
    linear = AffineMap(drawn(5, 5, seed=2), torch.zeros(5, dtype=torch.float64))
    torch.testing.assert_close(
        linearity_score(lambda y, _: linear(y), x, y, 1.0), torch.ones(20, dtype=torch.float64)
    )
    assert float(linearity_defect(lambda y, _: linear(y), x, y, 1.0).max()) < 1e-12
    shifted = AffineMap(linear.matrix, torch.ones(5, dtype=torch.float64))
    assert float(linearity_defect(lambda y, _: shifted(y), x, y, 1.0).min()) > 1e-3
    torch.testing.assert_close(score_difference(x, x + 2.0), torch.full((20,), 2.0).double())
    data = drawn(7, 5, seed=4)
    brute = torch.stack([(s - data).norm(dim=1).min() / s.norm() for s in x])
    torch.testing.assert_close(generalisation_score(x, data), brute)
    many = 1e3 + drawn(60, 5, seed=5)
    assert float(generalisation_score(many, many).max()) == 0
    one = GaussianDenoiser([0.0], [[1.0]], [2.0])
    assert expected_disagreement(one, 1.0, 100) == pytest.approx(0.02 * (2 / 9) * (1 + 4 / 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: GaussianDenoiser([0.0], [[1.0]], [-1.0]), "eigenvalues must be 1 positive"),
        (lambda: GaussianDenoiser([0.0], [[2.0]], [1.0]), "directions must be orthonormal"),
        (lambda: GaussianDenoiser([0.0], [1.0], [1.0]), "directions must be of shape (1, r)"),
        (lambda: GaussianDenoiser([[0.0]], [[1.0]], [1.0]), "mean must be of shape (d,)"),
        (lambda: GaussianDenoiser.from_data(drawn(3)), "points must be of shape (N, d)"),
        (lambda: GaussianDenoiser.from_moments([0.0], [[-1.0]]), "positive semi-definite"),
        (lambda: GaussianDenoiser.from_moments([0.0], drawn(2, 2)), "covariance must be of shape"),
        (lambda: GaussianDenoiser.from_data(drawn(3, 2))(drawn(4, 3), 1.0), "y must be of shape"),
        (lambda: GaussianDenoiser.from_data(drawn(3, 2))(drawn(4, 2), -1.0), "sigma must be non"),
        (lambda: MultiDeltaDenoiser(drawn(3, 2), [0.5, 0.6, 0.1]), "weights must sum to 1"),
        (lambda: MultiDeltaDenoiser(drawn(3, 2), [1.0]), "weights must be 3 positive numbers"),
        (lambda: MultiDeltaDenoiser(drawn(3, 2))(drawn(4, 2), 0.0), "sigma must be positive"),
        (lambda: AffineMap(drawn(2, 3), drawn(2)), "matrix and bias must be of shapes"),
        (lambda: best_affine_fit(drawn(5, 2), drawn(4, 2)), "y and values must be of one shape"),
        (lambda: best_affine_fit(drawn(5, 2), drawn(5, 2), [-1.0] * 5), "weights must be 5"),
        (lambda: best_affine_fit(drawn(2, 4), drawn(2, 4)), "y must span R^4"),
        (lambda: AffineDescent(drawn(2, 2), drawn(2, 2), 1.0), "mean must be of shape (d,)"),
        (lambda: AffineDescent(drawn(2), drawn(3, 3), 1.0), "covariance must be of shape (2, 2)"),
        (lambda: AffineDescent(drawn(2), [[1.0, 0.5], [0.0, 1.0]], 1.0), "must be symmetric and"),
        (lambda: AffineDescent([0.0], [[1.0]], 1.0).after(
            1, 0.1, AffineMap(drawn(2, 2), drawn(2))), "start must be a map of R^1"),
        (lambda: AffineDescent(drawn(1), [[1.0]], 0.0), "sigma must be positive"),
        (lambda: AffineDescent(drawn(1), [[1.0]], 1.0).after(-1, 0.1), "steps must be at least"),
        (lambda: one_layer_gain(0.0, 1.0, 1.0), "eigenvalue must be positive"),
        (lambda: one_layer_gain(1.0, 1.0, -1.0), "t must be non-negative"),
        (lambda: two_layer_gain(1.0, 1.0, 1.0, start=0.0), "start must be positive"),
        (lambda: two_layer_half_time(1.0, 1.0, start=0.4), "start must be at most half"),
        (lambda: karras_nodes(1), "steps must be at least 2"),
        (lambda: karras_nodes(5, 1.0, 0.5), "sigma_max must exceed sigma_min"),
        (lambda: flow_gain(-1.0, 1.0, 0.0), "eigenvalue must be non-negative"),
        (lambda: euler_gain(1.0, [1.0, 2.0]), "nodes must be at least two decreasing"),
        (lambda: heun_gain(1.0, [1.0]), "nodes must be at least two decreasing"),
        (lambda: euler_sample(3, drawn(1), [1.0, 0.0]), "denoiser must be callable"),  # type: ignore[arg-type]
        (lambda: lattice_rule(3), "law must be a GaussianMixture"),  # type: ignore[arg-type]
        (lambda: hermite_rule(GaussianMixture.grid(), nodes=500), "at most 2000000 nodes"),
        (lambda: EDMPreconditioning(0.0), "sigma_data must be positive"),
        (lambda: PreconditionedDenoiser(3, EDMPreconditioning()), "network must be callable"),  # type: ignore[arg-type]
        (lambda: PreconditionedDenoiser(abs, 3), "preconditioning must have"),  # type: ignore[arg-type]
        (lambda: linearity_score(lambda y, _: 0 * y, drawn(2), drawn(2), 1.0), "not vanish"),
        (lambda: linearity_defect(lambda y, _: y, drawn(2), drawn(3), 1.0), "one shape"),
        (lambda: nonlinearity(drawn(5, 2), torch.ones(5, 2)), "values must not all be equal"),
        (lambda: score_difference(drawn(2), drawn(3)), "first and second must be of one shape"),
        (lambda: generalisation_score([[0.0]], [[1.0]]), "samples must not be at the origin"),
        (lambda: generalisation_score([[1.0]], [1.0]), "data must be of shape (N, d)"),
        (lambda: expected_disagreement(GaussianDenoiser([0.0], [[1.0]], [1.0]), 1.0, 0), "count"),
    ],
)  # fmt: skip
def test_bad_input_names_the_argument(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
