r"""Recipes of the noise predictors of the 25-mode grid, in one dimension and in two.

Notation: the grid is a product law, so its exact score acts on each coordinate by itself; `row`
learns that one-dimensional law of five modes, `plane` and `paper` the grid itself. r is the ratio
of the distance of neighbouring modes to their deviation, T the number of steps of the schedule;
`row_<setting>` learns a row with another r or T.

Run as `python -m theorylab.learn.grid --recipe row --seed 0 --out weights`. This module judges
nothing; what the networks do is measured in proofs_check/ashiq2026_ddim_vs_ddpm.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from theorylab import _require
from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.learn.network import ResidualMLP
from theorylab.learn.objective import FixedData, MixtureData, NoisePrediction, RawIndices
from theorylab.learn.recipe import Recipe, command
from theorylab.learn.training import Linear, Plan

SCHEDULE = VPSchedule.ddpm()
SEEDS = (0, 1, 2)
"""The seeds whose weights of `row` are shipped; of `plane` it is seed 0 alone."""


def row_mixture(ratio: float = 100.0) -> GaussianMixture:
    """The law of one coordinate of the normalised grid: five equal modes r deviations apart.

    Raises:
        ValueError: a ratio that is not positive.
    """
    grid = GaussianMixture.grid(std=2.0 / _require.positive("ratio", ratio))
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


@dataclass(frozen=True)
class Setting:
    """A row with its r, and the T of the linear schedule from 1e-4 to 2e-2.

    Normalised data know the distance and the deviation by r alone
    (`normalised_grid_is_known_by_the_ratio_of_spacing_and_deviation`).
    """

    ratio: float = 100.0
    steps: int = 1000

    def recipe(self, name: str) -> Recipe:
        """Network, objective and plan of `row` on this law and schedule."""
        schedule = VPSchedule.ddpm(self.steps)
        data = MixtureData(row_mixture(self.ratio))
        like = row()
        return Recipe(
            name,
            like.factory,
            NoisePrediction(data, schedule, RawIndices(self.steps), 2048),
            like.plan,
            {**like.details, "ratio": self.ratio, "schedule steps": self.steps},
        )


SETTINGS = {
    "row_r20": Setting(ratio=20.0),
    "row_t500": Setting(steps=500),
    "row_r200": Setting(ratio=200.0),
    "row_t3000": Setting(steps=3000),
}
"""The settings whose networks (seed 0) are shipped beside `row`, by the name of the recipe."""


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


RECIPES: dict[str, Callable[[], Recipe]] = {
    "row": row,
    "plane": plane,
    "paper": paper,
    **{name: partial(setting.recipe, name) for name, setting in SETTINGS.items()},
}


if __name__ == "__main__":
    sys.exit(command(RECIPES))
