"""Bad input to solve_ode and solve_sde is a ValueError that names argument, requirement, value."""

import math
import pickle

import numpy as np
import pytest
import torch

from theorylab.integrate import (
    BOSH3,
    DOPRI5,
    EULER_MARUYAMA,
    RK4,
    SRK,
    Adaptive,
    BrownianPath,
    Dynamics,
    FixedStep,
    IntegrationError,
    SDEMethod,
    solve_ode,
    solve_sde,
)

X0 = [[1.0, 2.0]]
ODE = Dynamics(lambda _, x: -x, (0.0, 1.0))
DOWN = Dynamics(lambda _, x: -x, (1.0, 0.0))
SDE = Dynamics(lambda _, x: -x, (0.0, 1.0), diffusion=lambda _, x: 0 * x)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dynamics": lambda x: x}, "dynamics must be a Dynamics, got <function"),
        ({"dynamics": SDE}, "dynamics must have no diffusion, got one: use solve_sde"),
        ({"x0": [1.0, 2.0]}, r"x0 must have shape \(n, d\) with n, d >= 1, got shape \(2,\)"),
        ({"x0": torch.zeros(0, 2)}, r"x0 must have shape .* got shape \(0, 2\)"),
        ({"x0": [[math.nan]]}, "x0 must be finite.* nan"),
        ({"x0": "start"}, "x0 must be .* got 'start'"),
        ({"x0": torch.zeros(1, 1, dtype=torch.float16)}, "x0 must be float32 or float64, got"),
        ({"method": "rk4"}, "method must be an ODE method such as RK4 or DOPRI5, got 'rk4'"),
        ({"method": SRK}, "method must be an ODE method such as RK4 or DOPRI5, got SDEMethod"),
        ({"step": None}, "step, and neither rtol nor atol, must be given with .* got step=None"),
        ({"rtol": 1e-3}, "step, and neither rtol nor atol, must be given .* rtol=0.001"),
        ({"atol": 1e-3}, "step, and neither rtol nor atol, must be given .* atol=0.001"),
        ({"step": 0.0}, "step must be positive, got 0.0"),
        ({"step": -0.1}, "step must be positive, got -0.1"),
        ({"step": math.nan}, "step must be finite, got nan"),
        ({"step": 1.1}, "step must be at most the length of the span, 1.0, got 1.1"),
        ({"step": 1e-9}, "step must be at least 1e-06 for max_evaluations=1000000, got 1e-09"),
        ({"method": DOPRI5}, "step must be left out with .*dopri5.*, got 0.1"),
        ({"method": DOPRI5, "step": None, "rtol": 0.0}, "rtol must be positive, got 0.0"),
        ({"method": DOPRI5, "step": None, "atol": -1.0}, "atol must be positive, got -1.0"),
        ({"method": BOSH3, "step": None, "rtol": 1e-17}, "rtol must be at least 2.22e-16"),
        (
            {"method": BOSH3, "step": None, "rtol": 1e-15, "measure_error": True},
            "rtol must be at least 7.11e-15",
        ),
        (
            {"method": BOSH3, "step": None, "x0": np.ones((1, 1), dtype=np.float32)},
            "rtol must be at least 1.19e-07 for the dtype of x0, got 1e-09",
        ),
        ({"max_evaluations": 0}, "max_evaluations must be at least 1, got 0"),
        ({"max_evaluations": 1.5}, "max_evaluations must be an integer, got 1.5"),
        ({"times": 1.0}, r"times must have shape \(T,\) with T >= 2, got shape \(\)"),
        ({"times": [0.0]}, r"times must have shape \(T,\) with T >= 2, got shape \(1,\)"),
        ({"times": [[0.0, 1.0]]}, r"times must have shape .* got shape \(1, 2\)"),
        ({"times": [0.0, math.inf]}, "times must be finite"),
        ({"times": [0.0, 0.9]}, "times must lead from 0.0 to 1.0, got 0.0 to 0.9"),
        ({"times": [0.1, 1.0]}, "times must lead from 0.0 to 1.0, got 0.1 to 1.0"),
        ({"times": [1.0, 0.0]}, "times must lead from 0.0 to 1.0, got 1.0 to 0.0"),
        ({"times": [0, 0.5, 0.5, 1]}, "times must be strictly monotone .* got 0.5 before 0.5"),
        ({"times": [0, 0.6, 0.5, 1]}, "times must be strictly monotone .* got 0.6 before 0.5"),
        ({"dynamics": DOWN, "times": [0.0, 1.0]}, "times must lead from 1.0 to 0.0"),
        ({"dynamics": DOWN, "times": [1, 0.4, 0.5, 0]}, "monotone .* got 0.4 before 0.5"),
    ],
)
def test_solve_ode_refuses(changes: dict, message: str) -> None:
    arguments = {"dynamics": ODE, "x0": X0, "method": RK4, "step": 0.1} | changes
    with pytest.raises(ValueError, match=message):
        solve_ode(arguments.pop("dynamics"), arguments.pop("x0"), **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dynamics": None}, "dynamics must be a Dynamics, got None"),
        ({"dynamics": ODE}, "dynamics must have a diffusion, got None: use solve_ode"),
        ({"x0": [1.0]}, "x0 must have shape"),
        ({"x0": []}, "x0 must have shape"),
        ({"method": "srk"}, "method must be an SDE method such as .* got 'srk'"),
        ({"method": RK4}, "method must be an SDE method such as .* got FixedStep"),
        ({"method": DOPRI5}, "method must be an SDE method such as .* got Adaptive"),
        ({"noise": 3}, r"noise must be written BrownianPath\(entropy=...\), got 3"),
        ({"step": 0}, "step must be positive, got 0.0"),
        ({"step": math.inf}, "step must be finite, got inf"),
        ({"step": 2}, "step must be at most the length of the span, 1.0, got 2"),
        ({"step": None}, "step must be a real number, got None"),
        ({"max_evaluations": -1}, "max_evaluations must be at least 1, got -1"),
        ({"max_evaluations": 5}, "step must be at least 0.2 for max_evaluations=5, got 0.1"),
        ({"times": [0, 2]}, "times must lead from 0.0 to 1.0, got 0.0 to 2.0"),
    ],
)
def test_solve_sde_refuses(changes: dict, message: str) -> None:
    arguments = {"dynamics": SDE, "x0": X0, "method": EULER_MARUYAMA, "step": 0.1}
    arguments |= {"noise": BrownianPath(1)} | changes
    with pytest.raises(ValueError, match=message):
        solve_sde(arguments.pop("dynamics"), arguments.pop("x0"), **arguments)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (lambda x: x[:, :1], r"got \(\(1, 1\), torch.float64\)"),
        (lambda x: x.sum(), r"got \(\(\), torch.float64\)"),
        (lambda x: x.float(), r"got \(\(1, 2\), torch.float32\)"),
        (lambda x: x.numpy(), r"got array"),
        (lambda _: 0.0, "got 0.0"),
        (lambda _: None, "got None"),
    ],
)
def test_a_field_must_return_what_it_was_given(value: object, got: str) -> None:
    """The engines broadcast and promote in silence."""

    def bad(_: torch.Tensor, x: torch.Tensor) -> object:
        return value(x)

    with pytest.raises(ValueError, match=rf"drift must return a torch.float64 tensor .*{got}"):
        solve_ode(Dynamics(bad, (0, 1)), X0, method=RK4, step=0.1)
    dynamics = Dynamics(lambda _, x: x, (0, 1), diffusion=bad)
    with pytest.raises(ValueError, match=rf"diffusion must return a torch.float64 .*{got}"):
        solve_sde(dynamics, X0, method=SRK, step=0.1, noise=BrownianPath(1))


@pytest.mark.parametrize("kind", [FixedStep, Adaptive, SDEMethod])
def test_a_method_is_one_of_the_engine(kind: type) -> None:
    with pytest.raises(ValueError, match=r"name must be one of .* got 'tsit5'"):
        kind("tsit5", *([1.0] * (len(kind.__dataclass_fields__) - 1)))


def test_an_error_of_the_field_itself_passes_through() -> None:
    def asserting(_: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        message = "mine"
        raise AssertionError(message + str(len(x)))

    with pytest.raises(AssertionError, match="mine1"):
        solve_ode(Dynamics(asserting, (0, 1)), X0, method=DOPRI5)


def test_the_error_keeps_its_place_when_pickled() -> None:
    error = pickle.loads(pickle.dumps(IntegrationError("x", 0.5, 3, torch.ones(2))))  # noqa: S301
    assert (str(error), error.time, error.sample, error.state.tolist()) == ("x", 0.5, 3, [1, 1])
