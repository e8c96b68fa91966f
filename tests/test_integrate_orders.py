"""Every method converges at its declared order: two-sided, non-autonomous, in both directions.

Orders are fitted against the number of steps that the equal-steps rule makes of a step that does
not divide the interval.
"""

import math

import numpy as np
import pytest
import torch

from theorylab import _rules, integrate
from theorylab.integrate import (
    BOSH3,
    DOPRI5,
    DOPRI8,
    EULER,
    EULER_MARUYAMA,
    HEUN2,
    HEUN3,
    MIDPOINT,
    MILSTEIN,
    RK4,
    SRK,
    Adaptive,
    BrownianPath,
    Dynamics,
    FixedStep,
    SDEMethod,
    solve_ode,
    solve_sde,
)

SPANS = [(0.2, 2.3), (2.3, 0.2)]
UNIT_SPANS = [(0.1, 1.1), (1.1, 0.1)]


def fitted_order(counts: list[int], errors: list[float]) -> float:
    """Minus the slope of ln(error) over ln(number of steps)."""
    return -float(np.polyfit(np.log(counts), np.log(errors), 1)[0])


class Oscillating:
    """x' = c(t) cos x, c = 1 + 2 cos t: x = arctan sinh(C(t) - C(t0) + arsinh tan x0), C' = c."""

    x0 = torch.tensor([[0.2, -0.6], [0.9, -1.2], [0.5, 1.3]], dtype=torch.float64)

    def __init__(self, span: tuple[float, float]) -> None:
        self.dynamics = Dynamics(lambda t, x: (1 + 2 * torch.cos(t)) * torch.cos(x), span)
        self.times = np.linspace(*span, 4)

    def error(self, path: integrate.Path) -> float:
        """Root mean square over three later times, so that no lucky cancellation is fitted."""
        integral = self.times + 2 * np.sin(self.times)
        shift = torch.tensor(integral - integral[0])[:, None, None]
        exact = torch.atan(torch.sinh(torch.asinh(torch.tan(self.x0)) + shift))
        return float((path.states - exact)[1:].square().mean().sqrt())


@pytest.mark.parametrize("span", SPANS, ids=["increasing", "decreasing"])
@pytest.mark.parametrize(
    ("method", "stages"),
    [(EULER, 1), (MIDPOINT, 2), (HEUN2, 2), (HEUN3, 3), (RK4, 4)],
    ids=lambda value: getattr(value, "name", None),
)
def test_fixed_step_method_has_its_order(
    method: FixedStep, stages: int, span: tuple[float, float]
) -> None:
    """Measured |fitted - declared| is at most 0.04; each interval of 0.7 needs ceil(0.7/h)."""
    problem = Oscillating(span)
    base = 0.0031 if method is EULER else 0.013
    counts, errors = [], []
    for step in (base, base / 2, base / 4):
        path = solve_ode(
            problem.dynamics, problem.x0, method=method, step=step, times=problem.times
        )
        counts.append(math.ceil(0.7 / step))
        errors.append(problem.error(path))
        assert path.evaluations == 3 * stages * counts[-1]
    assert min(errors) > 1e-13
    assert abs(fitted_order(counts, errors) - method.order) <= 0.1


