"""Probes of the trained digit denoisers: fresh images, fresh noise, snapshots of a training."""

from functools import cache

import torch
from torch import Tensor

from theorylab.diffusion import Denoiser, GaussianDenoiser, MultiDeltaDenoiser
from theorylab.learn import build, train
from theorylab.learn.denoising import LearnedDenoiser
from theorylab.learn.digits import RECIPES, held_out, shipped_denoiser, training_set

MARKS = (0, 10, 30, 100, 200, 400)
"""The steps of the snapshots that are trained during the check; the last is shipped."""


def probe(sigma: float, n: int, *, seed: int) -> Tensor:
    """n noisy held-out images, drawn with replacement, (n, 64)."""
    generator = torch.Generator().manual_seed(seed)
    images = held_out()
    chosen = images[torch.randint(len(images), (n,), generator=generator)]
    return chosen + sigma * torch.randn(chosen.shape, generator=generator)


def gap(first: Denoiser, second: Denoiser, y: Tensor, sigma: float) -> Tensor:
    """|D_a - D_b| at each point, (n,)."""
    return (first(y, sigma) - second(y, sigma)).norm(dim=-1)


@cache
def gaussian(count: int, half: int) -> GaussianDenoiser:
    """D_G of a training set."""
    return GaussianDenoiser.from_data(training_set(count, half))


@cache
def memoriser(count: int, half: int) -> MultiDeltaDenoiser:
    """D_M of a training set."""
    return MultiDeltaDenoiser(training_set(count, half))


@cache
def network(name: str) -> LearnedDenoiser:
    """A network that comes with the package, seed 0."""
    return shipped_denoiser(name)


@cache
def snapshot(name: str, steps: int) -> LearnedDenoiser:
    """The network of a recipe after so many steps from seed 0, trained now; 0: only built."""
    recipe = RECIPES[name]()
    if steps == 0:
        return LearnedDenoiser(build(recipe.factory, seed=0))
    trained = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=steps)
    return LearnedDenoiser(trained.network)
