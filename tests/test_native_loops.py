"""Corners of the compiled loops and of their twins that no ordinary run comes to."""

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import (
    GaussianMixture,
    _counter,
    _own_steps,
    flow,
    kernels,
    solve_flow,
    transport_exactly,
)
from theorylab.diffusion.kernels import Chunked, Native, Reference
from theorylab.integrate import IntegrationError
from theorylab.native import flow as native_flow
from theorylab.native import library
from theorylab.native import mixture as native
from theorylab.native import sampler as native_sampler

GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
HAS_LIBRARY = library() is not None
ENGINES = ["torch", *(["compiled"] if HAS_LIBRARY else [])]
needs_compiler = pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(flow.native, "run", _own_steps.run)
    return request.param


def table(name: str) -> list[Fraction]:
    """The constants of a table of flow.h."""
    text = Path(native.__file__).with_name("flow.h").read_text()
    body = re.search(rf"double {name}\[.*?=\s*(\{{.*?\}});", text, re.DOTALL)
    assert body is not None
    return [
        Fraction(number.replace(".", "").rstrip("/"))
        for number in re.findall(r"-?\d+(?:/\d+\.)?", body[1])
    ]


def filled(rows: tuple[tuple[float, ...], ...], width: int) -> list[float]:
    """Rows of one width, without the zeros at their ends unless that is all there is."""
    return [value for row in rows for value in (row or (0,))[:width]]


def test_tables_of_the_two_loops_are_the_same() -> None:
    """Every constant to the last digit: one too many would be far below the tolerances."""
    trimmed = tuple(row if any(row) else (0,) for row in _own_steps.INTERPOLANT)
    for name, rows in (
        ("NODE", (_own_steps.NODE,)),
        ("STAGE", _own_steps.STAGE),
        ("ERROR", (_own_steps.ERROR,)),
        ("INTERPOLANT", trimmed),
    ):
        assert [float(value) for value in table(name)] == filled(rows, 7), name


def counts(y: Tensor, s_start: float, s_stop: float, tolerance: float) -> Tensor:
    run = {"s_start": s_start, "s_stop": s_stop, "rtol": tolerance, "atol": tolerance}
    return solve_flow(GRID, y, **run).evaluations


@needs_compiler
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-9])
@pytest.mark.parametrize("ends", [(5.0, DEVIATION), (DEVIATION, 5.0), (5.0, 4.999)])
def test_both_loops_take_the_same_steps(ends: tuple[float, float], tolerance: float) -> None:
    """Limits of the factor, the first step and the norm: all but 3 in 100 counts are equal.

    A rounding moves a step over its limit now and then.
    """
    y = GRID.with_variance(ends[0] ** 2).sample(300, seed=4)
    y[:4] = torch.tensor([[0.0, 0.0], [1e-7, 0.0], [0.0, 1e-7], [1e-5, 1e-5]])
    found = counts(y, *ends, tolerance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow.native, "run", _own_steps.run)
        twin = counts(y, *ends, tolerance)
    assert float((found != twin).double().mean()) < 0.03
    assert torch.equal(found[:4], twin[:4])


@pytest.mark.usefixtures("engine")
def test_a_state_at_rest_takes_steps_five_times_as_long() -> None:
    """One component at its mean: the error is 0, the first step 1e-4 of the way, 1 + 6 m."""
    law = GaussianMixture([[0.0]], 0.01)
    run = {"s_start": 2.0, "s_stop": 0.1, "rtol": 1e-9, "atol": 1e-9}
    spent = int(solve_flow(law, [[0.0]], **run).evaluations[0])
    steps, way, step = 0, 0.0, 1e-4
    while way < 1:
        way, step, steps = way + step, 5 * step, steps + 1
    assert spent == 1 + 6 * steps


@pytest.mark.usefixtures("engine")
def test_a_first_step_is_no_longer_than_the_way() -> None:
    """Far out and slow, so that a hundredth of |y| / |slope| is longer than the way: one step."""
    law = GaussianMixture([[0.0, 0.0]], 1.0)
    y = torch.full((1, 2), 3.0, dtype=torch.float64)
    found = solve_flow(law, y, s_start=1.001, s_stop=1.0, rtol=1e-6, atol=1e-6)
    assert int(found.evaluations[0]) == 7
    torch.testing.assert_close(found.end, y / 1.001, rtol=1e-9, atol=0)


