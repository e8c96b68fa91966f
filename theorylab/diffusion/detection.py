r"""Detecting hallucinations by the variance of the predicted clean sample along a trajectory.

Notation: x0_t = E[x_0 | x_t] along the states x_t of one trajectory, for the times t of a window;
Hal = mean over coordinates of the population variance (1/n) of x0_t over the window.

.. math:: \mathrm{Hal} = \frac1d \sum_{j=1}^d \frac1n \sum_{t} \big(x^0_{t,j} -
          \tfrac1n \textstyle\sum_u x^0_{u,j}\big)^2

The released code of arXiv:2406.09358 takes the last ten steps. This module sets no threshold; a
null law from which one follows is in `theorylab.diffusion.affine_chain`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerPoint
from theorylab.diffusion import _points
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score, denoiser_from_score
from theorylab.path import Path


def predictions(
    path: Path, *, score: Score, schedule: Schedule, window: tuple[float, float]
) -> Tensor:
    """The denoiser at the states of the path whose times lie in the window, (n, batch, d).

    Args:
        path: with all its states (`keep_path`), from any sampler.
        score: exact or learned.
        schedule: of the path.
        window: the first and last time, inclusive; times without noise are left out.

    Raises:
        ValueError: no path or schedule, a window out of order, or fewer than two states in it.
    """
    _points.instance("path", path, Path)
    _points.instance("schedule", schedule, Schedule)
    low, high = (_require.number("window", end) for end in window)
    if low > high:
        msg = f"window must be ordered as (low, high), got {window}"
        raise ValueError(msg)
    found = [
        denoiser_from_score(x, score(x, t), schedule.alpha(t).to(x), schedule.sigma(t).to(x))
        for t, x in zip(path.times, path.states, strict=True)
        if low <= float(t) <= high and float(schedule.sigma(t)) > 0
    ]
    if len(found) < 2:
        msg = f"window must hold at least two states of the path, got {len(found)} in {window}"
        raise ValueError(msg)
    return torch.stack(found)


def trajectory_variance(
    path: Path, *, score: Score, schedule: Schedule, window: tuple[float, float]
) -> PerPoint:
    """Hal of every trajectory, (batch,).

    Raises:
        ValueError: as `predictions`.
    """
    clean = predictions(path, score=score, schedule=schedule, window=window)
    return clean.var(dim=0, correction=0).mean(-1)


@dataclass(frozen=True)
class Detection:
    """How well a statistic tells positives from negatives.

    Attributes:
        auroc: the probability that a positive exceeds a negative, ties counted half.
        threshold: above it a sample is called positive.
        found: positives above the threshold.
        positives: their number.
        kept: negatives at or below the threshold.
        negatives: their number.
    """

    auroc: float
    threshold: float
    found: int
    positives: int
    kept: int
    negatives: int


def detection(statistic: ArrayLike, positive: Tensor, *, retention: float) -> Detection:
    """Counts at the smallest threshold that keeps a share `retention` of the negatives.

    Args:
        statistic: larger for positives, (n,).
        positive: truth, booleans (n,).
        retention: in (0, 1].

    Raises:
        ValueError: shapes that differ, no positives or no negatives, a retention outside (0, 1].
    """
    value = _require.array("statistic", statistic)
    share = _require.between("retention", retention, 0.0, 1.0)
    if value.ndim != 1 or positive.shape != value.shape or positive.dtype != torch.bool:
        msg = f"positive must be booleans of the shape {tuple(value.shape)}, got {positive!r}"
        raise ValueError(msg)
    bad, good = value[positive], value[~positive]
    if not (len(bad) and len(good) and share > 0):
        msg = f"positive must hold both kinds and retention exceed 0, got {len(bad)}, {len(good)}"
        raise ValueError(msg)
    ordered = good.sort().values
    threshold = ordered[max(0, math.ceil(share * len(good) - 1e-9) - 1)]
    below = torch.searchsorted(ordered, bad, right=False)
    ties = torch.searchsorted(ordered, bad, right=True) - below
    area = (below.double() + ties.double() / 2).mean() / len(good)
    return Detection(
        float(area), float(threshold), int((bad > threshold).sum()), len(bad),
        int((good <= threshold).sum()), len(good),
    )  # fmt: skip


def roc(statistic: ArrayLike, positive: Tensor, *, points: int = 101) -> tuple[Tensor, Tensor]:
    """False and true positive rates at evenly spaced false positive rates, each (points,).

    Raises:
        ValueError: as `detection`, points < 2.
    """
    count = _require.integer("points", points, at_least=2)
    rates = torch.linspace(0, 1, count, dtype=torch.float64)
    true = [detection(statistic, positive, retention=max(1 - float(rate), 1e-9)) for rate in rates]
    return rates, torch.tensor([one.found / one.positives for one in true], dtype=torch.float64)


def ceiling(kept: int, drawn: int, share: float) -> float:
    r"""The largest share of hallucinations that keeping `kept` of `drawn` samples can remove.

    .. math:: \min\Big(1, \frac{1 - kept/drawn}{share}\Big)

    Raises:
        ValueError: kept not in 1..drawn, a share outside (0, 1].
    """
    total = _require.integer("drawn", drawn, at_least=1)
    if _require.integer("kept", kept, at_least=1) > total:
        msg = f"kept must not exceed drawn = {drawn}, got {kept}"
        raise ValueError(msg)
    if not 0 < _require.number("share", share) <= 1:
        msg = f"share must be in (0, 1], got {share}"
        raise ValueError(msg)
    return min(1.0, (1 - kept / total) / share)
