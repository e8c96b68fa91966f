"""Exact draws from `GaussianMixture`: moments, labels, independence, reproducibility."""

import math

import numpy as np
import torch
from scipy import stats

from theorylab.diffusion import GaussianMixture

N = 200_000
"""Draws. A z-value beyond 5 has probability 6e-7 for a right sampler; what is off by more than
10 standard errors (for a mean: 10 / sqrt(N) = 2 % of a standard deviation) is found with
probability above 1 - 1e-6. The seed is fixed, so that the outcome is."""


def random_mixture(K: int, d: int, per_mode: bool, *, seed: int = 0) -> GaussianMixture:
    rng = np.random.default_rng((seed, K, d))
    weights = rng.uniform(0.2, 1.0, K)
    variance = rng.uniform(0.3, 1.5, K) if per_mode else 0.7
    means = rng.standard_normal((K, d)) * 1.5 / math.sqrt(d)
    return GaussianMixture(means, variance, weights / weights.sum())


def test_sample_moments() -> None:
    mixture = random_mixture(4, 3, True)
    x = mixture.sample(N, seed=7)
    w, mu, v = mixture.weights, mixture.means, mixture.variance
    mean = w @ mu
    covariance = torch.einsum("k,ki,kj->ij", w, mu - mean, mu - mean) + (w @ v) * torch.eye(3)
    centred = x - mean
    z = centred.mean(0) / (covariance.diagonal() / N).sqrt()
    assert float(z.abs().max()) < 5
    products = centred[:, :, None] * centred[:, None, :]
    z = (products.mean(0) - covariance) / (products.std(0) / math.sqrt(N))
    assert float(z.abs().max()) < 5


def test_sample_labels_and_components() -> None:
    mixture = random_mixture(5, 2, True)
    x, labels = mixture.sample_with_labels(N, seed=11)
    counts = torch.bincount(labels, minlength=5).numpy()
    assert stats.chisquare(counts, N * mixture.weights.numpy()).pvalue > 1e-6
    for k in range(5):
        own = (x[labels == k] - mixture.means[k]) / mixture.variance[k].sqrt()
        assert stats.kstest(own.reshape(-1).numpy(), "norm").pvalue > 1e-6
    assert torch.equal(x, mixture.sample(N, seed=11))


def test_samples_depend_on_the_seed_alone() -> None:
    mixture = random_mixture(3, 2, False)
    threads = torch.get_num_threads()
    try:
        drawn = []
        for count in (1, 2):
            torch.set_num_threads(count)
            torch.manual_seed(count)
            drawn.append(mixture.sample(5000, seed=3))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*drawn)
    assert torch.equal(mixture.sample(100, seed=3), drawn[0][:100])
    assert not torch.equal(mixture.sample(5000, seed=4), drawn[0])
    assert torch.equal(mixture.sample(5), mixture.sample(5, seed=0))


def test_first_draws_of_many_seeds_are_independent_of_their_labels() -> None:
    """One stream for labels and noise would tie the size of the noise to the label.

    Both come from the leading bits of a word: numpy's normal leaves out three, so that with 16
    modes the parity of the label would be the leading bit of |z|. E|z| is sqrt(2/pi) for either
    parity; the difference has the standard error 0.6 sqrt(4/2000).
    """
    mixture = GaussianMixture(50 * np.arange(16.0)[:, None], 1.0)
    drawn = [mixture.sample_with_labels(1, seed=seed) for seed in range(2000)]
    x, labels = (torch.cat(column) for column in zip(*drawn, strict=True))
    noise, odd = x[:, 0] - 50 * labels, labels % 2 == 1
    assert stats.kstest(noise.numpy(), "norm").pvalue > 1e-6
    gap = noise[odd].abs().mean() - noise[~odd].abs().mean()
    assert abs(float(gap)) < 5 * 0.6 * math.sqrt(4 / 2000)


def test_sample_follows_the_means() -> None:
    single = GaussianMixture(np.zeros((2, 3), dtype=np.float32), 0.5)
    assert single.sample(4).dtype == torch.float32
    assert single.weights.dtype == torch.float32
    torch.testing.assert_close(
        single.sample(4).double(), GaussianMixture(np.zeros((2, 3)), 0.5).sample(4)
    )
