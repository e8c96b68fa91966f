"""U-Net and DiT on images of words at the sizes of arXiv:2503.03595: shares and LDR.

    python -m benchmarks.gpu.train_grammar_images --network unet --grammar parity --out DIR
    python -m benchmarks.gpu.train_grammar_images --network dit --grammar digits --out DIR
    python -m benchmarks.gpu.train_grammar_images --network dit --grammar dyck --out DIR \
        --device cpu --tiny

The U-Net has 64, 128, 256 and 512 channels, the DiT 12 layers of width 384 on 64 patches; Adam at
8e-5, batches of 16, 180,000 steps for digits and 1,100,000 for brackets, as the paper says; images
of 32 by 32 or 16 by 16, where the paper has 64 by 64. Prints one JSON object per line: sizes, then
at every report the loss, the counts of generated images, and the LDR of the second symbol (the
first of the digits) for the predictions of x_0 and of the noise. Weights are written at every
report. `--tiny` runs the same code on sizes that show nothing. A run that ended does not go on.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from theorylab.learn.checkpoint import Card, save_weights
from theorylab.learn.glyphs import Grammar, dyck_brackets, parity_brackets, quarter_digits
from theorylab.learn.grammar_images import (
    Budget,
    VelocityNetwork,
    clean_prediction,
    generate,
    noise_prediction,
    small_dit,
    small_unet,
    train_on_images,
)
from theorylab.parity import local_dependency_ratio

ROOT_ALPHA_BARS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""The values of sqrt(alpha_bar) of Figure 5."""

GRAMMARS: dict[str, tuple[Callable[..., Grammar], int, int]] = {
    "parity": (partial(parity_brackets, 8, trained=64), 1_100_000, 1),
    "dyck": (partial(dyck_brackets, 8, trained=10), 1_100_000, 1),
    "digits": (quarter_digits, 180_000, 0),
}
"""The grammar by its scale, the steps of the paper, the symbol whose LDR is reported."""


def large_unet(side: int, *, seed: int) -> VelocityNetwork:
    """Four resolutions down to a bottleneck of 512 channels."""
    return small_unet(side, channels=(64, 128, 256, 512), seed=seed)


def large_dit(side: int, *, seed: int) -> VelocityNetwork:
    """Hidden width 384, 6 heads, 12 layers, 8 by 8 patches whatever the side."""
    return small_dit(side, width=384, heads=6, layers=12, patch=side // 8, seed=seed)


LARGE = {"unet": large_unet, "dit": large_dit}


def small(name: str, side: int, *, seed: int) -> VelocityNetwork:
    """The networks of the CPU recipes, for `--tiny`."""
    if name == "unet":
        return small_unet(side, seed=seed)
    return small_dit(side, patch=side // 4, seed=seed)


def main() -> int:
    """Train, and report along the way."""
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.stderr.write("a CUDA device is needed, got none; see --device cpu --tiny\n")
        return 2
    make, paper_steps, symbol = GRAMMARS[options.grammar]
    grammar = make(scale=options.side // 16)
    steps = options.steps or (2 if options.tiny else paper_steps)
    every = min(options.every, steps)
    network = (
        small(options.network, options.side, seed=options.seed)
        if options.tiny
        else LARGE[options.network](options.side, seed=options.seed)
    ).to(options.device)
    count = sum(p.numel() for p in network.parameters())
    _say(network=options.network, grammar=options.grammar, side=options.side, parameters=count)
    budget = Budget(steps, batch=16, rate=8e-5, averaging=0.9995, seed=options.seed)
    losses: list[float] = []
    for step, loss, averaged in train_on_images(network, grammar, budget):
        losses.append(loss)
        if step % every == 0 or step == steps:
            _say(step=step, loss=sum(losses[-every:]) / len(losses[-every:]))
            _report(step, averaged, grammar, options)
            _ratios(step, averaged, grammar, symbol, options)
            _keep(averaged, losses, options)
    return 0


def _report(
    step: int, network: VelocityNetwork, grammar: Grammar, options: argparse.Namespace
) -> None:
    """Counts of generated images."""
    n, ddpm = (8, 4) if options.tiny else (options.images, 100)
    drawn = generate(
        network, n, grammar.image_shape, steps=ddpm, seed=options.seed, device=options.device
    )
    _say(step=step, n=n, **grammar.proportions(drawn.cpu()))


def _ratios(
    step: int,
    network: VelocityNetwork,
    grammar: Grammar,
    symbol: int,
    options: argparse.Namespace,
) -> None:
    """LDR of one symbol at five noise levels, for both predictions."""
    n, roots = (1, ROOT_ALPHA_BARS[2:3]) if options.tiny else (64, ROOT_ALPHA_BARS)
    region = grammar.region(symbol)
    for root in roots:
        x = _noisy(grammar, n, root, options.seed).to(options.device)
        ratios = {
            name: float(local_dependency_ratio(prediction(network, root**2), x, region))
            for name, prediction in (("clean", clean_prediction), ("noise", noise_prediction))
        }
        _say(step=step, root_alpha_bar=root, **{f"ldr_{name}": r for name, r in ratios.items()})


def _noisy(grammar: Grammar, n: int, root: float, seed: int) -> Tensor:
    """Noisy images of training words."""
    generator = torch.Generator().manual_seed(seed)
    pick = torch.randint(len(grammar.trained), (n,), generator=generator)
    clean = grammar.images(grammar.trained[pick], generator=generator)
    xi = torch.randn(clean.shape, generator=generator, dtype=torch.float32)
    return root * clean + math.sqrt(1 - root**2) * xi


def _keep(network: VelocityNetwork, losses: list[float], options: argparse.Namespace) -> None:
    """The averaged weights so far."""
    name = f"{options.network}_{options.grammar}_{options.side}"
    card = Card(
        name, options.seed, len(losses), tuple(losses[:5]), details={"device": options.device}
    )
    save_weights(network, options.out / f"{name}_{len(losses)}.safetensors", card)


def _say(**row: object) -> None:
    print(json.dumps(row), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(LARGE), required=True)
    parser.add_argument("--grammar", choices=sorted(GRAMMARS), required=True)
    parser.add_argument("--side", type=int, choices=(16, 32), default=32)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=None, help="instead of the paper's")
    parser.add_argument("--every", type=int, default=10_000, help="steps between reports")
    parser.add_argument("--images", type=int, default=2000, help="generated at each report")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
