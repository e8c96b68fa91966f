"""Two solves give the mass in a gap, for any score on a line; seven kinds of smoothing."""

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import torch
from scipy.interpolate import CubicSpline
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
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion.line import flow_preimages, log_variance_flow, mass_between
from theorylab.diffusion.smoothing import Floor, Inflate, SmoothedScore, Smoothing, Temper
from theorylab.diffusion.transport import normal_mass
from theorylab.integrate import DOPRI5, solve_ode

SETTINGS: dict[Smoothing, float] = {
    Temper(0.5): 1.56205e-5,
    Temper(0.2): 8.15079e-3,
    Temper(0.1): 9.11633e-2,
    Inflate(0.01): 2.36725e-6,
    Inflate(0.025): 1.61402e-4,
    Inflate(0.05): 3.37498e-3,
    Inflate(0.1): 4.02541e-2,
    Floor(0.025): 2.98627e-6,
    Floor(0.05): 3.49862e-4,
    Floor(0.1): 1.22808e-2,
}
SHORT = (Temper(0.2), Inflate(0.01), Inflate(0.05), Floor(0.025), Floor(0.1))
V = VARIANCE + TOP**2


@dataclass(frozen=True)
class Gap:
    """A smoothing, the mass stated, and the margin to each mode in deviations."""

    smoothing: Smoothing
    stated: float
    margin: float = 6.0
    smoothed: Smoothing | None = None


@claim(
    source=read_at("Smoothed score (mechanism of mode interpolation)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Gap(smoothing, stated) for smoothing, stated in SETTINGS.items() if smoothing in SHORT],
    thorough=[
        Gap(smoothing, stated) for smoothing, stated in SETTINGS.items() if smoothing not in SHORT
    ],
    must_fail={
        "margin of 5.9 deviations": lambda case: replace(case, margin=5.9),
        "three per cent more inflation": lambda case: replace(
            case, smoothed=Inflate(0.0515) if case.smoothing == Inflate(0.05) else None
        ),
        "a mass two per cent larger": lambda case: replace(case, stated=1.02 * case.stated),
    },
)
def masses_between_two_modes_need_two_preimages_under_any_smoothing(case: Gap) -> Finding:
    r"""On a line the flow with any score is increasing, so the mass that it leaves farther than
    $6s$ from both of two modes $\pm h$ is $\Phi(b/\sqrt V) - \Phi(a/\sqrt V)$ with $a, b$ the
    preimages of $\mp(h - 6s)$. For $h = 0.5$, $s = 0.05$ and the start $N(0, s^2 + 80^2)$:

    - tempered by 0.5, 0.2, 0.1: $1.562\cdot 10^{-5}$, $8.151\cdot 10^{-3}$, $9.116\cdot 10^{-2}$;
    - inflated by 0.01, 0.025, 0.05, 0.1: $2.367\cdot 10^{-6}$, $1.614\cdot 10^{-4}$,
      $3.375\cdot 10^{-3}$, $4.025\cdot 10^{-2}$;
    - with the floor 0.025, 0.05, 0.1: $2.986\cdot 10^{-6}$, $3.499\cdot 10^{-4}$,
      $1.228\cdot 10^{-2}$.

    (Against the flow run the other way by a fifth-order method: 41 starts around the expected
    preimage, which is then read off by cubic interpolation of their ends; both ways the flow is
    stopped and started again where a floor begins, since its field has a kink there. In
    the thorough run only: tempered by 0.5 and 0.1, inflated by 0.025 and 0.1, the floor 0.05.)
    """
    mass = upward(case.smoothed or case.smoothing, HALF - case.margin * DEVIATION)
    return all_hold(
        equal(mass, torch.tensor([case.stated]), budget=4e-6),
        equal(mass, downward(case), budget=1e-6),
    )


@cache
def upward(smoothing: Smoothing, end: float) -> Tensor:
    """The mass that ends in (-end, end), by two preimages."""
    score, y = SmoothedScore(PAIR, EDM, smoothing), torch.tensor([-end, end])
    for low, high in pairwise(levels(smoothing)):
        y = flow_preimages(score, y, stop=low, start=high, rtol=1e-10)
    return mass_between(centred(V), y[:1], y[1:])


def levels(smoothing: Smoothing) -> list[float]:
    """The noises between which the field of the flow is smooth."""
    if isinstance(smoothing, Floor):
        return [0.0, math.sqrt(smoothing.least - VARIANCE), TOP]
    return [0.0, TOP]


def downward(case: Gap) -> Tensor:
    """The same mass from starts that are mapped down."""
    rough = SETTINGS[case.smoothing] * math.sqrt(2 * math.pi * V) / 2
    starts, ends = mapped(case.smoothing, rough)
    spline = CubicSpline(ends.numpy(), starts.numpy())
    at = torch.tensor(float(spline(HALF - 6 * DEVIATION)))
    root = math.sqrt(V)
    return normal_mass(-at / root, at / root)[None]


@cache
def mapped(smoothing: Smoothing, rough: float) -> tuple[Tensor, Tensor]:
    """Starts between 0.97 and 1.03 of a rough preimage, and where the flow takes them."""
    starts = rough * torch.linspace(0.97, 1.03, 41, dtype=torch.float64)
    score, y = SmoothedScore(PAIR, EDM, smoothing), starts[:, None]
    for high, low in pairwise(reversed(levels(smoothing))):
        flow = log_variance_flow(score, (high, low), width=DEVIATION)
        y = solve_ode(flow, y, method=DOPRI5, rtol=1e-8, atol=1e-13).end
    return starts, y[:, 0]
