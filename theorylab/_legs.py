r"""What the engines are given: legs between output times, and fields checked at every call.

Notation: a leg leads from one output time a to the next, b, in m equal steps; its own clock tau
runs from 0 to m, t = a + (b - a) tau / m, whichever way t runs.

This module takes no step; see `theorylab.integrate`.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.path import Dynamics, Field

_DIVIDES = 1e-6  # a step may be exceeded by this fraction of itself rather than be cut once more
_ROUNDED = 1e-6  # torchdiffeq rounds its clock to the dtype of the state


class IntegrationError(ArithmeticError):
    """An integration that cannot go on.

    Attributes:
        time: where it stopped, in the dynamics' own time.
        sample: index of the offending trajectory, or None.
        state: its state (d,), or None.
    """

    def __init__(
        self,
        message: str,
        time: float = math.nan,
        sample: int | None = None,
        state: Tensor | None = None,
    ) -> None:
        super().__init__(message)
        self.time, self.sample, self.state = time, sample, state


@dataclass(frozen=True)
class Leg:
    """The way from one output time to the next, in `steps` equal steps."""

    begin: float
    end: float
    steps: int = 1

    @property
    def width(self) -> float:
        """The signed length (b - a) / m of a step."""
        return (self.end - self.begin) / self.steps

    def time(self, tau: float) -> float:
        """The own time at which the leg's clock shows tau in [0, m], exact at both ends."""
        if not 0 <= tau <= self.steps * (1 + _ROUNDED):
            msg = f"tau must be in [0, {self.steps}], got {tau}"
            raise ValueError(msg)
        part = tau / self.steps
        time = self.begin * (1 - part) + self.end * part
        # By the check above only rounding can have left the leg.
        return min(max(time, min(self.begin, self.end)), max(self.begin, self.end))


def initial_state(dynamics: Dynamics, x0: ArrayLike) -> Points:
    """The initial states (n, d) of a run of the dynamics.

    Raises:
        ValueError: something that is not a `Dynamics`; x0 that is not a finite, non-empty (n, d)
            array of single or double precision.
    """
    if not isinstance(dynamics, Dynamics):
        msg = f"dynamics must be a Dynamics, got {dynamics!r}"
        raise ValueError(msg)
    state = _require.array("x0", x0)
    if state.ndim != 2 or 0 in state.shape:
        msg = f"x0 must have shape (n, d) with n, d >= 1, got shape {tuple(state.shape)}"
        raise ValueError(msg)
    if state.dtype not in (torch.float32, torch.float64):
        msg = f"x0 must be float32 or float64, got {state.dtype}"
        raise ValueError(msg)
    return state


def output_times(dynamics: Dynamics, times: ArrayLike | None) -> list[float]:
    """The output times, from start to stop; both ends are those of the dynamics, exactly.

    Raises:
        ValueError: times that are not a vector of at least two, that do not run strictly from
            start to stop, or whose ends differ from those by more than four roundings.
    """
    if times is None:
        return [dynamics.start, dynamics.stop]
    given = _require.array("times", times)
    if given.ndim != 1 or len(given) < 2:
        msg = f"times must have shape (T,) with T >= 2, got shape {tuple(given.shape)}"
        raise ValueError(msg)
    slack = 4 * torch.finfo(given.dtype).eps * max(abs(dynamics.start), abs(dynamics.stop))
    inner = given.double().tolist()
    ends = (inner[0] - dynamics.start, inner[-1] - dynamics.stop)
    if max(map(abs, ends)) > slack:
        got = f"{inner[0]} to {inner[-1]}"
        msg = f"times must lead from {dynamics.start} to {dynamics.stop}, got {got}"
        raise ValueError(msg)
    result = [dynamics.start, *inner[1:-1], dynamics.stop]
    for a, b in pairwise(result):
        if (b - a) * dynamics.sign <= 0:
            msg = f"times must be strictly monotone from start to stop, got {a} before {b}"
            raise ValueError(msg)
    return result


