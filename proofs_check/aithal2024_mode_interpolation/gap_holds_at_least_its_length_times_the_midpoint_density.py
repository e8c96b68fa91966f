"""B14: a lower bound on the mass between two modes from the slope at the midpoint."""

import math
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import (
    DEVIATION,
    EDM,
    HALF,
    PAIR,
    TOP,
    VARIANCE,
    centred,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion.line import flow_preimages, mass_between
from theorylab.diffusion.midpoint import log_midpoint_density
from theorylab.diffusion.smoothing import Floor, Inflate, SmoothedScore

V = VARIANCE + TOP**2
SMOOTHINGS = (Inflate(0.025), Inflate(0.05), Inflate(0.1), Floor(0.05), Floor(0.1))
STATED = (0.123, 0.468, 0.764, 0.419, 0.740)


@dataclass(frozen=True)
class Gap:
    """The margin in deviations, and a factor on the bound and on the ratios stated."""

    margin: float = 6.0
    factor: float = 1.0
    ratio: float = 1.0


@claim(
    source=read_at("Smooth approximation of the score (how many samples hallucinate)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Gap()],
    must_fail={
        "the slope's integral forgotten by a third": lambda case: replace(case, factor=4 / 3),
        "ratios two per cent larger": lambda case: replace(case, ratio=1.02),
        "margin of five deviations": lambda case: replace(case, margin=5.0),
    },
)
def gap_holds_at_least_its_length_times_the_midpoint_density(case: Gap) -> Finding:
    r"""On a line the ends $a < b$ of an interval $I$, pulled back by the flow of any denoiser with
    $\partial_y D \le L(\sigma)$ on the way, separate at most as fast as $\exp\int(1 - L)$, so

    $$M(I) \ge |I|\,\min_{[a_T, b_T]} p_T\;
      \exp\Big(-\int \frac{L(\sigma) - 1}{\sigma}\,d\sigma\Big).$$

    For two smoothed modes $\pm h$ the slope is largest at the midpoint, and the bound is $|I|\,
    p(0)\,p_T(b_T)/p_T(0)$ with the closed density $p(0)$. At $h = 0.5$, $s = 0.05$, margins of
    $6s$ it is 0.123, 0.468 and 0.764 of the mass when inflated by 0.025, 0.05 and 0.1, and
    0.419 and 0.740 with the floors 0.05 and 0.1. The slope at 0 is the largest on 101 points at
    12 noises.
    """
    end = HALF - case.margin * DEVIATION
    masses, bounds, steepest = [], [], []
    for smoothing in SMOOTHINGS:
        mass, edge = integrated(smoothing, end)
        density = math.exp(log_midpoint_density(smoothing, half=HALF, variance=VARIANCE, start=V))
        masses.append(mass)
        bounds.append(case.factor * 2 * end * density * math.exp(-(edge**2) / (2 * V)))
        steepest.append(slopes(smoothing))
    ratio = torch.tensor(bounds) / torch.tensor(masses)
    middle = torch.stack([found[:, 50] for found in steepest])
    return all_hold(
        at_most(torch.tensor(bounds) / torch.tensor(masses), torch.ones(5), budget=1e-6),
        equal(ratio, case.ratio * torch.tensor(STATED), budget=2e-3),
        at_most(torch.stack(steepest).amax(-1), middle, budget=1e-9),
    )


@cache
def integrated(smoothing: Inflate | Floor, end: float) -> tuple[float, float]:
    """The mass of (-end, end) and the preimage of its upper end."""
    found = flow_preimages(
        SmoothedScore(PAIR, EDM, smoothing), torch.tensor([-end, end]), stop=0.0, start=TOP,
        rtol=1e-9,
    )  # fmt: skip
    return float(mass_between(centred(V), found[:1], found[1:])), float(found[1])


def slopes(smoothing: Inflate | Floor) -> Tensor:
    """dD/dy by differences, (12 noises, 101 points symmetric around 0)."""
    score, y = SmoothedScore(PAIR, EDM, smoothing), torch.linspace(-0.6, 0.6, 101)
    rows = []
    for sigma in torch.logspace(-3, 1, 12).tolist():
        ends = [
            (y + h)[:, None] + sigma**2 * score((y + h)[:, None], sigma) for h in (-1e-6, 1e-6)
        ]
        rows.append((ends[1] - ends[0])[:, 0] / 2e-6)
    return torch.stack(rows)
