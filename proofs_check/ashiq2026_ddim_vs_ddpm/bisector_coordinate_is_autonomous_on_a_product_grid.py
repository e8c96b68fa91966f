"""Equation 4: when the coordinate is a Markov process of its own."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, equal
from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.diffusion.bisector import BisectorCoordinate

TIMES = (0.0, 8.0, 21.0, 100.0, 500.0)
BUDGET = 1e-11
"""Shares of far modes are exponentials of numbers up to 1e4, good to 1e-12 relative."""


@dataclass(frozen=True)
class Grid:
    """A grid of equal modes, one of them tilted in weight or moved for a false twin."""

    side: int = 5
    moving: bool = True
    heavier: float = 1.0
    moved: float = 0.0
    k: float = 1.0
    on_line: float = 1.0

    def mixture(self) -> GaussianMixture:
        """The law itself."""
        plain = GaussianMixture.grid(self.side)
        weights, means = plain.weights.clone(), plain.means.clone()
        weights[0] *= self.heavier
        means[0, 0] += self.moved
        return GaussianMixture(means, plain.variance, weights / weights.sum())


@claim(
    source=read_at("Equation 4 (reduction to one dimension)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Grid(), Grid(moving=False), Grid(3), Grid(k=0.0)],
    must_fail={
        "one mode two per cent heavier": lambda case: replace(case, heavier=1.02),
        "one mode moved by 0.01": lambda case: replace(case, moved=0.01),
        "two per cent less noise on the line": lambda case: replace(case, on_line=0.98),
    },
)
def bisector_coordinate_is_autonomous_on_a_product_grid(case: Grid) -> Finding:
    r"""Equal modes on a square grid: for each of the pairs of neighbours (40 on the 25-mode grid)
    the drift $b$ of the bisector coordinate $A$, under the reverse SDE and under the flow, from
    the moving midpoint or the fixed one, depends on the state through $A$ alone. It equals the
    drift of the mixture on the line with the coordinates of the pair's row. No tube and no two
    nearest modes are needed; with one mode 2 per cent heavier, or moved by 0.01, it depends on
    the other coordinate. Checked at five times and 50 states per pair, drawn over the grid.
    """
    mixture, schedule = case.mixture(), VPSchedule.ddpm()
    pairs = neighbours(case.side)
    generator = torch.Generator().manual_seed(4)
    line_law, full, line = on_the_line(case.side), [], []
    for i, j in pairs:
        coordinate = BisectorCoordinate(mixture, schedule, i, j, moving=case.moving)
        axis = int(coordinate.normal.abs().argmax())
        places = in_row(case.side, i, j, axis)
        row = BisectorCoordinate(line_law, schedule, *places, moving=case.moving)
        for t in TIMES:
            y = 2 * torch.rand(50, 2, generator=generator, dtype=torch.float64) - 1
            x = y * 1.2 * mixture.means.max()
            full.append(coordinate.drift(x, t, k=case.k))
            line.append(row.drift(x[:, axis, None], t, k=case.on_line * case.k))
    return equal(torch.cat(full), torch.cat(line), budget=BUDGET)


def neighbours(side: int) -> list[tuple[int, int]]:
    """The pairs at the smallest distance, (i, j) with i > j, of modes in lexicographic order."""
    rows = [(side * r + c + 1, side * r + c) for r in range(side) for c in range(side - 1)]
    columns = [(side * (r + 1) + c, side * r + c) for r in range(side - 1) for c in range(side)]
    return rows + columns


def on_the_line(side: int) -> GaussianMixture:
    """One coordinate of the grid."""
    plain = GaussianMixture.grid(side)
    axis: Tensor = plain.means[:side, 1:]
    return GaussianMixture(axis, plain.variance)


def in_row(side: int, i: int, j: int, axis: int) -> tuple[int, int]:
    """The places of the pair on the line."""
    return (i % side, j % side) if axis == 1 else (i // side, j // side)
