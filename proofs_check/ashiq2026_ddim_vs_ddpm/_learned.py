"""Runs of the samplers under the three shipped networks of a row of the grid, and their counts.

Notation: mu the five modes of a row, ell their distance, sigma their deviation; a run is stranded
if it ends farther than 5 sigma from every mode; raw indices run from 999 to 0, and -1 is the data.

The grid is a product law: a network of one coordinate, applied to both, is a score of the plane.
Every count is a function of the training seed, the run and the seed of its draws.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor

from theorylab.claims import Finding, clopper_pearson, ordering
from theorylab.diffusion import quadratic_nodes, start_law
from theorylab.diffusion.samplers import Plan, sample
from theorylab.diffusion.steps import DDIM, Ancestral, DriftAndNoise, Step
from theorylab.learn import LearnedScore, shipped_network
from theorylab.learn.grid import SCHEDULE, SEEDS, row, row_mixture

CHANCE = 4.5e-13
MODES = row_mixture()
MU = MODES.means[:, 0]
ELL = float(MU[1] - MU[0])
SIGMA = float(MODES.variance) ** 0.5

FLOW = DDIM()
"""DDIM without noise, the discrete flow."""
DDPM = Ancestral()
DOUBLED = DriftAndNoise(Ancestral())
"""The drift of DDPM, twice that of the flow, and no noise."""
NOISY_FLOW = DriftAndNoise(DDIM(), Ancestral())
"""The drift of the flow and the noise of DDPM."""

EVERY = 1000


@cache
def score(seed: int) -> LearnedScore:
    """The score of the network that was trained with this seed."""
    return LearnedScore(shipped_network(row(), seed), SCHEDULE)


@dataclass(frozen=True)
class Run:
    """Where runs start and how they go on.

    Attributes:
        rule: the sampler.
        raw: the raw index of the start.
        steps: of the quadratic nodes from 800 down, of which those below `raw` are used; EVERY
            for all raw indices.
        start: "law", the exact law at `raw`; "prior", N(0, 1); "gaps", uniform on the segments.
        near: on the segments, the least distance from the midpoint in ell.
        far: on the segments, the largest one.
        n: how many.
        draw: the seed of starts and noise.
    """

    rule: Step | Plan = FLOW
    raw: int = 20
    steps: int = EVERY
    start: str = "law"
    near: float = 0.0
    far: float = 0.5
    n: int = 4000
    draw: int = 1

    def nodes(self) -> list[int]:
        """The raw indices of the run."""
        every = range(self.raw) if self.steps == EVERY else quadratic_nodes(self.steps)
        return [t for t in every if t < self.raw] + [self.raw]

    def starts(self) -> Tensor:
        """The points at `raw`, (n, 1)."""
        if self.start == "law":
            return start_law(MODES, SCHEDULE, float(self.raw)).sample(self.n, seed=self.draw)
        generator = torch.Generator().manual_seed(self.draw)
        if self.start == "prior":
            return torch.randn(self.n, 1, generator=generator, dtype=torch.float64)
        gap = torch.randint(4, (self.n,), generator=generator)
        side = 2 * torch.randint(2, (self.n,), generator=generator) - 1
        unit = torch.rand(self.n, generator=generator, dtype=torch.float64)
        r = side * (self.near + (self.far - self.near) * unit)
        y = (MU[gap] + MU[gap + 1]) / 2 + r * ELL
        return float(SCHEDULE.alpha(float(self.raw))) * y[:, None]


def stranded(x: Tensor) -> Tensor:
    """Whether points of the data space, (n, 1), are farther than 5 sigma from all modes; (n)."""
    return (x - MU).abs().amin(-1) > 5 * SIGMA


LATE = 21
"""The largest raw index whose states are kept."""

PIECE = 10_000
"""Runs made at once."""


@cache
def late_states(seed: int, run: Run) -> dict[int, Tensor]:
    """The states y of a run at its raw indices up to 21, and at -1, each (n, 1)."""
    times = [t for t in (*run.nodes()[::-1], -1) if t <= LATE]
    alpha = SCHEDULE.alpha(torch.tensor(times, dtype=torch.float64))
    pieces = []
    for piece, x in enumerate(run.starts().split(PIECE)):
        path = sample(
            x, run.nodes(), run.rule, schedule=SCHEDULE, score=score(seed), seed=run.draw,
            first_trajectory=piece * PIECE, keep_path=True,
        )  # fmt: skip
        pieces.append(path.states[-len(times) :] / alpha[:, None, None])
    return dict(zip(times, torch.cat(pieces, dim=1), strict=True))


def ends(seed: int, run: Run) -> Tensor:
    """Where a run ends, (n, 1)."""
    return late_states(seed, run)[-1]


def count(seed: int, run: Run) -> tuple[int, int]:
    """How many of the runs are stranded, and how many there are."""
    return int(stranded(ends(seed, run)).sum()), run.n


def share(seed: int, run: Run) -> float:
    """The share of stranded runs."""
    k, n = count(seed, run)
    return k / n


def told(name: str, counted: tuple[int, int]) -> str:
    """A count with its 99 % interval, such as "DDIM 3/100 = 3.00 % (0.34 to 10.4 %)"."""
    k, n = counted
    low, high = (100 * end for end in clopper_pearson(k, n, alpha=0.01))
    return f"{name} {k}/{n} = {100 * k / n:.3g} % ({low:.2g} to {high:.2g} %)"


@dataclass(frozen=True)
class Comparison:
    """Two runs under one network: the first strands less often than the second.

    Attributes:
        what: both of them in words.
        lower: the run with the smaller rate.
        higher: the run with the larger rate.
        reach: two rates that these sizes tell apart.
        seed: of the training.
    """

    what: str
    lower: Run
    higher: Run
    reach: tuple[float, float]
    seed: int = 0

    def __str__(self) -> str:
        """Such as "DDPM below DDIM, network 2"."""
        return f"{self.what}, network {self.seed}"

    def finding(self) -> Finding:
        """The ordering, with both 99 % intervals in its detail."""
        counts = [count(self.seed, run) for run in (self.lower, self.higher)]
        found = ordering(*counts, reach=self.reach, false_alarm=CHANCE, miss=CHANCE)
        named = zip(("lower", "higher"), counts, strict=True)
        return found.with_detail(", ".join(told(*pair) for pair in named))


Case = TypeVar("Case", bound="Comparison")

LAST = 120
"""The raw index from which both samplers start in the exact law."""
DDPM_RUN = Run(DDPM, LAST, n=8000, draw=61)
DDIM_RUN = Run(FLOW, LAST, 50, n=20_000, draw=62)
"""The end of the runs of the two samplers of the paper, from the same law."""


def for_each_network(*comparisons: Comparison) -> list[Comparison]:
    """The comparisons for the three training seeds."""
    return [replace(one, seed=seed) for one in comparisons for seed in SEEDS]


FULL = 100_000
"""Runs of either side with `--thorough`, the number in the paper's figures."""


def at_full_size(comparisons: Iterable[Case]) -> list[Case]:
    """The same comparisons with 100,000 runs on either side."""
    return [
        replace(
            one, what=f"{one.what}, {FULL} runs", lower=replace(one.lower, n=FULL),
            higher=replace(one.higher, n=FULL),
        ) for one in comparisons
    ]  # fmt: skip


def one_per_network(series: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first series of each network: what a figure shows does not change with the sizes."""
    first: dict[int, Mapping[str, Any]] = {}
    for shown in series:
        first.setdefault(shown["seed"], shown)
    return list(first.values())


def exchanged(case: Comparison) -> Comparison:
    """The opposite statement."""
    return replace(case, lower=case.higher, higher=case.lower)


def radius_curve(seed: int, run: Run, radii: Iterable[float]) -> list[float]:
    """Shares of stranded runs from both sides of all four midpoints, at each radius in ell."""
    return [
        share(seed, replace(run, start="gaps", near=r, far=r, draw=run.draw + i))
        for i, r in enumerate(radii)
    ]


def deviation(raw: int) -> float:
    """s at a raw index."""
    return float(SCHEDULE.effective_deviation(float(raw), MODES.variance))
