"""W1: the score of a mixture, written by hand or by another library.

Notation: a mixture has means (K, d), one shared variance v and weights w; x is (n, d).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import softmax
from torch import Tensor, distributions

from benchmarks.peers import installed
from benchmarks.peers_score_limit import fixed_score
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion._grid import OnGrid
from theorylab.diffusion.kernels import Chunked, Native

Score = Callable[[Tensor], Any]


def scores(mixture: GaussianMixture, points: int) -> Iterator[tuple[str, Score]]:
    """Every implementation of the score that can be run here, theorylab's first."""
    yield "theorylab", mixture.score
    if isinstance(mixture.evaluator, OnGrid):
        yield "theorylab, sum over all modes", mixture.with_kernel(Native()).score
    yield "theorylab without compiler", mixture.with_kernel(Chunked()).score
    if mixture.d <= 3:
        yield "C for this K and d alone (limit)", fixed_score(mixture)
    yield "torch, addmm in chunks", chunked_score(mixture)
    yield "torch, matrix products", product_score(mixture)
    yield "torch, scaled dot product attention", attention_score(mixture)
    if points * mixture.K * mixture.d <= 1e8:  # temporaries of 1 GB and more
        yield "torch, broadcast and logsumexp", broadcast_score(mixture)
        yield "torch.distributions and autograd", distribution_score(mixture)
    yield "numpy and scipy", scipy_score(mixture)
    if installed("jax"):
        yield "jax, matrix products", jax_product_score(mixture)
        if points * mixture.K * mixture.d <= 1e8:
            yield "jax, grad of logsumexp", jax_score(mixture)
    if installed("numba") and mixture.d <= 3:
        yield "numba", numba_score(mixture)


def broadcast_score(mixture: GaussianMixture) -> Score:
    """The textbook lines: differences (n, K, d), log-sum-exp, a weighted sum."""
    means, variance, log_weights = mixture.means, mixture.variance, mixture.weights.log()

    def score(x: Tensor) -> Tensor:
        pulls = (means - x[:, None, :]) / variance
        logs = log_weights - 0.5 * variance * pulls.square().sum(-1)
        shares = torch.exp(logs - torch.logsumexp(logs, -1, keepdim=True))
        return (shares[..., None] * pulls).sum(1)

    return score


