"""The score of the 25-mode grid, in two and in 64 dimensions, against named peers.

Beside each time stands the largest difference to theorylab's score, relative to its largest entry.
"""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import peers
from theorylab.diffusion import GaussianMixture

POINTS = {2: 100_000, 64: 5_000}


def grid(dimension: int) -> GaussianMixture:
    """The 25 modes, with the further coordinates of every mode at 0, noised to deviation 0.5."""
    plane = GaussianMixture.grid()
    means = torch.nn.functional.pad(plane.means, (0, dimension - 2))
    return GaussianMixture(means, plane.variance).noised(1.0, 0.5)


def points(mixture: GaussianMixture) -> torch.Tensor:
    """Samples of the mixture."""
    return mixture.sample(POINTS[mixture.d], seed=1)


MIXTURES = {dimension: grid(dimension) for dimension in POINTS}
ROWS = [
    pytest.param(dimension, name, score, id=f"d={dimension}, {name}")
    for dimension, mixture in MIXTURES.items()
    for name, score in peers.scores(mixture)
]


@pytest.mark.parametrize(("dimension", "name", "score"), ROWS)
def test_score(benchmark: BenchmarkFixture, dimension: int, name: str, score: object) -> None:
    """One evaluation at all points, float64, one thread."""
    mixture = MIXTURES[dimension]
    x = points(mixture)
    benchmark.group = f"score, 25 modes, d = {dimension}, {len(x)} points"
    value = benchmark.pedantic(score, (x,), rounds=5, warmup_rounds=1)
    if name == "theorylab":
        return
    own = mixture.score(x)
    difference = (torch.as_tensor(value) - own).abs().max() / own.abs().max()
    recorded = {"difference": float(difference)}
    benchmark.extra_info.update(recorded)
    peers.RECORDED[f"score, d={dimension}, {name}"] = recorded
