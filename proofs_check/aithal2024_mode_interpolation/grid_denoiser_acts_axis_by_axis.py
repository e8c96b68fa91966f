"""B13: the grid is a product law, so one axis tells all; also after a rotation."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import EDMSchedule, GaussianMixture
from theorylab.diffusion.gains import euler_sample, karras_nodes
from theorylab.diffusion.smoothing import Inflate, SmoothedScore

EDM = EDMSchedule(0.0, 80.0)


@dataclass(frozen=True)
class Grid:
    """The angle of the grid and the inflation in variances of a mode."""

    angle: float = 0.0
    inflated: float = 20.0
    skew: float = 0.0
    row_share: float = 1.0
    wrong_angle: float = 0.0
    seed: int = 13


@claim(
    source=read_at("Gaussian experiments in two dimensions (grid and rotated grid)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Grid(), Grid(angle=math.pi / 4), Grid(angle=0.3, inflated=100.0)],
    must_fail={
        "a grid sheared by two per cent": lambda case: replace(case, skew=0.02),
        "axes one degree off": lambda case: replace(case, wrong_angle=math.pi / 180),
        "a row two per cent more inflated": lambda case: replace(case, row_share=1.02),
    },
)
def grid_denoiser_acts_axis_by_axis(case: Grid) -> Finding:
    r"""Equal modes on a square grid are a product law in the directions of the grid, and so is
    every smoothing of them by an equal $v_{\rm eff}$: the smoothed denoiser acts on each of
    these coordinates as the one of a row. If a row ends with the probability $m$ between two
    modes, a sample of the flow ends between modes in exactly one coordinate (on an edge) with
    the probability $2m(1 - m)$ and in both (inside a cell) with $m^2$: hallucinations lie on the
    edges of the grid, however it is rotated. (Scores at 200 points and three noises, spacing 40
    deviations; the two probabilities by 8 Euler steps of the flow in the plane from all pairs of
    75 quantiles of the start at noise 80, and $m$ by the same steps for a row.)
    """
    row = GaussianMixture(torch.arange(-2.0, 3.0)[:, None], 1 / 1600)
    plane = torch.cartesian_prod(row.means[:, 0], row.means[:, 0])
    plane[:, 0] += case.skew * plane[:, 1]
    turn = torch.tensor([[math.cos(case.angle), -math.sin(case.angle)],
                         [math.sin(case.angle), math.cos(case.angle)]])  # fmt: skip
    wrong = case.angle + case.wrong_angle
    axes = torch.tensor([[math.cos(wrong), -math.sin(wrong)],
                         [math.sin(wrong), math.cos(wrong)]])  # fmt: skip
    grid = GaussianMixture(plane @ turn.T, 1 / 1600)
    smoothing = Inflate(case.inflated / 1600)
    of_row = Inflate(case.row_share * case.inflated / 1600)
    generator = torch.Generator().manual_seed(case.seed)
    parts = []
    for sigma in (0.03, 0.3, 2.0):
        y = 6 * torch.rand(200, 2, generator=generator) - 3
        whole = SmoothedScore(grid, EDM, smoothing)(y, sigma) @ axes
        along = y @ axes
        rows = [SmoothedScore(row, EDM, of_row)(along[:, [i]], sigma) for i in (0, 1)]
        parts.append(equal(whole, torch.cat(rows, dim=1), budget=1e-11))
    quantiles = 80 * torch.special.ndtri((torch.arange(75, dtype=torch.float64) + 0.5) / 75)
    ends = flown(SmoothedScore(row, EDM, of_row), quantiles[:, None])
    m = between(ends).double().mean()
    starts = torch.cartesian_prod(quantiles, quantiles) @ axes.T
    inside = between(flown(SmoothedScore(grid, EDM, smoothing), starts) @ axes).sum(-1)
    shares = torch.stack([(inside == count).double().mean() for count in (1, 2)])
    parts.append(equal(shares, torch.stack([2 * m * (1 - m), m**2]), budget=1e-12))
    parts.append(at_most(0.05, m, budget=1e-9))
    return all_hold(*parts)


def flown(score: SmoothedScore, y: Tensor) -> Tensor:
    """Where 8 Euler steps from noise 80 end."""
    nodes = torch.cat([karras_nodes(8), torch.zeros(1)])
    return euler_sample(lambda at, sigma: at + sigma**2 * score(at, sigma), y, nodes)


def between(x: Tensor) -> Tensor:
    """Which coordinates lie farther than 6 deviations from both of two neighbours of -2..2."""
    return ((x - x.round()).abs() > 6 / 40) & (x.abs() < 2)
