r"""What is read off samples and paths: true, interpolated or invalid, and distances to segments.

Notation: sigma the standard deviation of a mode; r the radius of the classification; y = x /
alpha_t the rescaled state.

This module does not say how accurate a measured rate is; see `theorylab.claims`.
"""

import math
from enum import IntEnum

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Labels, PerPoint
from theorylab.diffusion import _components, _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.path import Path

_ENTRIES = 2**21
"""The largest number of distances (points times modes) held at once."""


class Outcome(IntEnum):
    """The class of a sample."""

    TRUE = 0
    INTERPOLATED = 1
    INVALID = 2


def classification_radius(mixture: GaussianMixture) -> float:
    """The radius r: 5 sigma for d <= 10, sigma (sqrt d + 4) beyond.

    A true sample is farther than r from its mode with probability P(chi^2_d > (r/sigma)^2):
    3.73e-6 for d = 2, but 1.55e-3 for d = 8.

    Raises:
        ValueError: no mixture; a variance per mode, for which one radius does not make sense.

    Source: the released code of arXiv:2605.06831.
    """
    if not _points.instance("mixture", mixture, GaussianMixture).shared:
        shape = tuple(mixture.variance.shape)
        msg = f"variance must be shared for a default radius, got one per mode, shape {shape}"
        raise ValueError(msg)
    factor = 5.0 if mixture.d <= 10 else math.sqrt(mixture.d) + 4
    return factor * math.sqrt(float(mixture.variance))


def classify(
    samples: ArrayLike, mixture: GaussianMixture, *, radius: float | None = None
) -> Labels:
    """The `Outcome` of every sample, (*n, d) -> (*n) integers.

    TRUE: the nearest mode is within the radius. INTERPOLATED: it is not, but the segment between
    the two nearest modes is. INVALID: neither.

    Args:
        samples: points in the coordinates of the data.
        mixture: the data.
        radius: r; `classification_radius` if None.

    Raises:
        ValueError: no mixture, points of another dimension or not finite, a radius that is not
            positive, or no radius with a variance per mode.

    Source: the released code of arXiv:2605.06831.
    """
    _points.instance("mixture", mixture, GaussianMixture)
    reach = classification_radius(mixture) if radius is None else radius
    reach = _require.positive("radius", reach)
    points = _points.points("samples", samples, like=mixture.means)
    to_mode, to_segment = _nearest_distances(points, mixture.means)
    missed = torch.where(to_segment <= reach, Outcome.INTERPOLATED, Outcome.INVALID)
    return torch.where(to_mode <= reach, int(Outcome.TRUE), missed)


def rates(outcomes: ArrayLike) -> dict[Outcome, float]:
    """The share of every outcome, over all samples, invalid ones included.

    Raises:
        ValueError: no outcomes, or entries that are not outcomes.
    """
    flat = _require.array("outcomes", outcomes).reshape(-1)
    if flat.numel() == 0:
        msg = "outcomes must be non-empty, got 0 entries"
        raise ValueError(msg)
    counts = {kind: int((flat == int(kind)).sum()) for kind in Outcome}
    if sum(counts.values()) != flat.numel():
        odd = flat[~torch.isin(flat, flat.new_tensor([int(kind) for kind in Outcome]))][0]
        msg = f"outcomes must be 0, 1 or 2, got an entry {float(odd)}"
        raise ValueError(msg)
    return {kind: count / flat.numel() for kind, count in counts.items()}


def distance_to_nearest_segment(x: ArrayLike, means: ArrayLike) -> PerPoint:
    """The distance to the segment between the two modes nearest to each point, (*n, d) -> (*n).

    The states of a path, (T, n, d), are points too; rescale them first, see `rescaled`.

    Raises:
        ValueError: fewer than two means, or shapes that disagree.
    """
    modes = _require.array("means", means)
    if modes.ndim != 2 or len(modes) < 2:
        msg = f"means must have shape (K, d) with K >= 2, got shape {tuple(modes.shape)}"
        raise ValueError(msg)
    return _nearest_distances(_points.points("x", x, like=modes), modes)[1]


def rescaled(path: Path, schedule: Schedule) -> Path:
    """The path in the coordinates y = x / alpha_t, in which the modes do not move.

    Raises:
        ValueError: a path or a schedule of another type, times outside the schedule.
    """
    _points.instance("path", path, Path)
    _points.instance("schedule", schedule, Schedule)
    alpha = schedule.alpha(path.times).to(path.states)
    return Path(path.times, path.states / alpha[:, None, None], path.evaluations, None)


def _nearest_distances(x: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
    """The distances to the nearest mode and to the segment of the two nearest, (*n) each.

    With one mode the segment is that mode.
    """
    flat = x.reshape(-1, x.shape[-1])
    rows = max(1, _ENTRIES // len(means))
    parts = [_chunk_distances(chunk, means.to(x)) for chunk in flat.split(rows)]
    to_mode, to_segment = (torch.cat(columns) for columns in zip(*parts, strict=True))
    return to_mode.reshape(x.shape[:-1]), to_segment.reshape(x.shape[:-1])


def _chunk_distances(x: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
    squares = _components.squared_distances(x, means)
    near = squares.topk(min(2, len(means)), dim=-1, largest=False)
    first, second = means[near.indices[:, 0]], means[near.indices[:, -1]]
    side = second - first  # if zero, so is its product with anything: the clamp is harmless
    length = (side * side).sum(-1).clamp(min=torch.finfo(x.dtype).tiny)
    share = (((x - first) * side).sum(-1) / length).clamp(min=0)  # <= 1/2: first is nearer
    foot = first + share[:, None] * side
    return near.values[:, 0].sqrt(), torch.linalg.vector_norm(x - foot, dim=-1)