@pytest.mark.parametrize("span", SPANS, ids=["increasing", "decreasing"])
@pytest.mark.parametrize(
    ("method", "counts"),
    [(BOSH3, [32, 64, 128]), (DOPRI5, [16, 32, 64]), (DOPRI8, [4, 6, 8, 12])],
    ids=lambda value: getattr(value, "name", None),
)
def test_adaptive_method_has_its_order(
    method: Adaptive,
    counts: list[int],
    span: tuple[float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With steps held equal through the engine's min_step = max_step = first_step = 1 / count.

    A leg has length one on the engine's clock. The declared order is that of the solution which
    is propagated; measured |fitted - declared| is at most 0.17 (DOPRI8, whose errors must stay
    above the rounding floor of 1e-14).
    """
    problem, engine, errors = Oscillating(span), _rules.odeint, []
    for count in counts:
        held = dict.fromkeys(("min_step", "max_step", "first_step"), 1 / count)

        def with_equal_steps(*arguments, options, held=held, **keywords):
            return engine(*arguments, options=options | held, **keywords)

        monkeypatch.setattr(_rules, "odeint", with_equal_steps)
        path = solve_ode(problem.dynamics, problem.x0, method=method, times=problem.times)
        errors.append(problem.error(path))
    assert min(errors) > 2e-14
    assert abs(fitted_order(counts, errors) - method.order) <= 0.25


N, COUNTS, FINE = 700, [16, 32, 64, 128], 1024


class Multiplicative:
    """X = e^a arsinh(W + b), a(t) = 0.4 sin 2t, b(t) = t^2/2, W the path along the run.

    By Ito's formula, with y = X e^{-a} and s the direction of time,
    dX = [a' X + e^a (b' / cosh y - s sinh y / (2 cosh^3 y))] dt + e^a / cosh y dW.
    The exact end needs W at the end only.
    """

    def __init__(self, span: tuple[float, float]) -> None:
        sign = math.copysign(1, span[1] - span[0])

        def drift(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            scale, y = torch.exp(0.4 * torch.sin(2 * t)), x * torch.exp(-0.4 * torch.sin(2 * t))
            ito = sign * torch.sinh(y) / (2 * torch.cosh(y) ** 3)
            return 0.8 * torch.cos(2 * t) * x + scale * (t / torch.cosh(y) - ito)

        def diffusion(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            scale = torch.exp(0.4 * torch.sin(2 * t))
            return scale / torch.cosh(x / scale)

        self.dynamics = Dynamics(drift, span, diffusion=diffusion)
        self.span, self.x0 = span, self.exact(span[0], torch.zeros(N, 1))

    def exact(self, time: float, w: torch.Tensor) -> torch.Tensor:
        return math.exp(0.4 * math.sin(2 * time)) * torch.asinh(w + time**2 / 2)

    def reference(self, entropy: int) -> torch.Tensor:
        noise = BrownianPath(entropy)
        w = sum(noise.increment(k, like=self.x0) for k in range(FINE))
        return self.exact(self.span[1], w / math.sqrt(FINE))


class Additive:
    """dX = (cos t sin 2X + 1) dt + 3/2 (1 + sin(3t)/2) dW against SRK with 1024 steps.

    The drift is nonlinear, or SRK would converge faster than declared.
    """

    def __init__(self, span: tuple[float, float]) -> None:
        self.dynamics = Dynamics(
            lambda t, x: torch.cos(t) * torch.sin(2 * x) + 1,
            span,
            diffusion=lambda t, x: 1.5 * (1 + 0.5 * torch.sin(3 * t)) * torch.ones_like(x),
        )
        self.x0 = torch.full((N, 1), 0.3)

    def reference(self, entropy: int) -> torch.Tensor:
        noise = BrownianPath(entropy)
        return solve_sde(self.dynamics, self.x0, method=SRK, step=1 / FINE, noise=noise).end


def strong_errors(
    problem: Multiplicative | Additive, method: SDEMethod, entropy: int, reference: torch.Tensor
) -> np.ndarray:
    """Squared errors, (count, path); a step of 1 / (m - 1/2) does not divide 1: m steps."""
    ends = []
    for count in COUNTS:
        noise = BrownianPath(entropy, substeps=FINE // count)
        step = 1 / (count - 0.5)
        path = solve_sde(problem.dynamics, problem.x0, method=method, step=step, noise=noise)
        ends.append(path.end)
    return (torch.stack(ends) - reference).square()[:, :, 0].numpy()


def order_and_spread(squares: np.ndarray) -> tuple[float, float]:
    """The order fitted to root mean squares, and its standard error from 20 groups of paths."""
    groups = np.array_split(squares, 20, axis=1)
    fits = [fitted_order(COUNTS, np.sqrt(group.mean(axis=1))) for group in groups]
    spread = float(np.std(fits, ddof=1) / math.sqrt(len(fits)))
    return fitted_order(COUNTS, np.sqrt(squares.mean(axis=1))), spread


@pytest.mark.parametrize("span", UNIT_SPANS, ids=["increasing", "decreasing"])
@pytest.mark.parametrize("kind", [Multiplicative, Additive])
def test_sde_methods_have_their_strong_orders(kind: type, span: tuple[float, float]) -> None:
    """700 paths: the fitted order has a standard error below 0.05; the band is three of them."""
    problem = kind(span)
    reference = problem.reference(5)
    for method in (EULER_MARUYAMA, MILSTEIN, SRK):
        declared = method.strong_order if kind is Multiplicative else method.additive_strong_order
        fitted, spread = order_and_spread(strong_errors(problem, method, 5, reference))
        assert spread < 0.05, (method, spread)
        assert abs(fitted - declared) <= 0.15, (method, fitted)


@pytest.mark.parametrize("method", [EULER_MARUYAMA, MILSTEIN, SRK], ids=lambda m: m.name)
def test_control_on_another_path_nothing_converges(method: SDEMethod) -> None:
    """The same fit against the exact end on independent noise: order zero, error of order one."""
    problem = Multiplicative(UNIT_SPANS[0])
    squares = strong_errors(problem, method, 5, problem.reference(6))
    fitted, _ = order_and_spread(squares)
    assert abs(fitted) < 0.05
    assert np.sqrt(squares.mean(axis=1)).min() > 0.5
