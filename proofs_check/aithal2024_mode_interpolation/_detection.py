"""Runs of two samplers under smoothed scores, with the trajectory variance over many windows."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.diffusion import DDIM, FIXED_LARGE, Ancestral, sample
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.smoothing import SmoothedScore, Smoothing
from theorylab.diffusion.steps import Step

START = 120
"""The raw index at which runs start, from the exact law there (noise 1.9)."""

WINDOWS = ((0, 7), (0, 9), (0, 49))
"""Raw indices over which Hal of the chain is taken: the last 8, 10 and 50 steps."""

KEPT = 50
CHUNK = 10_000
CHAIN_RULE, FLOW_RULE = Ancestral(FIXED_LARGE), DDIM()


@dataclass(frozen=True)
class Runs:
    """What is sampled."""

    smoothing: Smoothing
    n: int
    rule: Step = CHAIN_RULE
    seed: int = 2406


@dataclass(frozen=True)
class Sampled:
    """The ends of all runs, whether they lie between modes, and Hal for each window."""

    ends: Tensor
    hallucinated: Tensor
    hal: dict[tuple[int, int], Tensor]

    def wins(self, window: tuple[int, int]) -> tuple[int, int]:
        """In how many pairs of a hallucination and another sample the first has the larger Hal.

        The k-th hallucination meets the k-th other sample: the pairs are independent, and the
        rate behind them is the area under the curve of the receiver (AUROC).
        """
        bad, good = self.hal[window][self.hallucinated], self.hal[window][~self.hallucinated]
        return int((bad > good[: len(bad)]).sum()), len(bad)


@cache
def sampled(runs: Runs, windows: tuple[tuple[int, int], ...]) -> Sampled:
    """The runs; Hal over the raw indices of each window, inclusive."""
    score = SmoothedScore(THREE, CHAIN, runs.smoothing)
    law = THREE.noised(float(CHAIN.alpha(float(START))), float(CHAIN.sigma(float(START))))
    start = law.sample(runs.n, seed=runs.seed)
    ends: list[Tensor] = []
    hal: dict[tuple[int, int], list[Tensor]] = {window: [] for window in windows}
    for first in range(0, runs.n, CHUNK):
        rows = start[first : first + CHUNK]
        above = sample(
            rows, list(range(KEPT + 1, START + 1)), runs.rule, schedule=CHAIN, score=score,
            seed=runs.seed, first_trajectory=first, last=float(KEPT),
        )  # fmt: skip
        path = sample(
            above.end, list(range(KEPT + 1)), runs.rule, schedule=CHAIN, score=score,
            seed=runs.seed + 1, first_trajectory=first, keep_path=True,
        )  # fmt: skip
        ends.append(path.end[:, 0])
        for window in windows:
            found = trajectory_variance(path, score=score, schedule=CHAIN, window=window)
            hal[window].append(found)
    end = torch.cat(ends)
    inside = (end > 1) & (end < 3)
    far = ((end[:, None] - THREE.means[:, 0]).abs() > 6 * DEVIATION).all(-1)
    return Sampled(end, inside & far, {window: torch.cat(part) for window, part in hal.items()})
