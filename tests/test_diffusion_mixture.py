"""`GaussianMixture` against scipy, automatic differentiation and quadrature."""

import math

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch.autograd.functional import jacobian

from theorylab.diffusion import GaussianMixture

# (modes, dimension, one variance per mode): unequal weights throughout.
SIZES = [(1, 1, False), (2, 1, True), (3, 2, False), (11, 6, True), (4, 64, False), (11, 64, True)]


def random_mixture(K: int, d: int, per_mode: bool, *, seed: int = 0) -> GaussianMixture:
    rng = np.random.default_rng((seed, K, d))
    weights = rng.uniform(0.2, 1.0, K)
    variance = rng.uniform(0.3, 1.5, K) if per_mode else 0.7
    means = rng.standard_normal((K, d)) * 1.5 / math.sqrt(d)
    return GaussianMixture(means, variance, weights / weights.sum())


def points(n: int, d: int, *, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng((seed, n, d)).standard_normal((n, d)))


@pytest.mark.parametrize(("K", "d", "per_mode"), SIZES)
def test_log_density_is_scipys(K: int, d: int, per_mode: bool) -> None:
    mixture, x = random_mixture(K, d, per_mode), points(40, d)
    variances = mixture.variance.expand(K)
    parts = [
        stats.multivariate_normal.logpdf(x.numpy(), mean.numpy(), float(v) * np.eye(d)).reshape(-1)
        for mean, v in zip(mixture.means, variances, strict=True)
    ]
    expected = special.logsumexp(np.stack(parts, -1) + np.log(mixture.weights.numpy()), axis=-1)
    np.testing.assert_allclose(mixture.log_prob(x).numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("K", "d", "per_mode"), SIZES)
