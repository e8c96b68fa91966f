"""The two nouns of integration: `Dynamics`, what is integrated, and `Path`, what comes back.

Notation: dX = f(t, X) dt + g(t, X) dW on a span from `start` to `stop`, which may decrease. The
dynamics owns its direction: an engine always sees the increasing variable s = |t - start| and the
field sign * f, so nobody negates a drift by hand.

This module integrates nothing; see `theorylab.integrate`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import PerPoint, Points, States, Times

Field: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A field (t, x) -> value: t a scalar tensor, x and the value of shape (n, d)."""


@dataclass(frozen=True)
class Dynamics:
    r"""A differential equation together with the direction in which it is run.

    .. math:: dX = f(t, X)\,dt + g(t, X)\,dW, \qquad t \text{ from } span[0] \text{ to } span[1]

    With a decreasing span the equation is read with dt < 0 and the noise of the reversed time, so
    that the variance added over |dt| is g^2 |dt|.

    Attributes:
        drift: f(t, x), of the shape of x.
        span: start and stop, in either order.
        diffusion: g(t, x), of the shape of x (independent noise per coordinate, Ito), or None for
            an ordinary differential equation.
        linear: a rate a that is known to be part of the drift, f(t, x) = a x + N(t, x); an
            exponential method integrates it exactly, every other method ignores it.

    Raises:
        ValueError: a field that cannot be called; a span that is empty or not finite; a rate that
            is not a finite number.
    """

    drift: Field
    span: tuple[float, float]
    diffusion: Field | None = None
    linear: float = 0.0

    def __post_init__(self) -> None:
        """Check what can be checked without calling the fields."""
        if not callable(self.drift):
            msg = f"drift must be callable as drift(t, x), got {self.drift!r}"
            raise ValueError(msg)
        if self.diffusion is not None and not callable(self.diffusion):
            msg = f"diffusion must be callable or None, got {self.diffusion!r}"
            raise ValueError(msg)
        if not isinstance(self.span, tuple) or len(self.span) != 2:
            msg = f"span must be a pair (start, stop), got {self.span!r}"
            raise ValueError(msg)
        start, stop = (_require.number("span", end) for end in self.span)
        if start == stop:
            msg = f"span must have two different ends, got {self.span!r}"
            raise ValueError(msg)
        _require.number("linear", self.linear)

    @property
    def start(self) -> float:
        """The time at which a run begins."""
        return float(self.span[0])

    @property
    def stop(self) -> float:
        """The time at which a run ends."""
        return float(self.span[1])

    @property
    def sign(self) -> float:
        """+1 if time increases along the run, -1 if it decreases."""
        return 1.0 if self.stop > self.start else -1.0

    @property
    def length(self) -> float:
        """The duration |stop - start|."""
        return abs(self.stop - self.start)


@dataclass(frozen=True)
class Path:
    """What an integrator returns.

    Attributes:
        times: (T,) in the dynamics' own time, from start to stop (decreasing if the run is).
        states: (T, n, d), one state per output time; `states[0]` is the initial state.
        evaluations: calls of the drift, counted.
        error: (n,) measured error of each trajectory, its largest difference to a solution with
            a 32 times smaller tolerance or half the step; None where it was not asked for.
    """

    times: Times
    states: States
    evaluations: int
    error: PerPoint | None = field(default=None)

    @property
    def end(self) -> Points:
        """The states at the last output time, (n, d)."""
        return self.states[-1]

    @property
    def begin(self) -> Points:
        """The initial states, (n, d)."""
        return self.states[0]

    def __post_init__(self) -> None:
        """A path is finite and its shapes agree."""
        for name, value in (("times", self.times), ("states", self.states)):
            if not isinstance(value, Tensor):
                msg = f"{name} must be a tensor, got {value!r}"
                raise ValueError(msg)
        if self.states.ndim != 3 or len(self.times) != len(self.states):
            msg = (
                "states must have shape (T, n, d) with T = len(times), got "
                f"{tuple(self.states.shape)} and {len(self.times)} times"
            )
            raise ValueError(msg)
        if not bool(torch.isfinite(self.states).all()):
            msg = "states must be finite, got a path with NaN or infinity"
            raise ValueError(msg)
