"""Implicit and switching methods for stiff equations, on scipy's `solve_ivp`.

Notation: as `theorylab.path`; the state (n, d) is one system of n d equations here.

An explicit method must step at the fastest rate of a flow even where all that is fast has died
out; training flows end like this. This module chooses no method for you; the other engines stand
in `theorylab.integrate`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from theorylab import _require
from theorylab._legs import output_times
from theorylab._typing import ArrayLike, Points
from theorylab.path import Dynamics, Path


@dataclass(frozen=True)
class Stiff:
    """A method of `solve_ivp` that copes with stiffness.

    Attributes:
        name: "LSODA", "BDF" or "Radau".

    Raises:
        ValueError: another name.
    """

    name: str

    def __post_init__(self) -> None:
        """Check the name."""
        if self.name not in ("LSODA", "BDF", "Radau"):
            msg = f"name must be one of LSODA, BDF and Radau, got {self.name!r}"
            raise ValueError(msg)


LSODA = Stiff("LSODA")
BDF = Stiff("BDF")
RADAU = Stiff("Radau")


def solve_stiff(
    dynamics: Dynamics,
    x0: Points,
    *,
    method: Stiff,
    times: ArrayLike | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    jacobian: Callable[[Tensor, Points], Tensor] | None = None,
) -> Path:
    """Solve dX = f(t, X) dt from X(start) = x0.

    Args:
        dynamics: the equation, without a diffusion.
        x0: (n, d).
        method: such as `LSODA`.
        times: output times from start to stop; default both ends.
        rtol: relative tolerance, positive.
        atol: absolute tolerance, positive.
        jacobian: the derivative (n d, n d) of the drift at (t, x), x in row order; None: the
            engine takes differences of the drift, which `Path.evaluations` does not count.

    Raises:
        ValueError: a diffusion, another method, tolerances that are not positive, times that do
            not lead from start to stop.
        RuntimeError: the engine gives up, with its words.
    """
    if dynamics.diffusion is not None:
        msg = "dynamics must have no diffusion, got one: use solve_sde"
        raise ValueError(msg)
    if not isinstance(method, Stiff):
        msg = f"method must be a Stiff method such as LSODA, got {method!r}"
        raise ValueError(msg)
    outputs = output_times(dynamics, times)

    def place(t: float, flat: np.ndarray) -> tuple[Tensor, Points]:
        clock = torch.tensor(t, dtype=x0.dtype, device=x0.device)
        return clock, torch.as_tensor(flat).to(x0).reshape(x0.shape)

    def velocity(t: float, flat: np.ndarray) -> np.ndarray:
        return dynamics.drift(*place(t, flat)).reshape(-1).double().cpu().numpy()

    found = solve_ivp(
        velocity,
        (dynamics.start, dynamics.stop),
        x0.detach().reshape(-1).double().cpu().numpy(),
        method=method.name,
        t_eval=outputs,
        rtol=_require.positive("rtol", rtol),
        atol=_require.positive("atol", atol),
        jac=None if jacobian is None else _matrix(jacobian, place),
    )
    if not found.success:
        msg = f"{method.name} gave up at time {found.t[-1] if len(found.t) else None}: "
        raise RuntimeError(msg + found.message)
    states = torch.as_tensor(found.y.T.copy()).to(x0).reshape(len(outputs), *x0.shape)
    clock = torch.tensor(outputs, dtype=x0.dtype, device=x0.device)
    return Path(times=clock, states=states, evaluations=int(found.nfev))


def _matrix(
    jacobian: Callable[[Tensor, Points], Tensor],
    place: Callable[[float, np.ndarray], tuple[Tensor, Points]],
) -> Callable[[float, np.ndarray], np.ndarray]:
    """The derivative as the engine asks for it."""
    return lambda t, flat: jacobian(*place(t, flat)).double().cpu().numpy()