def test_score_is_the_gradient_of_the_log_density(K: int, d: int, per_mode: bool) -> None:
    mixture, x = random_mixture(K, d, per_mode), points(40, d).requires_grad_()
    (gradient,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    torch.testing.assert_close(mixture.score(x), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("K", "d", "per_mode"), SIZES)
def test_jacobians_are_the_automatic_ones(K: int, d: int, per_mode: bool) -> None:
    mixture, x = random_mixture(K, d, per_mode), points(2, d)
    for method, closed in [
        (mixture.score, mixture.score_jacobian(x)),
        (mixture.expected_mean, mixture.expected_mean_jacobian(x)),
    ]:
        automatic = torch.stack([jacobian(method, point) for point in x])
        torch.testing.assert_close(closed, automatic, rtol=1e-10, atol=1e-12)


def test_jacobian_of_the_expected_mean_is_the_covariance_over_the_variance() -> None:
    mixture, x = random_mixture(5, 3, False), points(20, 3)
    r = mixture.responsibilities(x)
    second = torch.einsum("nk,ki,kj->nij", r, mixture.means, mixture.means)
    mean = mixture.expected_mean(x)
    covariance = second - mean[:, :, None] * mean[:, None, :]
    torch.testing.assert_close(mixture.expected_mean_jacobian(x), covariance / 0.7)


def test_responsibilities_are_bayes_rule_and_give_the_expected_mean() -> None:
    mixture, x = random_mixture(4, 2, True), points(30, 2)
    joint = torch.stack(
        [
            w * torch.exp(GaussianMixture(m[None], v).log_prob(x))
            for w, m, v in zip(mixture.weights, mixture.means, mixture.variance, strict=True)
        ],
        -1,
    )
    expected = joint / joint.sum(-1, keepdim=True)
    torch.testing.assert_close(mixture.responsibilities(x), expected)
    torch.testing.assert_close(mixture.expected_mean(x), expected @ mixture.means)


@pytest.mark.parametrize("per_mode", [False, True])
def test_noised_is_the_law_of_the_noised_variable(per_mode: bool) -> None:
    mixture = random_mixture(3, 1, per_mode)
    alpha, sigma = 0.6, 0.45
    x = torch.linspace(-12, 12, 4001)  # the trapezoidal rule is exact to rounding here
    y = torch.tensor([-1.3, 0.2, 2.1])
    kernel = torch.exp(-((y[:, None] - alpha * x) ** 2) / (2 * sigma**2)) / (
        sigma * math.sqrt(2 * math.pi)
    )
    expected = torch.trapezoid(kernel * mixture.log_prob(x[:, None]).exp(), x)
    noised = mixture.noised(alpha, sigma)
    torch.testing.assert_close(noised.log_prob(y[:, None]).exp(), expected, rtol=1e-12, atol=0)
    assert noised.shared is not per_mode


@pytest.mark.parametrize("per_mode", [False, True])
@pytest.mark.parametrize("sigma", [0.0, 0.3, 4.0])
def test_posterior_mean_is_the_conditional_expectation(per_mode: bool, sigma: float) -> None:
    mixture, y = random_mixture(3, 2, per_mode), points(20, 2)
    tweedie = y + sigma**2 * mixture.noised(1, sigma).score(y)
    torch.testing.assert_close(mixture.posterior_mean(y, sigma), tweedie, rtol=1e-12, atol=1e-13)


def test_posterior_mean_against_quadrature() -> None:
    mixture, sigma = random_mixture(3, 1, True), 0.8
    x, y = torch.linspace(-12, 12, 4001), torch.tensor([[-2.0], [0.4], [1.7]])
    joint = torch.exp(-((y - x) ** 2) / (2 * sigma**2)) * mixture.log_prob(x[:, None]).exp()
    expected = torch.trapezoid(joint * x, x) / torch.trapezoid(joint, x)
    torch.testing.assert_close(
        mixture.posterior_mean(y, sigma)[:, 0], expected, rtol=1e-12, atol=0
    )


def test_far_points_have_finite_values_without_overflow() -> None:
    mixture = GaussianMixture.grid()
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([[1e3, -1e3], [0.35, 0.0]], dtype=dtype)
        assert torch.isfinite(mixture.log_prob(x)).all()
        assert mixture.score(x)[0].tolist() == pytest.approx(
            ((mixture.means[20] - x[0].double()) / mixture.variance).tolist(), rel=1e-5
        )


def test_results_follow_the_points() -> None:
    mixture = random_mixture(3, 2, True)
    for dtype in (torch.float32, torch.float64):
        x = points(5, 2).to(dtype)
        for method in ("log_prob", "score", "responsibilities", "expected_mean"):
            assert getattr(mixture, method)(x).dtype == dtype, method
            assert getattr(mixture, method)(x.numpy()).dtype == dtype, method
        assert mixture.score_jacobian(x).dtype == dtype
        assert mixture.expected_mean_jacobian(x).dtype == dtype
        assert mixture.posterior_mean(x, 0.3).dtype == dtype
        assert torch.equal(mixture.score(x), mixture.score(x.numpy()))


def test_any_batch_shape() -> None:
    mixture, x = random_mixture(4, 3, True), points(6, 3)
    batch = x.reshape(2, 3, 3)
    torch.testing.assert_close(mixture.score(batch).reshape(6, 3), mixture.score(x))
    torch.testing.assert_close(mixture.log_prob(x[0]), mixture.log_prob(x)[0])
    assert mixture.log_prob(x[0]).shape == ()
    assert mixture.score_jacobian(batch).shape == (2, 3, 3, 3)
    assert mixture.score(x[:0]).shape == (0, 3)


def test_grid_is_the_data_set_of_2605_06831() -> None:
    """Spacing and deviation by hand: 2 and 0.02 over sqrt((16 + 2 * 0.0004)/2) = 2.8284978."""
    mixture = GaussianMixture.grid()
    scale = math.sqrt(8 + 0.0004)
    assert (mixture.K, mixture.d, mixture.shared) == (25, 2, True)
    gaps = torch.pdist(mixture.means)
    assert float(gaps.min()) == pytest.approx(2 / scale, rel=1e-14)
    assert float(gaps.min()) == pytest.approx(0.7070891, abs=5e-8)
    assert float(mixture.variance.sqrt()) == pytest.approx(0.00707089, abs=5e-9)
    assert float(gaps.min() / mixture.variance.sqrt()) == pytest.approx(100, rel=1e-13)
    unit = (mixture.means**2).mean(0) + mixture.variance
    assert unit.tolist() == pytest.approx([1, 1], rel=1e-14)
    raw = GaussianMixture.grid(side=4, spacing=1.0, std=0.1, normalise=False)
    assert raw.means[0].tolist() == [-1.5, -1.5]
    assert float(raw.variance) == pytest.approx(0.01)
    assert raw.K == 16


def test_pair_has_its_modes_on_the_first_axis() -> None:
    mixture = GaussianMixture.pair(3.0, 0.2, 0.7, 3)
    assert mixture.means.tolist() == [[1.5, 0, 0], [-1.5, 0, 0]]
    assert mixture.weights.tolist() == pytest.approx([0.7, 0.3])
    assert float(mixture.variance) == pytest.approx(0.2)


def test_with_variance_keeps_the_rest() -> None:
    mixture = random_mixture(3, 2, True)
    other = mixture.with_variance(0.04)
    assert other.shared
    assert float(other.variance) == pytest.approx(0.04)
    assert torch.equal(other.means, mixture.means)
    assert torch.equal(other.weights, mixture.weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), 1.0), r"means must have shape \(K, d\).*\(3,\)"),
        ((np.zeros((0, 2)), 1.0), r"means must have shape \(K, d\) with K, d >= 1.*\(0, 2\)"),
        ((np.zeros((2, 0)), 1.0), r"means must have shape \(K, d\) with K, d >= 1.*\(2, 0\)"),
        (([[0.0, math.nan]], 1.0), "means must be finite.*nan"),
        ((np.zeros((2, 1)), 0.0), r"variance must be positive, got an entry 0\.0"),
        ((np.zeros((2, 1)), [1.0, -2.0]), r"variance must be positive, got an entry -2\.0"),
        (
            (np.zeros((2, 1)), [1.0, 1.0, 1.0]),
            r"variance must be .*shape \(2,\), got shape \(3,\)",
        ),
        ((np.zeros((2, 1)), math.inf), "variance must be finite.*inf"),
        ((np.zeros((2, 1)), 1.0, [0.5]), r"weights must have shape \(2,\), got shape \(1,\)"),
        ((np.zeros((2, 1)), 1.0, [1.5, -0.5]), r"weights must be positive, got an entry -0\.5"),
        ((np.zeros((2, 1)), 1.0, [1.0, 0.0]), r"weights must be positive, got an entry 0\.0"),
        ((np.zeros((2, 1)), 1.0, [0.5, 0.4]), r"weights must sum to 1, got a sum of 0\.9"),
        ((np.zeros((2, 1)), 1.0, [0.5, 0.5 + 1e-7]), "weights must sum to 1"),
    ],
)
def test_constructor_states_what_it_requires(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianMixture(*arguments)


def test_weights_may_be_off_by_rounding() -> None:
    GaussianMixture(np.zeros((2, 1)), 1.0, [0.5, 0.5 + 1e-9])


def test_methods_state_what_they_require() -> None:
    mixture = random_mixture(2, 2, False)
    for method in ("log_prob", "score", "responsibilities", "score_jacobian"):
        with pytest.raises(ValueError, match=r"x must be of shape \(\*n, 2\), got \(3,\)"):
            getattr(mixture, method)(np.zeros(3))
        with pytest.raises(ValueError, match=r"x must be finite.*inf"):
            getattr(mixture, method)([[0.0, math.inf]])
    with pytest.raises(ValueError, match="y must be finite"):
        mixture.posterior_mean([[math.nan, 0.0]], 1.0)
    with pytest.raises(ValueError, match="sigma must be non-negative"):
        mixture.posterior_mean(np.zeros(2), -1.0)
    with pytest.raises(ValueError, match="sigma must be non-negative"):
        mixture.noised(1.0, -0.1)
    with pytest.raises(ValueError, match="alpha and sigma must have finite squares, not both 0"):
        mixture.noised(0.0, 0.0)
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        mixture.sample(0)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        mixture.sample(3, seed=-1)
    with pytest.raises(ValueError, match="side must be at least 1"):
        GaussianMixture.grid(side=0)
    with pytest.raises(ValueError, match="weight must be in the open interval"):
        GaussianMixture.pair(1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="separation must be non-negative"):
        GaussianMixture.pair(-1.0, 1.0)
