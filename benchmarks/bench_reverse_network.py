"""W3 with a network: the reverse equation from t = 5 to 0.02, v = t^2, 8192 trajectories, float32.

The network has two layers of 128 units and random weights: its time counts, not what it says. It
gives the denoiser D, the score is (D - x) / t^2. 100 steps of Euler and Maruyama, equal in ln t.
Beside each time stands the standard deviation of the end. One thread. On a busy
machine compare the fastest rounds: the passes of the network vary by a factor of two there.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor
from torchsde import BrownianInterval, sdeint

from benchmarks import measure
from theorylab.diffusion import EDMSchedule, EulerMaruyama, sample, sample_network

STEPS, START, STOP, ROWS = 100, 5.0, 0.02, 8192
SPAN = math.log(START / STOP)
NODES = [START * math.exp(-SPAN * step / STEPS) for step in reversed(range(STEPS))]
SCHEDULE = EDMSchedule(0.0, START)


class Network(torch.nn.Module):
    """Two layers of 128 units on (x, ln t), bounded by 1."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        sizes = [(128, 3), (128, 128), (2, 128)]
        self.weights = torch.nn.ParameterList(
            torch.randn(out, inside, generator=generator) / math.sqrt(inside)
            for out, inside in sizes
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The score."""
        h = torch.cat([x, t.log().expand(len(x), 1)], -1)
        for weight in self.weights[:-1]:
            h = torch.nn.functional.silu(h @ weight.T)
        return (torch.tanh(h @ self.weights[-1].T) - x) / t**2


NETWORK = Network()


def fused(rows: int) -> Callable[[Tensor], Tensor]:
    """All steps for blocks of some rows."""
    law: dict[str, Any] = {"schedule": SCHEDULE, "score": NETWORK, "seed": 1, "last": STOP}
    return lambda x: sample_network(x, NODES, EulerMaruyama(), **law, rows=rows).end


def _sample(x: Tensor) -> Tensor:
    law: dict[str, Any] = {"schedule": SCHEDULE, "score": NETWORK, "seed": 1, "last": STOP}
    return sample(x, NODES, EulerMaruyama(), **law).end


@torch.no_grad()
def _loop(x: Tensor) -> Tensor:
    times = [*NODES[::-1], STOP]
    for t, after in pairwise(times):
        passed = t**2 - after**2
        score = NETWORK(x, torch.tensor(t))
        x = x + passed * score + math.sqrt(passed) * torch.randn_like(x)
    return x


class _Equation(torch.nn.Module):
    """In u = ln(START / t): dx = 2 t^2 score du + sqrt(2) t dB."""

    sde_type, noise_type = "ito", "diagonal"

    def f(self, u: Tensor, x: Tensor) -> Tensor:
        t = START * torch.exp(-u)
        return 2 * t**2 * NETWORK(x, t)

    def g(self, u: Tensor, x: Tensor) -> Tensor:
        return (math.sqrt(2) * START * torch.exp(-u)).expand_as(x)


@torch.no_grad()
def _torchsde(x: Tensor) -> Tensor:
    h = SPAN / STEPS
    motion = BrownianInterval(0.0, 1.01 * SPAN, size=x.shape, dtype=x.dtype, dt=h)
    ends = torch.tensor([0.0, SPAN], dtype=x.dtype)
    return sdeint(_Equation(), x, ends, bm=motion, method="euler", dt=h)[-1]


@torch.no_grad()
def _passes(x: Tensor) -> Tensor:
    for t in NODES:
        score = NETWORK(x, torch.tensor(t))
    return score


SOLVERS = [
    ("theorylab", fused(2048)),
    ("theorylab, the whole batch as one block", fused(ROWS)),
    ("theorylab, sample", _sample),
    ("torchsde Euler, BrownianInterval", _torchsde),
    ("torch, loop", _loop),
    ("100 passes of the network alone", _passes),
]


@pytest.mark.parametrize(("name", "solve"), SOLVERS, ids=[name for name, _ in SOLVERS])
def test_network(benchmark: BenchmarkFixture, name: str, solve: Callable[..., Any]) -> None:
    """100 equal steps."""
    benchmark.group = "W3: score network, 100 steps, 8192 trajectories, float32"
    x = START * torch.randn(ROWS, 2, generator=torch.Generator().manual_seed(2))
    end = benchmark.pedantic(solve, (x,), rounds=5, warmup_rounds=1)
    benchmark.extra_info["name"] = name
    if "passes" not in name:
        benchmark.extra_info["deviation of the end"] = float(end.std())
    benchmark.extra_info["peak MiB"] = measure.peak_mebibytes(lambda: solve(x))
