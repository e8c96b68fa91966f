"""Traps 1 to 7 of the engines; each test says how it fails without the fence.

Trap 8 is in test_integrate_failures.py.
"""

import itertools
import math
import time

import numpy as np
import pytest
import torch
import torchdiffeq
import torchsde

from theorylab.integrate import (
    DOPRI5,
    DOPRI8,
    EULER,
    EULER_MARUYAMA,
    MILSTEIN,
    RK4,
    SRK,
    BrownianPath,
    Dynamics,
    solve_ode,
    solve_sde,
)

ZERO = torch.zeros(1, 1, dtype=torch.float64)


def rotate(_: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Angular velocity -40."""
    return torch.stack([40 * x[:, 1], -40 * x[:, 0]], dim=1)


def ornstein_uhlenbeck(span: tuple[float, float]) -> Dynamics:
    return Dynamics(lambda _, x: -x, span, diffusion=lambda _, x: torch.ones_like(x))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_trap_1_no_end_time_or_step_count_hangs(dtype: torch.dtype) -> None:
    """In real time, with torchsde's own Brownian object, T = 5, n = 100 never returns."""
    x0 = torch.zeros(2, 1, dtype=dtype)
    grid = [(0.1 + 9.9 * k / 24, n) for k in range(25) for n in (1, 7, 100)]
    for end, count in [*grid, (5.0, 100), (0.7, 1000), (9.3, 1000)]:
        began = time.monotonic()
        path = solve_sde(
            ornstein_uhlenbeck((0.0, end)),
            x0,
            method=EULER_MARUYAMA,
            step=end / count,
            noise=BrownianPath(1),
        )
        # One evaluation per step, and one in which torchsde looks at the shapes.
        assert path.evaluations == count + 1, (end, count)
        assert time.monotonic() - began < 10, (end, count)


def test_trap_2_only_the_entropy_decides() -> None:
    """torchsde draws its entropy from numpy's global state: two runs would differ."""

    def run(entropy: int) -> torch.Tensor:
        noise = BrownianPath(entropy)
        dynamics = ornstein_uhlenbeck((0.0, 1.0))
        return solve_sde(dynamics, ZERO, method=SRK, step=0.1, noise=noise).end

    torch.manual_seed(0)
    first = run(3)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert torch.equal(run(3), first)
    assert not torch.equal(run(4), first)
    assert not torch.equal(run(3 + 2**32), first)  # torchsde's blocks have 32-bit seeds


@pytest.mark.parametrize("noise", [7, None, np.int64(7)])
def test_trap_2_noise_must_be_a_path(noise: object) -> None:
    """A bare seed is not a path: it would be read by each engine in its own way."""
    with pytest.raises(ValueError, match=r"noise must be written BrownianPath\(entropy=...\)"):
        solve_sde(ornstein_uhlenbeck((0, 1)), ZERO, method=SRK, step=0.1, noise=noise)


@pytest.mark.parametrize("span", [(0.0, 1.5), (1.5, 0.0)])
def test_trap_3_substeps_share_one_path_between_step_sizes(span: tuple[float, float]) -> None:
    """Equal entropy alone is another path at another step: without substeps the ends differ."""
    x0 = torch.zeros(4, 2, dtype=torch.float64)
    motion = Dynamics(lambda _, x: 0 * x, span, diffusion=lambda _, x: torch.ones_like(x))

    def end(step: float, substeps: int) -> torch.Tensor:
        noise = BrownianPath(5, substeps=substeps)
        return solve_sde(motion, x0, method=SRK, step=step, noise=noise).end

    fine = end(0.025, 1)
    torch.testing.assert_close(end(0.1, 4), fine, rtol=1e-12, atol=1e-13)
    assert float((end(0.1, 1) - fine).abs().min()) > 1e-3


@pytest.mark.parametrize("method", [EULER, RK4, DOPRI5, DOPRI8], ids=lambda m: m.name)
def test_trap_4_dynamics_owns_its_direction(method: object) -> None:
    """x' = t x down from 2 to 0, not up; a field negated twice would give e^{+2}."""
    keywords = {} if method in (DOPRI5, DOPRI8) else {"step": 1e-3}
    seen = []

    def drift(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        seen.append(float(t))
        return t * x

    path = solve_ode(
        Dynamics(drift, (2.0, 0.0)), ZERO + 1, method=method, times=[2.0, 1.0, 0.0], **keywords
    )
    assert path.times.tolist() == [2.0, 1.0, 0.0]
    exact = torch.tensor([1.0, math.exp(-1.5), math.exp(-2)])
    tolerance = 3e-3 if method is EULER else 1e-8
    torch.testing.assert_close(path.states[:, 0, 0], exact, rtol=tolerance, atol=0)
    assert max(seen) == 2.0
    assert 0.0 <= min(seen) <= 1e-3 + 1e-12  # Euler does not look at the end of its last step


@pytest.mark.parametrize("method", [EULER_MARUYAMA, MILSTEIN, SRK], ids=lambda m: m.name)
def test_trap_4_sde_runs_down_with_variance_growing(method: object) -> None:
    """dX = t X dt + 2 dW down from 2 to 0: mean e^{-2} x0 and a variance that is not negative.

    Along s = 2 - t: dX = -(2 - s) X ds + 2 dW, so Var X(s = 2) = 4 int_0^2 e^{-r^2} dr
    = 2 sqrt(pi) erf(2) = 3.528. 20 000 paths, 5 standard errors; step bias below 1e-2.
    """
    dynamics = Dynamics(
        lambda t, x: t * x, (2.0, 0.0), diffusion=lambda _, x: 2 * torch.ones_like(x)
    )
    x0 = torch.full((20_000, 1), 3.0, dtype=torch.float64)
    end = solve_sde(dynamics, x0, method=method, step=1 / 128, noise=BrownianPath(9)).end
    variance = 2 * math.sqrt(math.pi) * math.erf(2)
    assert abs(float(end.mean()) - 3 * math.exp(-2)) < 5 * math.sqrt(variance / 20_000) + 1e-2
    assert abs(float(end.var()) / variance - 1) < 5 * math.sqrt(2 / 20_000) + 1e-2


@pytest.mark.parametrize("method", [EULER_MARUYAMA, MILSTEIN], ids=lambda m: m.name)
def test_trap_5_the_named_method_is_run(method: object) -> None:
    """Against a loop by hand for dX = X dt + (1 + X/2) dW; torchsde's default would be SRK."""
    dynamics = Dynamics(lambda _, x: x, (0.0, 1.0), diffusion=lambda _, x: 1 + x / 2)
    noise, h = BrownianPath(3), 0.125
    x = x0 = torch.linspace(0, 1, 6, dtype=torch.float64).reshape(3, 2)
    for k in range(8):
        dw, g = noise.increment(k, like=x) * math.sqrt(h), 1 + x / 2
        if method is MILSTEIN:  # without derivatives: g' g is (g(x + f h + g sqrt h) - g) / sqrt h
            slope = ((1 + (x + x * h + g * math.sqrt(h)) / 2) - g) / math.sqrt(h)
            x = x + x * h + g * dw + slope * (dw**2 - h) / 2
        else:
            x = x + x * h + g * dw
    path = solve_sde(dynamics, x0, method=method, step=h, noise=noise)
    torch.testing.assert_close(path.end, x, rtol=1e-13, atol=0)


@pytest.mark.parametrize("span", [(0.0, 0.5), (0.5, 0.0)])
def test_trap_5_srk_integrates_the_path_exactly(span: tuple[float, float]) -> None:
    """X1 = W and X2 = int W ds: SRK takes both from the noise, without a discretisation error."""
    sign = math.copysign(1.0, span[1] - span[0])

    def drift(_: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return sign * torch.stack([0 * x[:, 0], x[:, 0]], dim=1)

    mask = torch.tensor([1.0, 0.0])
    dynamics = Dynamics(drift, span, diffusion=lambda _, x: mask.expand_as(x))
    noise, h, x0 = BrownianPath(3, substeps=2), 0.125, torch.zeros(3, 2)
    path = solve_sde(dynamics, x0, method=SRK, step=h, noise=noise)
    w, integral = x0[:, 0], x0[:, 0]
    for k in range(4):
        dw, du = (part[:, 0] for part in noise.increment_and_integral(k, like=x0))
        w, integral = w + h**0.5 * dw, integral + h * w + h**1.5 * du
    torch.testing.assert_close(path.end, torch.stack([w, integral], dim=1), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("shape", [(3,), (), (2, 3, 1), (0, 2), (2, 0)])
def test_trap_5_a_state_is_a_batch_of_vectors(shape: tuple[int, ...]) -> None:
    """torchsde takes (3,) for an error deep inside, torchdiffeq takes anything."""
    x0 = torch.zeros(shape)
    with pytest.raises(ValueError, match="x0 must have shape"):
        solve_ode(Dynamics(lambda _, x: x, (0, 1)), x0, method=RK4, step=0.1)
    with pytest.raises(ValueError, match="x0 must have shape"):
        solve_sde(ornstein_uhlenbeck((0, 1)), x0, method=SRK, step=0.1, noise=BrownianPath(0))


def test_trap_6_the_step_is_ours_not_the_output_grid() -> None:
    """Left alone, torchdiffeq takes one step per output interval: 2 evaluations instead of 40."""
    dynamics = Dynamics(lambda t, x: torch.cos(t) * x, (0.0, 1.0))
    with pytest.raises(ValueError, match=r"step, and neither rtol nor atol, must be given"):
        solve_ode(dynamics, ZERO + 1, method=RK4)
    path = solve_ode(dynamics, ZERO + 1, method=EULER, step=0.025, times=[0, 0.5, 1])
    assert path.evaluations == 40


@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, 0.0)])
def test_trap_6_outputs_are_never_interpolated(span: tuple[float, float]) -> None:
    """Euler by hand with equal steps in each interval; torchdiffeq would cut a chord at 0.3."""
    dynamics = Dynamics(lambda t, x: (1 + t) * x, span)
    times = [span[0], 0.3, span[1]]
    path = solve_ode(dynamics, ZERO + 1, method=EULER, step=0.25, times=times)
    x, states = 1.0, [1.0]
    for a, b in itertools.pairwise(times):
        count = math.ceil(abs(b - a) / 0.25)
        for k in range(count):
            x += (b - a) / count * (1 + a + (b - a) * k / count) * x
        states.append(x)
    torch.testing.assert_close(path.states[:, 0, 0], torch.tensor(states), rtol=1e-14, atol=0)


@pytest.mark.parametrize("method", [DOPRI5, DOPRI8], ids=lambda m: m.name)
def test_trap_7_accuracy_does_not_depend_on_the_batch(method: object) -> None:
    """One fast oscillation among 4095 points at rest.

    With torchdiffeq's own norm the error grows with the root of the batch, 50-fold and more.
    """
    dynamics = Dynamics(rotate, (0.0, 1.0))
    exact = torch.tensor([math.cos(40), -math.sin(40)])

    def error(n: int, **keywords: object) -> float:
        x0 = torch.zeros(n, 2)
        x0[0, 0] = 1.0
        path = solve_ode(dynamics, x0, method=method, rtol=1e-8, atol=1e-8, **keywords)
        return float((path.end[0] - exact).abs().max())

    alone = error(1)
    assert alone > 1e-10
    assert error(4096) == pytest.approx(alone, rel=1e-3)


@pytest.mark.parametrize("method", [DOPRI5, DOPRI8], ids=lambda m: m.name)
@pytest.mark.parametrize("n", [1, 16, 256, 4096])
def test_trap_7_error_is_within_ten_tolerances_in_every_batch(n: int, method: object) -> None:
    """x' = (1 - x) (1 + cos(5 t)), contracting, from n starts in [-1, 3]: per-sample error."""
    tolerance = 1e-7
    x0 = torch.linspace(-1, 3, 2 * n).reshape(n, 2)
    dynamics = Dynamics(lambda t, x: (1 - x) * (1 + torch.cos(5 * t)), (0.0, 2.0))
    path = solve_ode(
        dynamics, x0, method=method, rtol=tolerance, atol=tolerance, measure_error=True
    )
    exact = 1 + (x0 - 1) * math.exp(-2 - math.sin(10) / 5)
    true = (path.end - exact).abs().amax(dim=1)
    assert 1e-10 < float(true.max()) <= 10 * tolerance
    assert float(path.error.max()) <= 10 * tolerance


@pytest.mark.timeout(60)
def test_the_traps_of_the_engines_are_still_there() -> None:
    """Controls on the bare engines: should one turn red, its fence may go."""
    # 7: the error norm of torchdiffeq is shared by the batch.
    ends = []
    for n in (1, 4096):
        x0 = torch.zeros(n, 2)
        x0[0, 0] = 1.0
        clock = torch.tensor([0.0, 1.0])
        ends.append(torchdiffeq.odeint(rotate, x0, clock, rtol=1e-8, atol=1e-8)[-1, 0])
    exact = torch.tensor([math.cos(40), -math.sin(40)])
    alone, among_others = (float((end - exact).abs().max()) for end in ends)
    assert among_others > 10 * alone
    # 6: a fixed-step method takes one step per output interval.
    end = torchdiffeq.odeint(lambda _, x: x, ZERO + 1, torch.tensor([0.0, 1.0]), method="euler")
    assert float(end[-1]) == 2.0
    # 2: torch.manual_seed does not seed torchsde.
    sde = torchsde.BaseSDE("diagonal", "ito")
    sde.f, sde.g = (lambda _, x: 0 * x), (lambda _, x: torch.ones_like(x))
    ends = []
    for _ in range(2):
        torch.manual_seed(0)
        ends.append(torchsde.sdeint(sde, ZERO, torch.tensor([0.0, 1.0]), dt=0.5, method="euler"))
    assert not torch.equal(*ends)
