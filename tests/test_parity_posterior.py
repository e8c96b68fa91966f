"""Posterior means: closed forms against sums over the support, autograd and 40-digit sums."""

import math

import mpmath
import numpy as np
import pytest
import torch

from theorylab.parity import HypercubeLaw

NOISE_LEVELS = [0.01, 0.5, 0.9]
SKEWED = HypercubeLaw.from_support(
    [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1]], [0.45, 0.2, 0.3, 0.05]
)
LAWS = {
    "parity": HypercubeLaw.parity(4),
    "partial odd parity": HypercubeLaw.parity(5, [0, 1, 3], value=-1),
    "brackets": HypercubeLaw.dyck(6),
    "skewed": SKEWED,
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def noisy_points(law, n, *, alpha_bar, seed):
    """Points around the support, and as many anywhere at the scale of the noise."""
    generator = torch.Generator().manual_seed(seed)
    atoms, _ = law.weighted_vertices(like=torch.zeros(1))
    chosen = atoms[torch.randint(len(atoms), (n,), generator=generator)]
    noise = torch.randn(2, n, law.dimension, generator=generator)
    near = math.sqrt(alpha_bar) * chosen + math.sqrt(1 - alpha_bar) * noise[0]
    return torch.cat((near, 1.5 * noise[1]))


def log_density(law, x, *, alpha_bar):
    """ln p(x) up to a constant, as a sum of Gaussians: the definition."""
    atoms, masses = law.weighted_vertices(like=x)
    distance = (x[..., None, :] - math.sqrt(alpha_bar) * atoms).square().sum(-1)
    return torch.logsumexp(masses.log() - distance / (2 * (1 - alpha_bar)), dim=-1)


@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
@pytest.mark.parametrize("value", [1, -1])
@pytest.mark.parametrize("d", [4, 5, 6, 7, 8, 9, 10])
def test_parity_closed_form_is_the_sum_over_the_support(d, value, alpha_bar):
    for subset in (range(d), range(1, d), [0, d - 1], [2], []):
        sign = value if len(subset) else 1
        law = HypercubeLaw.parity(d, subset, value=sign)
        listed = HypercubeLaw.from_support(*zip(*law.atoms(), strict=True))
        x = noisy_points(law, 30, alpha_bar=alpha_bar, seed=d)
        closed = law.posterior_mean(x, alpha_bar=alpha_bar)
        summed = listed.posterior_mean(x, alpha_bar=alpha_bar)
        torch.testing.assert_close(closed, summed, rtol=0, atol=1e-13)


@every_law
@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
def test_posterior_mean_is_bayes_rule(law, alpha_bar):
    x = noisy_points(law, 20, alpha_bar=alpha_bar, seed=1)
    atoms, masses = law.weighted_vertices(like=x)
    distance = (x[:, None, :] - math.sqrt(alpha_bar) * atoms).square().sum(-1)
    least = distance.min(dim=-1, keepdim=True).values
    weights = masses * torch.exp(-(distance - least) / (2 * (1 - alpha_bar)))
    expected = weights @ atoms / weights.sum(-1, keepdim=True)
    torch.testing.assert_close(
        law.posterior_mean(x, alpha_bar=alpha_bar), expected, rtol=0, atol=1e-13
    )


@every_law
@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
def test_score_is_the_gradient_of_the_log_density(law, alpha_bar):
    x = noisy_points(law, 20, alpha_bar=alpha_bar, seed=2).requires_grad_()
    (gradient,) = torch.autograd.grad(log_density(law, x, alpha_bar=alpha_bar).sum(), x)
    torch.testing.assert_close(law.score(x, alpha_bar=alpha_bar), gradient, rtol=1e-12, atol=1e-12)


@every_law
def test_noise_mean_completes_the_signal(law):
    x = noisy_points(law, 20, alpha_bar=0.7, seed=3)
    signal = math.sqrt(0.7) * law.posterior_mean(x, alpha_bar=0.7)
    rebuilt = signal + math.sqrt(1 - 0.7) * law.noise_mean(x, alpha_bar=0.7)
    torch.testing.assert_close(rebuilt, x, rtol=0, atol=1e-14)


@every_law
@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
def test_jacobian_is_the_posterior_covariance(law, alpha_bar):
    x = noisy_points(law, 3, alpha_bar=alpha_bar, seed=4)
    atoms, masses = law.weighted_vertices(like=x)
    rate = math.sqrt(alpha_bar) / (1 - alpha_bar)
    weights = torch.softmax(rate * x @ atoms.T + masses.log(), dim=-1)
    mean = weights @ atoms
    second = torch.einsum("ns,si,sj->nij", weights, atoms, atoms)
    covariance = second - mean[:, :, None] * mean[:, None, :]
    for point, expected in zip(x, rate * covariance, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda y: law.posterior_mean(y, alpha_bar=alpha_bar), point
        )
        torch.testing.assert_close(jacobian, expected, rtol=0, atol=1e-12)


@every_law
def test_without_signal_the_posterior_is_the_prior(law):
    prior = torch.tensor([float(law.moment([i])) for i in range(law.dimension)])
    x = torch.linspace(-3, 3, law.dimension)
    torch.testing.assert_close(law.posterior_mean(x, alpha_bar=0.0), prior, rtol=0, atol=1e-15)
    torch.testing.assert_close(law.noise_mean(x, alpha_bar=0.0), x, rtol=0, atol=0)


def exact_parity_mean(x, *, value, alpha_bar):
    """The ratio (t_i + eps P_-i) / (1 + eps P) with 400 digits, from the binary inputs."""
    with mpmath.workdps(400):
        level = mpmath.mpf(alpha_bar)
        t = [mpmath.tanh(mpmath.mpf(v) * mpmath.sqrt(level) / (1 - level)) for v in x.tolist()]
        others = [mpmath.fprod(t[:i] + t[i + 1 :]) for i in range(len(t))]
        total = 1 + value * mpmath.fprod(t)
        return [float((t[i] + value * others[i]) / total) for i in range(len(t))]


@pytest.mark.parametrize("value", [1, -1])
@pytest.mark.parametrize(
    "x",
    [
        [0.9, 1.1, -0.95, 1.02],  # three of four agree: odd parity is near certain
        [0.9, 1.1, 0.95, 1.02],
        [0.05, 1.1, -0.95, 1.02],  # one coordinate in doubt
        [1e-3, -2e-3, 1.0, 1.0],
        [1.0, 1.0, 1.0, 1.0],  # a tie: which of four is wrong?
        [1e-9, -1.0, 1e-9, 1.0],
        [0.0, 0.4, 0.0, -0.7],
        [0.0, 0.4, 0.3, -0.7],
    ],
)
def test_parity_mean_is_right_where_the_ratio_of_tanh_is_zero_over_zero(x, value):
    place = torch.tensor(x)
    for alpha_bar in (0.5, 0.99, 0.997):
        law = HypercubeLaw.parity(4, value=value)
        mean = law.posterior_mean(place, alpha_bar=alpha_bar)
        expected = torch.tensor(exact_parity_mean(place, value=value, alpha_bar=alpha_bar))
        # lam is up to 400 here and carries its rounding, 400 times a few units of 2.2e-16
        torch.testing.assert_close(mean, expected, rtol=0, atol=1e-12)


def test_plain_ratio_would_fail_there():
    """Guard: in double precision the ratio is undefined on a case of the test above."""
    t = torch.tanh(torch.tensor([0.9, 1.1, 0.95, 1.02]) * math.sqrt(0.997) / (1 - 0.997))
    assert (1 - t.prod()).item() == 0.0


@pytest.mark.parametrize("value", [1, -1])
def test_the_pull_of_the_others_keeps_its_relative_accuracy_at_64_coordinates(value):
    generator = torch.Generator().manual_seed(5)
    x = 0.3 * torch.randn(64, generator=generator)
    x[0] = 0.0
    mean = HypercubeLaw.parity(64, value=value).posterior_mean(x, alpha_bar=0.3)
    expected = exact_parity_mean(x, value=value, alpha_bar=0.3)
    assert 0 < abs(expected[0]) < 1e-30
    torch.testing.assert_close(mean, torch.tensor(expected), rtol=1e-12, atol=0)


def test_a_single_member_is_known_for_certain():
    mean = HypercubeLaw.parity(3, [1], value=-1).posterior_mean([0.3, 5.0, 0.0], alpha_bar=0.5)
    rate = math.sqrt(0.5) / 0.5
    torch.testing.assert_close(mean, torch.tensor([math.tanh(0.3 * rate), -1.0, 0.0]))


@pytest.mark.parametrize("d", [3, 8, 64])
def test_other_value_is_a_reflection_of_one_coordinate(d):
    x = torch.randn(50, d, generator=torch.Generator().manual_seed(d))
    flip = torch.ones(d)
    flip[1] = -1
    even, odd = HypercubeLaw.parity(d), HypercubeLaw.parity(d, value=-1)
    torch.testing.assert_close(
        odd.posterior_mean(x, alpha_bar=0.6),
        flip * even.posterior_mean(flip * x, alpha_bar=0.6),
        rtol=0,
        atol=1e-15,
    )
    assert not torch.allclose(odd.score(x, alpha_bar=0.9), even.score(x, alpha_bar=0.9))


@pytest.mark.parametrize("alpha_bar", [0.5, 0.9999])
def test_jacobian_is_finite_everywhere(alpha_bar):
    x = torch.randn(4, 64, generator=torch.Generator().manual_seed(6))
    x[0] = 0.0
    x[1] = 1.0
    x.requires_grad_()
    law = HypercubeLaw.parity(64, value=-1)
    (gradient,) = torch.autograd.grad(law.score(x, alpha_bar=alpha_bar).square().sum(), x)
    assert bool(torch.isfinite(gradient).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@every_law
def test_dtype_and_batch_shape_follow_the_input(law, dtype):
    x = torch.full((2, 3, law.dimension), 0.3, dtype=dtype)
    for verb in (law.posterior_mean, law.score, law.noise_mean):
        result = verb(x, alpha_bar=0.5)
        assert result.dtype == dtype
        assert result.shape == x.shape
        tolerance = math.sqrt(torch.finfo(dtype).eps)
        torch.testing.assert_close(
            result.double(), verb(x.double(), alpha_bar=0.5), rtol=0, atol=tolerance
        )


def test_lists_and_arrays_are_accepted():
    law = HypercubeLaw.parity(3)
    expected = law.score(torch.tensor([0.1, 0.2, -0.3]), alpha_bar=0.5)
    assert torch.equal(law.score([0.1, 0.2, -0.3], alpha_bar=0.5), expected)
    assert torch.equal(law.score(np.array([0.1, 0.2, -0.3]), alpha_bar=0.5), expected)


VERBS = {
    "posterior_mean": HypercubeLaw.posterior_mean,
    "score": HypercubeLaw.score,
    "noise_mean": HypercubeLaw.noise_mean,
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("law", [HypercubeLaw.parity(3), SKEWED], ids=["parity", "finite"])
@pytest.mark.parametrize(
    ("x", "alpha_bar", "words"),
    [
        (torch.zeros(4), 0.5, r"x must be of shape \(\*n, 3\).*\(4,\)"),
        (0.5, 0.5, r"x must be of shape \(\*n, 3\).*\(\)"),
        (torch.tensor([0.0, math.nan, 0.0]), 0.5, r"x must be finite.*nan"),
        ("abc", 0.5, r"x must be"),
        (torch.zeros(3), 1.0, r"alpha_bar must be in \[0, 1\), got 1\.0"),
        (torch.zeros(3), -0.1, r"alpha_bar must be in \[0, 1\), got -0\.1"),
        (torch.zeros(3), math.nan, r"alpha_bar must be finite, got nan"),
        (torch.zeros(3), "half", r"alpha_bar must be a real number, got 'half'"),
    ],
)
def test_bad_input_is_named(verb, law, x, alpha_bar, words):
    with pytest.raises(ValueError, match=words):
        verb(law, x, alpha_bar=alpha_bar)
