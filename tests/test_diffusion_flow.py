"""The flow with steps of its own: against torchdiffeq, its order, tolerance and neighbours."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.integrate import RK45
from torch import Tensor

from theorylab.diffusion import (
    DOPRI5_EACH,
    TRANSPORT,
    ClockDrift,
    GaussianMixture,
    _own_steps,
    clock_dynamics,
    flow,
)
from theorylab.diffusion.flow import Flow, solve_flow
from theorylab.integrate import DOPRI8, EXPONENTIAL_RK4, Dynamics, IntegrationError, solve_ode
from theorylab.native import library

GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
HAS_LIBRARY = library() is not None
ENGINES = ["torch", *(["compiled"] if HAS_LIBRARY else [])]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(flow.native, "run", _own_steps.run)
    return request.param


def starts(n: int, s: float = 5.0, seed: int = 2) -> Tensor:
    return GRID.noised(1.0, s).sample(n, seed=seed)


def solved(y: Tensor, tolerance: float, **others: object) -> Flow:
    span = {"s_start": 5.0, "s_stop": DEVIATION}
    return solve_flow(GRID, y, **(span | others), rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_it_meets_the_reference_engine(d: int) -> None:
    draw = torch.Generator().manual_seed(d)
    means = torch.randn(6, d, dtype=torch.float64, generator=draw)
    weights = torch.rand(6, dtype=torch.float64, generator=draw)
    law = GaussianMixture(means, 0.04, weights / weights.sum())
    y = law.noised(1.0, 3.0).sample(50, seed=1)
    dynamics = clock_dynamics(law, s_start=3.0, s_stop=0.3)
    times = [0.0, math.log(3.0 / 1.1), math.log(3.0 / 0.5), math.log(10.0)]
    path = solve_ode(dynamics, y, method=DOPRI8, rtol=1e-12, atol=1e-12, times=times)
    found = solve_flow(law, y, s_start=3.0, s_stop=0.3, between=[1.1, 0.5], rtol=1e-11, atol=1e-11)
    # a trajectory spreads errors by some 1e2 on its way; 1e2 tolerances
    torch.testing.assert_close(found.states, path.states, rtol=0, atol=1e-9)
    assert found.deviations.tolist() == [3.0, 1.1, 0.5, 0.3]


@pytest.mark.usefixtures("engine")
def test_error_is_proportional_to_the_tolerance() -> None:
    """The median error is 2.6 to 3.7 tenths of the tolerance: two-sided, a factor of 2 each way.

    Without local extrapolation the exponent would be 5/5 as well; a wrong coefficient leaves it.
    """
    y = starts(400)
    exact = solved(y, 1e-13).end
    for tolerance in (1e-5, 1e-7, 1e-9):
        error = (solved(y, tolerance).end - exact).norm(dim=-1).median()
        assert 0.13 * tolerance < float(error) < 0.8 * tolerance


@pytest.mark.parametrize("engine_", ENGINES)
def test_work_grows_with_the_fifth_root_of_the_tolerance(
    engine_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order 5: evaluations as tolerance^(-1/5); order 4 would be -1/4, order 6 -1/6."""
    if engine_ == "torch":
        monkeypatch.setattr(flow.native, "run", _own_steps.run)
    y = starts(100)
    spent = [float(solved(y, tol).evaluations.double().mean()) for tol in (1e-9, 1e-12)]
    exponent = math.log10(spent[1] / spent[0]) / 3
    assert 0.18 < exponent < 0.22


def test_tables_are_those_of_dormand_and_prince() -> None:
    """Against scipy's, and to the order conditions b c^k = 1 / (k + 1) in fractions."""
    for row, expected in zip(_own_steps.STAGE[1:6], RK45.A[1:], strict=True):
        np.testing.assert_allclose(row, expected[: len(row)], rtol=1e-15)
    np.testing.assert_allclose(_own_steps.STAGE[6], RK45.B, rtol=1e-15)
    np.testing.assert_allclose(_own_steps.ERROR, RK45.E, rtol=1e-14)
    np.testing.assert_allclose(_own_steps.INTERPOLANT, RK45.P, rtol=1e-14)
    limits = [Fraction(v).limit_denominator(10**5) for v in _own_steps.STAGE[6]]
    nodes = [Fraction(v).limit_denominator(100) for v in _own_steps.NODE[:6]]
    for k in range(5):
        assert sum(b * c**k for b, c in zip(limits, nodes, strict=True)) == Fraction(1, k + 1)


@pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_and_torch_agree_to_some_tolerances(dtype: torch.dtype) -> None:
    """Their steps differ by the rounding of one power, so results do by less than the error."""
    tolerance = 1e-4 if dtype == torch.float32 else 1e-8
    y = starts(300).to(dtype)
    found = solved(y, tolerance, between=[2.0, 0.4, 0.1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow.native, "run", _own_steps.run)
        twin = solved(y, tolerance, between=[2.0, 0.4, 0.1])
    apart = (found.states - twin.states).norm(dim=-1)
    assert float(apart.median()) < tolerance / 10
    assert float(apart[-1].max()) < 100 * tolerance
    assert float((found.evaluations - twin.evaluations).abs().double().mean()) < 3


@pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")
def test_neighbours_and_threads_change_no_bit() -> None:
    y = starts(1000)
    whole = solved(y, 1e-6)
    part = solved(y[300:420], 1e-6)
    assert torch.equal(part.end, whole.end[300:420])
    assert torch.equal(part.evaluations, whole.evaluations[300:420])
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert torch.equal(solved(y, 1e-6).end, whole.end)
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("engine")
def test_outputs_between_change_no_step_and_are_accurate() -> None:
    y = starts(200)
    with_outputs = solved(y, 1e-8, between=[2.0, 0.5, 0.02])
    assert torch.equal(with_outputs.end, solved(y, 1e-8).end)
    for m, s in ((1, 2.0), (2, 0.5)):
        exact = solve_flow(GRID, y, s_start=5.0, s_stop=s, rtol=1e-12, atol=1e-12).end
        assert float((with_outputs.states[m] - exact).norm(dim=-1).median()) < 1e-7


@pytest.mark.usefixtures("engine")
def test_up_and_down_again() -> None:
    y = starts(100, s=1.0)
    low = solve_flow(GRID, y, s_start=1.0, s_stop=0.2, rtol=1e-11, atol=1e-11).end
    back = solve_flow(GRID, low, s_start=0.2, s_stop=1.0, rtol=1e-11, atol=1e-11).end
    assert float((back - y).norm(dim=-1).median()) < 1e-8


def test_no_trajectory_reaches_another_mode(engine: str) -> None:
    """At 1e-6, against 1e-12, on 2000 starts; the benchmark counts 100,000."""
    y = starts(2000 if engine == "compiled" else 300, seed=5)
    loose, fine = solved(y, 1e-6).end, solved(y, 1e-12).end
    nearest = [torch.cdist(end, GRID.means).argmin(-1) for end in (loose, fine)]
    assert torch.equal(*nearest)


@pytest.mark.usefixtures("engine")
def test_one_component_has_its_closed_form() -> None:
    """y - mu shrinks as s: no error beyond the tolerance."""
    law = GaussianMixture([[1.0, -2.0]], 0.01)
    y = law.noised(1.0, 2.0).sample(20, seed=3)
    end = solve_flow(law, y, s_start=2.0, s_stop=0.1, rtol=1e-12, atol=1e-12).end
    torch.testing.assert_close(end, law.means + 0.05 * (y - law.means), rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("engine")
def test_failures_are_counted_and_named() -> None:
    y = starts(5)
    with pytest.raises(IntegrationError, match=r"5 of 5 .* number 0 needed more than max_eval"):
        solve_flow(GRID, y, s_start=5.0, s_stop=DEVIATION, max_evaluations=13)
    far = y.clone()
    far[2] = 1e300
    with pytest.raises(IntegrationError, match=r"1 of 5 .* number 2 met a state"):
        solve_flow(GRID, far, s_start=5.0, s_stop=DEVIATION, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"s_start": 1e-9}, "s_start must be at least sqrt"),
        ({"s_stop": 5.0}, "must be strictly monotone"),
        ({"between": [0.1, 0.2]}, "must be strictly monotone"),
        ({"rtol": 0.0}, "rtol must"),
        ({"atol": 0.0}, "atol must be positive"),
        ({"max_evaluations": 3}, "max_evaluations must be at least 7"),
        ({"y": torch.zeros(2)}, r"y must have shape \(n, d\)"),
        ({"y": torch.zeros(2, 2, dtype=torch.float16)}, "be float32 or float64"),
        ({"y": torch.zeros(2, 3)}, "y must"),
        ({"mixture": GRID.with_variance(torch.rand(25) + 1)}, "variance must be shared"),
        ({"mixture": None}, "mixture must be a GaussianMixture"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    usual = {"mixture": GRID, "y": starts(3), "s_start": 5.0, "s_stop": 1.0} | change
    with pytest.raises(ValueError, match=message):
        solve_flow(usual.pop("mixture"), usual.pop("y"), **usual)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("ends", [(5.0, DEVIATION), (0.1, 4.0)], ids=["down", "up"])
def test_it_is_a_method_of_the_common_interface(ends: tuple[float, float]) -> None:
    """With the outputs, the direction and the measured error of any other method."""
    dynamics = clock_dynamics(GRID, s_start=ends[0], s_stop=ends[1])
    y = starts(40, s=ends[0])
    times = torch.linspace(0, 1, 4, dtype=torch.float64) * dynamics.stop
    known = {"rtol": 1e-11, "atol": 1e-11, "times": times}
    reference = solve_ode(dynamics, y, method=DOPRI8, **known)
    path = solve_ode(dynamics, y, method=DOPRI5_EACH, measure_error=True, **known)
    exact = solve_ode(dynamics, y, method=TRANSPORT, times=times)
    for found in (path, exact):
        torch.testing.assert_close(found.states, reference.states, rtol=0, atol=1e-9)
        assert torch.equal(found.times, reference.times)
    flow = solve_flow(GRID, y, s_start=ends[0], s_stop=ends[1], rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(path.end, flow.end, rtol=1e-13, atol=1e-13)
    assert abs(path.evaluations - int(flow.evaluations.max())) <= 6  # u is ln s up to rounding
    assert exact.evaluations == 0
    assert path.error is not None
    assert 0 < float(path.error.median()) < 1e-10


def test_exponential_methods_run_the_flow_upward_as_well() -> None:
    dynamics = clock_dynamics(GRID, s_start=0.3, s_stop=3.0)
    y = starts(20, s=0.3)
    exact = solve_ode(dynamics, y, method=TRANSPORT).end
    errors = []
    for steps in (100, 200):
        end = solve_ode(dynamics, y, method=EXPONENTIAL_RK4, step=math.log(10) / steps).end
        errors.append(float((end - exact).norm()))
    assert 3.7 < math.log2(errors[0] / errors[1]) < 4.3


def test_other_equations_are_refused() -> None:
    other = clock_dynamics(GRID, s_start=2.0, s_stop=1.0)
    changed = replace(other, drift=lambda u, y: other.drift(u, y) + 1)
    for method in (DOPRI5_EACH, TRANSPORT):
        with pytest.raises(ValueError, match="dynamics must be those of clock_dynamics"):
            solve_ode(changed, starts(3), method=method)
    doubled = Dynamics(ClockDrift(GRID, 2.0, 1.0), (0.0, 0.5))
    with pytest.raises(ValueError, match="dynamics must be those of clock_dynamics"):
        solve_ode(doubled, starts(3), method=DOPRI5_EACH)
    with pytest.raises(ValueError, match="step must be left out"):
        solve_ode(other, starts(3), method=DOPRI5_EACH, step=0.1)
    with pytest.raises(ValueError, match="rtol and atol must be left out"):
        solve_ode(other, starts(3), method=TRANSPORT, rtol=1e-6)
    with pytest.raises(ValueError, match="measure_error must be False"):
        solve_ode(other, starts(3), method=TRANSPORT, measure_error=True)
    with pytest.raises(ValueError, match="rtol must be at least"):
        solve_ode(other, starts(3), method=DOPRI5_EACH, rtol=1e-17)
