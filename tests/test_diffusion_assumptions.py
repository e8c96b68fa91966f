"""The times of Assumptions 4.1 and 4.4 against plain loops over trajectories and kappas."""

import math

import pytest
import torch

from theorylab.diffusion import (
    EDMSchedule,
    GaussianMixture,
    VPSchedule,
    dominance_margin,
    nearest_pair,
)
from theorylab.diffusion.assumptions import (
    Dominance,
    dominance_along,
    margin_cap,
    separated_level,
    separated_until,
)

KAPPAS = [0.5, 1.0, 2.0, 4.0, 1e9]


def wandering(places: int = 30, n: int = 40) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random walks over the grid with shrinking s: they cross, fail again and change pairs."""
    generator = torch.Generator().manual_seed(4)
    means = GaussianMixture.grid().means
    y = torch.cumsum(0.25 * torch.randn(places, n, 2, generator=generator), 0)
    return y, means, torch.linspace(0.6, 0.25, places)


@pytest.fixture
def found() -> Dominance:
    y, means, s = wandering()
    return dominance_along(y, means, s, KAPPAS)


def test_margins_and_pairs_are_those_of_the_points() -> None:
    y, means, s = wandering()
    found = dominance_along(y, means, s, KAPPAS)
    for t in range(len(y)):
        expected = dominance_margin(y[t], means, float(s[t]))
        assert torch.allclose(found.margins[t], expected, rtol=1e-12, atol=0)
        assert torch.equal(found.pairs[t], nearest_pair(y[t], means).sort(-1).values)


def test_first_last_and_changes_agree_with_plain_loops(found: Dominance) -> None:
    T, n = found.margins.shape
    seen_loss = seen_change = seen_never = False
    for a, kappa in enumerate(KAPPAS):
        for i in range(n):
            enough = [float(margin) >= kappa for margin in found.margins[:, i]]
            first = enough.index(True) if True in enough else T
            last = max((t for t in range(T) if not enough[t]), default=-1)
            assert int(found.first[a, i]) == first
            assert int(found.last_failure[a, i]) == last
            assert int(found.lasting[a, i]) == last + 1
            assert bool(found.reached[a, i]) == (first < T)
            lost = first < T and not all(enough[first:])
            assert bool(found.lost[a, i]) == lost
            pairs = [tuple(pair.tolist()) for pair in found.pairs[:, i]]
            changes = first < T and any(pair != pairs[first] for pair in pairs[first:])
            assert bool(found.pair_changes[a, i]) == changes
            at_first = pairs[first] if first < T else (-1, -1)
            assert tuple(found.pair_at_first[a, i].tolist()) == at_first
            seen_loss, seen_change = seen_loss or lost, seen_change or changes
            seen_never = seen_never or first == T
    assert seen_loss
    assert seen_change
    assert seen_never


def test_a_margin_equal_to_kappa_is_enough() -> None:
    means = [[0.0], [2.0], [6.0]]
    states = torch.tensor([[[0.5]], [[0.5]], [[0.5]]])  # D = 1/4, 9/4, 121/4: the gap is 30
    found = dominance_along(states, means, [1.0, 1.0, 1.0], [15.0, 15.0000001])
    assert found.first[:, 0].tolist() == [0, 3]
    assert found.last_failure[:, 0].tolist() == [-1, 2]
    assert not found.lost.any()


def test_two_modes_always_dominate() -> None:
    found = dominance_along(torch.zeros(4, 3, 1), [[-1.0], [1.0]], torch.ones(4), 5.0)
    assert found.kappas.tolist() == [5.0]
    assert torch.isinf(found.margins).all()
    assert (found.first == 0).all()
    assert (found.last_failure == -1).all()


def test_one_place_is_enough() -> None:
    found = dominance_along(torch.zeros(1, 2, 1), [[-1.0], [1.0], [3.0]], [1.0], [1.0, 5.0])
    assert found.first.tolist() == [[0, 0], [1, 1]]
    assert not found.pair_changes.any()


def test_separated_until_is_where_the_inequality_turns() -> None:
    schedule, grid = VPSchedule.ddpm(), GaussianMixture.grid()
    ell, sigma = float((grid.means[0] - grid.means[1]).norm()), float(grid.variance) ** 0.5
    kappas = torch.tensor([1.0, 5.0, 7.0, 10.0, 20.0])
    times = separated_until(schedule, ell, sigma, kappas, 2)
    assert times.floor().tolist() == [72, 30, 24, 19, 12]  # by ball arithmetic in proofs_check
    s = schedule.effective_deviation(times, sigma**2)
    assert torch.allclose(ell**2 / (8 * s**2), kappas, rtol=1e-12)
    assert torch.allclose(separated_level(ell, kappas, 2), s, rtol=1e-12)


def test_separated_until_is_the_end_if_always() -> None:
    for schedule in (VPSchedule.ddpm(), *(EDMSchedule(0.001, end) for end in (0.1, 0.3, 0.7))):
        until = separated_until(schedule, 1e9, 0.1, 1.0, 3)
        assert float(until) == schedule.span[1]


def test_cap_is_reached_at_the_data() -> None:
    assert margin_cap(100.0, 1.0, 2) == 1250.0
    assert math.isclose(float(separated_level(100.0, 1250.0, 2)), 1.0, rel_tol=1e-15)
    until = separated_until(VPSchedule.ddpm(), 100.0, 1.0, 1249.999, 2)
    assert -1 < float(until) < 0
    with pytest.raises(ValueError, match=r"kappa must be at most 1250\.0, got an entry 1250\.1"):
        separated_until(VPSchedule.ddpm(), 100.0, 1.0, [3.0, 1250.1], 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((torch.zeros(3, 2), torch.zeros(4, 2), torch.ones(3), 1.0), r"states must have shape"),
        ((torch.zeros(3, 5, 2), torch.zeros(1, 2), torch.ones(3), 1.0), r"K >= 2"),
        ((torch.zeros(3, 5, 3), torch.zeros(4, 2), torch.ones(3), 1.0), r"\(\*n, 2\)"),
        ((torch.zeros(3, 5, 2), torch.zeros(4, 2), torch.ones(4), 1.0), r"levels must have shape"),
        ((torch.zeros(3, 5, 2), torch.zeros(4, 2), [1.0, 0.0, 1.0], 1.0), r"levels .* positive"),
        ((torch.zeros(3, 5, 2), torch.zeros(4, 2), torch.ones(3), [[1.0]]), r"kappas must have"),
        ((torch.zeros(3, 5, 2), torch.zeros(4, 2), torch.ones(3), math.nan), r"kappas .* finite"),
    ],
)
def test_bad_trajectories_are_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dominance_along(*arguments)


def test_bad_margins_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kappa must be positive, got an entry -1\.0"):
        separated_level(1.0, [1.0, -1.0], 2)
    with pytest.raises(ValueError, match="separation must be positive"):
        margin_cap(0.0, 1.0, 2)
    with pytest.raises(ValueError, match="dimension must be at least 1"):
        margin_cap(1.0, 1.0, 0)
    with pytest.raises(ValueError, match="schedule must be a Schedule"):
        separated_until("ddpm", 1.0, 0.1, 1.0, 2)
