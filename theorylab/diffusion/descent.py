r"""How linear denoisers learn: gradient descent on the denoising loss, in closed form.

Notation: y = x + sigma n; mu, Sigma the moments of x, lambda an eigenvalue of Sigma; the loss
E|W y + b - x|^2; eta a step of descent, t the time of gradient flow, dA/dt = -grad;
u* = lambda/(lambda + sigma^2) the Wiener gain in one direction.

This module trains no network; deep means two linear layers here.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.affine import AffineMap


@dataclass(frozen=True, eq=False, init=False)
class AffineDescent:
    r"""Gradient descent on E|W y + b - x|^2 over the affine maps A = [W, b].

    With z = (y, 1) and second moments M = E z z^T, the gradient is 2 (A M - E x z^T), so that

    .. math:: A_k = A^* + (A_0 - A^*)(I - 2 \eta M)^k, \qquad
              M = \begin{pmatrix} \Sigma + \mu\mu^\top + \sigma^2 I & \mu \\ \mu^\top & 1
              \end{pmatrix}

    and A^* is the Wiener filter with its bias. M is positive definite since
    det M = det(Sigma + sigma^2 I) > 0, and every start converges exactly when
    eta < 1/lambda_max(M).

    Attributes:
        mean: mu, (d,).
        covariance: Sigma, (d, d).
        sigma: the noise, positive.

    Raises:
        ValueError: shapes that disagree, a covariance that is not symmetric or not positive
            semi-definite, a sigma that is not positive.
    """

    mean: Float[Tensor, " d"]
    covariance: Float[Tensor, "d d"]
    sigma: float

    def __init__(self, mean: ArrayLike, covariance: ArrayLike, sigma: float) -> None:
        centre = _require.array("mean", mean)
        if centre.ndim != 1 or centre.shape[0] == 0:
            msg = f"mean must be of shape (d,), got {tuple(centre.shape)}"
            raise ValueError(msg)
        matrix = _points.covariance("covariance", covariance, centre)
        object.__setattr__(self, "mean", centre)
        object.__setattr__(self, "covariance", matrix)
        object.__setattr__(self, "sigma", _require.positive("sigma", sigma))

    @property
    def moments(self) -> Float[Tensor, "e e"]:
        """M = E z z^T for z = (y, 1), of size e = d + 1."""
        d, mu = self.mean.shape[0], self.mean
        result = torch.ones(d + 1, d + 1).to(mu)
        noise = self.sigma**2 * torch.eye(d).to(mu)
        result[:d, :d] = self.covariance + torch.outer(mu, mu) + noise
        result[:d, d] = result[d, :d] = mu
        return result

    @property
    def threshold(self) -> float:
        """The step 1/lambda_max(M) below which descent converges from every start."""
        return 1 / float(torch.linalg.eigvalsh(self.moments)[-1])

    @property
    def limit(self) -> AffineMap:
        """W* = Sigma (Sigma + sigma^2 I)^-1 and b* = (I - W*) mu."""
        noise = self.sigma**2 * torch.eye(self.mean.shape[0]).to(self.mean)
        gain = torch.linalg.solve(self.covariance + noise, self.covariance).T
        return AffineMap(gain, self.mean - gain @ self.mean)

    def after(self, steps: int, eta: float, start: AffineMap | None = None) -> AffineMap:
        """The map after so many steps, from the zero map unless told otherwise.

        Raises:
            ValueError: steps < 0, a step eta that is not positive, a start of another dimension.
        """
        count = _require.integer("steps", steps, at_least=0)
        step = _require.positive("eta", eta)
        if start is not None and start.bias.shape != self.mean.shape:
            shapes = f"R^{self.mean.shape[0]}, got one of R^{start.bias.shape[0]}"
            msg = f"start must be a map of {shapes}"
            raise ValueError(msg)
        values, vectors = torch.linalg.eigh(self.moments)
        shrink = (vectors * (1 - 2 * step * values) ** count) @ vectors.T
        goal = _stacked(self.limit)
        begin = torch.zeros_like(goal) if start is None else _stacked(start).to(goal)
        reached = goal + (begin - goal) @ shrink
        return AffineMap(reached[:, :-1], reached[:, -1])


def _stacked(affine: AffineMap) -> Tensor:
    return torch.cat((affine.matrix, affine.bias[:, None]), 1)


def one_layer_gain(eigenvalue: ArrayLike, sigma: float, t: ArrayLike) -> Tensor:
    r"""The gain of one direction under gradient flow from 0, W of one layer, data centred.

    .. math:: w(t) = u^* (1 - e^{-2t(\lambda + \sigma^2)})

    Raises:
        ValueError: an eigenvalue or a sigma that is not positive, t < 0.
    """
    values, noise, time = _checked(eigenvalue, sigma, t)
    return -values / (values + noise) * torch.expm1(-2 * time * (values + noise))


def two_layer_gain(eigenvalue: ArrayLike, sigma: float, t: ArrayLike, *, start: float) -> Tensor:
    r"""The gain u = a^2 of a balanced two-layer product W2 W1, from u(0) = start > 0.

    .. math:: \dot u = 4u(\lambda - u(\lambda + \sigma^2)), \qquad
              u(t) = \frac{u^*}{1 + (u^*/u_0 - 1)\, e^{-4\lambda t}}

    Raises:
        ValueError: as `one_layer_gain`; a start that is not positive.
    """
    values, noise, time = _checked(eigenvalue, sigma, t)
    limit = values / (values + noise)
    below = limit / _require.positive("start", start) - 1
    return limit / (1 + below * torch.exp(-4 * values * time))


def one_layer_half_time(eigenvalue: ArrayLike, sigma: float) -> Tensor:
    """The time ln 2 / (2 (lambda + sigma^2)) at which `one_layer_gain` is half its limit.

    Raises:
        ValueError: as `one_layer_gain`.
    """
    values, noise, _ = _checked(eigenvalue, sigma, 0.0)
    return torch.log(torch.full_like(values, 2.0)) / (2 * (values + noise))


def two_layer_half_time(eigenvalue: ArrayLike, sigma: float, *, start: float) -> Tensor:
    """The time ln(u*/u_0 - 1) / (4 lambda) at which `two_layer_gain` is half its limit.

    Raises:
        ValueError: as `two_layer_gain`, or a start above half of a limit u*.
    """
    values, noise, _ = _checked(eigenvalue, sigma, 0.0)
    ratio = values / (values + noise) / _require.positive("start", start)
    if not bool((ratio >= 2).all()):
        msg = f"start must be at most half of every limit, got {start}"
        raise ValueError(msg)
    return torch.log(ratio - 1) / (4 * values)


def _checked(eigenvalue: ArrayLike, sigma: float, t: ArrayLike) -> tuple[Tensor, float, Tensor]:
    double = torch.zeros((), dtype=torch.float64)
    values = _require.array("eigenvalue", eigenvalue, like=double)
    time = _require.array("t", t, like=values)
    if not bool((values > 0).all()):
        msg = f"eigenvalue must be positive, got an entry {float(values.min())}"
        raise ValueError(msg)
    if bool((time < 0).any()):
        msg = f"t must be non-negative, got an entry {float(time.min())}"
        raise ValueError(msg)
    return values, _require.positive("sigma", sigma) ** 2, time