def equal_steps(times: list[float], step: float, max_evaluations: int) -> list[Leg]:
    """Legs cut into the fewest equal steps that are not longer than `step`.

    Raises:
        ValueError: a step that is not positive, that is longer than the span, or so short that
            the run would need more than `max_evaluations` evaluations.
    """
    length, step = abs(times[-1] - times[0]), _require.positive("step", step)
    if step > length * (1 + _DIVIDES):
        msg = f"step must be at most the length of the span, {length}, got {step}"
        raise ValueError(msg)
    if length / step > max_evaluations:
        least = length / max_evaluations
        msg = f"step must be at least {least} for max_evaluations={max_evaluations}, got {step}"
        raise ValueError(msg)
    return [Leg(a, b, math.ceil(abs(b - a) / step / (1 + _DIVIDES))) for a, b in pairwise(times)]


def require_finite(name: str, value: Points, time: float, state: Points) -> None:
    """Raise IntegrationError unless `value` (n, d), met at `time` and `state`, is finite."""
    finite = torch.isfinite(value)
    if bool(finite.all()):
        return
    sample = int((~finite).any(dim=1).nonzero()[0])
    shown = value[sample, :8].tolist(), state[sample, :8].tolist()
    msg = f"{name} is not finite at t={time!r}, sample {sample}: {shown[0]} at state {shown[1]}"
    raise IntegrationError(msg, time, sample, state[sample].clone())


class Fields:
    """A dynamics as the engines see it: on a leg's clock, counted and checked at every call.

    Attributes:
        leg: the leg that is being run; set by the caller.
        evaluations: calls of the drift so far.
    """

    sde_type, noise_type = "ito", "diagonal"  # read by torchsde

    def __init__(self, dynamics: Dynamics, max_evaluations: int) -> None:
        self.dynamics, self.max_evaluations = dynamics, max_evaluations
        self.leg, self.evaluations = Leg(dynamics.start, dynamics.stop), 0

    def f(self, tau: Tensor, x: Points) -> Points:
        """The drift per unit of the clock: (b - a) / m times that of the dynamics."""
        time = self.leg.time(float(tau))
        if self.evaluations >= self.max_evaluations:
            msg = f"drift was evaluated {self.evaluations} times, the maximum, at t={time!r}"
            raise IntegrationError(msg, time)
        self.evaluations += 1
        return _checked("drift", self.dynamics.drift, time, x) * self.leg.width

    def g(self, tau: Tensor, x: Points) -> Points:
        """The diffusion in units of the clock: sqrt(|b - a| / m) times that of the dynamics."""
        time = self.leg.time(float(tau))
        field = cast(Field, self.dynamics.diffusion)  # solve_sde requires one
        return _checked("diffusion", field, time, x) * math.sqrt(abs(self.leg.width))

    __call__ = f  # the name under which torchdiffeq calls a field

    def callback_step(self, tau: Tensor, x: Points, step: Tensor) -> None:  # noqa: ARG002
        """Called by torchdiffeq before each step; its own check is an assertion, gone under -O."""
        if not bool(tau + step > tau):
            time = self.leg.time(float(tau))
            msg = f"step underflows at t={time!r}: the tolerance cannot be met there"
            raise IntegrationError(msg, time)


def _checked(name: str, field: Field, time: float, x: Points) -> Points:
    require_finite("state", x, time, x)
    value = field(torch.tensor(time, dtype=x.dtype, device=x.device), x)
    if not isinstance(value, Tensor) or value.shape != x.shape or value.dtype != x.dtype:
        shown = (tuple(value.shape), value.dtype) if isinstance(value, Tensor) else value
        msg = f"{name} must return a {x.dtype} tensor of shape {tuple(x.shape)}, got {shown!r}"
        raise ValueError(msg)
    require_finite(name, value, time, x)
    return value


def worst_sample(error: Points) -> Tensor:
    """The largest over the samples of the root mean square over the coordinates."""
    return error.square().mean(dim=-1).sqrt().max()


def first_step(fields: Fields, x: Points, rtol: float, atol: float) -> float:
    """A hundredth of |X| / |f|; torchdiffeq's own guess would evaluate beyond the leg."""
    scale = atol + rtol * x.abs()
    size = float(worst_sample(x / scale))
    speed = float(worst_sample(fields.f(torch.zeros(()), x) / scale))
    if size < 1e-5 or speed < 1e-5:
        return 1e-3
    return 0.01 * size / speed
