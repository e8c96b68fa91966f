"""The score of the 25-mode grid on a CUDA device, timed by CUDA events.

    python -m benchmarks.gpu.bench_score_cuda [--points N] [--rounds R] [--dtype float32]

Prints one JSON object per line: the device and the versions first, then one for each
implementation and dimension with the median time, the peak memory, and the largest difference to
theorylab's score in float64 on the host. Without a CUDA device it says so and exits with status 2.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import peers_score
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.compiled import UNROLLED, Compiled

DTYPES = {"float32": torch.float32, "float64": torch.float64}
DIMENSIONS = (2, 64)


def main() -> int:
    """Measure, if there is a device."""
    options = _options()
    if not torch.cuda.is_available():
        built = torch.version.cuda or "no CUDA"
        sys.stderr.write(f"a CUDA device is needed, got none (torch built for {built})\n")
        return 2
    print(json.dumps({"device": torch.cuda.get_device_name(), "torch": torch.__version__}))
    for dimension in DIMENSIONS:
        mixture = _grid(dimension)
        x = mixture.sample(options.points, seed=1)
        for name, score in _implementations(_moved(mixture, "cuda", DTYPES[options.dtype])):
            placed = x.to("cuda", DTYPES[options.dtype])
            line = {"dimension": dimension, "points": len(x), "dtype": options.dtype, "name": name}
            print(json.dumps(line | _measured(score, placed, mixture.score(x), options.rounds)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The score on a CUDA device.")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--dtype", choices=DTYPES, default="float64")
    return parser.parse_args()


def _grid(dimension: int) -> GaussianMixture:
    plane = GaussianMixture.grid()
    means = torch.nn.functional.pad(plane.means, (0, dimension - 2))
    return GaussianMixture(means, plane.variance).noised(1.0, 0.5)


def _moved(mixture: GaussianMixture, device: str, dtype: torch.dtype) -> GaussianMixture:
    parts = (mixture.means, mixture.variance, mixture.weights)
    return GaussianMixture(*(part.to(device, dtype) for part in parts))


def _implementations(mixture: GaussianMixture) -> list[tuple[str, Callable[[Tensor], Tensor]]]:
    fused = [("theorylab, compiled", mixture.with_kernel(Compiled()).score)]
    return [
        ("theorylab", mixture.score),
        *(fused if mixture.K * mixture.d <= UNROLLED else []),
        ("torch, addmm in chunks", peers_score.chunked_score(mixture)),
        ("torch, broadcast and logsumexp", peers_score.broadcast_score(mixture)),
        ("torch.distributions and autograd", peers_score.distribution_score(mixture)),
    ]


def _measured(
    score: Callable[[Tensor], Tensor], x: Tensor, expected: Tensor, rounds: int
) -> dict[str, float]:
    value = score(x)  # also warms up
    difference = (value.double().cpu() - expected).abs().max() / expected.abs().max()
    torch.cuda.reset_peak_memory_stats()
    times = [_milliseconds(score, x) for _ in range(rounds)]
    return {
        "median_ms": statistics.median(times),
        "fastest_ms": min(times),
        "peak_MiB": torch.cuda.max_memory_allocated() / 2**20,
        "difference": float(difference),
    }


def _milliseconds(score: Callable[[Tensor], Tensor], x: Tensor) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    score(x)
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end)


if __name__ == "__main__":
    sys.exit(main())
