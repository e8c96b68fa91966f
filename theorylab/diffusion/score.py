r"""Scores, and the conversions between score, predicted noise and denoiser.

Notation: x_t = alpha_t x_0 + sigma_t n; score = grad ln p_t(x), epsilon = E[n | x_t],
denoiser = E[x_0 | x_t]; t one time for all points or one per point.

This module trains nothing; a learned network becomes a score through the conversions.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion._points import level, non_negative_level, positive_level
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule


@runtime_checkable
class Score(Protocol):
    """Anything callable as score(x, t): points (*n, d) and a time () or (*n) to (*n, d)."""

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """The score at x, t."""


@dataclass(frozen=True)
class ExactScore:
    r"""The score of the noised mixture, exact at every time.

    .. math:: \nabla \ln p_t(x) = \sum_k r_k\,
              \frac{\alpha_t \mu_k - x}{\alpha_t^2 v_k + \sigma_t^2}

    Raises:
        ValueError: a mixture or a schedule of another type; when called, points of another
            dimension, times outside the schedule or of a shape that is neither () nor (*n).

    Source: arXiv:2605.06831, Lemma G.1.
    """

    mixture: GaussianMixture
    schedule: Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, GaussianMixture):
            msg = f"mixture must be a GaussianMixture, got {self.mixture!r}"
            raise ValueError(msg)
        if not isinstance(self.schedule, Schedule):
            msg = f"schedule must be a Schedule, got {self.schedule!r}"
            raise ValueError(msg)

    def __call__(self, x: ArrayLike, t: ArrayLike) -> Points:
        """The gradient of ln p_t at x, (*n, d)."""
        points, means, variance, log_weights = self.mixture._at(x)
        alpha = level("t", self.schedule.alpha(t), points)
        sigma = level("t", self.schedule.sigma(t), points)
        scaled = alpha[..., None] * means if alpha.ndim else alpha * means
        total = alpha**2 * variance + sigma**2
        return self.mixture.evaluator.score(points, scaled, total, log_weights)


@dataclass(frozen=True)
class Blocked:
    """A score that is evaluated on blocks of `rows` points, aligned to the trajectory numbers.

    Matrix products round differently in batches of different sizes. Here every point sits at its
    own place in a block of one size, so that its score is the same, bit for bit, whatever the
    batch; blocks that are not full repeat a point. The score must not mix its rows.

    Attributes:
        score: the score to evaluate, at one time for all points.
        rows: the size of a block.
        first: the number of the first row of the batch.

    Raises:
        ValueError: a score that cannot be called, rows < 1, first < 0.
    """

    score: Score
    rows: int
    first: int = 0

    def __post_init__(self) -> None:
        if not callable(self.score):
            msg = f"score must be callable as score(x, t), got {self.score!r}"
            raise ValueError(msg)
        _require.integer("rows", self.rows, at_least=1)
        _require.integer("first", self.first, at_least=0)

    def __call__(self, x: Tensor, t: Tensor) -> Points:
        """The score at x, (n, d), and t, ()."""
        before = self.first % self.rows
        after = -(before + len(x)) % self.rows
        filled = torch.cat([x[:1].expand(before, -1), x, x[:1].expand(after, -1)])
        parts = [self.score(block, t) for block in filled.split(self.rows)]
        return torch.cat(parts)[before : before + len(x)]


def epsilon_from_score(score: ArrayLike, sigma: ArrayLike) -> Points:
    """The predicted noise -sigma score.

    Raises:
        ValueError: sigma that is negative.
    """
    value = _require.array("score", score)
    return -non_negative_level("sigma", sigma, value) * value


def score_from_epsilon(epsilon: ArrayLike, sigma: ArrayLike) -> Points:
    """The score -epsilon / sigma.

    Raises:
        ValueError: sigma that is not positive.
    """
    value = _require.array("epsilon", epsilon)
    return -value / positive_level("sigma", sigma, value)


def denoiser_from_score(
    x: ArrayLike, score: ArrayLike, alpha: ArrayLike, sigma: ArrayLike
) -> Points:
    """The denoiser by Tweedie, E[x_0 | x] = (x + sigma^2 score) / alpha.

    Raises:
        ValueError: alpha that is not positive, sigma that is negative, or x and score of different
            shapes.
    """
    points, value = _same_shape("score", score, x)
    noise = non_negative_level("sigma", sigma, points)
    return (points + noise**2 * value) / positive_level("alpha", alpha, points)


def score_from_denoiser(
    x: ArrayLike, denoiser: ArrayLike, alpha: ArrayLike, sigma: ArrayLike
) -> Points:
    """The score (alpha E[x_0 | x] - x) / sigma^2.

    Raises:
        ValueError: sigma that is not positive, alpha that is negative, or x and denoiser of
            different shapes.
    """
    points, value = _same_shape("denoiser", denoiser, x)
    kept = non_negative_level("alpha", alpha, points) * value
    return (kept - points) / positive_level("sigma", sigma, points) ** 2


def denoiser_from_epsilon(
    x: ArrayLike, epsilon: ArrayLike, alpha: ArrayLike, sigma: ArrayLike
) -> Points:
    """The denoiser E[x_0 | x] = (x - sigma epsilon) / alpha.

    Raises:
        ValueError: alpha that is not positive, sigma that is negative, or x and epsilon of
            different shapes.
    """
    points, value = _same_shape("epsilon", epsilon, x)
    noise = non_negative_level("sigma", sigma, points) * value
    return (points - noise) / positive_level("alpha", alpha, points)


def epsilon_from_denoiser(
    x: ArrayLike, denoiser: ArrayLike, alpha: ArrayLike, sigma: ArrayLike
) -> Points:
    """The predicted noise (x - alpha E[x_0 | x]) / sigma.

    Raises:
        ValueError: sigma that is not positive, alpha that is negative, or x and denoiser of
            different shapes.
    """
    points, value = _same_shape("denoiser", denoiser, x)
    kept = non_negative_level("alpha", alpha, points) * value
    return (points - kept) / positive_level("sigma", sigma, points)


def _same_shape(name: str, value: ArrayLike, x: ArrayLike) -> tuple[Tensor, Tensor]:
    points = _require.array("x", x)
    other = _require.array(name, value, like=points)
    if other.shape != points.shape:
        shapes = f"the shape {tuple(points.shape)} of x"
        msg = f"{name} must have {shapes}, got shape {tuple(other.shape)}"
        raise ValueError(msg)
    return points, other
