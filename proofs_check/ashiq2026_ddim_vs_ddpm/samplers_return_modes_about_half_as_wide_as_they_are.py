"""X8: the width of a single mode in the output of the samplers, without a sample."""

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_contraction,
    ddim_step,
    linear_nodes,
    quadratic_nodes,
)


@dataclass(frozen=True)
class Run:
    """A sampler by its number of steps and eta, and the output deviation in units of sigma."""

    steps: int
    stated: float
    eta: float = 0.0
    quadratic: bool = True
    posterior: float = 1.0
    contraction: float = 1.0
    start: float = 1.0


@claim(
    source=read_at("Section 2 (DDIM and DDPM samplers)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Run(10, 0.5134),
        Run(20, 0.5460),
        Run(50, 0.5630),
        Run(200, 0.5650),
        Run(1000, 0.5646, quadratic=False),
        Run(50, 0.5594, eta=0.5),
        Run(50, 0.5463, eta=1.0),
        Run(1000, 0.5474, eta=1.0, quadratic=False),
    ],
    must_fail={
        "contracts as the flow": lambda case: replace(case, contraction=0.0),
        "two per cent more noise": lambda case: replace(case, posterior=1.02),
        "start two per cent wider": lambda case: replace(case, start=1.02),
        "five per cent fewer steps": lambda case: replace(case, steps=case.steps * 19 // 20),
    },
    given=["ashiq2026_ddim_vs_ddpm/ddim_contracts_more_than_the_flow"],
)
def samplers_return_modes_about_half_as_wide_as_they_are(case: Run) -> Finding:
    r"""For a single mode of the 25-mode grid's width and a start from $N(0, I)$ a sampler with
    the exact score is linear, and its output has the deviation

    $$\sigma_{out}^2 = \frac{1}{\bar\alpha_T}\prod_n c_n^2
      + \sum_n \tau_n^2\prod_{m > n} c_m^2, \qquad
      c_n = \frac{\sigma^2 + \sqrt{v_n(v_{n+1} - \tau_n^2)}}{\sigma^2 + v_n}, \qquad
      \tau_n^2 = \eta^2\,\frac{(v_n - v_{n+1})\,v_{n+1}}{v_n}.$$

    In units of $\sigma$ it is 0.5134, 0.5460, 0.5630, 0.5650 for DDIM with 10, 20, 50, 200
    quadratic steps and 0.5646 with all 1000; 0.5594 and 0.5463 for 50 steps with $\eta = 0.5$ and
    1, and 0.5474 for ancestral DDPM: the last step returns the conditional mean of the data, from
    raw step 0 where $s = 1.732\,\sigma$. A rule of $5\sigma$ is one of about nine deviations of
    the output.
    """
    schedule = VPSchedule.ddpm()
    sigma2 = float(GaussianMixture.grid().variance)
    nodes = quadratic_nodes(case.steps) if case.quadratic else linear_nodes(case.steps)
    v = torch.stack([schedule.noise_to_signal(float(raw)) ** 2 for raw in [-1, *nodes]])
    alpha = float(schedule.alpha(float(nodes[-1])))
    formula = by_formula(case, v, sigma2, alpha)
    run = by_run(case, nodes, schedule, sigma2)
    stated = equal((formula / sigma2) ** 0.5, case.stated, budget=1.5e-4)
    last = equal(torch.sqrt(1 + v[1] / sigma2), 1.732, budget=1e-4)
    return all_hold(equal(formula, run, budget=1e-9), stated, last)


def by_formula(case: Run, v: Tensor, sigma2: float, alpha: float) -> float:
    """The variance of the output by the product and the sum; v increases from 0."""
    now, after = v[1:], v[:-1]
    tau2 = case.eta**2 * (now - after) * after / now
    c = ddim_contraction(now, after - tau2, sigma2)
    if case.contraction == 0:
        c = torch.sqrt((sigma2 + after - tau2) / (sigma2 + now))
    later = torch.cumprod(c**2, 0) / c**2
    start = (case.start / alpha) ** 2
    return float(start * (c**2).prod() + case.posterior * (tau2 * later).sum())


def by_run(case: Run, nodes: list[int], schedule: VPSchedule, sigma2: float) -> float:
    """The variance from the steps themselves: one unit start, and one unit noise in each step.

    The last row starts at 1 and sees no noise; row n starts at 0 and sees a 1 in step n only.
    """
    mode = GaussianMixture(torch.zeros(1, 1), sigma2)
    score = ExactScore(mode, schedule)
    rows = len(nodes) + 1 if case.eta else 1
    x = torch.zeros(rows, 1)
    x[-1] = 1.0
    times = [*nodes[::-1], -1]
    for step, (t, after) in enumerate(pairwise(times)):
        noise = torch.zeros(rows, 1)
        if case.eta:
            noise[step] = 1.0
        x = ddim_step(x, t, after, schedule=schedule, score=score, eta=case.eta, noise=noise)
    return float((x**2).sum())
