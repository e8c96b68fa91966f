r"""Recipes of the noise predictors of the 25-mode grid, in one dimension and in two.

Notation: the grid is a product law, so its exact score acts on each coordinate by itself; `row`
learns that one-dimensional law of five modes, `plane` and `paper` the grid itself.

Run as `python -m theorylab.learn.grid --recipe row --seed 0 --out weights`. This module judges
nothing; what the networks do is measured in proofs_check/ashiq2026_ddim_vs_ddpm.
"""

import sys
from functools import partial

import torch

from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.learn.network import ResidualMLP
from theorylab.learn.objective import FixedData, MixtureData, NoisePrediction, RawIndices
from theorylab.learn.recipe import Recipe, command
from theorylab.learn.training import Linear, Plan

SCHEDULE = VPSchedule.ddpm()
SEEDS = (0, 1, 2)
"""The seeds whose weights of `row` are shipped; of `plane` it is seed 0 alone."""


def row_mixture() -> GaussianMixture:
    """The law of one coordinate of the grid: five equal modes at a distance of 100 deviations."""
    grid = GaussianMixture.grid()
    return GaussianMixture(torch.unique(grid.means[:, 0])[:, None], grid.variance)


def row() -> Recipe:
    """The one-dimensional network: fresh data, batches of 2048, 15,000 steps; CPU minutes."""
    return Recipe(
        "row",
        partial(ResidualMLP, 1),
        NoisePrediction(MixtureData(row_mixture()), SCHEDULE, RawIndices(), 2048),
        Plan(15_000, Linear(1e-3, 1e-5), weight_decay=1e-4, clip=1.0),
        {"data": "five modes of a row of the grid", "batch": 2048, "rate": "1e-3 to 1e-5 linear"},
    )


def plane() -> Recipe:
    """The network of the paper on a reduced budget: fresh data, 10,000 batches of 2048.

    About four minutes of one CPU core; a fiftieth of the samples of `paper`.
    """
    return Recipe(
        "plane",
        partial(ResidualMLP, 2),
        NoisePrediction(MixtureData(GaussianMixture.grid()), SCHEDULE, RawIndices(), 2048),
        Plan(10_000, Linear(1e-3, 1e-5), weight_decay=1e-4, clip=1.0),
        {"data": "25-mode grid", "batch": 2048, "rate": "1e-3 to 1e-5 linear"},
    )


def paper() -> Recipe:
    """The network with the sizes of the paper: 100,000 points, 10,000 epochs of ten batches.

    The points are drawn once; the released code assigns exactly equal numbers to the modes, which
    is done here too.
    """
    grid = GaussianMixture.grid()
    noise = GaussianMixture([[0.0, 0.0]], float(grid.variance)).sample(100_000, seed=42)
    points = grid.means.repeat(4000, 1).float() + noise.float()
    return Recipe(
        "paper",
        partial(ResidualMLP, 2),
        NoisePrediction(FixedData(points), SCHEDULE, RawIndices(), 10_000),
        Plan(100_000, Linear(1e-4, 1e-5), weight_decay=1e-4, clip=1.0),
        {"data": "25-mode grid, 100,000 points", "batch": 10_000, "rate": "1e-4 to 1e-5 linear"},
    )


RECIPES = {"row": row, "plane": plane, "paper": paper}


if __name__ == "__main__":
    sys.exit(command(RECIPES))
