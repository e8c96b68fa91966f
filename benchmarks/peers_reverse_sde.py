"""W3: the reverse equation of a mixture in the clock, by other libraries.

Notation: dy = 2 (mbar(y; s) - y) du + sqrt(2) s dB, s = s_start e^-u, for means (K, d) and one
variance; y is (n, d), `steps` equal steps of Euler and Maruyama over `span`.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchsde import BrownianInterval, BrownianTree, sdeint

from benchmarks.peers import installed
from benchmarks.peers_flow import field
from benchmarks.peers_limit import limit
from theorylab.diffusion import GaussianMixture

Solve = Callable[[Tensor], Any]


class _Equation(torch.nn.Module):
    sde_type, noise_type = "ito", "diagonal"

    def __init__(self, mixture: GaussianMixture, s_start: float) -> None:
        super().__init__()
        self.drift, self.s_start = field(mixture, s_start), s_start

    def f(self, u: Tensor, y: Tensor) -> Tensor:
        return 2 * self.drift(u, y)

    def g(self, u: Tensor, y: Tensor) -> Tensor:
        return (math.sqrt(2) * self.s_start * torch.exp(-u)).expand_as(y)


def solvers(
    mixture: GaussianMixture, s_start: float, span: float, steps: int
) -> Iterator[tuple[str, Solve]]:
    """Every peer that can be run here."""
    if steps <= 100:
        yield "C for this K and d alone (limit)", limit(mixture, s_start, span, steps)
    yield from torch_solvers(mixture, s_start, span, steps)
    if installed("jax"):
        yield "jax, scan", _jax(mixture, s_start, span, steps)
    if installed("diffrax"):
        unsafe = _diffrax(mixture, s_start, span, steps, virtual=False)
        yield "diffrax Euler, UnsafeBrownianPath", unsafe
        if steps <= 100:
            virtual = _diffrax(mixture, s_start, span, steps, virtual=True)
            yield "diffrax Euler, VirtualBrownianTree", virtual


def torch_solvers(
    mixture: GaussianMixture, s_start: float, span: float, steps: int
) -> Iterator[tuple[str, Solve]]:
    """Those that run on the device of the points."""
    yield "torchsde Euler, BrownianInterval", _interval(mixture, s_start, span, steps)
    if steps <= 100:
        yield "torchsde Euler, BrownianTree", _tree(mixture, s_start, span, steps)
    yield "torch, loop", _loop(mixture, s_start, span, steps)


def _interval(mixture: GaussianMixture, s_start: float, span: float, steps: int) -> Solve:
    """The default object of torchsde, told the step as its issues advise."""
    end = 1.01 * span  # rounding of times may lead beyond

    def motion(y: Tensor) -> Any:
        shape = {"size": y.shape, "dtype": y.dtype, "device": y.device}
        return BrownianInterval(0.0, end, dt=span / steps, **shape)

    return _torchsde(_Equation(mixture, s_start), span, steps, motion)


def _tree(mixture: GaussianMixture, s_start: float, span: float, steps: int) -> Solve:
    end = 1.01 * span

    def motion(y: Tensor) -> Any:
        last = torch.randn_like(y) * math.sqrt(end)
        return BrownianTree(t0=0.0, w0=torch.zeros_like(y), t1=end, w1=last)

    return _torchsde(_Equation(mixture, s_start), span, steps, motion)


def _torchsde(
    equation: torch.nn.Module, span: float, steps: int, motion: Callable[[Tensor], Any]
) -> Solve:
    def solve(y: Tensor) -> Tensor:
        ends = torch.tensor([0.0, span], dtype=y.dtype, device=y.device)
        with torch.no_grad():
            return sdeint(equation, y, ends, bm=motion(y), method="euler", dt=span / steps)[-1]

    return solve


def _loop(mixture: GaussianMixture, s_start: float, span: float, steps: int) -> Solve:
    drift, h = field(mixture, s_start), span / steps

    def solve(y: Tensor) -> Tensor:
        for step in range(steps):
            u = torch.tensor(step * h, dtype=y.dtype)
            noise = math.sqrt(2 * h) * s_start * math.exp(-step * h) * torch.randn_like(y)
            y = y + 2 * h * drift(u, y) + noise
        return y

    return solve


def _jax_drift(mixture: GaussianMixture, s_start: float) -> Callable[[Any, Any], Any]:
    import jax

    jnp = jax.numpy
    means, logs = (jnp.asarray(v.numpy()) for v in (mixture.means, mixture.weights.log()))
    squares = (means**2).sum(-1)

    def drift(u: Any, y: Any) -> Any:
        inverse = jnp.exp(2 * u) / s_start**2
        return jax.nn.softmax(logs + (y @ means.T - squares / 2) * inverse, axis=-1) @ means - y

    return drift


def _jax(mixture: GaussianMixture, s_start: float, span: float, steps: int) -> Solve:
    import jax

    jnp = jax.numpy
    drift, h = _jax_drift(mixture, s_start), span / steps

    @jax.jit
    def compiled(y: Any, key: Any) -> Any:
        def step(state: Any, u: Any) -> Any:
            y, key = state
            key, own = jax.random.split(key)
            noise = jax.random.normal(own, y.shape, y.dtype)
            spread = math.sqrt(2 * h) * s_start * jnp.exp(-u)
            return ((y + 2 * h * drift(u, y) + spread * noise).astype(y.dtype), key), None

        times = jnp.arange(steps, dtype=y.dtype) * h
        return jax.lax.scan(step, (y, key), times)[0][0]

    return lambda y: torch.from_numpy(np.array(compiled(y.numpy(), jax.random.key(0))))


def _diffrax(
    mixture: GaussianMixture, s_start: float, span: float, steps: int, *, virtual: bool
) -> Solve:
    import diffrax
    import jax

    jnp = jax.numpy
    drift = _jax_drift(mixture, s_start)

    @jax.jit
    def compiled(y: Any, key: Any) -> Any:
        shape = jax.ShapeDtypeStruct(y.shape, y.dtype)
        motion = diffrax.UnsafeBrownianPath(shape=shape, key=key)
        if virtual:
            tolerance = span / steps / 2
            motion = diffrax.VirtualBrownianTree(0.0, 1.01 * span, tolerance, shape, key=key)
        spread = lambda u, y, _: diffrax_diagonal(math.sqrt(2) * s_start * jnp.exp(-u), y)  # noqa: E731
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda u, y, _: (2 * drift(u, y)).astype(y.dtype)),
            diffrax.ControlTerm(spread, motion),
        )
        return diffrax.diffeqsolve(
            terms, diffrax.Euler(), 0.0, span, dt0=span / steps, y0=y, max_steps=steps + 2,
            adjoint=diffrax.DirectAdjoint(),
        ).ys[-1]  # fmt: skip

    def diffrax_diagonal(scale: Any, y: Any) -> Any:
        import lineax

        return lineax.DiagonalLinearOperator(jnp.full(y.shape, scale, y.dtype))

    return lambda y: torch.from_numpy(np.array(compiled(y.numpy(), jax.random.key(0))))
