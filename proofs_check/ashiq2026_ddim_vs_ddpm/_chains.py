r"""Exact outcomes of a sampler started on a segment: kernels on the line, no samples.

Notation: y = x / alpha; ell the spacing of the grid, sigma the deviation of a mode; the start is
at the distance r ell from the midpoint of the modes 0 and ell of one row, and on the row. On a
product grid both coordinates are chains of their own, and each step of a rule is a Gaussian
kernel around a point that depends on the present one.
"""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from theorylab.diffusion import ExactScore, GaussianMixture, Step, VPSchedule, take_step
from theorylab.diffusion.steps import Levels

SCHEDULE = VPSchedule.ddpm()
GRID = GaussianMixture.grid()
ROW = GaussianMixture(GRID.means[10:15, 1:], float(GRID.variance))
ELL = float(ROW.means[3] - ROW.means[2])
SIGMA = float(GRID.variance.sqrt())
SHELLS = 400
"""Radii of the rule."""

PLACE, WIDE, NARROW, WIDTH = torch.arange(-515, 515).double() + 0.5, 0.0033, 0.00005, 60

COARSE = ELL * (0.5 + WIDE * PLACE - (WIDE - NARROW) * WIDTH * torch.tanh(PLACE / WIDTH))
"""Points between steps, dense at the midpoint, where a step stretches y a hundredfold."""

SPACING = ELL * (WIDE - (WIDE - NARROW) / torch.cosh(PLACE / WIDTH) ** 2)
"""The derivative of the points in their number: with it a sum is an integral."""

FINE = (
    ELL
    * torch.cat(
        [
            torch.linspace(-1, 2, 6001, dtype=torch.float64),
            0.5 + torch.linspace(-0.01, 0.01, 2001, dtype=torch.float64),
        ]
    ).unique()
)
"""Points before the last step, which is steep at the midpoint: its width there is 0.0003 ell."""


def stuck(rule: Step, raw: int, radii: Tensor, *, beyond: float = 5.0) -> Tensor:
    r"""The probability to end farther than `beyond` sigma from every mode, for each r.

    Over all raw steps down to the data. With G and H the laws of the distance to the nearest mode
    along and across the segment it is $1 - \int H(\sqrt{R^2 - r^2})\,dG(r)$.
    """
    y, below = distribution(rule, raw, (*(0.5 + radii).tolist(), 0.0))
    end = moved(rule, 0, -1, y)[0]
    rim = beyond * SIGMA * torch.linspace(0, 1, SHELLS + 1)
    middle = (rim[1:] + rim[:-1]) / 2
    across = within(y, below[-1], end, torch.sqrt((beyond * SIGMA) ** 2 - middle**2))
    shells = torch.stack([within(y, row, end, rim).diff() for row in below[:-1]])
    return 1 - shells @ across


@cache
def distribution(rule: Step, raw: int, starts: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Points, and the distribution functions of y at raw 0 there, for starts in units of ell."""
    density, here = torch.eye(len(starts)), ELL * torch.tensor(starts)
    step = torch.ones(len(starts))
    for t, after in pairwise(range(raw, -1, -1)):
        there = FINE if after == 0 else COARSE
        centre, spread = moved(rule, t, after, here)
        density = spread_out(density * step, centre, spread, there)
        here, step = there, SPACING
    return FINE, torch.cumulative_trapezoid(density, FINE, dim=-1)


def spread_out(masses: Tensor, centre: Tensor, spread: float, there: Tensor) -> Tensor:
    """The density at `there` of masses (m, n) at n centres, each a normal of that spread.

    Beyond 9 spreads a normal is taken as 0; its density is below 3e-18 of its peak there.
    """
    density = torch.zeros(len(masses), len(there))
    for weights, mean in zip(masses.split(64, dim=1), centre.split(64), strict=True):
        ends = torch.stack([mean.min() - 9 * spread, mean.max() + 9 * spread])
        low, high = torch.searchsorted(there, ends).tolist()
        z = (there[low:high] - mean[:, None]) / spread
        density[:, low:high] += weights @ torch.exp(-(z**2) / 2)
    return density / (spread * math.sqrt(2 * math.pi))


def moved(rule: Step, t: int, after: int, y: Tensor) -> tuple[Tensor, float]:
    """Where a step leads without its noise, and the deviation of that noise."""
    x = SCHEDULE.alpha(float(t)) * y[:, None]
    score = ExactScore(ROW, SCHEDULE)
    still = torch.zeros_like(x)
    end = take_step(rule, x, t, after, schedule=SCHEDULE, score=score, noise=still)
    levels = Levels.of(SCHEDULE, t, after)
    return end[:, 0] / SCHEDULE.alpha(float(after)), float(rule.drawn(levels))


def within(y: Tensor, below: Tensor, end: Tensor, radii: Tensor) -> Tensor:
    """The probability that the last step leads within each radius of some mode."""
    modes = ROW.means[1:4, 0]

    def mass_below(targets: Tensor) -> np.ndarray:
        origin = np.interp(targets.numpy(), end.numpy(), y.numpy())
        return np.interp(origin, y[1:].numpy(), below.numpy(), left=0.0)

    parts = [mass_below(mode + radii) - mass_below(mode - radii) for mode in modes]
    return torch.from_numpy(sum(parts[1:], parts[0]))


def start_at(raw: int, radii: Tensor, n: int) -> Tensor:
    """The starts x of n runs at each r on a segment of the grid, (len(radii) n, 2)."""
    a, b = GRID.means[12], GRID.means[13]
    y = (a + b) / 2 + radii[:, None] * (b - a)
    return SCHEDULE.alpha(float(raw)) * y.repeat_interleave(n, dim=0)


def missed(ends: Tensor) -> Tensor:
    """Whether each end lies farther than 5 sigma from every mode."""
    return torch.cdist(ends, GRID.means).amin(-1) > 5 * SIGMA