@pytest.mark.usefixtures("engine")
def test_as_many_evaluations_as_are_needed_suffice() -> None:
    y = GRID.with_variance(25.0).sample(1, seed=2)
    run = {"s_start": 5.0, "s_stop": DEVIATION, "rtol": 1e-6, "atol": 1e-6}
    needed = int(solve_flow(GRID, y, **run).evaluations[0])
    assert int(solve_flow(GRID, y, **run, max_evaluations=needed).evaluations[0]) == needed
    with pytest.raises(IntegrationError, match=r"1 of 1 .* needed more than max_evaluations"):
        solve_flow(GRID, y, **run, max_evaluations=needed - 1)


@pytest.mark.usefixtures("engine")
def test_a_tolerance_below_rounding_ends_with_a_reason() -> None:
    """The rounding of a slope of 1e3 times the shortest step is 1e-28, and the tolerance 1e-37."""
    task = native_flow.Task(
        torch.full((3, 1), 1e3).double(), torch.tensor([[1.0], [-1.0]]).double(),
        torch.zeros(2).double(), torch.tensor([1.0]).double(), 0.0, 1.0, 2.0, 1e-40, 1e-40, 10**5,
    )  # fmt: skip
    status = flow.native.run(task)[2]
    assert status.tolist() == [_own_steps.STUCK] * 3
    with pytest.raises(IntegrationError, match=r"3 of 3 .* number 0 needed a step below"):
        flow._require_arrived(status)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("bad", [1e300, 1e160])
