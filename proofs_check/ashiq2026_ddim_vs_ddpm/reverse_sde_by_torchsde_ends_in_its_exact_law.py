"""Equation 2, integrated step by step, against the closed form of its endpoint law."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, law_equals
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_reverse,
    offset_law,
    reverse,
    reverse_law,
)
from theorylab.integrate import EULER_MARUYAMA, MILSTEIN, SRK, BrownianPath, SDEMethod, solve_sde

CHANCE = 2e-13
Law: TypeAlias = Callable[[np.ndarray], np.ndarray]
REACH = 0.06
MODE, S0, S1, AWAY = GaussianMixture([[0.3]], 0.04), 1.0, 0.25, 1.7
MODES = GaussianMixture([[-1.2], [0.1], [1.0]], [0.02, 0.05, 0.01], [0.3, 0.4, 0.3])
SCHEDULE, START = VPSchedule.linear(0.1, 20.0), 0.12


@dataclass(frozen=True)
class Run:
    """A run from one point: by the clock in one cell, or on a schedule for a whole mixture."""

    k: float = 1.0
    mixture: bool = False
    method: SDEMethod = SRK
    steps: int = 128
    n: int = 20_000
    seed: int = 909
    stop: float = 0.02
    wider: float = 1.0
    level: float = 0.0
    moved: float = 0.0


@claim(
    source=read_at("Equation 2"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Run(0.25, method=EULER_MARUYAMA, steps=256),
        Run(1.0, mixture=True, steps=60),
        Run(1.0, steps=48),
        Run(2.0, method=MILSTEIN, steps=256),
    ],
    thorough=[Run(1.0, mixture=True, method=EULER_MARUYAMA, steps=300, stop=0.2)],
    must_fail={
        "the law a third wider": lambda case: replace(case, wider=4 / 3),
        "the law of k larger by 0.2": lambda case: replace(case, level=0.2),
        "the law from another start": lambda case: replace(case, moved=0.5),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/reverse_sde_ends_in_the_posterior_mixture",
        "ashiq2026_ddim_vs_ddpm/offset_from_one_component_shrinks_with_a_power_of_the_noise",
    ],
)
def reverse_sde_by_torchsde_ends_in_its_exact_law(case: Run) -> Finding:
    r"""Integrated with the exact score by Euler-Maruyama, Milstein or SRK from one point, the
    reverse family ends in its exact law: for one component and $k = 0.25, 1, 2$ in
    $N(\mu + (s_1/s_0)^{1+k}(y_0 - \mu),\, s_1^2(1 - (s_1/s_0)^{2k}))$, and at $k = 1$ for three
    modes with a variance each, on a continuous VP schedule from $t = 0.5$ to $0.02$ or $0.2$, in
    the posterior mixture. The distribution functions do not differ by 0.06, the bias of the 48 to
    300 steps included.
    """
    cdf = of_mixture(case) if case.mixture else of_component(case)
    ends = integrated(replace(case, wider=1.0, level=0.0, moved=0.0))
    return law_equals(ends, cdf, reach=REACH, false_alarm=CHANCE, miss=CHANCE)


@cache
def integrated(case: Run) -> Tensor:
    """The ends of n runs: of one mode in the clock from 1.7 s0, or of three on the schedule."""
    if case.mixture:
        score = ExactScore(MODES, SCHEDULE)
        dynamics, start = reverse(SCHEDULE, score, start=0.5, stop=case.stop), START
    else:
        dynamics = clock_reverse(MODE, case.k, s_start=S0, s_stop=S1)
        start = float(MODE.means) + AWAY * S0
    return solve_sde(
        dynamics,
        torch.full((case.n, 1), start),
        method=case.method,
        step=dynamics.length / case.steps,
        noise=BrownianPath(entropy=case.seed),
    ).end


def of_component(case: Run) -> Law:
    """The law of one mode from an offset of 1.7 s0."""
    factor, variance = offset_law(case.k + case.level, S0, S1)
    centre = float(MODE.means) + float(factor) * AWAY * S0
    deviation = case.wider * float(variance) ** 0.5

    def cdf(y: np.ndarray) -> np.ndarray:
        return torch.special.ndtr((torch.from_numpy(y) - centre) / deviation).numpy()

    return cdf


def of_mixture(case: Run) -> Law:
    """The posterior mixture of three modes of three widths."""
    seen = torch.tensor([[START + case.moved]])
    law = reverse_law(MODES, seen, schedule=SCHEDULE, start=0.5, stop=case.stop)
    law = replace(law, variance=case.wider**2 * law.variance)

    def cdf(x: np.ndarray) -> np.ndarray:
        ends = torch.from_numpy(x)[:, None, None]
        parts = torch.special.ndtr((ends - law.means[..., 0]) / law.variance.sqrt())
        return (law.log_shares.exp() * parts).sum(-1)[:, 0].numpy()

    return cdf
