"""The denoiser that fits the training set best does not interpolate, however few its points."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import DEVIATION, THREE, TOP
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import GaussianMixture, MultiDeltaDenoiser
from theorylab.diffusion.line import mass_below
from theorylab.diffusion.transport import preimages
from theorylab.integrate import DOPRI5, solve_ode
from theorylab.path import Dynamics

LEAST = 1e-6
"""The noise at which the denoiser is read off."""


@dataclass(frozen=True)
class Training:
    """The number of training points, and how the flow or the start is changed."""

    points: int
    tempered: float = 1.0
    level: float = 0.5
    kernel: float = 0.0
    seed: int = 6


@claim(
    source=read_at("Number of training points (hallucinations of a perfect fit)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Training(9), Training(60), Training(300)],
    must_fail={
        "log-odds tempered by 0.2": lambda case: replace(case, tempered=0.2),
        "quantiles at the upper ends of the cells": lambda case: replace(case, level=1.0),
        "a kernel of 0.02 around every point": lambda case: replace(case, kernel=0.02),
    },
)
def flow_of_the_empirical_optimum_ends_on_training_points(case: Training) -> Finding:
    r"""The least denoising loss on $N$ training points $x_1 < \dots < x_N$ of a line belongs to
    $D_M(y, \sigma) = \sum_i r_i x_i$. Its flow takes the quantile $(i - \tfrac12)/N$ of the
    training law at $\sigma = 80$ to $x_i$, every cell of quantiles to one training point: it
    puts no mass between the modes, whatever $N$. Hallucinations between modes, and their
    dependence on $N$, come from not fitting the training set. (9, 60 and 300 points of three modes
    of deviation 0.05, read off at noise $10^{-6}$; none of the ends is farther than $6s$ from the
    modes.)
    """
    points = THREE.sample(case.points, seed=case.seed)[:, 0].sort().values
    law = GaussianMixture(points[:, None], TOP**2)
    levels = (torch.arange(case.points, dtype=torch.float64) + case.level) / case.points
    levels = levels.clamp(max=1 - 0.01 / case.points)
    start = preimages(lambda y: mass_below(law, y), levels, low=-1000.0, high=1000.0)
    ends = flown(points, start, case)
    far = ((ends[:, None] - THREE.means[:, 0]).abs() > 6 * DEVIATION).all(-1)
    return all_hold(
        equal(ends, points, budget=1e-6),
        equal(1 + far.double().mean(), 1.0, budget=1e-12),
    )


def flown(points: Tensor, start: Tensor, case: Training) -> Tensor:
    """Where the flow dy/d ln sigma = y - D ends, read off by D."""
    denoiser = MultiDeltaDenoiser(points[:, None])

    def clean(y: Tensor, sigma: Tensor) -> Tensor:
        seen = torch.sqrt((sigma**2 + case.kernel**2) / case.tempered)
        kept = case.kernel**2 / (case.kernel**2 + sigma**2)
        return kept * y + (1 - kept) * denoiser(y, seen)

    flow = Dynamics(lambda u, y: y - clean(y, torch.exp(u)), (math.log(TOP), math.log(LEAST)))
    path = solve_ode(flow, start[:, None], method=DOPRI5, rtol=1e-8, atol=1e-10)
    return clean(path.end, torch.tensor(LEAST, dtype=torch.float64))[:, 0]