def test_a_lost_trajectory_harms_no_other(bad: float) -> None:
    """The lane of one that met no finite slope is taken by the next, from a clean slate."""
    y = GRID.with_variance(25.0).sample(200, seed=2)
    alone = solve_flow(GRID, y, s_start=5.0, s_stop=0.5, rtol=1e-6, atol=1e-6).end
    wrong, others = y.clone(), torch.ones(200, dtype=torch.bool)
    wrong[[3, 77]], others[[3, 77]] = bad, False
    law = (GRID.means, GRID.weights.log(), torch.tensor([math.log(10)]).double())
    states, evaluations, status = flow.native.run(
        native_flow.Task(wrong, *law, 0.0, 1.0, 5.0, 1e-6, 1e-6, 10**5)
    )
    assert torch.nonzero(status)[:, 0].tolist() == [3, 77]
    assert status[3] == status[77] == _own_steps.NOT_FINITE
    assert evaluations[3] == evaluations[77] == 1
    torch.testing.assert_close(states[-1][others], alone[others], rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("engine")
def test_an_overflow_on_the_way_is_no_arrival() -> None:
    """Upward, distances grow by 1e4: their squares pass 1e308 after steps that were finite."""
    with pytest.raises(IntegrationError, match=r"1 of 2 .* number 1 met a state or a slope"):
        solve_flow(GRID, [[0.5, 0.5], [1e152, 0.0]], s_start=1.0, s_stop=1e4, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("engine")
def test_a_start_at_zero_has_a_first_step() -> None:
    law = GaussianMixture([[0.3], [1.0]], 0.01)
    end = solve_flow(law, [[0.0]], s_start=2.0, s_stop=0.1, rtol=1e-10, atol=1e-10).end
    exact = transport_exactly(law, [[0.0]], s_start=2.0, s_stop=0.1)
    torch.testing.assert_close(end, exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("d", [9, 12])
def test_the_flow_of_more_dimensions_than_the_loop_has(d: int) -> None:
    law = GaussianMixture(torch.zeros(1, d, dtype=torch.float64), 1.0)
    y = torch.ones(3, d, dtype=torch.float64)
    end = solve_flow(law, y, s_start=2.0, s_stop=1.0, rtol=1e-10, atol=1e-10).end
    torch.testing.assert_close(end, y / 2, rtol=1e-9, atol=0)


# ---------------------------------------------------------------- the pull


@needs_compiler
def test_rows_of_their_own_variance_in_threads() -> None:
    x = torch.randn(9001, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    variance = x.abs().sum(-1, keepdim=True) + 0.1
    law = (GRID.means, variance, GRID.weights.log())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = Native().score(x, *law)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, Reference().score(x, *law), rtol=1e-10, atol=1e-10)


@needs_compiler
def test_numbers_that_do_not_lie_in_rows() -> None:
    flat = torch.randn(2, 130, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    law = (GRID.means.T.contiguous().T, torch.tensor(0.3).double(), GRID.weights.log())
    for x in (flat.T, torch.cat([flat.T, flat.T], 1)[:, ::2]):
        found = Native().score(x, *law)
        torch.testing.assert_close(found, Native().score(x.contiguous(), *law), rtol=0, atol=0)
        torch.testing.assert_close(found, Reference().score(x, *law), rtol=1e-10, atol=1e-10)


@needs_compiler
@pytest.mark.parametrize(("dtype", "floor"), [(torch.float32, -80.0), (torch.float64, -700.0)])
def test_shares_below_the_floor_are_raised_to_it(dtype: torch.dtype, floor: float) -> None:
    """Two modes on a line, as in tests/test_native.py; both entries, and the lines of torch."""
    one, origin = torch.ones(1, dtype=dtype), torch.zeros(1, 1, dtype=dtype)
    means = torch.tensor([[0.0], [1.0]], dtype=dtype)
    for below in (floor, floor - 5, 10 * floor):
        logs = torch.tensor([0.0, below], dtype=dtype)
        share = native.pull(origin, means, logs, 0 * logs, one, False)[0, 0]
        rows = native.shares(logs[None].clone())[0, 1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernels.native, "takes", lambda _: False)
            twin = kernels._shares(logs[None].clone())[0, 1]
        for value in (share, rows, twin):
            assert abs(float(value) / math.exp(floor) - 1) < 100 * torch.finfo(dtype).eps


@needs_compiler
@pytest.mark.parametrize("place", [0, 3, 15, 16, 18])
def test_shares_of_far_logits_at_any_place(place: int) -> None:
    """The largest logit lies in the first stripes or beyond them, above all others.

    By as much as makes an exponential overflow that was not counted from it.
    """
    for dtype, above in ((torch.float32, 89.0), (torch.float64, 710.0)):
        logits = torch.zeros(2, 19, dtype=dtype)
        logits[1, place] = above
        found = native.shares(logits)
        torch.testing.assert_close(found[0], torch.full_like(found[0], 1 / 19))
        assert float(found[1, place]) == 1


def test_chunks_stay_within_their_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    held, usual = [], kernels._shares

    def seen(logits: Tensor) -> Tensor:
        held.append(logits.numel() * logits.element_size())
        return usual(logits)

    monkeypatch.setattr(kernels, "_shares", seen)
    x = torch.zeros(500, 20, dtype=torch.float64)
    means = torch.eye(30, 20, dtype=torch.float64)
    law = (means, torch.tensor(1.0).double(), torch.zeros(30).double())
    Chunked(50_000).score(x, *law)
    assert 5_000 < max(held) <= 25_000
    assert sum(held) == 500 * 30 * 8


@needs_compiler
def test_no_room_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (native, native_flow):
        monkeypatch.setattr(module, "shared_rows", lambda *_, **__: [0, 1])
    law = (GRID.means, torch.tensor(1.0).double(), GRID.weights.log())
    with pytest.raises(MemoryError, match="room for 25 modes"):
        Native().score(torch.zeros(2, 2).double(), *law)
    with pytest.raises(MemoryError, match="room for 25 modes"):
        solve_flow(GRID, torch.zeros(2, 2).double(), s_start=2.0, s_stop=1.0)


# ---------------------------------------------------------------- the noise


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("first", [2**32 - 70, 2**40 - 3])
def test_rows_on_both_sides_of_a_high_word(first: int, dtype: torch.dtype) -> None:
    """A block of 64 rows within which the upper half of the row's number changes."""
    like = torch.zeros(200, 3, dtype=dtype)
    found = native_sampler.normals((1, 2), first, 5, like)
    expected = _counter.normals((1, 2), first, 5, like)
    assert float((found - expected).abs().max()) < 16 * torch.finfo(dtype).eps


@needs_compiler
def test_the_uniform_of_the_smallest_word() -> None:
    """Row 1,239,309 of the key (1, 2) draws the least word of two million; half a unit shows.

    The half keeps a uniform above 0, whose logarithm would be infinite.
    """
    rows = torch.zeros(2_000_000, 1, dtype=torch.float32)
    expected = _counter.normals((1, 2), 0, 0, rows)[:, 0]
    least = int(expected.abs().argmax())
    found = native_sampler.normals((1, 2), least, 0, rows[:1])[0, 0]
    assert float(expected[least].abs()) > 4.8
    assert abs(float(found - expected[least])) < 16 * torch.finfo(torch.float32).eps
