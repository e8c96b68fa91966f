"""W2: the probability flow in the clock, by other libraries.

Notation: dy/du = mbar(y; s e^-u) - y for means (K, d) and one variance; y is (n, d).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor
from torchdiffeq import odeint

from benchmarks.peers import installed
from theorylab.diffusion import GaussianMixture

Solve = Callable[[Tensor], Any]


def field(mixture: GaussianMixture, s_start: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The drift in lines of torch, by products; u a number or one for each point."""
    means, logs = mixture.means, mixture.weights.log()
    squares = (means**2).sum(-1)

    def drift(u: Tensor, y: Tensor) -> Tensor:
        inverse = (torch.exp(2 * u) / s_start**2).reshape(-1, 1)
        return torch.softmax(logs + (y @ means.T - squares / 2) * inverse, -1) @ means - y

    return drift


def solvers(mixture: GaussianMixture, s_start: float, span: float) -> Iterator[tuple[str, Solve]]:
    """Every peer that can be run here."""
    drift = field(mixture, s_start)
    for tolerance in (1e-6, 1e-7, 1e-8):
        yield f"torchdiffeq dopri5 {tolerance:.0e}", torchdiffeq_solve(drift, span, tolerance)
    yield "scipy DOP853 1e-08", _scipy(drift, span, "DOP853", 1e-8)
    yield "scipy RK45 1e-06", _scipy(drift, span, "RK45", 1e-6)
    if installed("diffrax"):
        for tolerance in (1e-6, 1e-7, 1e-8):
            solve = diffrax_solve(mixture, s_start, span, tolerance, each=False)
            yield f"diffrax Tsit5 {tolerance:.0e}", solve
        yield "diffrax Tsit5 1e-07, each", diffrax_solve(mixture, s_start, span, 1e-7, each=True)
    if installed("torchode"):
        yield "torchode tsit5 1e-07", _torchode(drift, span, 1e-7)


def torchdiffeq_solve(drift: Callable[..., Tensor], span: float, tolerance: float) -> Solve:
    """`odeint` with dopri5, on the device of the points."""

    def solve(y: Tensor) -> Tensor:
        times = torch.tensor([0.0, span], dtype=torch.float64, device=y.device)
        with torch.no_grad():
            return odeint(drift, y, times, method="dopri5", rtol=tolerance, atol=tolerance)[-1]

    return solve


def _scipy(drift: Callable[..., Tensor], span: float, method: str, tolerance: float) -> Solve:
    def solve(y: Tensor) -> Tensor:
        def flat(u: float, state: np.ndarray) -> np.ndarray:
            points = torch.from_numpy(state).reshape(y.shape)
            return drift(torch.tensor(u, dtype=y.dtype), points).numpy().ravel()

        start = y.numpy().ravel()
        found = solve_ivp(flat, (0.0, span), start, method, rtol=tolerance, atol=tolerance)
        return torch.from_numpy(found.y[:, -1]).reshape(y.shape)

    return solve


def _torchode(drift: Callable[..., Tensor], span: float, tolerance: float) -> Solve:
    """Steps of its own for each trajectory, in torch."""
    import torchode

    term = torchode.ODETerm(drift)
    method = torchode.Tsit5(term=term)
    control = torchode.IntegralController(atol=tolerance, rtol=tolerance, term=term)
    solver = torchode.AutoDiffAdjoint(method, control)

    def solve(y: Tensor) -> Tensor:
        ends = torch.tensor([0.0, span], dtype=y.dtype).expand(len(y), 2)
        with torch.no_grad():
            problem = torchode.InitialValueProblem(y0=y, t_eval=ends)
            return solver.solve(problem).ys[:, -1]

    return solve


def diffrax_solve(
    mixture: GaussianMixture, s_start: float, span: float, tolerance: float, *, each: bool
) -> Solve:
    """Tsit5, compiled; the batch as one state, or vectorised over trajectories."""
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    means, logs = (jnp.asarray(v.numpy()) for v in (mixture.means, mixture.weights.log()))
    squares = (means**2).sum(-1)

    def drift(u: Any, y: Any, _: Any) -> Any:
        inverse = jnp.exp(2 * u) / s_start**2
        return jax.nn.softmax(logs + (y @ means.T - squares / 2) * inverse, axis=-1) @ means - y

    control = diffrax.PIDController(rtol=tolerance, atol=tolerance)

    def one(y: Any) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(drift),
            diffrax.Tsit5(),
            0.0,
            span,
            dt0=None,
            y0=y,
            stepsize_controller=control,
            max_steps=100_000,
        ).ys[-1]

    compiled = jax.jit(jax.vmap(one) if each else one)
    return lambda y: torch.from_numpy(np.array(compiled(y.numpy())))
