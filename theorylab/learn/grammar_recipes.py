"""Recipes for networks that draw words of a grammar, and the weights that ship.

`python -m theorylab.learn.grammar_recipes --recipe NAME --seed S --out DIR [--steps N]` trains one
on a CPU core and writes weights and side-car. Weights are stored in float16, a quarter of a per
mille of each, and used in float32.

This module defines no network; see `theorylab.learn.grammar_images`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path as File

import torch

from theorylab.learn.checkpoint import Card, load_weights, save_weights, shipped
from theorylab.learn.glyphs import Grammar, dyck_brackets, parity_brackets, quarter_digits
from theorylab.learn.grammar_images import (
    Budget,
    VelocityNetwork,
    small_dit,
    small_unet,
    train_on_images,
)

STRETCHES = 20


@dataclass(frozen=True)
class ImageRecipe:
    """What is learned, by which network, for how long.

    Attributes:
        name: of the recipe, and of its weights.
        grammar: makes the words and their look.
        network: makes the untrained network from a seed.
        budget: of the training; its seed is also that of the untrained network.
    """

    name: str
    grammar: Callable[[], Grammar]
    network: Callable[[int], VelocityNetwork]
    budget: Budget


def half_of_parity() -> Grammar:
    """Parity of 8 brackets; 64 of the 128 valid words are trained on, as in the paper."""
    return parity_brackets(8, trained=64)


def ten_balanced() -> Grammar:
    """Balanced words of 8 brackets; 10 of the 14 are trained on."""
    return dyck_brackets(8, trained=10)


def dit(seed: int) -> VelocityNetwork:
    """A DiT of width 32 and 2 layers for images of 16 by 16."""
    return small_dit(16, seed=seed)


def unet(seed: int) -> VelocityNetwork:
    """A U-Net of 8 and 16 channels for images of 16 by 16."""
    return small_unet(16, seed=seed)


DIT, UNET = Budget(steps=8000, batch=32, rate=2e-3), Budget(steps=4000, batch=16, rate=2e-3)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        ImageRecipe("dit_parity8", half_of_parity, dit, DIT),
        ImageRecipe("dit_parity8_early", half_of_parity, dit, replace(DIT, steps=500)),
        ImageRecipe("dit_dyck8", ten_balanced, dit, DIT),
        ImageRecipe("dit_digits", quarter_digits, dit, replace(DIT, steps=5000)),
        ImageRecipe("unet_parity8", half_of_parity, unet, replace(UNET, steps=12000)),
        ImageRecipe("unet_parity8_early", half_of_parity, unet, replace(UNET, steps=250)),
        ImageRecipe("unet_parity8_b", half_of_parity, unet, replace(UNET, seed=1)),
        ImageRecipe("unet_dyck8", ten_balanced, unet, UNET),
        ImageRecipe("unet_dyck8_early", ten_balanced, unet, replace(UNET, steps=250)),
        ImageRecipe("unet_digits", quarter_digits, unet, replace(UNET, steps=5000)),
    )
}
"""By name. The rate is constant, so that an early one is the start of a longer run."""


def image_recipe(name: str) -> ImageRecipe:
    """The recipe of that name.

    Raises:
        ValueError: there is none; the message lists those that exist.
    """
    if name not in RECIPES:
        msg = f"name must be one of {sorted(RECIPES)}, got {name!r}"
        raise ValueError(msg)
    return RECIPES[name]


def cook_images(recipe: ImageRecipe, out: str | File) -> Card:
    """Train from the seed of the budget and write DIR/NAME.safetensors and its side-car."""
    seed = recipe.budget.seed
    run = list(train_on_images(recipe.network(seed), recipe.grammar(), recipe.budget))
    losses, averaged = [loss for _, loss, _ in run], run[-1][2]
    return store(averaged, recipe, losses, out)


def store(
    network: VelocityNetwork,
    recipe: ImageRecipe,
    losses: Sequence[float],
    out: str | File,
) -> Card:
    """Write the averaged network of a run and what the run was."""
    length = max(1, len(losses) // STRETCHES)
    stretches = [losses[k : k + length] for k in range(0, len(losses), length)]
    card = Card(
        recipe=recipe.name,
        seed=recipe.budget.seed,
        steps=len(losses),
        first_losses=tuple(losses[:5]),
        mean_losses=tuple(sum(part) / len(part) for part in stretches),
        details={
            "batch": recipe.budget.batch,
            "rate": recipe.budget.rate,
            "averaging": recipe.budget.averaging,
            "parameters": sum(p.numel() for p in network.parameters()),
            "stored": "float16",
        },
    )
    half = deepcopy(network).to(torch.float16)
    return save_weights(half, File(out) / f"{recipe.name}.safetensors", card)


def shipped_images(name: str) -> tuple[VelocityNetwork, Grammar, Card]:
    """A shipped network in float32, its grammar and its side-car.

    Raises:
        ValueError: no such recipe or weights, or weights that do not fit their side-car.
    """
    recipe = image_recipe(name)
    network = recipe.network(0).to(torch.float16)
    card = load_weights(network, shipped(name))
    return network.float().requires_grad_(False), recipe.grammar(), card


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train a network that draws words of a grammar.")
    parser.add_argument("--recipe", required=True, choices=sorted(RECIPES))
    parser.add_argument("--seed", type=int, default=None, help="instead of the recipe's")
    parser.add_argument("--steps", type=int, default=None, help="instead of the recipe's")
    parser.add_argument("--out", required=True)
    given = parser.parse_args(arguments)
    recipe = image_recipe(given.recipe)
    asked = {"steps": given.steps, "seed": given.seed}
    changed = {name: value for name, value in asked.items() if value is not None}
    recipe = replace(recipe, budget=replace(recipe.budget, **changed))
    card = cook_images(recipe, given.out)
    sys.stdout.write(f"{recipe.name}: {card.steps} steps, loss {card.mean_losses[-1]:.4f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
