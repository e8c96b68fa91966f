"""The two-dimensional networks of arXiv:2605.06831 at the sizes of the paper, and their rates.

    python -m benchmarks.gpu.train_ddim_vs_ddpm --out DIR [--seed S] [--resume] [--device cuda]
    python -m benchmarks.gpu.train_ddim_vs_ddpm --out DIR --device cpu --tiny

Trains the recipe `paper` of theorylab.learn.grid (29,954 parameters, 100,000 batches of 10,000)
and prints one JSON object per line with the counts of true, interpolated and invalid samples: of
DDIM-50, DDIM on every raw index, and DDPM. `--tiny` runs the same code on sizes that show nothing.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from theorylab.claims import clopper_pearson
from theorylab.diffusion import GaussianMixture, Outcome, classify, quadratic_nodes
from theorylab.diffusion.samplers import sample
from theorylab.diffusion.steps import DDIM, Ancestral, Step
from theorylab.learn import LearnedScore, Recipe, build, cook, load_weights
from theorylab.learn.grid import SCHEDULE, paper

PIECE = 20_000
EVERY = list(range(SCHEDULE.steps))
SAMPLERS: dict[str, tuple[Step, list[int]]] = {
    "DDIM-50": (DDIM(), quadratic_nodes(50)),
    "DDIM-1000": (DDIM(), EVERY),
    "DDPM-1000": (Ancestral(), EVERY),
}


def main() -> int:
    """Train, sample, count."""
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.stderr.write("a CUDA device is needed, got none; see --device cpu --tiny\n")
        return 2
    recipe = _tiny() if options.tiny else paper()
    card = cook(recipe, options.seed, options.out, resume=options.resume, device=options.device)
    print(json.dumps({"recipe": card.recipe, "seed": card.seed, "loss": card.mean_losses[-1]}))
    network = build(recipe.factory, seed=options.seed)
    load_weights(network, options.out / f"{recipe.file(options.seed)}.safetensors")
    score = LearnedScore(network.eval().requires_grad_(False).to(options.device), SCHEDULE)
    for name in SAMPLERS:
        print(json.dumps({"sampler": name} | _rates(name, score, options)), flush=True)
    return 0


def _rates(name: str, score: LearnedScore, options: argparse.Namespace) -> dict[str, object]:
    """Counts, and the 99 % interval of the interpolated share."""
    rule, nodes = SAMPLERS[name]
    n = 64 if options.tiny else options.samples
    grid, outcomes = GaussianMixture.grid(), []
    for first in range(0, n, PIECE):
        size = min(PIECE, n - first)
        generator = torch.Generator().manual_seed(options.seed + first)
        x = torch.randn(size, 2, generator=generator, dtype=torch.float64).to(options.device)
        path = sample(
            x, nodes, rule, schedule=SCHEDULE, score=score, seed=42, first_trajectory=first
        )
        outcomes.append(classify(path.end.cpu(), grid))
    found = torch.cat(outcomes)
    counts = {kind.name: int((found == int(kind)).sum()) for kind in Outcome}
    low, high = clopper_pearson(counts["INTERPOLATED"], n, alpha=0.01)
    return counts | {"n": n, "interval_99": [low, high]}


def _tiny() -> Recipe:
    whole = paper()
    return replace(
        whole,
        name="tiny",
        objective=replace(whole.objective, batch=16),
        plan=replace(whole.plan, steps=4),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
