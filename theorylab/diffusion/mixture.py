r"""`GaussianMixture`: a law whose density, score, denoiser and samples are known in closed form.

Notation: p(x) = sum_k w_k N(x; mu_k, v_k I_d), k = 1..K; r_k(x) the responsibility of mode k,
mbar(x) = sum_k r_k mu_k, D_k = |x - mu_k|^2; n any batch shape.

This module knows isotropic components only, and estimates nothing from data.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._typing import (
    ArrayLike,
    Labels,
    Matrices,
    Means,
    PerMode,
    PerPoint,
    Points,
    Weights,
)
from theorylab.diffusion import _components, _grid, _parameters, _points, _random
from theorylab.diffusion.kernels import AUTOMATIC, Kernel
from theorylab.native.recorded import recorded


@dataclass(frozen=True, eq=False, init=False)
class GaussianMixture:
    r"""An isotropic Gaussian mixture.

    .. math:: p(x) = \sum_{k=1}^K w_k\, N(x;\, \mu_k,\, v_k I_d)

    Results have the dtype and the device of the points: the parameters are cast to them. Points
    given as a list or as an array of integers take the dtype of `means`.

    Attributes:
        means: mu, (K, d).
        variance: v, shared () or per mode (K,).
        weights: w, (K,), positive with sum 1; equal if None is given.
        kernel: how the score is evaluated, see `theorylab.diffusion.kernels`.

    Raises:
        ValueError: shapes that disagree, K = 0 or d = 0, entries that are not finite, variances
            or weights that are not positive, weights whose sum is further than sqrt(eps) from 1.
    """

    means: Means
    variance: Float[Tensor, ""] | Weights
    weights: Weights
    kernel: Kernel

    def __init__(
        self,
        means: ArrayLike,
        variance: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        kernel: Kernel = AUTOMATIC,
    ) -> None:
        checked = _parameters.checked_means(means)
        object.__setattr__(self, "means", checked)
        object.__setattr__(self, "variance", _parameters.checked_variance(variance, checked))
        object.__setattr__(self, "weights", _parameters.checked_weights(weights, checked))
        object.__setattr__(self, "kernel", _points.instance("kernel", kernel, Kernel))

    @staticmethod
    def grid(
        side: int = 5, spacing: float = 2.0, std: float = 0.02, normalise: bool = True
    ) -> "GaussianMixture":
        r"""Equal modes on a centred square grid, the data set of arXiv:2605.06831 (float64).

        .. math:: \mu \in \text{spacing} \cdot \{-\tfrac{side-1}{2}, \dots, \tfrac{side-1}{2}\}^2

        With `normalise` everything is divided by sqrt((mean |mu|^2 + d std^2) / d), so that a
        coordinate has unit variance. The default divides by 2.8284978 and gives a spacing of
        0.7070891 and a standard deviation of 0.00707089.

        Raises:
            ValueError: side < 1, or a spacing or std that is not positive.
        """
        side = _require.integer("side", side, at_least=1)
        spacing = _require.positive("spacing", spacing)
        std = _require.positive("std", std)
        axis = (torch.arange(side, dtype=torch.float64) - (side - 1) / 2) * spacing
        means = torch.cartesian_prod(axis, axis)
        scale = math.sqrt(float((means**2).sum(-1).mean()) / 2 + std**2) if normalise else 1.0
        return GaussianMixture(means / scale, (std / scale) ** 2)

    @staticmethod
    def pair(
        separation: float, variance: float, weight: float = 0.5, dimension: int = 1
    ) -> "GaussianMixture":
        """Two modes: +separation/2 e_1 with `weight`, -separation/2 e_1 with 1 - weight (float64).

        Raises:
            ValueError: separation < 0, a weight outside (0, 1), a variance that is not positive,
                dimension < 1.
        """
        half = _require.non_negative("separation", separation) / 2
        weight = _require.number("weight", weight)
        if not 0 < weight < 1:
            msg = f"weight must be in the open interval (0, 1), got {weight}"
            raise ValueError(msg)
        dimension = _require.integer("dimension", dimension, at_least=1)
        means = torch.zeros(2, dimension, dtype=torch.float64)
        means[0, 0], means[1, 0] = half, -half
        return GaussianMixture(
            means, variance, torch.tensor([weight, 1 - weight], dtype=torch.float64)
        )

    @property
    def K(self) -> int:
        """The number of modes."""
        return self.means.shape[0]

    @property
    def d(self) -> int:
        """The dimension."""
        return self.means.shape[1]

    @property
    def shared(self) -> bool:
        """Whether one variance is shared by all modes."""
        return self.variance.ndim == 0

    @property
    def evaluator(self) -> Kernel:
        """What evaluates the score: `kernel`, or for AUTOMATIC and a product law its coordinates.

        It takes these means, or a positive multiple of them. Parameters that were changed in
        place since are looked at again.
        """
        if self.kernel != AUTOMATIC or recorded(self.means, self.weights):
            return self.kernel
        seen = self.__dict__.get("_seen")
        if seen is None or not seen.holds_for(self.means, self.weights):
            found = _grid.grid_of(self.means, self.variance, self.weights)
            seen = self.__dict__["_seen"] = _grid.Seen.of(self.means, self.weights, found)
        return self.kernel if seen.grid is None else seen.grid

    def log_prob(self, x: ArrayLike) -> PerPoint:
        r"""The log density ln sum_k w_k N(x; mu_k, v_k I), by log-sum-exp; (*n, d) -> (*n).

        Raises:
            ValueError: points of another dimension, or not finite. So do all methods on points.
        """
        return torch.logsumexp(_components.log_joint(*self._at(x)), dim=-1)

    def responsibilities(self, x: ArrayLike) -> PerMode:
        """The shares r_k(x) = w_k N(x; mu_k, v_k I) / p(x); (*n, d) -> (*n, K)."""
        return _components.responsibilities(*self._at(x))

    def score(self, x: ArrayLike) -> Points:
        """The gradient of ln p(x), sum_k r_k (mu_k - x) / v_k; (*n, d) -> (*n, d)."""
        return self.evaluator.score(*self._at(x))

    def expected_mean(self, x: ArrayLike) -> Points:
        """The map mbar(x) = sum_k r_k(x) mu_k; (*n, d) -> (*n, d)."""
        at = self._at(x)
        return at[0] + self.evaluator.shift(*at)

    def expected_mean_jacobian(self, x: ArrayLike) -> Matrices:
        r"""The Jacobian D mbar(x); (*n, d) -> (*n, d, d).

        .. math:: D\bar m = \sum_k r_k (\mu_k - \bar m)(g_k - \bar g)^\top, \quad
                  g_k = (\mu_k - x)/v_k, \quad \bar g = \sum_k r_k g_k

        For a shared variance this is Cov_r(mu) / v, symmetric and positive semi-definite.
        """
        r, pulls = self._responsibilities_and_pulls(x)
        means = self.means.to(r) - (r @ self.means.to(r))[..., None, :]
        centred = pulls - (r[..., None, :] @ pulls)
        return (r[..., None] * means).mT @ centred

    def score_jacobian(self, x: ArrayLike) -> Matrices:
        r"""The Hessian of ln p; (*n, d) -> (*n, d, d).

        .. math:: \sum_k r_k (g_k - \bar g)(g_k - \bar g)^\top - \sum_k \frac{r_k}{v_k} I,
                  \quad g_k = (\mu_k - x)/v_k
        """
        r, pulls = self._responsibilities_and_pulls(x)
        centred = pulls - (r[..., None, :] @ pulls)
        spread = (r[..., None] * centred).mT @ centred
        curvature = (r / self.variance.to(r)).sum(-1)
        return spread - curvature[..., None, None] * torch.eye(self.d).to(r)

    def posterior_mean(self, y: ArrayLike, sigma: float) -> Points:
        r"""The denoiser E[x0 | y] for y = x0 + sigma n; (*n, d) -> (*n, d).

        .. math:: E[x_0|y] = \sum_k r_k(y)\, \frac{v_k y + \sigma^2 \mu_k}{v_k + \sigma^2},
                  \quad r_k \propto w_k N(y; \mu_k, (v_k + \sigma^2) I)

        Raises:
            ValueError: sigma < 0, or points as in `log_prob`.
        """
        noise = _require.non_negative("sigma", sigma) ** 2
        x, means, variance, log_weights = self._at(y, "y")
        total = variance + noise
        r = _components.responsibilities(x, means, total, log_weights)
        keep = (r * (variance / total)).sum(-1, keepdim=True)
        return keep * x + _components.combine(r * (noise / total), means)

    def noised(self, alpha: float, sigma: float) -> "GaussianMixture":
        """The law of alpha X + sigma Z: means alpha mu_k, variances alpha^2 v_k + sigma^2.

        Raises:
            ValueError: alpha not finite, sigma < 0, or squares of which one overflows or both are
                0.
        """
        alpha = _require.number("alpha", alpha)
        sigma = _require.non_negative("sigma", sigma)
        kept, added = alpha * alpha, sigma * sigma
        if not 0 < max(kept, added) < math.inf:
            msg = f"alpha and sigma must have finite squares, not both 0, got {alpha} and {sigma}"
            raise ValueError(msg)
        variance = kept * self.variance + added
        moved = GaussianMixture(alpha * self.means, variance, self.weights, kernel=self.kernel)
        return self._handed_on(moved) if alpha > 0 else moved

    def with_variance(self, variance: ArrayLike) -> "GaussianMixture":
        """The same means and weights with another variance, shared or per mode."""
        other = GaussianMixture(self.means, variance, self.weights, kernel=self.kernel)
        return self._handed_on(other) if self.shared == other.shared else other

    def with_kernel(self, kernel: Kernel) -> "GaussianMixture":
        """The same law, its score evaluated by another kernel.

        Raises:
            ValueError: no `Kernel`.
        """
        return GaussianMixture(self.means, self.variance, self.weights, kernel=kernel)

    def sample(self, n: int, seed: int = 0) -> Points:
        """Exact draws, (n, d), on the dtype and device of `means`.

        Equal seeds give equal draws at any number of threads, and sample(n) is the beginning of
        sample(m) for m > n.

        Raises:
            ValueError: n < 1 or seed < 0.
        """
        return self.sample_with_labels(n, seed)[0]

    def sample_with_labels(self, n: int, seed: int = 0) -> tuple[Points, Labels]:
        """As `sample`, with the mode (n,) from which each point was drawn."""
        n = _require.integer("n", n, at_least=1)
        edges = np.cumsum(self.weights.detach().cpu().numpy().astype(np.float64))
        uniform = _random.generator(seed, 0).random(n)
        picked = np.searchsorted(edges / edges[-1], uniform, side="right")
        labels = torch.from_numpy(picked).to(self.means.device)
        noise = _random.normals((n, self.d), seed=seed, stream=1, like=self.means)
        std = self.variance.sqrt().expand(self.K)[labels]
        return self.means[labels] + std[:, None] * noise, labels

    def _handed_on(self, other: "GaussianMixture") -> "GaussianMixture":
        """`other`, whose means are a positive multiple, evaluated as this one is."""
        seen = self.__dict__.get("_seen")
        if seen is not None and seen.holds_for(self.means, self.weights):
            other.__dict__["_seen"] = _grid.Seen.of(other.means, other.weights, seen.grid)
        return other

    def _at(self, x: ArrayLike, name: str = "x") -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The points, and the parameters on their dtype and device."""
        checked = _points.points(name, x, like=self.means)
        log_weights = torch.log(self.weights)
        return (
            checked,
            self.means.to(checked),
            self.variance.to(checked),
            log_weights.to(checked),
        )

    def _responsibilities_and_pulls(self, x: ArrayLike) -> tuple[Tensor, Tensor]:
        """The shares r_k, (*n, K), and g_k = (mu_k - x)/v_k, (*n, K, d)."""
        at = self._at(x)
        points, means, variance, _ = at
        pulls = (means - points[..., None, :]) / variance[..., None]
        return _components.responsibilities(*at), pulls
