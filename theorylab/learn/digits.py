"""Small denoisers of handwritten digits: the data, the splits and the recipes.

Notation: an image is a point of R^64, its pixels (0 to 16) less the mean image, divided by 8.

The images are the 1797 that ship with scikit-learn (Alpaydin and Kaynak, UCI). Run as
`python -m theorylab.learn.digits --recipe digits_20_a --seed 0 --out weights`. This module judges
nothing; what the networks do is measured in proofs_check/li2024_gaussian_structure.
"""

import sys
from functools import cache, partial

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab.learn.denoising import DenoisingLoss, DenoisingMLP, LearnedDenoiser
from theorylab.learn.objective import FixedData
from theorylab.learn.recipe import Recipe, command, shipped_network
from theorylab.learn.training import Cosine, Plan

HELD_OUT = 397
"""Images that no recipe trains on."""


@cache
def images() -> Float[Tensor, "1797 64"]:
    """All images in a fixed random order, float64."""
    from sklearn.datasets import load_digits

    raw = torch.as_tensor(load_digits().data, dtype=torch.float64) / 8
    order = torch.randperm(len(raw), generator=torch.Generator().manual_seed(0))
    return (raw - raw.mean(0))[order]


def held_out() -> Tensor:
    """The images that no recipe trains on, (397, 64)."""
    return images()[-HELD_OUT:]


def training_set(count: int, half: int) -> Tensor:
    """The first `count` images of one of two disjoint halves of 700, (count, 64).

    Raises:
        ValueError: a count outside 1..700, a half that is neither 0 nor 1.
    """
    count = _require.integer("count", count, at_least=1)
    half = _require.integer("half", half, at_least=0)
    if count > 700 or half > 1:
        msg = f"count must be at most 700 and half 0 or 1, got {count} and {half}"
        raise ValueError(msg)
    return images()[700 * half : 700 * half + count]


def denoiser_recipe(name: str, count: int, half: int, width: int = 80) -> Recipe:
    """An EDM-preconditioned network on so many images of a half: 2000 steps of 64 images.

    Raises:
        ValueError: as `training_set`; width < 1 when the network is built.
    """
    return Recipe(
        name,
        partial(DenoisingMLP, 64, width=width),
        DenoisingLoss(FixedData(training_set(count, half).float())),
        Plan(2000, Cosine(3e-3, 3e-5)),
        {"data": f"{count} digits of half {half}", "batch": 64, "width": width},
    )


RECIPES = {
    "digits_20_a": partial(denoiser_recipe, "digits_20_a", 20, 0),
    "digits_20_b": partial(denoiser_recipe, "digits_20_b", 20, 1),
    "digits_700_a": partial(denoiser_recipe, "digits_700_a", 700, 0),
    "digits_700_b": partial(denoiser_recipe, "digits_700_b", 700, 1),
    "digits_20_narrow": partial(denoiser_recipe, "digits_20_narrow", 20, 0, 8),
}


def shipped_denoiser(name: str, seed: int = 0) -> LearnedDenoiser:
    """A trained denoiser that comes with the package.

    Raises:
        ValueError: a name that is not among RECIPES, a seed whose weights do not come with it.
    """
    if name not in RECIPES:
        msg = f"name must be one of {sorted(RECIPES)}, got {name!r}"
        raise ValueError(msg)
    return LearnedDenoiser(shipped_network(RECIPES[name](), seed))


if __name__ == "__main__":
    sys.exit(command(RECIPES))
