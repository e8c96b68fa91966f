"""W3 on a CUDA device: the reverse equation of the grid in the clock, from s = 5 to the data.

    python -m benchmarks.gpu.bench_reverse_sde_cuda [--rounds R] [--device cpu --tiny]

float32. Paths of 100 equal steps of Euler and Maruyama, and the end alone by an exact transition.
Beside each time stands the standard deviation about the nearest mode divided by the exact one: 1
is unbiased. The noise of the graphed loop comes from a generator of the device that is registered
with the graph, so that each replay draws anew; "draws anew" says whether two runs differ.
"""

import inspect
import math
import sys
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks import peers_reverse_sde
from benchmarks.gpu.measure_cuda import Row, Setting, main_of, moved
from theorylab.diffusion import EDMSchedule, GaussianMixture, euler_maruyama, sample_exactly
from theorylab.diffusion.compiled import written_out
from theorylab.diffusion.kernels import Reference

S_START = 5.0
Solve = Callable[[], Tensor]


def rows(setting: Setting) -> Iterator[Row]:
    """Every batch, every sampler."""
    side, steps = (2, 5) if setting.tiny else (5, 100)
    for n in (40,) if setting.tiny else (8192, 1_000_000):
        host = GaussianMixture.grid(side)
        top = math.sqrt(S_START**2 - float(host.variance))
        y = host.noised(1.0, top).sample(n, seed=2).to(setting.device, torch.float32)
        law = moved(host, setting.device, torch.float32)
        group = f"W3: reverse equation, {steps} steps, {n} trajectories, float32"
        for name, solve in samplers(law, y, steps, setting):
            first, second = solve().clone(), solve()
            beside = {"deviation": spread(second, law), "draws anew": not first.equal(second)}
            yield setting.row(group, name, solve, **beside)


def spread(end: Tensor, law: GaussianMixture) -> float:
    """The root mean square of a coordinate about the nearest mode, over the exact one."""
    nearest = law.means[torch.cdist(end, law.means).argmin(-1)]
    return float((end - nearest).square().mean().sqrt() / law.variance.sqrt())


def samplers(
    law: GaussianMixture, y: Tensor, steps: int, setting: Setting
) -> Iterator[tuple[str, Solve]]:
    """Calls that return the ends, theorylab's first."""
    s_stop = math.sqrt(float(law.variance))
    span = math.log(S_START / s_stop)
    ends = {"s_start": S_START, "s_stop": s_stop}
    yield "theorylab", lambda: euler_maruyama(law, y, steps=steps, **ends, seed=1)
    top = math.sqrt(S_START**2 - s_stop**2)
    schedule = EDMSchedule(sigma_min=0.0, sigma_max=S_START)
    exact = {"mixture": law, "schedule": schedule, "seed": 1, "last": 0.0}
    yield "theorylab, exact transition", lambda: sample_exactly(y, [top], **exact).end
    for name, fused, graph in (
        ("theorylab, loop", False, False),
        ("theorylab, loop, compiled step", True, False),
        ("theorylab, loop, compiled step, one CUDA graph", True, True),
    ):
        yield name, loop(law, y, steps, setting, fused=fused, graph=graph)
    for name, peer in peers_reverse_sde.torch_solvers(law, S_START, span, steps):
        yield name, lambda peer=peer: peer(y)


def loop(
    law: GaussianMixture, y: Tensor, steps: int, setting: Setting, *, fused: bool, graph: bool
) -> Solve:
    """y' = y + 2 h (mbar(y; s) - y) + sqrt(2 h) s Z, numbers of the steps in tables there."""
    h = math.log(S_START / math.sqrt(float(law.variance))) / steps
    s = S_START * torch.exp(-h * torch.arange(steps, dtype=torch.float64))
    tables = (s**-2, math.sqrt(2 * h) * s)
    inverses, widths = (part.to(y)[:, None].repeat(1, 4) for part in tables)  # rows of 16 bytes
    written = inspect.unwrap(written_out)  # a checker of shapes may have wrapped it
    generator = torch.Generator(device=setting.device).manual_seed(1)
    logs, ones = torch.log(law.weights), torch.ones_like(law.weights)

    def step(axes: Tensor, noise: Tensor, inverse: Tensor, width: Tensor) -> Tensor:
        pull = written(axes, law.means, inverse.expand(law.K), logs, ones)
        return axes + 2 * h * pull + width * noise

    def eager(axes: Tensor, noise: Tensor, inverse: Tensor, width: Tensor) -> Tensor:
        pull = Reference().shift(axes.T, law.means, 1 / inverse, logs)
        return axes + 2 * h * pull.T + width * noise

    move = torch.compile(step, backend=setting.backend, fullgraph=True) if fused else eager
    start = y.T.contiguous()
    state, noise = torch.empty_like(start), torch.empty_like(start)

    def whole() -> None:
        state.copy_(start)
        for index in range(steps):
            noise.normal_(generator=generator)
            state.copy_(move(state, noise, inverses[index, :1], widths[index, :1]))

    run = setting.captured(whole, generator) if graph else whole

    def solve() -> Tensor:
        with torch.no_grad():
            run()
        return state.T

    return solve


if __name__ == "__main__":
    sys.exit(main_of(rows, __doc__))
