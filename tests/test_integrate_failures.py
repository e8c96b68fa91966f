"""Trap 8 of the engines, what becomes of a run that fails: each test says how it does unfenced."""

import math
import os
import re
import subprocess
import sys

import pytest
import torch

from theorylab.integrate import (
    BOSH3,
    DOPRI5,
    DOPRI8,
    EULER,
    EULER_MARUYAMA,
    MILSTEIN,
    RK4,
    SRK,
    BrownianPath,
    Dynamics,
    IntegrationError,
    solve_ode,
    solve_sde,
)

ZERO = torch.zeros(1, 1, dtype=torch.float64)


def ornstein_uhlenbeck(span: tuple[float, float]) -> Dynamics:
    return Dynamics(lambda _, x: -x, span, diffusion=lambda _, x: torch.ones_like(x))


BLOW_UP = """
import torch
from theorylab.integrate import *
assert False, "this line must not run"
dynamics = Dynamics(lambda t, x: x * x, (0.0, 2.0))
try:
    solve_ode(dynamics, torch.ones(1, 1).double(), method=DOPRI8, rtol=1e-6, atol=1e-6)
except IntegrationError as error:
    print(error)
"""


@pytest.mark.timeout(120)
def test_trap_8_blow_up_ends_also_under_o() -> None:
    """x' = x^2 is infinite at t = 1; under -O torchdiffeq's own assertion is gone: no end."""
    command = [sys.executable, "-O", "-c", BLOW_UP]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert re.match(r"step underflows at t=(0.99999|1.00000)", done.stdout), done.stdout


@pytest.mark.parametrize("method", [BOSH3, DOPRI5, DOPRI8], ids=lambda m: m.name)
def test_trap_8_blow_up_is_located(method: object) -> None:
    """Upwards and, run backwards from t = 2 to 0, at the own time 1."""
    for span, sign in [((0.0, 2.0), 1), ((2.0, 0.0), -1)]:
        dynamics = Dynamics(lambda _, x, sign=sign: sign * x * x, span)
        with pytest.raises(IntegrationError, match="step underflows at t=") as caught:
            solve_ode(dynamics, ZERO + 1, method=method, rtol=1e-5, atol=1e-5)
        assert caught.value.time == pytest.approx(1.0, abs=1e-3)


def test_trap_8_evaluations_are_capped() -> None:
    """Without the cap a tolerance that cannot be met runs for ever."""
    dynamics = Dynamics(lambda t, x: torch.sin(1e4 * t) * x, (0.0, 1.0))
    with pytest.raises(IntegrationError, match="evaluated 500 times, the maximum") as caught:
        solve_ode(dynamics, ZERO + 1, method=DOPRI5, max_evaluations=500)
    assert 0 < caught.value.time < 1
    noise = BrownianPath(1)
    with pytest.raises(IntegrationError, match="evaluated 20 times"):
        solve_sde(
            ornstein_uhlenbeck((0, 1)),
            ZERO,
            method=SRK,
            step=0.1,
            noise=noise,
            max_evaluations=20,
        )


def spoiled(value: float, after: float) -> Dynamics:
    """From 1 down to 0; sample 2 of the field is `value` once t < after."""

    def field(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        result = 0.5 * x
        if float(t) < after:
            result[2, 0] = value
        return result

    return Dynamics(field, (1.0, 0.0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("method", [EULER, RK4, DOPRI5], ids=lambda m: m.name)
def test_trap_8_bad_drift_is_named(method: object, value: float) -> None:
    """Fixed steps return NaN in silence, adaptive ones say 'underflow in dt 0.0'."""
    x0 = torch.ones(4, 1)
    keywords = {"step": 0.125} if method in (EULER, RK4) else {}
    with pytest.raises(IntegrationError, match=r"drift is not finite at t=.*sample 2") as caught:
        solve_ode(spoiled(value, 0.6), x0, method=method, **keywords)
    assert caught.value.sample == 2
    assert 0.3 < caught.value.time < 0.6
    assert float(caught.value.state) == pytest.approx(math.exp(-0.25), abs=0.1)


@pytest.mark.parametrize("part", ["drift", "diffusion"])
@pytest.mark.parametrize("method", [EULER_MARUYAMA, MILSTEIN, SRK], ids=lambda m: m.name)
def test_trap_8_bad_sde_field_is_named(method: object, part: str) -> None:
    """torchsde returns NaN in silence."""
    bad, fine = spoiled(math.nan, 0.6).drift, lambda _, x: 0.1 * x
    drift, diffusion = (bad, fine) if part == "drift" else (fine, bad)
    dynamics = Dynamics(drift, (1.0, 0.0), diffusion=diffusion)
    with pytest.raises(IntegrationError, match=rf"{part} is not finite at t=.*sample 2") as caught:
        solve_sde(dynamics, torch.ones(4, 1), method=method, step=0.125, noise=BrownianPath(1))
    assert (caught.value.sample, caught.value.state.shape) == (2, (1,))


def test_trap_8_overflow_in_the_last_step_is_found() -> None:
    """The fields are finite at every call, the end is not: only a check of the end sees it."""
    huge = torch.tensor([[1.0], [1e308]])
    dynamics = Dynamics(lambda _, x: x, (0.0, 1.0))
    with pytest.raises(IntegrationError, match=r"state is not finite at t=1.0, sample 1") as e:
        solve_ode(dynamics, huge, method=EULER, step=1.0)
    assert e.value.time == 1.0
    dynamics = Dynamics(lambda _, x: x, (0.0, 1.0), diffusion=lambda _, x: 0 * x)
    with pytest.raises(IntegrationError, match=r"state is not finite at t=1.0, sample 1"):
        solve_sde(dynamics, huge, method=EULER_MARUYAMA, step=1.0, noise=BrownianPath(1))


def test_trap_8_overflow_is_found_when_it_happens() -> None:
    """A state that overflows at 1 under a drift that stays finite: not only at the end, 4."""
    dynamics = Dynamics(lambda t, x: x if t < 0.5 else torch.tanh(x), (0.0, 4.0))
    with pytest.raises(IntegrationError, match=r"state is not finite at t=1.0, sample 0"):
        solve_ode(dynamics, torch.full((1, 1), 1e308), method=EULER, step=1.0)
