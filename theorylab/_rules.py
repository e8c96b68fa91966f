r"""How `theorylab.integrate` cuts a run into legs, and hands each leg to an engine.

Notation: as in `theorylab.integrate`; tau the clock of a leg, m its equal steps.

Each rule belongs to one kind of method. This module checks the arguments that belong to the
method, and is not public.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torchdiffeq import odeint
from torchsde import BaseBrownian, sdeint

from theorylab import _exponential, _require
from theorylab._legs import Fields, Leg, equal_steps, first_step, worst_sample
from theorylab._typing import Points
from theorylab.methods import Adaptive, Exponential, FixedStep, Limits, OwnMethod, SDEMethod
from theorylab.noise import BrownianPath
from theorylab.path import Dynamics, Path

REFINED = 32.0  # what `measure_error` divides the tolerances by
_TOLERANCE = 1e-9


@runtime_checkable
class Rule(Protocol):
    """How the way is cut into legs, and how a state is led over the leg of `fields`."""

    def legs(self, outputs: list[float], max_evaluations: int) -> list[Leg]: ...

    def advance(self, fields: Fields, x: Points, first: int) -> Points: ...


@dataclass(frozen=True)
class EqualSteps(ABC):
    """The fewest equal steps between output times that are not longer than `step`."""

    step: float

    def refined(self) -> "EqualSteps":
        """The rule with which the error is measured."""
        return replace(self, step=self.step / 2)

    def legs(self, outputs: list[float], max_evaluations: int) -> list[Leg]:
        """One leg for each interval between output times."""
        return equal_steps(outputs, self.step, max_evaluations)

    @abstractmethod
    def advance(self, fields: Fields, x: Points, first: int) -> Points:
        """The state at the end of the leg, whose steps are `first` and the following."""


@dataclass(frozen=True)
class FixedRule(EqualSteps):
    """Equal steps of a Runge-Kutta method of torchdiffeq."""

    method: FixedStep

    def advance(self, fields: Fields, x: Points, first: int) -> Points:  # noqa: ARG002
        """The state at the end of the leg."""
        clock = torch.arange(fields.leg.steps + 1, dtype=torch.float64, device=x.device)
        options = {"grid_constructor": lambda *_: clock}
        return odeint(fields, x, clock[[0, -1]], method=self.method.name, options=options)[-1]


@dataclass(frozen=True)
class ExponentialRule(EqualSteps):
    """Equal steps of an exponential method, see `theorylab._exponential`."""

    method: Exponential

    def advance(self, fields: Fields, x: Points, first: int) -> Points:  # noqa: ARG002
        """The state at the end of the leg."""
        z = fields.dynamics.linear * fields.leg.width
        return _exponential.advance(fields.f, z, self.method.order, fields.leg.steps, x)


@dataclass(frozen=True)
class AdaptiveRule:
    """Steps chosen by torchdiffeq, under the norm of the worst sample."""

    method: Adaptive
    rtol: float
    atol: float

    def refined(self) -> "AdaptiveRule":
        """The rule with which the error is measured."""
        return replace(self, rtol=self.rtol / REFINED, atol=self.atol / REFINED)

    def legs(self, outputs: list[float], max_evaluations: int) -> list[Leg]:  # noqa: ARG002
        return [Leg(a, b) for a, b in pairwise(outputs)]

    def advance(self, fields: Fields, x: Points, first: int) -> Points:  # noqa: ARG002
        clock = torch.tensor([0.0, 1.0], dtype=torch.float64, device=x.device)
        options = {
            "norm": worst_sample,
            "first_step": first_step(fields, x, self.rtol, self.atol),
            "step_t": clock[1:],  # land on the end: no overshoot, no interpolation
        }
        tolerances = {"rtol": self.rtol, "atol": self.atol}
        return odeint(fields, x, clock, method=self.method.name, options=options, **tolerances)[-1]


@dataclass(frozen=True)
class OwnRule:
    """A whole run by a method of its own."""

    method: OwnMethod
    rtol: float
    atol: float

    def refined(self) -> "OwnRule":
        """The rule with which the error is measured.

        Raises:
            ValueError: a method without tolerances.
        """
        if not self.method.adaptive:
            msg = f"measure_error must be False with {self.method}, which solves exactly, got True"
            raise ValueError(msg)
        return replace(self, rtol=self.rtol / REFINED, atol=self.atol / REFINED)

    def path(
        self, dynamics: Dynamics, x: Points, outputs: list[float], max_evaluations: int
    ) -> Path:
        """The states at all outputs."""
        limits = Limits(self.rtol, self.atol, max_evaluations)
        return self.method.path(dynamics, x, outputs, limits)


@dataclass(frozen=True)
class SDERule(EqualSteps):
    """Equal steps of a method of torchsde, on the increments of a `BrownianPath`."""

    method: SDEMethod
    noise: BrownianPath

    def advance(self, fields: Fields, x: Points, first: int) -> Points:
        """The state at the end of the leg, whose steps are `first` and the following."""
        clock = torch.tensor([0.0, fields.leg.steps], dtype=torch.float64, device=x.device)
        motion = _UnitBrownian(self.noise, first, like=x)
        options = {"grad_free": True} if self.method.name == "milstein" else {}
        name = self.method.name
        return sdeint(fields, x, clock, bm=motion, method=name, dt=1.0, options=options)[-1]


def ode_rule(
    method: FixedStep | Exponential | Adaptive | OwnMethod,
    step: float | None,
    rtol: float | None,
    atol: float | None,
    finest: float,
) -> FixedRule | ExponentialRule | AdaptiveRule | OwnRule:
    """The rule of a method, with the step or the tolerances that it asks for.

    Raises:
        ValueError: another method, a step or tolerances that are missing, superfluous or too fine.
    """
    toleranceless = rtol is None and atol is None
    if isinstance(method, FixedStep | Exponential):
        if not toleranceless or step is None:
            given = f"step={step!r}, rtol={rtol!r}, atol={atol!r}"
            msg = f"step, and neither rtol nor atol, must be given with {method}, got {given}"
            raise ValueError(msg)
        if isinstance(method, FixedStep):
            return FixedRule(step, method)
        return ExponentialRule(step, method)
    if not isinstance(method, Adaptive | OwnMethod):
        msg = f"method must be an ODE method such as RK4 or DOPRI5, got {method!r}"
        raise ValueError(msg)
    if step is not None:
        msg = f"step must be left out with {method}, got {step!r}"
        raise ValueError(msg)
    if isinstance(method, OwnMethod) and not method.adaptive and not toleranceless:
        msg = f"rtol and atol must be left out with {method}, got {rtol!r} and {atol!r}"
        raise ValueError(msg)
    relative = _require.positive("rtol", _TOLERANCE if rtol is None else rtol)
    absolute = _require.positive("atol", _TOLERANCE if atol is None else atol)
    if relative < finest and not (isinstance(method, OwnMethod) and not method.adaptive):
        msg = f"rtol must be at least {finest:.3g} for the dtype of x0, got {relative}"
        raise ValueError(msg)
    if isinstance(method, OwnMethod):
        return OwnRule(method, relative, absolute)
    return AdaptiveRule(method, relative, absolute)


class _UnitBrownian(BaseBrownian):
    """A leg's Brownian motion in unit steps, in the form in which torchsde asks for it."""

    def __init__(self, noise: BrownianPath, first: int, like: Tensor) -> None:
        self.noise, self.first, self.like = noise, first, like

    def __call__(self, ta: Tensor, tb: Tensor, return_U: bool = False) -> object:
        if float(ta) % 1 or float(tb - ta) != 1:
            msg = f"increments must be asked for over whole unit steps, got {ta} to {tb}"
            raise ValueError(msg)
        step = self.first + int(ta)
        if return_U:
            return self.noise.increment_and_integral(step, like=self.like)
        return self.noise.increment(step, like=self.like)

    def __repr__(self) -> str:
        return f"_UnitBrownian({self.noise!r}, first={self.first})"

    dtype = property(lambda self: self.like.dtype)
    device = property(lambda self: self.like.device)
    shape = property(lambda self: tuple(self.like.shape))
    levy_area_approximation = "space-time"