def distribution_score(mixture: GaussianMixture) -> Score:
    """The gradient of `MixtureSameFamily.log_prob` by autograd."""
    std = mixture.variance.sqrt().expand_as(mixture.means)
    parts = distributions.Independent(distributions.Normal(mixture.means, std), 1)
    picked = distributions.Categorical(mixture.weights)
    law = distributions.MixtureSameFamily(picked, parts, validate_args=False)

    def score(x: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(law.log_prob(leaf).sum(), leaf)[0]

    return score


def scipy_score(mixture: GaussianMixture) -> Score:
    """Squared distances by `cdist`, shares by `softmax`, a matrix product."""
    means, weights = mixture.means.numpy(), mixture.weights.numpy()
    variance = float(mixture.variance)

    def score(x: Tensor) -> np.ndarray:
        points = x.numpy()
        logs = np.log(weights) - cdist(points, means, "sqeuclidean") / (2 * variance)
        return (softmax(logs, axis=1) @ means - points) / variance

    return score


def jax_score(mixture: GaussianMixture) -> Score:
    """The compiled gradient of the log density, vectorised over the points."""
    import jax

    jax.config.update("jax_enable_x64", True)
    means, weights = (jax.numpy.asarray(v.numpy()) for v in (mixture.means, mixture.weights))
    variance = float(mixture.variance)

    def log_density(x: Any) -> Any:
        logs = jax.numpy.log(weights) - ((x - means) ** 2).sum(-1) / (2 * variance)
        return jax.nn.logsumexp(logs)

    compiled = jax.jit(jax.vmap(jax.grad(log_density)))
    return lambda x: compiled(x.numpy()).block_until_ready()


def product_score(mixture: GaussianMixture) -> Score:
    """Logits from one matrix product; |x|^2 belongs to all modes and drops out."""
    scaled, constant = _linear(mixture)
    means, variance = mixture.means, mixture.variance

    def score(x: Tensor) -> Tensor:
        return (torch.softmax(torch.addmm(constant, x, scaled), -1) @ means - x) / variance

    return score


def chunked_score(mixture: GaussianMixture, rows: int = 8192) -> Score:
    """As `product_score`, 8192 rows at a time, far modes kept out of the denormal range."""
    scaled, constant = _linear(mixture)
    means, variance = mixture.means, mixture.variance

    def part(x: Tensor) -> Tensor:
        logits = torch.addmm(constant, x, scaled)
        shares = logits.sub_(logits.amax(-1, keepdim=True)).clamp_(min=-80).exp_()
        return (shares @ means).div_(shares.sum(-1, keepdim=True)).sub_(x).div_(variance)

    return lambda x: torch.cat([part(rows_) for rows_ in x.split(rows)])


def attention_score(mixture: GaussianMixture) -> Score:
    """The score is an attention: queries x, keys mu / v, values mu, a bias for each key."""
    scaled, constant = _linear(mixture)
    means, variance = mixture.means, mixture.variance
    keys = scaled.T.contiguous()

    def score(x: Tensor) -> Tensor:
        attended = torch.nn.functional.scaled_dot_product_attention(
            x[None], keys[None], means[None], constant.expand(1, len(x), -1), scale=1.0
        )
        return (attended[0] - x) / variance

    return score


def _linear(mixture: GaussianMixture) -> tuple[Tensor, Tensor]:
    """The logits as x @ scaled + constant."""
    half = (mixture.means**2).sum(-1) / (2 * mixture.variance)
    return (mixture.means / mixture.variance).T.contiguous(), mixture.weights.log() - half


def jax_product_score(mixture: GaussianMixture) -> Score:
    """As `product_score`, compiled by jax."""
    import jax

    jax.config.update("jax_enable_x64", True)
    scaled, constant = (jax.numpy.asarray(part.numpy()) for part in _linear(mixture))
    means = jax.numpy.asarray(mixture.means.numpy())
    variance = jax.numpy.asarray(mixture.variance.numpy())

    @jax.jit
    def compiled(x: Any) -> Any:
        return (jax.nn.softmax(x @ scaled + constant, axis=-1) @ means - x) / variance

    return lambda x: compiled(x.numpy()).block_until_ready()


def numba_score(mixture: GaussianMixture) -> Score:
    """Three loops over blocks of 256 points, compiled by numba with fast arithmetic."""
    import numba

    means, logs = mixture.means.numpy(), mixture.weights.log().numpy()
    half = (1 / (2 * mixture.variance)).numpy()[()]
    modes, d = means.shape

    @numba.njit(fastmath=True)
    def compiled(x: Any, out: Any) -> None:
        block = 256
        logits = np.empty((modes, block), x.dtype)
        highest, total = np.empty(block, x.dtype), np.empty(block, x.dtype)
        for first in range(0, len(x), block):
            width = min(block, len(x) - first)
            highest[:] = -np.inf
            total[:] = 0
            for k in range(modes):
                for i in range(width):
                    square = x.dtype.type(0)
                    for j in range(d):
                        square += (x[first + i, j] - means[k, j]) ** 2
                    logits[k, i] = logs[k] - square * half
                    highest[i] = max(highest[i], logits[k, i])
            out[first : first + width] = 0
            for k in range(modes):
                for i in range(width):
                    share = np.exp(max(logits[k, i] - highest[i], x.dtype.type(-80)))
                    total[i] += share
                    for j in range(d):
                        out[first + i, j] += share * means[k, j]
            for i in range(width):
                for j in range(d):
                    out[first + i, j] = (out[first + i, j] / total[i] - x[first + i, j]) * 2 * half

    def score(x: Tensor) -> np.ndarray:
        out = np.empty_like(x.numpy())
        compiled(x.numpy(), out)
        return out

    return score
