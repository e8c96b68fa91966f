r"""Training on one's own samples, generation after generation, with or without a filter.

Notation: generation g trains on the points that generation g - 1 drew (g = 1: on true data); a
sample is a hallucination if it is farther than `far` deviations from every mode; Hal is the
trajectory variance of `theorylab.diffusion.detection`.

    python -m theorylab.learn.recursion --seed 0 --out FILE

writes both curves; those of seed 0 come with the package.

This module decides nothing about what the curves mean.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path as File

import torch
from torch import Tensor, nn

from theorylab import _require
from theorylab.diffusion import Ancestral, EDMSchedule, GaussianMixture, sample
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.gains import karras_nodes
from theorylab.learn.modes import DenoiserScore, Denoising, PlainMLP, deviation_of
from theorylab.learn.objective import FixedData
from theorylab.learn.training import Cosine, Plan, train

TOP = 10.0
"""The noise from which samples start."""

LEAST = 0.005
"""The noise at which the denoiser is read off."""


@dataclass(frozen=True)
class Recursion:
    """What stays the same from generation to generation.

    Attributes:
        mixture: the true law.
        generations: their number.
        points: kept for training, in each generation.
        drawn: times `points` are drawn; the filter keeps the lowest Hal.
        steps: of training.
        batch: of training.
        nodes: noise levels of the sampler.
        window: the noises between which Hal is taken.
        far: how many deviations from every mode make a hallucination.
        width: of the network's three hidden layers.

    Raises:
        ValueError: numbers below 1 where they count, drawn < 1, a window that is not ordered.
    """

    mixture: GaussianMixture
    generations: int = 5
    points: int = 20_000
    drawn: float = 1.25
    steps: int = 4000
    batch: int = 512
    nodes: int = 40
    window: tuple[float, float] = (0.01, 0.25)
    far: float = 6.0
    width: int = 128

    def __post_init__(self) -> None:
        for name in ("generations", "points", "steps", "batch", "nodes", "width"):
            _require.integer(name, getattr(self, name), at_least=1)
        if _require.number("drawn", self.drawn) < 1:
            msg = f"drawn must be at least 1, got {self.drawn}"
            raise ValueError(msg)
        if not 0 <= self.window[0] < self.window[1]:
            msg = f"window must be two noises in order, got {self.window}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Generation:
    """What one generation drew.

    Attributes:
        number: 1 for the one trained on true data.
        drawn: samples.
        hallucinated: of these.
        kept: points handed on.
        kept_hallucinated: of these.
        deviation: root mean square distance of true samples to their mode, per coordinate, over
            the true deviation.
        smallest_mode: the smallest share of a mode among the true samples.
    """

    number: int
    drawn: int
    hallucinated: int
    kept: int
    kept_hallucinated: int
    deviation: float
    smallest_mode: float


def recurse(
    setting: Recursion, *, seed: int, filtered: bool, device: str = "cpu"
) -> list[Generation]:
    """Run all generations; every one has draws of its own, fixed by the seed.

    Without the filter the points handed on are the first ones drawn.
    """
    data = setting.mixture.sample(setting.points, seed=seed).to(device)
    found: list[Generation] = []
    for number in range(1, setting.generations + 1):
        network = trained(setting, data, seed=1000 * seed + number, device=device)
        samples, hal = draw(setting, network, seed=1000 * seed + number, device=device)
        order = torch.argsort(hal) if filtered else torch.arange(len(hal), device=device)
        data = samples[order[: setting.points]]
        found.append(described(setting, number, samples, data))
    return found


def trained(setting: Recursion, data: Tensor, *, seed: int, device: str = "cpu") -> nn.Module:
    """The network of one generation."""
    d, scale = setting.mixture.d, deviation_of(setting.mixture)
    result = train(
        partial(PlainMLP, d, width=setting.width),
        Denoising(FixedData(data), scale, setting.batch),
        Plan(setting.steps, Cosine(2e-3, 1e-5)),
        seed=seed,
        device=device,
    )
    return result.network


def draw(
    setting: Recursion, network: nn.Module, *, seed: int, device: str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Ancestral samples of the network and their Hal."""
    score = DenoiserScore(network, deviation_of(setting.mixture))
    schedule = EDMSchedule(LEAST, TOP)
    nodes = karras_nodes(setting.nodes, LEAST, TOP).flip(0).tolist()
    count, rows = round(setting.drawn * setting.points), 5000
    samples, hals = [], []
    for first in range(0, count, rows):
        n = min(rows, count - first)
        start = GaussianMixture(torch.zeros(1, setting.mixture.d), TOP**2).sample(
            n, seed=seed + first
        )
        path = sample(
            start.float().to(device), nodes, Ancestral(), schedule=schedule, score=score,
            seed=seed, first_trajectory=first, last=0.0, keep_path=True,
        )  # fmt: skip
        hals.append(
            trajectory_variance(path, score=score, schedule=schedule, window=setting.window)
        )
        samples.append(path.end)
    return torch.cat(samples), torch.cat(hals)


