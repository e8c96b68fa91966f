"""The ancestral chain on a line, by kernel quadrature in place of 1e8 samples."""

from dataclasses import dataclass, replace
from functools import cache

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import DDPMSchedule, ExactScore, VPSchedule
from theorylab.diffusion.chain import LastLaw, propagate

CENTRES = (1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Chain:
    """A schedule, and what is stated: masses at 6 and 4 deviations, s_out/s, weights."""

    schedule: DDPMSchedule
    start: int
    six: float
    four: float
    deviations: tuple[float, float]
    weights: tuple[float, float]
    large: bool = True
    kappa: float = 6.0
    spacing: float = 0.004


@claim(
    source=read_at("Gaussian experiments in one dimension (samples outside the support)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Chain(CHAIN, 400, 2.458e-8, 1.868e-5, (0.9436, 0.9455), (0.3325, 0.3350)),
        Chain(CHAIN, 400, 8.803e-9, 8.904e-7, (0.7742, 0.7770), (0.3316, 0.3368), large=False),
        Chain(VPSchedule.ddpm(100, 1e-3, 0.2), 99, 1.600e-5, 3.748e-4, (1.1137, 1.1217),
              (0.3307, 0.3387)),
    ],
    must_fail={
        "margin of 5.9 deviations": lambda case: replace(case, kappa=5.9),
        "the other variance": lambda case: replace(case, large=not case.large),
        "a mass two per cent smaller": lambda case: replace(case, six=0.98 * case.six),
        "a deviation one per cent larger": lambda case: replace(
            case, deviations=(1.01 * case.deviations[0], case.deviations[1])
        ),
    },
    thorough=[
        Chain(CHAIN, 999, 2.458e-8, 1.868e-5, (0.9436, 0.9455), (0.3325, 0.3350), spacing=0.002),
        Chain(VPSchedule.ddpm(1000), 999, 2.119e-9, 4.941e-5, (1.0082, 1.0086), (0.3331, 0.3339),
              spacing=0.0018),
    ],
)  # fmt: skip
def law_of_the_released_chain_hallucinates_with_the_exact_score(case: Chain) -> Finding:
    r"""The ancestral chain $x_{t-1} = c_1 \hat x_0 + c_2 x_t + \sqrt{\beta_t} Z$ with the *exact*
    score of three modes at 1, 2, 3 of deviation $s = 0.05$, started from $N(0, 1)$ at raw index
    400 (above it $\bar\alpha < 10^{-7}$), does not have the law of the data. On the betas of the
    released code ($10^{-3}$ to 0.2 in 1000 steps) it puts the mass $2.458\cdot 10^{-8}$ farther
    than $6s$ and $1.868\cdot 10^{-5}$ farther than $4s$ from both neighbours (the data:
    $1.315\cdot 10^{-9}$ and $4.22\cdot 10^{-5}$), its modes have the deviations $0.9436s$,
    $0.9455s$, $0.9436s$ and the weights 0.3325, 0.3350, 0.3325. With the posterior's variance
    it is $8.803\cdot 10^{-9}$, $8.904\cdot 10^{-7}$, $0.774s$, $0.777s$; with 100 steps of the
    same betas from the top $1.600\cdot 10^{-5}$, $3.748\cdot 10^{-4}$, $1.114s$, $1.122s$.
    (By propagating the density on two grids; the chain against samples in
    `hallucinations_of_the_chain_are_counted_as_its_density_says`.)
    """
    law = chain_law(case.schedule, case.start, case.large, case.spacing)
    six, four = (between(law, kappa) for kappa in (case.kappa, 4.0))
    bumps = [law.moments(centre - 0.5, centre + 0.5) for centre in CENTRES]
    expected = [case.deviations[0], case.deviations[1], case.deviations[0]]
    weights = [case.weights[0], case.weights[1], case.weights[0]]
    other = chain_law(case.schedule, case.start, case.large, 1.5 * case.spacing)
    return all_hold(
        equal(
            torch.tensor([between(other, case.kappa) / six, between(other, 4.0) / four]),
            torch.ones(2),
            budget=1e-3,
        ),
        equal(six, case.six, budget=2e-3),
        equal(four, case.four, budget=3e-4),
        equal(torch.tensor([bump[2] for bump in bumps]) / DEVIATION, expected, budget=1e-4),
        equal(torch.tensor([bump[0] for bump in bumps]), weights, budget=3e-4),
    )


@cache
def chain_law(schedule: DDPMSchedule, start: int, large: bool, spacing: float) -> LastLaw:
    """The law of the chain's last state."""
    return propagate(
        ExactScore(THREE, schedule), schedule, last=start, large=large, spacing=spacing
    )


def between(law: LastLaw, kappa: float) -> float:
    """The mass farther than kappa deviations from both neighbours, over both gaps."""
    margin = kappa * DEVIATION
    return sum(float(law.masses([a + margin, a + 1 - margin])[0]) for a in CENTRES[:2])
