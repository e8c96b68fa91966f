r"""Integrate a `Dynamics`: `solve_ode` on torchdiffeq, `solve_sde` on torchsde.

Exponential methods, which no engine offers, stand in `theorylab._exponential`.

Notation: a leg leads from one output time a to the next, b, in m equal steps; its own clock tau
runs from 0 to m, t = a + (b - a) tau / m, whichever way t runs, so that both engines see

.. math:: dX = \tfrac{b-a}{m} f(t, X)\,d\tau + \sqrt{|b-a|/m}\; g(t, X)\,dB_\tau .

Equal steps lead from integer to integer, so rounding can neither add nor drop one; an adaptive
method has m = 1.

This module chooses no method, no step and no entropy for you, records no gradient through a
solution and detects no events.
"""

from dataclasses import replace

import torch

from theorylab import _require
from theorylab._legs import (
    Fields,
    IntegrationError,
    initial_state,
    output_times,
    require_finite,
)
from theorylab._rules import REFINED, OwnRule, Rule, SDERule, ode_rule
from theorylab._typing import ArrayLike, Points
from theorylab.methods import (
    BOSH3,
    DOPRI5,
    DOPRI8,
    EULER,
    EULER_MARUYAMA,
    EXPONENTIAL_EULER,
    EXPONENTIAL_HEUN,
    EXPONENTIAL_RK4,
    HEUN2,
    HEUN3,
    MIDPOINT,
    MILSTEIN,
    RK4,
    SRK,
    Adaptive,
    Exponential,
    FixedStep,
    OwnMethod,
    SDEMethod,
)
from theorylab.noise import BrownianPath
from theorylab.path import Dynamics, Path

# fmt: off
__all__ = [
    "BOSH3", "DOPRI5", "DOPRI8", "EULER", "EULER_MARUYAMA", "EXPONENTIAL_EULER",
    "EXPONENTIAL_HEUN", "EXPONENTIAL_RK4", "HEUN2", "HEUN3", "MIDPOINT", "MILSTEIN", "RK4", "SRK",
    "Adaptive", "BrownianPath", "Dynamics", "Exponential", "FixedStep", "IntegrationError",
    "OwnMethod", "Path", "SDEMethod", "solve_ode", "solve_sde",
]
# fmt: on

_DEARER = 4  # how many times the evaluations its second solution may take


@torch.no_grad()
def solve_ode(
    dynamics: Dynamics,
    x0: ArrayLike,
    *,
    method: FixedStep | Exponential | Adaptive | OwnMethod,
    times: ArrayLike | None = None,
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    measure_error: bool = False,
    max_evaluations: int = 1_000_000,
) -> Path:
    r"""Solve dX = f(t, X) dt from X(start) = x0, in the dynamics' own direction.

    A fixed-step method cuts each interval between output times into the fewest equal steps not
    longer than `step`. An adaptive method bounds, at every step, the largest over the samples of
    the root mean square over the coordinates of error / (atol + rtol |X|), so that a trajectory
    is as accurate in a large batch as alone; it ends a step at every output time. The drift is
    evaluated within the span only. For the flow of a mixture in the clock,
    `theorylab.diffusion.DOPRI5_EACH` gives every trajectory steps of its own, and `TRANSPORT`
    takes none.

    Args:
        dynamics: the equation; it must have no diffusion.
        x0: initial states (n, d), float32 or float64.
        method: such as `RK4` or `EXPONENTIAL_RK4` (fixed step) or `DOPRI5` (adaptive).
        times: output times in the dynamics' own time, from start to stop; default (start, stop).
        step: required by a fixed-step method, refused by an adaptive one.
        rtol: relative tolerance of an adaptive method, default 1e-9, at least the dtype's eps.
        atol: absolute tolerance of an adaptive method, default 1e-9.
        measure_error: solve again with 1/32 of the tolerances, or half the step, and report in
            `Path.error` the largest difference over times and coordinates.
        max_evaluations: of the drift, for one solution.

    Returns:
        The path; `evaluations` are those of the solution itself, without the second one.

    Raises:
        ValueError: an argument that violates the above.
        IntegrationError: a state or a drift that is not finite, a step that underflows, too many
            evaluations.
    """
    state = initial_state(dynamics, x0)
    if dynamics.diffusion is not None:
        msg = "dynamics must have no diffusion, got one: use solve_sde"
        raise ValueError(msg)
    finest = torch.finfo(state.dtype).eps * (REFINED if measure_error else 1.0)
    rule = ode_rule(method, step, rtol, atol, finest)
    outputs = output_times(dynamics, times)
    path = _run(rule, dynamics, state, outputs, max_evaluations)
    if not measure_error:
        return path
    finer = _run(rule.refined(), dynamics, state, outputs, _DEARER * max_evaluations)
    return replace(path, error=(path.states - finer.states).abs().amax(dim=(0, 2)))


@torch.no_grad()
def solve_sde(
    dynamics: Dynamics,
    x0: ArrayLike,
    *,
    method: SDEMethod,
    step: float,
    noise: BrownianPath,
    times: ArrayLike | None = None,
    max_evaluations: int = 1_000_000,
) -> Path:
    r"""Solve dX = f(t, X) dt + g(t, X) dW (Ito) from X(start) = x0, in the dynamics' direction.

    Each interval between output times is cut into the fewest equal steps not longer than `step`.
    Step k of the whole run takes its Brownian increment from `noise`, so output times that lie on
    the grid do not change the path, and runs with the same `noise` share it.

    Args:
        dynamics: the equation; it must have a diffusion.
        x0: initial states (n, d), float32 or float64.
        method: such as `EULER_MARUYAMA` or `SRK`.
        step: the longest step allowed.
        noise: `BrownianPath(entropy=...)`.
        times: output times in the dynamics' own time, from start to stop; default (start, stop).
        max_evaluations: of the drift.

    Raises:
        ValueError: an argument that violates the above.
        IntegrationError: a state, drift or diffusion that is not finite, too many evaluations.
    """
    state = initial_state(dynamics, x0)
    if dynamics.diffusion is None:
        msg = "dynamics must have a diffusion, got None: use solve_ode"
        raise ValueError(msg)
    if not isinstance(method, SDEMethod):
        msg = f"method must be an SDE method such as EULER_MARUYAMA or SRK, got {method!r}"
        raise ValueError(msg)
    if not isinstance(noise, BrownianPath):
        msg = f"noise must be written BrownianPath(entropy=...), got {noise!r}"
        raise ValueError(msg)
    rule = SDERule(step, method, noise)
    return _run(rule, dynamics, state, output_times(dynamics, times), max_evaluations)


def _run(
    rule: Rule | OwnRule,
    dynamics: Dynamics,
    state: Points,
    outputs: list[float],
    max_evaluations: int,
) -> Path:
    _require.integer("max_evaluations", max_evaluations, at_least=1)
    if isinstance(rule, OwnRule):
        return rule.path(dynamics, state, outputs, max_evaluations)
    fields = Fields(dynamics, max_evaluations)
    states, first = [state], 0
    for leg in rule.legs(outputs, max_evaluations):
        fields.leg = leg
        states.append(rule.advance(fields, states[-1], first))
        require_finite("state", states[-1], leg.end, states[-1])
        first += leg.steps
    times = torch.tensor(outputs, dtype=state.dtype, device=state.device)
    return Path(times=times, states=torch.stack(states), evaluations=fields.evaluations)
