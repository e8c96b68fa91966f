"""Every fast path keeps the error that it states, and the same check refuses four times that.

`MOVES`: at 0 the result stands as it is, and the check must accept it; at 4 and -4 it is moved by
as many times the error that the docstring states, and the check must refuse it.
"""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.ball_pull import exact_pull
from tests.test_integrate_orders import Oscillating, fitted_order
from theorylab import _exponential
from theorylab.diffusion import GaussianMixture, _own_steps, flow, solve_flow, transport_exactly
from theorylab.diffusion.compiled import Compiled, Separable
from theorylab.diffusion.kernels import Automatic, Chunked, Kernel, Native, Reference
from theorylab.integrate import Exponential, solve_ode
from theorylab.native import library
from theorylab.parity import TwoLayerReLU
from theorylab.parity.batches import batch_gradient
from theorylab.path import Dynamics

HAS_LIBRARY = library() is not None
ENGINES = ["torch", *(["compiled"] if HAS_LIBRARY else [])]
MOVES = (0.0, 4.0, -4.0)
both_formats = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def within(found: Tensor, exact: Tensor, error: Tensor) -> bool:
    """The check: no entry further from the exact one than the stated error of that entry."""
    return bool(((found.double() - exact).abs() <= error).all())


def moved(found: Tensor, error: Tensor, times: float) -> Tensor:
    """The result with one entry, another for each shape, moved by so many times its error."""
    wrong = found.double().flatten().clone()
    may_err = torch.nonzero(error.flatten())
    entry = int(may_err[7 * len(may_err) // 13])
    wrong[entry] += times * error.flatten()[entry]
    return wrong.reshape(found.shape)


def accepts_and_refuses(found: Tensor, exact: Tensor, error: Tensor) -> bool:
    """Whether the check does what it should at each of `MOVES`."""
    seen = [within(moved(found, error, times), exact, error) for times in MOVES]
    return seen == [times == 0 for times in MOVES]


# ---------------------------------------------------------------- the score and the shift


def points_and_law(kind: str, modes: int, d: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Points, means, variance and logarithms of weights; `close` has them near a mode."""
    draw = torch.Generator().manual_seed(100 * modes + d)
    x = 2 * torch.randn(67, d, dtype=torch.float64, generator=draw)
    means = torch.randn(modes, d, dtype=torch.float64, generator=draw)
    logs = torch.log_softmax(torch.randn(modes, dtype=torch.float64, generator=draw), -1)
    if kind == "close":
        x = means[torch.arange(len(x)) % modes] + 1e-2 * x
    variance = {
        "shared": torch.tensor(0.3, dtype=torch.float64),
        "close": torch.tensor(1e-4, dtype=torch.float64),
        "per mode": torch.rand(modes, dtype=torch.float64, generator=draw) + 0.1,
        "per point": torch.rand(len(x), 1, dtype=torch.float64, generator=draw) + 0.1,
    }[kind]
    return tuple(part.to(dtype) for part in (x, means, variance, logs))


def holds(kernel: Kernel, name: str, law: tuple[Tensor, ...]) -> bool:
    """Whether the check accepts and refuses; the error is that of theorylab.diffusion.kernels."""
    x, means, variance, _ = law
    exact = exact_pull(*law, weighted=name == "score")
    error = exact.size
    if isinstance(kernel, Reference | Chunked):
        error = error + exact.place
    if isinstance(kernel, Chunked) and variance.ndim == 0:
        reach = x.double().norm(dim=-1) * (means - means.mean(0)).double().norm(dim=-1).amax()
        error = error + (reach / variance.double())[:, None] * exact.plain
    error = 2 * torch.finfo(x.dtype).eps * error
    found = getattr(kernel, name)(*law)
    assert found.dtype == x.dtype
    return accepts_and_refuses(found, exact.value, error)


FIRST = Native() if HAS_LIBRARY else Reference()


@both_formats
@pytest.mark.parametrize("name", ["score", "shift"])
@pytest.mark.parametrize("kind", ["shared", "close", "per mode", "per point"])
@pytest.mark.parametrize("kernel", [FIRST, Reference(), Chunked(), Chunked(1)], ids=str)
def test_kernels(kernel: Kernel, kind: str, name: str, dtype: torch.dtype) -> None:
    for modes, d in ((1, 1), (2, 3), (25, 2), (7, 8)):
        law = points_and_law(kind, modes, d, dtype)
        assert holds(kernel, name, law)


@both_formats
@pytest.mark.parametrize("kind", ["shared", "close", "per mode"])
def test_the_written_out_loop(kind: str, dtype: torch.dtype) -> None:
    """Its lines of torch, uncompiled."""
    law = points_and_law(kind, 7, 3, dtype)
    for name in ("score", "shift"):
        assert holds(Compiled("eager"), name, law)


def test_the_written_out_loop_serves_any_number_of_sizes() -> None:
    """torch.compile refuses the ninth variant of one function."""
    for modes in range(1, 11):
        law = points_and_law("shared", modes, 2, torch.float64)
        assert holds(Compiled("eager"), "score", law)


@both_formats
@pytest.mark.parametrize("name", ["score", "shift"])
def test_separable(name: str, dtype: torch.dtype) -> None:
    x, _, variance, _ = points_and_law("shared", 25, 2, dtype)
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    axis = torch.tensor([-1.0, 0.3, 0.9], dtype=torch.float64)
    means = torch.cartesian_prod(axis, axis).to(dtype)
    logs = torch.outer(weights, weights).log().reshape(-1).to(dtype)
    kernel = Separable(FIRST)
    assert holds(kernel, name, (x, means, variance, logs))


@both_formats
@pytest.mark.parametrize("d", [20, 64])
@pytest.mark.parametrize("part", [0.01, 0.97, 1.5])
def test_products_on_both_sides_of_their_limit(part: float, d: int, dtype: torch.dtype) -> None:
    """`part` of what `Chunked.LOSS` allows: a product below 1, differences above."""
    x, means, _, logs = points_and_law("shared", 25, d, dtype)
    longest = float((means - means.mean(0)).norm(dim=-1).amax())
    reach = math.sqrt(d) * float(x.abs().amax()) * longest
    variance = torch.tensor(reach / (part * Chunked.LOSS)).to(dtype)
    law = (x, means, variance, logs)
    kernel = Automatic(1)
    assert isinstance(kernel.choose(*law[:3]), Chunked)
    assert holds(Chunked(1), "score", law)
    assert torch.equal(kernel.score(*law), Chunked(1).score(*law))


# ---------------------------------------------------------------- the flow and the transport

GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
STATED = [  # s at the start, at the output, at the end; error in tolerances, as `solve_flow` says
    (5.0, DEVIATION, DEVIATION, 0.4),
    (5.0, 0.5, DEVIATION, 2.2),
    (DEVIATION, 5.0, 5.0, 50.0),
    (DEVIATION, 0.5, 5.0, 12.0),
]


def median_within(found: Tensor, exact: Tensor, error: float) -> bool:
    """The check of a flow: the median distance is the stated one, within a factor of 2."""
    median = float((found.double() - exact).norm(dim=-1).median())
    return error / 2 < median < 2 * error


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("start", "at", "stop", "stated"), STATED)
def test_flow(
    start: float, at: float, stop: float, stated: float, engine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if engine == "torch":
        monkeypatch.setattr(flow.native, "run", _own_steps.run)
    y = GRID.with_variance(start**2).sample(201, seed=2)
    exact = transport_exactly(GRID, y, s_start=start, s_stop=at)
    between = None if at == stop else [at]
    for tolerance in (1e-7, 1e-9):
        run = {"s_start": start, "s_stop": stop, "rtol": tolerance, "atol": tolerance}
        found = solve_flow(GRID, y, between=between, **run).states[1]
        for times in MOVES:
            wrong = found + times * stated * tolerance * torch.tensor([0.6, 0.8])
            assert median_within(wrong, exact, stated * tolerance) == (times == 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_flow_of_float32(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "torch":
        monkeypatch.setattr(flow.native, "run", _own_steps.run)
    y = GRID.with_variance(25.0).sample(401, seed=2).float()
    exact = transport_exactly(GRID, y.double(), s_start=5.0, s_stop=DEVIATION)
    end = solve_flow(GRID, y, s_start=5.0, s_stop=DEVIATION, rtol=1e-5, atol=1e-5).end
    for times in MOVES:
        wrong = end.double() + times * 0.4e-5 * torch.tensor([0.6, 0.8])
        assert median_within(wrong, exact, 0.4e-5) == (times == 0)


# ---------------------------------------------------------------- the gradient of a batch


@both_formats
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_batch_gradient(count: int, dtype: torch.dtype) -> None:
    """Against longer numbers; no sample is so near to a kink that rounding could move it."""
    draw = torch.Generator().manual_seed(0)
    net = TwoLayerReLU.balanced(40, 5, scale=0.3, seed=2)
    a, w, b = (part.to(dtype) for part in (net.a, net.w, net.b))
    x, y = (torch.randn(*n, generator=draw).to(dtype) for n in ((count, 5), (count,)))
    eps = torch.finfo(dtype).eps
    wide = [part.numpy().astype(np.longdouble) for part in (a, w, b, x, y)]
    exact, size = slow_batch_gradient(*wide), batch_gradient_size(*wide)
    found = batch_gradient(a, w, b, x, y)[1]
    for part, value, terms in zip(found, exact, size, strict=True):
        error = 2 * eps * torch.tensor(terms.astype(float))
        assert accepts_and_refuses(part, torch.tensor(value.astype(float)), error)


def slow_batch_gradient(
    a: np.ndarray, w: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The formulas of `batch_gradient`, all samples at once."""
    level = x @ w.T + b
    on, error = level > 0, np.maximum(level, 0) @ a - y
    pull = 2 / np.longdouble(len(x)) * (on * error[:, None])
    return (pull * level).sum(0), (pull.T @ x) * a[:, None], pull.sum(0) * a


def batch_gradient_size(
    a: np.ndarray, w: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same sums of absolute values."""
    level = np.abs(x) @ np.abs(w).T + np.abs(b)
    on = x @ w.T + b > 0
    error = (on * level) @ np.abs(a) + np.abs(y)
    pull = 2 / np.longdouble(len(x)) * (on * error[:, None])
    own = (pull * level).sum(0), (pull.T @ np.abs(x)) * np.abs(a)[:, None]
    return *own, pull.sum(0) * np.abs(a)


# ---------------------------------------------------------------- the exponential methods


def refined(step: _exponential.Remainder, order: int) -> object:
    """Two half steps and one whole, so weighted that the order is one higher."""

    def better(remainder: _exponential.Remainder, z: float, tau: float, x: Tensor) -> Tensor:
        half = x
        for part in (0.0, 0.5):
            half = step(lambda at, y, p=part: remainder(tau + p + at / 2, y) / 2, z / 2, 0.0, half)
        return half + (half - step(remainder, z, tau, x)) / (2**order - 1)

    return better


def spoiled(remainder: _exponential.Remainder, z: float, tau: float, x: Tensor) -> Tensor:
    """A step of order 4 with an error of h^4: of order 3."""
    return _exponential.rk4_step(remainder, z, tau, x) + remainder(tau, x) ** 4 / 24


EULER, HEUN, RK4 = _exponential.STEPS[1], _exponential.STEPS[2], _exponential.STEPS[4]
METHODS = [
    (1, EULER, 1), (1, HEUN, 2), (1, refined(EULER, 1), 2),
    (2, HEUN, 2), (2, EULER, 1), (2, refined(HEUN, 2), 3),
    (4, RK4, 4), (4, spoiled, 3), (4, refined(RK4, 4), 5),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "step", "order"), METHODS)
def test_an_order_one_lower_or_higher_is_seen(
    declared: int, step: object, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The band of 0.2 of tests/test_integrate_exponential.py, and 0.3 around the neighbours."""
    monkeypatch.setitem(_exponential.STEPS, declared, step)
    problem = Oscillating((0.2, 2.3))
    field = problem.dynamics.drift
    dynamics = Dynamics(field, problem.dynamics.span, linear=-1.0)
    counts, errors = [], []
    for h in 0.067 / 1.6 ** np.arange(5):
        grid = torch.tensor(problem.times)
        path = solve_ode(
            dynamics, problem.x0, method=Exponential(declared), times=grid, step=float(h)
        )
        counts.append(3 * math.ceil(0.7 / h))
        errors.append(problem.error(path))
    fitted = fitted_order(counts, errors)
    assert abs(fitted - order) < 0.3
    assert (abs(fitted - declared) < 0.2) == (order == declared)
