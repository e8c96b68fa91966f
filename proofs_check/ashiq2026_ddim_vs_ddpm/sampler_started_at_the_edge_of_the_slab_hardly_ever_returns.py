"""Proposition 5.1, sampled: returns from the edge of the slab, and terminal events."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, rate_at_most
from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.diffusion.escape import AncestralChain

CHANCE = 1e-12
PAIRS = ((0, 1), (1, 2))
"""Pairs left of the middle of a row; the others are their mirror images."""


@dataclass(frozen=True)
class Rates:
    """Bounds on the rate of returns from raw step 21 and of terminal events from 8 and 20."""

    returned: float = 4e-3
    ended: float = 2e-3
    theta: float = 0.15
    start: float = 0.3
    n: int = 40_000
    seed: int = 2121
    raws: tuple[int, ...] = (8, 20)
    until: int = -1


@claim(
    source=read_at("Proposition 5.1 (conclusion)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SAMPLED,
    cases=[Rates()],
    must_fail={
        "started at the radius and a tenth": lambda case: replace(case, start=0.165),
        "stopped after the first step": lambda case: replace(case, raws=(8,), until=7),
        "started at four thirds of the radius": lambda case: replace(case, start=0.2),
    },
)
def sampler_started_at_the_edge_of_the_slab_hardly_ever_returns(case: Rates) -> Finding:
    r"""Ancestral DDPM with the exact score of the 25-mode grid. Started at $|A| = 2\theta$,
    $\theta = 0.15\,\ell$, at raw step 21, it comes within $\theta$ of the bisector at a later step
    with a probability of at most $0.004$, on the average over the pairs and their sides (the
    second term of the reconstructed Eq. 7 is $0.112$ with $a^* = 0.3\,\ell$). Started on the
    bisector at raw step 8 or 20 it ends within $\theta$ with a probability of at most $0.002$.
    Each in $40\,000$ runs, $10\,000$ for each pair and side.
    """
    generator = torch.Generator().manual_seed(case.seed)
    returned, _ = run(case, 21, case.start, generator, until=-1)
    parts = [rate_at_most(returned, case.n, case.returned, **errors())]
    for raw in case.raws:
        _, ended = run(case, raw, 0.0, generator, until=case.until)
        parts.append(rate_at_most(ended, case.n, case.ended, **errors()))
    return all_hold(*parts)


def errors() -> dict[str, float]:
    """A rate four times the bound is seen."""
    return {"reach": 3.0, "false_alarm": CHANCE, "miss": CHANCE}


def run(
    case: Rates, raw: int, start: float, generator: torch.Generator, *, until: int
) -> tuple[int, int]:
    """How many of the runs came within theta after the first state, and how many ended there."""
    grid = GaussianMixture.grid()
    line = GaussianMixture(grid.means[:5, 1:], grid.variance)
    ell = float(line.means[1, 0] - line.means[0, 0])
    times = [float(t) for t in range(raw, until - 1, -1)]
    returned = ended = 0
    for i, j in PAIRS:
        chain = AncestralChain(
            line, VPSchedule.ddpm(), times, float(line.means[i, 0] + line.means[j, 0]) / 2
        )
        half = case.n // 4
        sides = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat_interleave(half)
        a, seen = start * ell * sides, torch.zeros(2 * half, dtype=torch.bool)
        for step, noise in enumerate(chain.noises.tolist()):
            z = torch.randn(2 * half, generator=generator, dtype=torch.float64)
            a = chain.mean(step, a) + noise * z
            seen |= a.abs() <= case.theta * ell
        returned += int(seen.sum())
        ended += int((a.abs() <= case.theta * ell).sum())
    return returned, ended
