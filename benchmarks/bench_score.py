"""W1: the score of a mixture, once at many points, against named peers.

The grid in the plane is a product law, which theorylab finds out and sums by coordinates; a row of
its own sums over all modes, as for any mixture. Beside each time stands the largest difference to
a score in float64, relative to its largest entry. One evaluation, one thread.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import measure
from benchmarks.peers_score import scores
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.kernels import Reference

SINGLE, DOUBLE = torch.float32, torch.float64
CASES = [
    (2, 25, 1_000_000, SINGLE),
    (2, 25, 1_000_000, DOUBLE),
    (64, 25, 100_000, SINGLE),
    (64, 1000, 20_000, SINGLE),
]
"""Dimension, modes, points, dtype."""


def mixture(dimension: int, modes: int, dtype: torch.dtype) -> GaussianMixture:
    """The 25 modes of the grid, or random ones; further coordinates 0; noised to deviation 0.5."""
    draw = torch.Generator().manual_seed(modes)
    means = GaussianMixture.grid().means
    if modes != 25:
        means = torch.randn(modes, dimension, generator=draw, dtype=DOUBLE)
    means = torch.nn.functional.pad(means, (0, dimension - means.shape[1]))
    noised = GaussianMixture(means, 5e-5).noised(1.0, 0.5)
    return GaussianMixture(noised.means.to(dtype), noised.variance.to(dtype))


def _rows() -> list[Any]:
    found = []
    for d, modes, points, dtype in CASES:
        label = f"W1: score, {modes} modes, d = {d}, {points} points, {str(dtype)[6:]}"
        for name, score in scores(mixture(d, modes, dtype), points):
            found.append(pytest.param((d, modes, points, dtype), label, name, score, id=name))
    return found


@pytest.mark.parametrize(("case", "label", "name", "score"), _rows())
def test_score(
    benchmark: BenchmarkFixture, case: tuple[Any, ...], label: str, name: str, score: Callable
) -> None:
    """One evaluation at all points."""
    d, modes, points, dtype = case
    law = mixture(d, modes, dtype)
    x = law.sample(points, seed=1)
    benchmark.group = label
    value = benchmark.pedantic(score, (x,), rounds=5, warmup_rounds=1)
    few = x[:2000].double()
    exact = GaussianMixture(law.means.double(), law.variance.double(), kernel=Reference()).score(
        few
    )
    difference = (
        torch.tensor(np.asarray(value)[:2000]).double() - exact
    ).abs().max() / exact.abs().max()
    benchmark.extra_info["name"] = name
    benchmark.extra_info["error"] = float(difference)
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: score(x))


GROWTH = {
    "points": ((10_000, 100_000, 1_000_000), lambda n: (mixture(2, 25, DOUBLE), n)),
    "modes": ((10, 100, 1000), lambda n: (mixture(2, n, DOUBLE), 20_000)),
    "dimensions, compiled": ((2, 4, 8), lambda n: (mixture(n, 25, DOUBLE), 100_000)),
    "dimensions, products": ((16, 64, 256), lambda n: (mixture(n, 25, DOUBLE), 20_000)),
}


@pytest.mark.parametrize("name", GROWTH)
def test_growth(benchmark: BenchmarkFixture, name: str) -> None:
    """Time against one size, the others held; the largest size is what is timed."""
    sizes, case = GROWTH[name]

    def prepare(size: int) -> Callable[[], Any]:
        law, points = case(size)
        x = law.sample(points, seed=1)
        return lambda: law.score(x)

    benchmark.group = "W1: growth of theorylab's score"
    benchmark.extra_info["name"] = f"with {name}"
    benchmark.extra_info["growth"] = measure.growth(sizes, prepare)
    benchmark.pedantic(prepare(sizes[-1]), rounds=3, warmup_rounds=1)
