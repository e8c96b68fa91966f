r"""Screening a network's samples by their trajectory variance, in one call.

Notation: x_t the states of a run of the sampler, x0_t the predicted clean sample there, Hal its
variance over a window of times (`theorylab.diffusion.detection`).

    screened = screen(network, x, nodes, schedule=schedule, window=(0, 7), retention=0.96, seed=0)
    screened.kept, screened.flagged, screened.threshold

Nothing here knows which samples are hallucinations: a share of all samples is flagged, as in the
filter of arXiv:2406.09358. How many hallucinations are among them depends on the sampler and on
the window; see proofs_check/aithal2024_mode_interpolation (trajectory_variance_finds_...,
detection_ranks_...).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import FIXED_LARGE, Ancestral, Schedule, sample
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.score import Score
from theorylab.diffusion.steps import Step
from theorylab.learn.score import LearnedScore

RELEASED = Ancestral(FIXED_LARGE)
"""The sampler of the released code of arXiv:2406.09358."""


@dataclass(frozen=True, eq=False)
class Screened:
    """Samples, their trajectory variance, and the threshold above which they are flagged.

    `dataclasses.replace(screened, threshold=...)` sets another one, as a quantile of a null law.

    Attributes:
        samples: (n, d).
        hal: the trajectory variance of each, (n,).
        threshold: of hal.
    """

    samples: Tensor
    hal: Tensor
    threshold: float

    @property
    def kept(self) -> Tensor:
        """The samples at or below the threshold."""
        return self.samples[self.hal <= self.threshold]

    @property
    def flagged(self) -> Tensor:
        """The samples above the threshold."""
        return self.samples[self.hal > self.threshold]


def screen(
    network: nn.Module | Score,
    x: ArrayLike,
    nodes: Sequence[float],
    *,
    schedule: Schedule,
    window: tuple[float, float],
    retention: float = 0.96,
    rule: Step = RELEASED,
    seed: int | None = None,
    last: float = -1.0,
    rows: int = 5000,
) -> Screened:
    """Sample a network and flag the samples of the largest trajectory variance.

    Args:
        network: a module that predicts the noise, as in `LearnedScore`, or any score.
        x: the points at nodes[-1], (n, d).
        nodes: strictly increasing times of the run, as in `sample`.
        schedule: the one of the network.
        window: the first and the last time of Hal, inclusive; it needs two nodes at least.
        retention: the share of the samples that is kept; ties at the threshold are kept too.
        rule: of the sampler.
        seed: of its noise; needed where there is any.
        last: the time of the data: -1 on the DDPM schedule.
        rows: how many runs are held in memory at a time, with all their states.

    Raises:
        ValueError: a retention outside (0, 1], rows < 1, a network that is no function, or as
            `sample`, `LearnedScore` and `trajectory_variance`.
    """
    share = _require.between("retention", retention, 0.0, 1.0)
    if share == 0:
        msg = f"retention must exceed 0, got {retention}"
        raise ValueError(msg)
    size = _require.integer("rows", rows, at_least=1)
    if not callable(network):
        msg = f"network must be a module or a score, got {network!r}"
        raise ValueError(msg)
    score = LearnedScore(network, schedule) if isinstance(network, nn.Module) else network
    start = _require.array("x", x)
    if start.ndim != 2 or 0 in start.shape:
        msg = f"x must have shape (n, d) with n, d >= 1, got shape {tuple(start.shape)}"
        raise ValueError(msg)
    ends, hal = [], []
    for first in range(0, len(start), size):
        path = sample(
            start[first : first + size], nodes, rule, schedule=schedule, score=score, seed=seed,
            first_trajectory=first, last=last, keep_path=True,
        )  # fmt: skip
        ends.append(path.end)
        hal.append(trajectory_variance(path, score=score, schedule=schedule, window=window))
    value = torch.cat(hal)
    place = max(1, math.ceil(share * len(value) - 1e-9))  # 0.96 * 50 is 48 but for rounding
    return Screened(torch.cat(ends), value, float(value.sort().values[place - 1]))
