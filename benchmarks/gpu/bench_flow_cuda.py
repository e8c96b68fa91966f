"""W2 on a CUDA device: the probability flow of the grid in the clock, from s = 5 to the data.

    python -m benchmarks.gpu.bench_flow_cuda [--rounds R] [--device cpu --tiny]

Beside each time: the median, the 99th percentile and the largest error over the trajectories,
against steps of their own at 1e-12 on the host, and the number that end nearest to another mode
than there. A graphed loop is all its steps in one CUDA graph; on the host it is the same loop.
"""

import inspect
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks import peers_flow
from benchmarks.gpu.measure_cuda import Row, Setting, main_of, moved
from theorylab._exponential import phi
from theorylab.diffusion import TRANSPORT, GaussianMixture, clock_dynamics, solve_flow
from theorylab.diffusion.compiled import written_out
from theorylab.integrate import DOPRI5, EXPONENTIAL_RK4, solve_ode

S_START = 5.0
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Problem:
    """A mixture, its starts on the device, and where they end, on the host."""

    law: GaussianMixture
    y: Tensor
    expected: Tensor
    steps: int

    @property
    def s_stop(self) -> float:
        """The deviation of the data."""
        return math.sqrt(float(self.law.variance))

    @property
    def step(self) -> float:
        """The length of a fixed step in the clock."""
        return math.log(S_START / self.s_stop) / self.steps


def rows(setting: Setting) -> Iterator[Row]:
    """Every batch, every solver, in float64."""
    side, steps = (2, 6) if setting.tiny else (5, 320)
    for n in (30,) if setting.tiny else (8192, 1_000_000):
        problem = _problem(GaussianMixture.grid(side), n, steps, setting.device)
        group = f"W2: flow, {side**2} modes, d = 2, {n} trajectories, float64"
        for name, solve in solvers(problem, setting):
            yield setting.row(group, name, solve, **errors(solve(), problem))


def _problem(host: GaussianMixture, n: int, steps: int, device: str) -> Problem:
    y = host.noised(1.0, S_START).sample(n, seed=2)
    span = {"s_start": S_START, "s_stop": math.sqrt(float(host.variance))}
    expected = solve_flow(host, y, **span, rtol=1e-12, atol=1e-12).end
    return Problem(moved(host, device, torch.float64), y.to(device), expected, steps)


def errors(end: Tensor, problem: Problem) -> Row:
    """What an end is off by, and how many trajectories end in another mode."""
    here, means = end.cpu(), problem.law.means.cpu()
    off = (here - problem.expected).norm(dim=-1)
    mode, right = (torch.cdist(each, means).argmin(-1) for each in (here, problem.expected))
    ordered = off.sort().values
    return {
        "median error": float(ordered[len(off) // 2]),
        "p99 error": float(ordered[int(0.99 * len(off))]),
        "largest error": float(ordered[-1]),
        "wrong modes": int((mode != right).sum()),
    }


def solvers(problem: Problem, setting: Setting) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Calls that return the ends, theorylab's first."""
    law, y = problem.law, problem.y
    flow = clock_dynamics(law, s_start=S_START, s_stop=problem.s_stop)
    near = {"rtol": TOLERANCE, "atol": TOLERANCE}
    span = {"s_start": S_START, "s_stop": problem.s_stop}
    yield "theorylab", lambda: solve_flow(law, y, **span, **near).end
    exponential = {"method": EXPONENTIAL_RK4, "step": problem.step}
    yield "theorylab, exponential RK4", lambda: solve_ode(flow, y, **exponential).end
    yield "theorylab, exponential RK4, compiled steps", fixed(problem, setting, graph=False)
    yield "theorylab, exponential RK4, one CUDA graph", fixed(problem, setting, graph=True)
    yield "theorylab, exact transport", lambda: solve_ode(flow, y, method=TRANSPORT).end
    yield "theorylab, torchdiffeq", lambda: solve_ode(flow, y, method=DOPRI5, **near).end
    drift = peers_flow.field(law, S_START)
    peer = peers_flow.torchdiffeq_solve(drift, flow.span[1], TOLERANCE)
    yield "torchdiffeq dopri5", lambda: peer(y)


def fixed(problem: Problem, setting: Setting, *, graph: bool) -> Callable[[], Tensor]:
    """The steps of `EXPONENTIAL_RK4`, each fused into one loop, perhaps all in one graph.

    Variances stand in a table on the device, one for each half step, so that no step compiles
    anew and nothing is sent there.
    """
    law, h = problem.law, problem.step
    halves = torch.arange(2 * problem.steps + 1, dtype=torch.float64, device=setting.device)
    inverses = torch.exp(h * halves) / S_START**2
    logs, ones = torch.log(law.weights), torch.ones_like(law.weights)
    pull = inspect.unwrap(written_out)  # a checker of shapes may have wrapped it
    kept, half = math.exp(-h / 2), h * phi(1, -h / 2) / 2
    one, two, three = (h * phi(k, -h) for k in (1, 2, 3))

    def step(y: Tensor, levels: Tensor) -> Tensor:
        """As `theorylab._exponential.rk4_step` with N = h mbar and z = -h."""
        at = [level.expand(law.K) for level in levels]
        first = y + pull(y, law.means, at[0], logs, ones)
        a = kept * y + half * first
        at_a = a + pull(a, law.means, at[1], logs, ones)
        b = kept * y + half * at_a
        at_b = b + pull(b, law.means, at[1], logs, ones)
        c = kept * a + half * (2 * at_b - first)
        at_c = c + pull(c, law.means, at[2], logs, ones)
        moved = (one - 3 * two + 4 * three) * first + 2 * (two - 2 * three) * (at_a + at_b)
        return kept**2 * y + moved + (4 * three - two) * at_c

    fused = torch.compile(step, backend=setting.backend, fullgraph=True)
    start, state = problem.y.T.contiguous(), torch.empty_like(problem.y.T.contiguous())

    def loop() -> None:
        state.copy_(start)
        for index in range(problem.steps):
            state.copy_(fused(state, inverses[2 * index : 2 * index + 3]))

    run = setting.captured(loop) if graph else loop

    def solve() -> Tensor:
        with torch.no_grad():
            run()
        return state.T

    return solve


if __name__ == "__main__":
    sys.exit(main_of(rows, __doc__))
