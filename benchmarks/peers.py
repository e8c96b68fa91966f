"""What theorylab is measured against: the same quantity, written by hand or by another library.

Notation: a mixture has means (K, d), one shared variance v and weights w; x is (n, d).

Nothing is measured here. A peer that is not installed is named by `absent`; it is never left out
in silence.
"""

import importlib.util
import shutil
from importlib import metadata
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor
from torchdiffeq import odeint
from torchsde import BrownianInterval, sdeint

from theorylab.diffusion import GaussianMixture
from theorylab.integrate import Dynamics

OPTIONAL = ("jax", "diffrax", "torchode", "numba")
"""Packages that no extra of ours installs."""

MEASURED = ("torch", "torchdiffeq", "torchsde", "numpy", "scipy", *OPTIONAL)


def absent() -> list[str]:
    """The peers that are not installed."""
    unable = [] if can_compile() else ["torch.compile (no C++ compiler)"]
    return [name for name in OPTIONAL if not installed(name)] + unable


def can_compile() -> bool:
    """Whether torch.compile finds a C++ compiler."""
    return any(map(shutil.which, ("c++", "g++", "clang++")))


def versions() -> dict[str, str]:
    """The versions of all that are installed."""
    return {name: metadata.version(name) for name in MEASURED if installed(name)}


def installed(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None


def torchdiffeq_solve(dynamics: Dynamics, x0: Tensor, tolerance: float) -> Tensor:
    """`odeint` as its own documentation calls it."""
    times = torch.tensor(dynamics.span, dtype=x0.dtype)
    with torch.no_grad():
        method = {"method": "dopri5", "rtol": tolerance, "atol": tolerance}
        return odeint(dynamics.drift, x0, times, **method)[-1]


def scipy_solve(dynamics: Dynamics, x0: Tensor, tolerance: float) -> Tensor:
    """`solve_ivp` with RK45 on all trajectories as one state."""

    def field(t: float, flat: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(flat).reshape(x0.shape)
        return dynamics.drift(torch.tensor(t, dtype=x0.dtype), x).numpy().ravel()

    start = x0.numpy().ravel()
    found = solve_ivp(field, dynamics.span, start, "RK45", rtol=tolerance, atol=tolerance)
    return torch.from_numpy(found.y[:, -1]).reshape(x0.shape)


def diffrax_solve(mixture: GaussianMixture, dynamics: Dynamics, s_start: float) -> Any:
    """A compiled solver of the probability flow in the clock by diffrax's Dopri5."""
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    means, log_weights = (
        jax.numpy.asarray(v.numpy()) for v in (mixture.means, mixture.weights.log())
    )

    def field(u: Any, y: Any, _: Any) -> Any:
        squares = ((y[:, None, :] - means) ** 2).sum(-1)
        s = s_start * jax.numpy.exp(-u)
        return jax.nn.softmax(log_weights - squares / (2 * s**2), axis=-1) @ means - y

    @jax.jit
    def solve(x: Any, tolerance: float) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Dopri5(),
            *dynamics.span,
            dt0=None,
            y0=x,
            max_steps=100_000,
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        ).ys[-1]

    return lambda x, tolerance: torch.from_numpy(np.array(solve(x.numpy(), tolerance)))


class _Equation(torch.nn.Module):
    """A `Dynamics` in the form in which torchsde asks for it."""

    sde_type, noise_type = "ito", "diagonal"

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        self.f, self.g = dynamics.drift, dynamics.diffusion


def torchsde_solve(dynamics: Dynamics, x0: Tensor, step: float, entropy: int) -> Tensor:
    """`sdeint` with an explicit `BrownianInterval`, as its issues advise."""
    times = torch.tensor(dynamics.span, dtype=x0.dtype)
    motion = BrownianInterval(*times, size=x0.shape, dtype=x0.dtype, dt=step, entropy=entropy)
    with torch.no_grad():
        return sdeint(_Equation(dynamics), x0, times, bm=motion, method="euler", dt=step)[-1]
