r"""Denoisers in closed form: of a Gaussian law, and of the data points themselves.

Notation: y = x + sigma n with x ~ p, n ~ N(0, I); D(y, sigma) estimates x; mu and Sigma the mean
and covariance of p, lambda_i and u_i the eigenvalues and eigenvectors of Sigma; N points in R^d.

`GaussianMixture.posterior_mean` is a denoiser of the same form. This module trains nothing, and
forms no d x d matrix unless it is asked for one.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerMode, PerPoint, Points, Weights
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture


@runtime_checkable
class Denoiser(Protocol):
    """Anything callable as D(y, sigma): points (*n, d) and a noise level to points (*n, d)."""

    def __call__(self, y: Tensor, sigma: float) -> Tensor:
        """The estimate of x from y = x + sigma n."""


@dataclass(frozen=True, eq=False, init=False)
class GaussianDenoiser:
    r"""The posterior mean of a Gaussian law: the Wiener filter.

    .. math:: D_G(y, \sigma) = \mu + \sum_i u_i \frac{\lambda_i}{\lambda_i + \sigma^2}
              u_i^\top (y - \mu)

    Directions outside the list have eigenvalue 0: there D_G returns the mean. At sigma = 0 the map
    is the projection on mu + span(u_i).

    Attributes:
        mean: mu, (d,).
        directions: orthonormal u_i as columns, (d, r).
        eigenvalues: lambda_i > 0, (r,), largest first.

    Raises:
        ValueError: shapes that disagree, entries that are not finite, eigenvalues that are not
            positive, directions that are not orthonormal to sqrt(eps).
    """

    mean: Float[Tensor, " d"]
    directions: Float[Tensor, "d r"]
    eigenvalues: Float[Tensor, " r"]

    def __init__(self, mean: ArrayLike, directions: ArrayLike, eigenvalues: ArrayLike) -> None:
        centre = _vector("mean", mean)
        basis = _require.array("directions", directions, like=centre).to(centre)
        values = _require.array("eigenvalues", eigenvalues, like=centre).to(centre)
        if basis.ndim != 2 or basis.shape[0] != centre.shape[0]:
            msg = f"directions must be of shape ({centre.shape[0]}, r), got {tuple(basis.shape)}"
            raise ValueError(msg)
        if values.shape != basis.shape[1:] or not bool((values > 0).all()):
            msg = f"eigenvalues must be {basis.shape[1]} positive numbers, got {values}"
            raise ValueError(msg)
        gram = basis.T @ basis - torch.eye(basis.shape[1]).to(basis)
        if gram.numel() and float(gram.abs().max()) > torch.finfo(basis.dtype).eps ** 0.5:
            msg = f"directions must be orthonormal, got a Gram matrix off by {gram.abs().max()}"
            raise ValueError(msg)
        order = torch.argsort(values, descending=True)
        object.__setattr__(self, "mean", centre)
        object.__setattr__(self, "directions", basis[:, order])
        object.__setattr__(self, "eigenvalues", values[order])

    @staticmethod
    def from_data(points: ArrayLike) -> "GaussianDenoiser":
        r"""Mean and covariance of N points, the covariance with 1/N, by a thin SVD.

        With X the centred data, X / sqrt(N) = V diag(sqrt(lambda)) U^T costs O(N d min(N, d)), and
        nothing of size d x d is formed for N < d. Singular values below max(N, d) eps times the
        largest are rounding errors of zero (the usual rank rule) and their directions are left
        out. The decomposition is made in float64 whatever the dtype of the points.

        Raises:
            ValueError: points that are not of shape (N, d) with N >= 1 and d >= 1.
        """
        data = _matrix("points", points)
        double = data.double()
        mean = double.mean(0)
        scaled = (double - mean) / data.shape[0] ** 0.5
        _, singular, right = torch.linalg.svd(scaled, full_matrices=False)
        kept = singular > max(data.shape) * torch.finfo(data.dtype).eps * float(singular[0])
        return GaussianDenoiser(
            mean.to(data), right[kept].T.to(data), (singular[kept] ** 2).to(data)
        )

    @staticmethod
    def from_moments(mean: ArrayLike, covariance: ArrayLike) -> "GaussianDenoiser":
        """The denoiser of N(mean, covariance); eigenvalues below d eps of the largest are zero.

        Raises:
            ValueError: shapes that disagree, a covariance that is not symmetric or not positive
                semi-definite to sqrt(eps) of its largest entry.
        """
        centre = _vector("mean", mean)
        matrix = _points.covariance("covariance", covariance, centre)
        values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
        kept = values > len(values) * torch.finfo(matrix.dtype).eps * float(values[-1])
        return GaussianDenoiser(centre, vectors[:, kept], values[kept])

    @property
    def d(self) -> int:
        """The dimension."""
        return self.mean.shape[0]

    def gains(self, sigma: float) -> Float[Tensor, " r"]:
        """The factors lambda_i / (lambda_i + sigma^2), one per direction.

        Raises:
            ValueError: sigma < 0.
        """
        return self.eigenvalues / (self.eigenvalues + _require.non_negative("sigma", sigma) ** 2)

    def degrees_of_freedom(self, sigma: float) -> float:
        """The sum of the gains, df(sigma) = tr Sigma (Sigma + sigma^2 I)^-1.

        Raises:
            ValueError: sigma < 0.
        """
        return float(self.gains(sigma).sum())

    def loss(self, sigma: float) -> float:
        """The least loss of an affine denoiser, sum_i lambda_i sigma^2 / (lambda_i + sigma^2).

        This LMMSE is E|x - D_G(y)|^2 for every law with this mean and covariance.

        Raises:
            ValueError: sigma < 0.
        """
        return float(self.gains(sigma).sum()) * float(sigma) ** 2

    def matrix(self, sigma: float) -> Float[Tensor, "d d"]:
        """W = Sigma (Sigma + sigma^2 I)^-1, the one method that forms a d x d matrix.

        Raises:
            ValueError: sigma < 0.
        """
        return (self.directions * self.gains(sigma)) @ self.directions.T

    def __call__(self, y: ArrayLike, sigma: ArrayLike) -> Points:
        """The estimate of x, (*n, d); sigma one number or one per point.

        Raises:
            ValueError: points of another dimension, sigma < 0 or of a shape neither () nor (*n).
        """
        points = _points.points("y", y, like=self.mean)
        noise = _points.non_negative_level("sigma", sigma, points) ** 2
        mean, basis, values = (
            t.to(points) for t in (self.mean, self.directions, self.eigenvalues)
        )
        along = (points - mean) @ basis
        return mean + (along * (values / (values + noise))) @ basis.T


@dataclass(frozen=True, eq=False, init=False)
class MultiDeltaDenoiser:
    r"""The posterior mean of the empirical law of N points: the denoiser that memorises.

    .. math:: D_M(y, \sigma) = \sum_i r_i x_i, \qquad
              r_i = \frac{w_i e^{-|y - x_i|^2/2\sigma^2}}{\sum_j w_j e^{-|y - x_j|^2/2\sigma^2}}

    Attributes:
        points: x_i, (N, d).
        weights: w_i, (N,), positive with sum 1; equal if None is given.

    Raises:
        ValueError: points that are not of shape (N, d), weights that are not positive or whose sum
            is further than sqrt(eps) from 1.
    """

    points: Float[Tensor, "N d"]
    weights: Weights

    def __init__(self, points: ArrayLike, weights: ArrayLike | None = None) -> None:
        data = _matrix("points", points)
        object.__setattr__(self, "points", data)
        object.__setattr__(self, "weights", _shares(weights, data))

    def responsibilities(self, y: ArrayLike, sigma: ArrayLike) -> PerMode:
        r"""The shares r_i, (*n, d) -> (*n, N).

        With c the mean of the points, r_i is the softmax of ((y-c).(x_i-c) - |x_i-c|^2/2)/sigma^2
        + ln w_i: the term |y-c|^2 is common to all i.

        Raises:
            ValueError: points of another dimension, sigma <= 0 or of a shape neither () nor (*n).
        """
        at = _points.points("y", y, like=self.points)
        noise = _points.positive_level("sigma", sigma, at) ** 2
        data = self.points.to(at)
        centre = data.mean(0)
        off = data - centre
        fit = (at - centre) @ off.T - (off**2).sum(-1) / 2
        return torch.softmax(fit / noise + torch.log(self.weights.to(at)), dim=-1)

    def __call__(self, y: ArrayLike, sigma: ArrayLike) -> Points:
        """The estimate of x, (*n, d).

        Raises:
            ValueError: as `responsibilities`.
        """
        r = self.responsibilities(y, sigma)
        return r @ self.points.to(r)

    def log_prob(self, y: ArrayLike, sigma: float) -> PerPoint:
        """The log density of y = x + sigma n for x drawn from the points, (*n, d) -> (*n).

        Raises:
            ValueError: as `responsibilities`; sigma must be one number.
        """
        noise = _require.positive("sigma", sigma) ** 2
        return GaussianMixture(self.points, noise, self.weights).log_prob(y)


def _vector(name: str, value: ArrayLike) -> Tensor:
    result = _require.array(name, value)
    if result.ndim != 1 or result.shape[0] == 0:
        msg = f"{name} must be of shape (d,), got {tuple(result.shape)}"
        raise ValueError(msg)
    return result


def _matrix(name: str, value: ArrayLike) -> Tensor:
    result = _require.array(name, value)
    if result.ndim != 2 or 0 in result.shape:
        msg = f"{name} must be of shape (N, d) with N, d >= 1, got {tuple(result.shape)}"
        raise ValueError(msg)
    return result


def _shares(weights: ArrayLike | None, data: Tensor) -> Tensor:
    count = data.shape[0]
    if weights is None:
        return torch.full((count,), 1 / count, dtype=torch.float64).to(data)
    result = _require.array("weights", weights, like=data).to(data)
    if result.shape != (count,) or not bool((result > 0).all()):
        msg = f"weights must be {count} positive numbers, got {result}"
        raise ValueError(msg)
    if abs(float(result.sum()) - 1) > torch.finfo(data.dtype).eps ** 0.5:
        msg = f"weights must sum to 1, got a sum of {float(result.sum())}"
        raise ValueError(msg)
    return result
