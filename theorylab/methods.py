"""The methods of integration, each with the order of convergence that the tests hold it to.

Notation: h the step; a method of order p makes an error O(h^p); strong order: in mean square.

This module integrates nothing; see `theorylab.integrate`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from theorylab._typing import Points
from theorylab.path import Dynamics, Path


def _known(name: str, names: frozenset[str]) -> None:
    if name not in names:
        msg = f"name must be one of {sorted(names)}, got {name!r}"
        raise ValueError(msg)


@dataclass(frozen=True)
class FixedStep:
    """A Runge-Kutta method with equal steps for an ordinary differential equation.

    Attributes:
        name: the engine's name of it.
        order: p, the error at a fixed time being O(h^p).

    Raises:
        ValueError: a name that the engine does not have.
    """

    name: str
    order: int

    def __post_init__(self) -> None:
        """Check the name."""
        _known(self.name, frozenset({"euler", "midpoint", "heun2", "heun3", "rk4"}))


@dataclass(frozen=True)
class Adaptive:
    """An embedded Runge-Kutta method that chooses its steps from a tolerance.

    Attributes:
        name: the engine's name of it.
        order: p of the solution that is propagated, not of the embedded estimate.

    Raises:
        ValueError: a name that the engine does not have.
    """

    name: str
    order: int

    def __post_init__(self) -> None:
        """Check the name."""
        _known(self.name, frozenset({"bosh3", "dopri5", "dopri8"}))


@dataclass(frozen=True)
class Exponential:
    """An exponential Runge-Kutta method with equal steps, exact in the linear part of the drift.

    With N = 0 it makes no error at any step. In the clock u of a mixture, where the drift is
    mbar(y) - y, its fixed points are those of the flow.

    Attributes:
        order: p in {1, 2, 4}, the error at a fixed time being O(h^p).

    Raises:
        ValueError: another order.
    """

    order: int

    def __post_init__(self) -> None:
        """Check the order."""
        if isinstance(self.order, bool) or self.order not in (1, 2, 4):
            msg = f"order must be 1, 2 or 4, got {self.order!r}"
            raise ValueError(msg)


class Limits(NamedTuple):
    """What a method is held to.

    Attributes:
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.
        max_evaluations: of the drift.
    """

    rtol: float
    atol: float
    max_evaluations: int


class OwnMethod(ABC):
    """A method that solves the whole run itself, for equations whose form it knows.

    Such as `theorylab.diffusion.DOPRI5_EACH` and `TRANSPORT`, for the flow of a mixture.

    Attributes:
        adaptive: whether it takes tolerances.
    """

    adaptive: bool = True

    @abstractmethod
    def path(self, dynamics: Dynamics, x0: Points, outputs: list[float], limits: Limits) -> Path:
        """The states at the outputs, which lead from start to stop; x0 (n, d) is the first.

        Raises:
            ValueError: an equation of another form.
            IntegrationError: a trajectory that does not arrive.
        """


@dataclass(frozen=True)
class SDEMethod:
    """A method with equal steps for an Ito equation with independent noise per coordinate.

    Orders above those of Euler-Maruyama need a diffusion whose i-th entry depends on x_i (and t)
    only.

    Attributes:
        name: the engine's name of it.
        strong_order: p, the root mean square error at a fixed time being O(h^p).
        additive_strong_order: the same where the diffusion does not depend on x.

    Raises:
        ValueError: a name that the engine does not have.
    """

    name: str
    strong_order: float
    additive_strong_order: float

    def __post_init__(self) -> None:
        """Check the name."""
        _known(self.name, frozenset({"euler", "milstein", "srk"}))


EULER = FixedStep("euler", 1)
MIDPOINT = FixedStep("midpoint", 2)
HEUN2 = FixedStep("heun2", 2)
HEUN3 = FixedStep("heun3", 3)
RK4 = FixedStep("rk4", 4)

EXPONENTIAL_EULER = Exponential(1)
EXPONENTIAL_HEUN = Exponential(2)
EXPONENTIAL_RK4 = Exponential(4)

BOSH3 = Adaptive("bosh3", 3)
DOPRI5 = Adaptive("dopri5", 5)
DOPRI8 = Adaptive("dopri8", 8)

EULER_MARUYAMA = SDEMethod("euler", 0.5, 1.0)
MILSTEIN = SDEMethod("milstein", 1.0, 1.0)
SRK = SDEMethod("srk", 1.5, 1.5)
