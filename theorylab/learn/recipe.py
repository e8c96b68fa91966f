"""A recipe: all but the seed that determines a trained network, and the command that runs it.

A run writes `<recipe>-<seed>.safetensors` and its side-car; while it lasts, its state is in
`<recipe>-<seed>.state`, from which `--resume` goes on. This module chooses no settings.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import torch
from torch import nn

from theorylab import _require
from theorylab.learn.checkpoint import Card, load_weights, save_weights, shipped
from theorylab.learn.network import build
from theorylab.learn.objective import Objective
from theorylab.learn.training import Plan, train

FIRST = 10
"""How many of the first losses a side-car keeps."""


@dataclass(frozen=True)
class Recipe:
    """Network, objective and plan, under a name that the files carry.

    Attributes:
        name: of the recipe, made of letters, digits and underscores.
        factory: builds the network.
        objective: the loss of a step.
        plan: how it is optimised.
        details: numbers and words for the side-car.

    Raises:
        ValueError: a name with other characters, a factory or an objective that cannot be called,
            something else than a plan.
    """

    name: str
    factory: Callable[[], nn.Module]
    objective: Objective
    plan: Plan
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            msg = f"name must be made of letters, digits and underscores, got {self.name!r}"
            raise ValueError(msg)
        for part in ("factory", "objective"):
            if not callable(getattr(self, part)):
                msg = f"{part} must be callable, got {getattr(self, part)!r}"
                raise ValueError(msg)
        if not isinstance(self.plan, Plan):
            msg = f"plan must be a Plan, got {self.plan!r}"
            raise ValueError(msg)

    def file(self, seed: int) -> str:
        """The name of the files of a seed, without suffix."""
        return f"{self.name}-{_require.integer('seed', seed, at_least=0)}"


def cook(
    recipe: Recipe,
    seed: int,
    out: str | File,
    *,
    resume: bool = False,
    every: int = 1000,
    device: str = "cpu",
) -> Card:
    """Train a recipe and write its weights to the folder `out`.

    Args:
        recipe: what to train.
        seed: of the run.
        out: the folder; made if it does not exist.
        resume: go on from the state in the folder. Without it a state is an error, so that no
            finished work is lost by accident.
        every: write the state every so many steps.
        device: where to train.

    Raises:
        ValueError: a state in the folder without `resume`, or as `train`.
    """
    state = File(out) / f"{recipe.file(seed)}.state"
    if state.exists() and not resume:
        msg = f"resume must be true to go on from {state}, got {resume}"
        raise ValueError(msg)
    result = train(
        recipe.factory, recipe.objective, recipe.plan, seed=seed, state=state, every=every,
        device=device,
    )  # fmt: skip
    card = Card(
        recipe.name, seed, recipe.plan.steps, tuple(result.losses[:FIRST].tolist()),
        result.stretches(), recipe.details,
    )  # fmt: skip
    path = File(out) / f"{recipe.file(seed)}.safetensors"
    written = save_weights(result.network.cpu(), path, card)
    state.unlink()
    return written


def shipped_network(recipe: Recipe, seed: int) -> nn.Module:
    """The network of a recipe with the weights that come with the package, for evaluation.

    Raises:
        ValueError: no such weights, or weights of another recipe or seed.
    """
    network = build(recipe.factory, seed=seed)
    card = load_weights(network, shipped(recipe.file(seed)))
    if (card.recipe, card.seed, card.steps) != (recipe.name, seed, recipe.plan.steps):
        made = f"{card.recipe}, seed {card.seed}, {card.steps} steps"
        msg = f"recipe must be the one that made the weights ({made}), got {recipe.name}"
        raise ValueError(msg)
    return network.eval().requires_grad_(False)


def command(recipes: Mapping[str, Callable[[], Recipe]], argv: Sequence[str] | None = None) -> int:
    """The command line of a module of recipes: `--recipe NAME --seed S --out DIR [--resume]`."""
    parser = argparse.ArgumentParser(description="Train a network from a recipe.")
    first = next(iter(recipes))
    parser.add_argument("--recipe", choices=list(recipes), default=first)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=File, required=True)
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args(argv)
    torch.set_num_threads(1)  # the same bits whatever the number of cores
    card = cook(recipes[given.recipe](), given.seed, given.out, resume=given.resume,
                device=given.device)  # fmt: skip
    sys.stdout.write(f"{card.recipe}, seed {card.seed}: {card.steps} steps, "
                     f"loss {card.mean_losses[-1]:.5f}, sha256 {card.sha256}\n")  # fmt: skip
    return 0
