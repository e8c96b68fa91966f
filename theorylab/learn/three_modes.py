"""A denoiser of three narrow modes on a line: the recipe and the weights that come with it.

Notation: modes at 1, 2, 3 of deviation 0.05, fresh draws; EDM's preconditioning with its default
deviation of the data, 0.5.

Run as `python -m theorylab.learn.three_modes --seed 0 --out weights`. This module judges nothing.
"""

import sys
from functools import partial

from theorylab.diffusion import GaussianMixture
from theorylab.learn.denoising import DenoisingLoss, DenoisingMLP
from theorylab.learn.objective import MixtureData
from theorylab.learn.recipe import Recipe, command
from theorylab.learn.training import Cosine, Plan


def mixture() -> GaussianMixture:
    """The law of the data."""
    return GaussianMixture([[1.0], [2.0], [3.0]], 0.05**2)


def three_modes() -> Recipe:
    """Two hidden layers of 64, 5000 steps of 256 draws."""
    return Recipe(
        "three_modes",
        partial(DenoisingMLP, 1, width=64),
        DenoisingLoss(MixtureData(mixture()), batch=256),
        Plan(5000, Cosine(3e-3, 3e-5)),
        {"data": "modes at 1, 2, 3 of deviation 0.05", "batch": 256, "width": 64},
    )


RECIPES = {"three_modes": three_modes}


if __name__ == "__main__":
    sys.exit(command(RECIPES))