def described(setting: Recursion, number: int, samples: Tensor, kept: Tensor) -> Generation:
    """Counts and widths of what was drawn."""
    means = setting.mixture.means.to(samples.device)
    nearest, label = torch.cdist(samples.double(), means).min(-1)
    own = float(setting.mixture.variance.sqrt())
    true = nearest <= setting.far * own
    handed = torch.cdist(kept.double(), means).amin(-1)
    shares = torch.bincount(label[true], minlength=setting.mixture.K) / len(samples)
    squares = (nearest[true] ** 2).sum() / max(int(true.sum()), 1)
    spread = float(squares / setting.mixture.d) ** 0.5
    return Generation(
        number, len(samples), int((~true).sum()), len(kept),
        int((handed > setting.far * own).sum()), spread / own, float(shares.min()),
    )  # fmt: skip


def small() -> Recursion:
    """Nine modes in the plane, 8000 points kept of 10,000, five generations; two minutes."""
    return Recursion(
        GaussianMixture.grid(side=3, spacing=2.0, std=0.05),
        points=8000, steps=2000, batch=256, width=64,
    )  # fmt: skip


def paper() -> Recursion:
    """The size of the released code: 25 modes, 100,000 points of 102,500; for an accelerator."""
    return Recursion(
        GaussianMixture.grid(side=5, spacing=2.0, std=0.05), points=100_000, drawn=1.025,
        steps=100_000, batch=10_000, nodes=200,
    )  # fmt: skip


def shipped_curves(seed: int = 0) -> dict[str, list[Generation]]:
    """Both curves of `small` for a seed, as they come with the package.

    Raises:
        ValueError: no such curves.
    """
    file = File(__file__).with_name("weights") / f"recursion_small-{seed}.json"
    if not file.is_file():
        msg = f"seed must be one of the shipped runs, got {seed!r}"
        raise ValueError(msg)
    rows = json.loads(file.read_text(encoding="utf-8"))
    names = ("unfiltered", "filtered")
    return {name: [Generation(**one) for one in rows[name]] for name in names}


def write(path: File, curves: dict[str, list[Generation]], seed: int) -> None:
    """The curves as JSON, written aside and moved into place."""
    rows = {name: [asdict(one) for one in curve] for name, curve in curves.items()}
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps({"seed": seed, **rows}, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)


def main(argv: list[str] | None = None) -> int:
    """The command line: both curves of a setting."""
    parser = argparse.ArgumentParser(description="Train generation after generation.")
    parser.add_argument("--size", choices=["small", "paper"], default="small")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--generations", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=File, required=True)
    given = parser.parse_args(argv)
    setting = {"small": small, "paper": paper}[given.size]()
    if given.generations is not None:
        setting = replace(setting, generations=given.generations)
    curves = {
        name: recurse(setting, seed=given.seed, filtered=filtered, device=given.device)
        for name, filtered in (("unfiltered", False), ("filtered", True))
    }
    write(given.out, curves, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
