"""Generated images, noisy images, and events whose rates are mean ratios, for trained networks."""

import math
from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor

from theorylab.learn.glyphs import Grammar
from theorylab.learn.grammar_images import generate
from theorylab.learn.grammar_recipes import shipped_images

RATES = {"false_alarm": 5e-13, "miss": 5e-13}
KINDS = ("hallucinated", "trained", "extrapolated", "unreadable")


@cache
def images(name: str, n: int, seed: int, steps: int) -> Tensor:
    """N images that the shipped network draws by DDPM."""
    network, grammar, _ = shipped_images(name)
    return generate(network, n, grammar.image_shape, steps=steps, seed=seed)


@cache
def drawn(name: str, n: int, seed: int, steps: int) -> Mapping[str, int]:
    """How many of these images are of each kind."""
    return shipped_images(name)[1].proportions(images(name, n, seed, steps))


def noisy_images(grammar: Grammar, n: int, *, alpha_bar: float, seed: int) -> Tensor:
    """X = s x_0 + nu xi with x_0 images of training words, (n, 1, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    pick = torch.randint(len(grammar.trained), (n,), generator=generator)
    clean = grammar.images(grammar.trained[pick], generator=generator)
    xi = torch.randn(clean.shape, generator=generator, dtype=torch.float32)
    return math.sqrt(alpha_bar) * clean + math.sqrt(1 - alpha_bar) * xi


def events_at_the_rate_of(ratios: Tensor, *, seed: int) -> int:
    """How many of n independent events happen, the k-th with probability ratios[k].

    If the ratios belong to independent points, the count is binomial at the rate of their mean.
    """
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(ratios.shape, generator=generator, dtype=torch.float64)
    return int((uniform < ratios.double()).sum())
