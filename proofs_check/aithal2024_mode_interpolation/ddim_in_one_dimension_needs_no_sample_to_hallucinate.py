"""B3 and the masses of DDIM with the exact score, by preimages."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import ExactScore, ddim_sample, linear_nodes
from theorylab.diffusion.line import interior_gaps, mass_between
from theorylab.diffusion.transport import normal_mass, preimages


@dataclass(frozen=True)
class Run:
    """A number of evenly spaced steps and the mass stated for it."""

    steps: int
    stated: float
    margin: float = 6.0
    share: float = 1.0


@claim(
    source=read_at("Dependence on the number of sampling steps"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Run(100, 5.57e-3), Run(50, 3.388e-2), Run(20, 0.1467), Run(10, 0.1634)],
    must_fail={
        "margin of 5.8 deviations": lambda case: replace(case, margin=5.8),
        "a score two per cent flatter": lambda case: replace(case, share=0.98),
        "a mass two per cent larger": lambda case: replace(case, stated=1.02 * case.stated),
    },
    thorough=[Run(1000, 1.3663e-7)],
)
def ddim_in_one_dimension_needs_no_sample_to_hallucinate(case: Run) -> Finding:
    r"""Deterministic DDIM with the exact score on a line is strictly increasing, so what it
    puts farther than $6s$ from both neighbouring modes is the normal mass between preimages. On
    the released betas with evenly spaced steps from $N(0, 1)$ at the last index, for modes at 1,
    2, 3 of deviation 0.05, that is $5.57\cdot 10^{-3}$ with 100 steps, 0.0339 with 50, 0.147 with
    20 and 0.163 with 10, where the data have $1.32\cdot 10^{-9}$ (to 0.4 per cent): fewer steps
    hallucinate without any smoothing of the score. (The mass is also counted on
    20001 quantiles of the start; thorough: $1.366\cdot 10^{-7}$ with 1000 steps.)
    """
    mass, ends = between(case.steps, case.share, case.margin), mapped(case.steps, case.share)
    inner = torch.stack(interior_gaps(THREE.means, 6 * DEVIATION))
    counted = ((ends[:, None] > inner[0]) & (ends[:, None] < inner[1])).sum() / 20001
    data = float(mass_between(THREE, *inner).sum())
    increasing = at_most(-ends.diff().min(), 0 * ends[0] + 1e-9, budget=1e-3)
    parts = [
        equal(mass, case.stated, budget=4e-3),
        equal(data, 1.315e-9, budget=1e-3),
        increasing,
    ]
    if case.stated > 1e-3:
        parts.append(equal(1 + mass, 1 + counted, budget=2e-4))
    return all_hold(*parts)


def end_of(x: Tensor, steps: int, share: float) -> Tensor:
    """Where DDIM ends, with a share of the exact score."""
    exact = ExactScore(THREE, CHAIN)
    path = ddim_sample(
        x.reshape(-1, 1), linear_nodes(steps), schedule=CHAIN,
        score=lambda at, t: share * exact(at, t),
    )  # fmt: skip
    return path.end.reshape(x.shape)


@cache
def between(steps: int, share: float, margin: float) -> float:
    """The normal mass between the preimages of the gaps' ends."""
    gaps = torch.stack(interior_gaps(THREE.means, margin * DEVIATION))
    start = preimages(lambda x: end_of(x, steps, share), gaps, low=-10.0, high=10.0, sections=64)
    return float(normal_mass(start[0], start[1]).sum())


@cache
def mapped(steps: int, share: float) -> Tensor:
    """The ends of 20001 quantiles of the start."""
    levels = (torch.arange(20001, dtype=torch.float64) + 0.5) / 20001
    return end_of(torch.special.ndtri(levels), steps, share)
