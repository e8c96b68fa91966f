r"""The probability flow of a mixture in the clock, every trajectory with steps of its own.

Notation: as in `theorylab.diffusion.clock`; dy/du = mbar(y; s) - y with s = s_start e^{-u}.

The engines of `theorylab.integrate.solve_ode` give one step to the whole batch: the trajectory
nearest to a separatrix sets it for all. Here each has its own, so its path does not depend on its
neighbours, and the batch costs the sum of its trajectories and not the worst times their number.
The pair is Dormand and Prince's 5(4); torchdiffeq remains the reference, see
tests/test_diffusion_flow.py. `DOPRI5_EACH` is the same as a method of `solve_ode`.

This module needs one variance shared by all modes, and records no gradient.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from theorylab import _require
from theorylab._legs import IntegrationError
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _own_steps, _points
from theorylab.diffusion.clock import ClockDrift
from theorylab.diffusion.kernels import Native
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.methods import Limits, OwnMethod
from theorylab.native import flow as native
from theorylab.path import Dynamics, Path

REASONS = {
    1: "met a state or a slope that is not finite",
    2: "needed more than max_evaluations",
    3: "needed a step below the spacing of numbers",
}


@dataclass(frozen=True, eq=False)
class Flow:
    """What `solve_flow` returns.

    Attributes:
        deviations: s of each output, the start included, (m + 1,).
        states: y at each of them, (m + 1, n, d).
        evaluations: of the drift, for each trajectory, (n,).
    """

    deviations: Float[Tensor, "m"]
    states: Float[Tensor, "m n d"]
    evaluations: Int[Tensor, "n"]

    @property
    def end(self) -> Points:
        """The states at the last output, (n, d)."""
        return self.states[-1]


@torch.no_grad()
def solve_flow(
    mixture: GaussianMixture,
    y: ArrayLike,
    *,
    s_start: float,
    s_stop: float,
    between: ArrayLike | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    max_evaluations: int = 100_000,
) -> Flow:
    """Follow the flow from s_start to s_stop: down to the data, or up to the noise.

    The error of a step is the largest over the coordinates of error / (atol + rtol |y|). Outputs
    between the ends come from the interpolant of the pair and do not change the steps.

    On the grid of 25 modes, from s = 5 down to the data, the median distance to the exact state is
    0.4 tolerances at the end and 2.2 at s = 0.5 on the way; up from the data, where distances
    grow, 12 at s = 0.5 and 50 at s = 5 (tests/test_fast_paths_refuse_errors.py, to a factor of 2).

    Args:
        mixture: the data, with a shared variance, at most 8 dimensions for the compiled loop.
        y: states x / alpha at s_start, (n, d), float32 or float64.
        s_start: the deviation at the start, at least sqrt(variance).
        s_stop: that at the end, at least sqrt(variance), and different.
        between: deviations strictly between the two, in the order of the way.
        rtol: relative tolerance, at least the dtype's eps.
        atol: absolute tolerance, positive.
        max_evaluations: of the drift, for one trajectory.

    Raises:
        ValueError: an argument that violates the above.
        IntegrationError: trajectories that did not arrive; how many, and the first of them.

    Source: arXiv:2605.06831, Lemma G.2; Dormand and Prince (1980).
    """
    starts = checked_starts(mixture, y)
    outputs = checked_outputs(mixture, s_start, s_stop, between)
    rtol = _require.between("rtol", rtol, torch.finfo(starts.dtype).eps, 1.0)
    atol = _require.positive("atol", atol)
    most = _require.integer("max_evaluations", max_evaluations, at_least=7)
    ways = [abs(math.log(s_start / s)) for s in outputs[1:]]
    times = torch.tensor(ways, dtype=torch.float64).to(starts)
    _, means, _, log_weights = mixture._at(starts, "y")
    task = native.Task(
        starts, means.contiguous(), log_weights.contiguous(), times,
        0.0, 1.0 if s_stop < s_start else -1.0, float(s_start), rtol, atol, most,
    )  # fmt: skip
    compiled = Native.serves(starts, means, mixture.variance)
    states, evaluations, status = native.run(task) if compiled else _own_steps.run(task)
    _require_arrived(status)
    deviations = torch.tensor(outputs, dtype=torch.float64).to(starts)
    return Flow(deviations, torch.cat([starts[None], states]), evaluations)


@dataclass(frozen=True)
class EachItsSteps(OwnMethod):
    """`solve_flow` as a method of `solve_ode`, for the dynamics of `clock.clock_dynamics`.

    `Path.evaluations` is the largest over the trajectories.
    """

    adaptive = True

    def path(self, dynamics: Dynamics, x0: Points, outputs: list[float], limits: Limits) -> Path:
        """The states at the outputs u; those between the ends are interpolated.

        Raises:
            ValueError: another equation, and as `solve_flow`.
            IntegrationError: as `solve_flow`.
        """
        flow = flow_of(dynamics, self)
        deviations = [flow.s_start * math.exp(-u) for u in outputs]
        found = solve_flow(
            flow.mixture, x0, s_start=deviations[0], s_stop=deviations[-1],
            between=deviations[1:-1] or None, **limits._asdict(),
        )  # fmt: skip
        times = torch.tensor(outputs, dtype=x0.dtype, device=x0.device)
        return Path(times, found.states, int(found.evaluations.max()))


DOPRI5_EACH = EachItsSteps()


def flow_of(dynamics: Dynamics, method: OwnMethod) -> ClockDrift:
    """The drift of a probability flow in the clock.

    Raises:
        ValueError: another equation.
    """
    drift = dynamics.drift
    if not isinstance(drift, ClockDrift) or drift.k != 0:
        msg = f"dynamics must be those of clock_dynamics for {method}, got the drift {drift!r}"
        raise ValueError(msg)
    return drift


def checked_starts(mixture: GaussianMixture, y: ArrayLike) -> Points:
    """States (n, d) of float32 or float64, for a mixture with a shared variance.

    Raises:
        ValueError: anything else.
    """
    shared = _points.instance("mixture", mixture, GaussianMixture).shared
    if not shared:
        shape = tuple(mixture.variance.shape)
        msg = f"variance must be shared by all modes, got one per mode, shape {shape}"
        raise ValueError(msg)
    starts = mixture._at(y, "y")[0]
    if starts.ndim != 2 or starts.dtype not in (torch.float32, torch.float64):
        got = f"shape {tuple(starts.shape)} and {starts.dtype}"
        msg = f"y must have shape (n, d) and be float32 or float64, got {got}"
        raise ValueError(msg)
    return starts.contiguous()


def checked_outputs(
    mixture: GaussianMixture, s_start: float, s_stop: float, between: ArrayLike | None
) -> list[float]:
    """The deviations of all outputs, monotone and none below that of the data.

    Raises:
        ValueError: anything else.
    """
    deviation = math.sqrt(float(mixture.variance))
    least = deviation * (1 - math.sqrt(torch.finfo(mixture.means.dtype).eps))
    for name, value in (("s_start", s_start), ("s_stop", s_stop)):
        if _require.positive(name, value) < least:
            msg = f"{name} must be at least sqrt(variance) = {deviation}, got {value}"
            raise ValueError(msg)
    inner = [] if between is None else _require.array("between", between).reshape(-1).tolist()
    outputs = [float(s_start), *inner, float(s_stop)]
    rising = s_stop > s_start
    if not all((b > a) if rising else (b < a) for a, b in pairwise(outputs)):
        msg = f"s_start, between and s_stop must be strictly monotone, got {outputs}"
        raise ValueError(msg)
    return outputs


def _require_arrived(status: Tensor) -> None:
    lost = torch.nonzero(status)[:, 0].tolist()
    if lost:
        reason = REASONS[int(status[lost[0]])]
        msg = (
            f"{len(lost)} of {len(status)} trajectories did not arrive; number {lost[0]} {reason}"
        )
        raise IntegrationError(msg)
