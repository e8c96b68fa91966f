"""One-dimensional transport: preimages, masses, and the outcome probabilities of a pair."""

import math

import pytest
import torch
from scipy import stats

from theorylab.diffusion.transport import normal_mass, pair_rates, preimages, stuck_mass


@pytest.mark.parametrize("slope", [0.3, 1.0, 7.0])
def test_preimages_invert_an_increasing_map(slope: float) -> None:
    x = torch.linspace(-3, 3, 13)
    image = slope * x + torch.tanh(x)
    found = preimages(lambda z: slope * z + torch.tanh(z), image, low=-40.0, high=40.0)
    torch.testing.assert_close(found, x, atol=1e-13, rtol=0)


def test_a_target_beyond_the_range_gives_an_end_of_the_interval() -> None:
    found = preimages(torch.tanh, torch.tensor([-2.0, 2.0]), low=-5.0, high=6.0)
    torch.testing.assert_close(found, torch.tensor([-5.0, 6.0]))


def test_preimages_refuse_an_empty_interval() -> None:
    with pytest.raises(ValueError, match=r"low must be below high, got 1\.0 and 1\.0"):
        preimages(torch.tanh, torch.zeros(1), low=1.0, high=1.0)


def test_normal_masses_keep_their_digits_in_both_tails() -> None:
    low = torch.tensor([-12.0, 11.0, -1.0, 0.5])
    high = torch.tensor([-11.0, 12.0, 2.0, 30.0])
    expected = [
        stats.norm.cdf(-11) - stats.norm.cdf(-12),
        stats.norm.sf(11) - stats.norm.sf(12),
        stats.norm.cdf(2) - stats.norm.cdf(-1),
        stats.norm.sf(0.5),
    ]
    torch.testing.assert_close(normal_mass(low, high), torch.tensor(expected), rtol=1e-13, atol=0)


def test_pair_rates_of_the_identity_are_those_of_a_normal_pair() -> None:
    """One mode at 0 and F = identity: |X| within R is a chi law with two degrees of freedom."""
    radius = 1.3
    rates = pair_rates(lambda x: x, [0.0], radius, shells=4000)
    true = 1 - math.exp(-(radius**2) / 2)
    q = 2 * stats.norm.sf(radius)
    assert rates.stuck == pytest.approx(q, rel=1e-12)
    assert rates.interpolated == pytest.approx(1 - q**2 - true, abs=1e-6)
    assert rates.interpolated_low < 1 - q**2 - true < rates.interpolated_high


def test_the_bracket_shrinks_with_the_number_of_shells() -> None:
    coarse, fine = (pair_rates(lambda x: x, [0.0], 1.0, shells=n) for n in (100, 1000))
    outside = 2 * float(torch.special.ndtr(torch.tensor(-1.0)) * 2)
    widths = [r.interpolated_high - r.interpolated_low - outside for r in (coarse, fine)]
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.02)


def test_the_stuck_mass_of_the_identity_is_what_the_normal_leaves_outside() -> None:
    outside = 2 * stats.norm.sf(1.3)
    assert stuck_mass(lambda x: x, [0.0], 1.3) == pytest.approx(outside, rel=1e-12)
    gaps = 2 * stats.norm.sf(3.5) + stats.norm.cdf(0.5) - stats.norm.cdf(-0.5)
    assert stuck_mass(lambda x: x, [2.0, -2.0], 1.5) == pytest.approx(gaps, rel=1e-12)


def test_a_small_stuck_mass_keeps_its_digits() -> None:
    """F = 9 x: both gaps are far out in the tails of the start."""
    expected = 2 * stats.norm.sf(10.0)
    assert stuck_mass(lambda x: 9 * x, [0.0], 90.0) == pytest.approx(expected, rel=1e-10)


def test_the_stuck_mass_refuses_a_radius_that_fills_a_gap() -> None:
    with pytest.raises(ValueError, match=r"below half of the smallest gap, got 1\.5"):
        stuck_mass(lambda x: x, [0.0, 3.0], 1.5)


def test_pair_rates_of_a_staircase_agree_with_bisection() -> None:
    """Steep steps between the modes, one of them beyond the range of the map on one side."""
    modes = torch.tensor([-2.0, 0.0, 2.0], dtype=torch.float64)

    def steep(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(40 * (x + 0.9)) + torch.tanh(40 * (x - 1.1)) + 1e-3 * x

    radius = 0.5
    ends = preimages(steep, torch.stack([modes - radius, modes + radius]), low=-40.0, high=40.0)
    inside = float(normal_mass(ends[0], ends[1]).sum())
    rates = pair_rates(steep, modes, radius, shells=50)
    assert rates.stuck == pytest.approx(1 - inside, rel=1e-9)
    narrow = pair_rates(lambda x: torch.tanh(x), [0.0], 1.5, shells=50)
    assert narrow.stuck == pytest.approx(0.0, abs=1e-12)
