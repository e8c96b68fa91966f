"""Section 2 calls DDIM a first-order exponential integrator; its order, two-sided."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, order
from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_sample,
    probability_flow,
)
from theorylab.diffusion.schedule import Schedule
from theorylab.integrate import DOPRI8, solve_ode


@dataclass(frozen=True)
class Sampler:
    """A schedule, the span of the run, and the order claimed."""

    schedule: Schedule
    start: float
    stop: float
    expected: float = 1.0
    score_share: float = 1.0


def reference(
    schedule: Schedule, start: float, stop: float, mixture: GaussianMixture, x: Tensor
) -> Tensor:
    """The probability flow by an eighth-order method at tolerance 1e-12."""
    score = ExactScore(mixture, schedule)
    flow = probability_flow(schedule, score, start=start, stop=stop)
    return solve_ode(flow, x, method=DOPRI8, rtol=1e-12, atol=1e-13).end


@claim(
    source=PAPER.at(
        "Section 2 (DDIM discretizes Eq. 3 with a first-order exponential integrator)"
    ),
    relation=Relation.AS_STATED,
    evidence=Evidence.TREND,
    cases=[
        Sampler(VPSchedule.linear(0.1, 20.0), 0.9, 0.01),
        Sampler(EDMSchedule(0.002, 80.0), 4.0, 0.05),
    ],
    must_fail={
        "second order": lambda case: replace(case, expected=2.0),
        "order 1.15": lambda case: replace(case, expected=1.15),
        "a score two per cent too steep": lambda case: replace(case, score_share=1.02),
    },
)
def ddim_is_a_first_order_method_for_the_flow(case: Sampler) -> Finding:
    r"""On evenly spaced times the end points of deterministic DDIM with the exact score approach
    those of the probability flow at first order in the step:
    $|x_{\mathrm{DDIM}} - x_{\mathrm{ODE}}| \sim C\,h^{1}$. (Fitted, to within 0.1 of the order,
    to the median over 32 starts at 25 to 400 steps, for two modes of weights 0.4 and 0.6 in the
    plane, on a VP and on an EDM schedule.)
    """
    counts = torch.tensor([25, 50, 100, 200, 400])
    errors = medians(
        case.schedule, case.start, case.stop, case.score_share, tuple(counts.tolist())
    )
    steps = (case.start - case.stop) / counts
    return order(steps, errors, expected=case.expected, tol=0.1, floor=1e-9)


@cache
def medians(
    schedule: Schedule, start: float, stop: float, score_share: float, counts: tuple[int, ...]
) -> Tensor:
    """The median distance of DDIM from the flow over the starts, for each number of steps."""
    mixture = GaussianMixture.pair(2.0, 0.04, weight=0.4, dimension=2)
    generator = torch.Generator().manual_seed(7)
    side = torch.sign(torch.rand(32, 1, generator=generator) - 0.5)
    x = side * (torch.rand(32, 2, generator=generator) + 0.5)
    exact = ExactScore(mixture, schedule)
    expected = reference(schedule, start, stop, mixture, x)
    errors = []
    for count in counts:
        times = torch.linspace(stop, start, count + 1)
        path = ddim_sample(
            x,
            times[1:].tolist(),
            schedule=schedule,
            score=lambda x, t: score_share * exact(x, t),
            last=stop,
        )
        errors.append((path.end - expected).norm(dim=-1).median())
    return torch.stack(errors)
