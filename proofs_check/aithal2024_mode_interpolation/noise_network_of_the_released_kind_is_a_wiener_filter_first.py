"""The first phase of training: the Gaussian denoiser, before the modes are seen."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.learn import LearnedScore, shipped_network
from theorylab.learn.modes import RECIPES, SCHEDULE, SHIFTED

INDICES = (5, 10, 15, 25, 31)
LEFT = 31
"""The raw index (noise 0.374) where the later network has left the filter."""


@dataclass(frozen=True)
class Phase:
    """Which weights are called early and late, and the variance of the filter."""

    early: str = "early_noise"
    late: str = "later_noise"
    variance: float = 2 / 3 + 0.0025
    mean: float = 2.0


@claim(
    source=read_at("Training of the one-dimensional network"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Phase()],
    must_fail={
        "the other way round": lambda case: replace(case, early="later_noise", late="early_noise"),
        "a filter for half the variance": lambda case: replace(case, variance=case.variance / 2),
        "a filter around 2.2": lambda case: replace(case, mean=2.2),
    },
)
def noise_network_of_the_released_kind_is_a_wiener_filter_first(case: Phase) -> Finding:
    r"""A noise predictor with the released architecture at half its width (one shared residual
    block used three times, 64 units), seed 0, Adam at $10^{-3}$, batches of 512 from modes at 1,
    2, 3 of deviation 0.05. After 400 steps its denoiser, at 41 points between 1 and 3 and the
    noises 0.095, 0.149, 0.202, 0.309 and 0.374, is within a quarter of the distance between the
    exact denoiser and the Wiener filter $2 + \frac{\lambda}{\lambda + \sigma^2}(y - 2)$, $\lambda
    = 2/3 + 0.0025$, from that filter (root mean square). After 2500 steps of the same run it has
    left the filter at the noise 0.374, where it is nearer to the exact denoiser.
    """
    parts = []
    for index in INDICES:
        filtered, exact = references(index, case)
        nonlinear = rms(exact - filtered)
        parts.append(at_most(rms(denoised(case.early, index) - filtered), nonlinear / 4,
                             budget=1e-9))  # fmt: skip
    filtered, exact = references(LEFT, case)
    late = denoised(case.late, LEFT)
    parts += [
        at_most(rms(late - exact), rms(late - filtered), budget=1e-9),
        at_most(4 * rms(denoised(case.early, LEFT) - filtered), rms(late - filtered), budget=1e-9),
    ]
    return all_hold(*parts)


def references(index: int, case: Phase) -> tuple[Tensor, Tensor]:
    """The Wiener filter and the exact denoiser at the points."""
    y = torch.linspace(1.0, 3.0, 41)
    noise = float(SCHEDULE.noise_to_signal(float(index)))
    filtered = case.mean + case.variance / (case.variance + noise**2) * (y - case.mean)
    return filtered, SHIFTED.posterior_mean(y[:, None], noise)[:, 0]


@cache
def denoised(name: str, index: int) -> Tensor:
    """The network's denoiser at the points."""
    score = LearnedScore(shipped_network(RECIPES[name](), 0).double(), SCHEDULE)
    alpha, sigma = (float(f(float(index))) for f in (SCHEDULE.alpha, SCHEDULE.sigma))
    x = alpha * torch.linspace(1.0, 3.0, 41)[:, None]
    return ((x + sigma**2 * score(x, torch.tensor(float(index)))) / alpha)[:, 0]


def rms(difference: Tensor) -> Tensor:
    """The root mean square."""
    return difference.square().mean().sqrt()
