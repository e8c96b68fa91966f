"""The bisector coordinate: an independent route to its drift, and what it refuses."""

import math

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import (
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Schedule,
    VPSchedule,
    reverse,
)
from theorylab.diffusion.bisector import BisectorCoordinate

DDPM = VPSchedule.ddpm()
SCHEDULES = [(DDPM, 21.3), (VPSchedule.linear(), 0.2), (EDMSchedule(), 0.4)]


def three(seed: int = 0) -> GaussianMixture:
    generator = torch.Generator().manual_seed(seed)
    means = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    return GaussianMixture(means, 0.05, torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64))


def points(n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(("schedule", "t"), SCHEDULES)
@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize("k", [0.0, 1.0, 2.5])
def test_drift_is_the_change_of_the_coordinate_along_the_reverse_drift(
    schedule: Schedule, t: float, moving: bool, k: float
) -> None:
    mixture = three()
    coordinate = BisectorCoordinate(mixture, schedule, 2, 0, moving=moving)
    velocity = reverse(schedule, ExactScore(mixture, schedule), k=k).drift
    x, h = points(7, 4), 1e-5
    at = torch.tensor(t, dtype=torch.float64)
    ahead = coordinate.coordinate(x + h * velocity(at, x), at + h)
    behind = coordinate.coordinate(x - h * velocity(at, x), at - h)
    quotient = (ahead - behind) / (2 * h)
    torch.testing.assert_close(coordinate.drift(x, at, k=k), quotient, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("schedule", "t"), SCHEDULES)
@pytest.mark.parametrize("k", [0.0, 1.0])
def test_two_mode_drift_is_the_drift_of_two_modes(schedule: Schedule, t: float, k: float) -> None:
    mixture = GaussianMixture.pair(1.5, 0.04, dimension=3)
    moved = GaussianMixture(mixture.means + torch.tensor([0.7, -2.0, 0.1]), mixture.variance)
    coordinate = BisectorCoordinate(moved, schedule, 0, 1)
    a = torch.linspace(-1, 1, 9, dtype=torch.float64)
    across = torch.tensor([0.0, 0.8, -0.3], dtype=torch.float64)
    found = coordinate.drift(coordinate.point(a, t) + across, t, k=k)
    torch.testing.assert_close(found, coordinate.two_mode_drift(a, t, k=k), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("moving", [True, False])
def test_point_is_the_inverse_of_the_coordinate(moving: bool) -> None:
    coordinate = BisectorCoordinate(three(), DDPM, 0, 1, moving=moving)
    a = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3)
    x = coordinate.point(a, 300.0)
    assert x.shape == (2, 3, 4)
    torch.testing.assert_close(coordinate.coordinate(x, 300.0), a)
    assert math.isclose(float(torch.linalg.vector_norm(coordinate.normal)), 1.0)


def test_swapping_the_modes_changes_the_sign_and_a_batch_its_shape_only() -> None:
    mixture = three()
    x = points(6, 4)
    one, other = (BisectorCoordinate(mixture, DDPM, i, j) for i, j in ((0, 2), (2, 0)))
    torch.testing.assert_close(one.drift(x, 5.0), -other.drift(x, 5.0))
    torch.testing.assert_close(one.drift(x[2], 5.0), one.drift(x, 5.0)[2])
    torch.testing.assert_close(one.drift(x.reshape(2, 3, 4), 5.0).reshape(6), one.drift(x, 5.0))
    assert one.drift(x.float(), 5.0).dtype == torch.float32


def test_a_given_score_replaces_the_exact_one() -> None:
    mixture, schedule = three(), VPSchedule.linear()
    coordinate = BisectorCoordinate(mixture, schedule, 0, 1)
    x, error = points(5, 4), torch.tensor([0.2, 0.0, -1.0, 0.5], dtype=torch.float64)
    exact = ExactScore(mixture, schedule)
    shifted = coordinate.drift(x, 0.3, score=lambda x, t: exact(x, t) + error)
    change = -float(schedule.beta(0.3)) * float(error @ coordinate.normal)
    expected = torch.full((5,), change, dtype=torch.float64)
    torch.testing.assert_close(shifted - coordinate.drift(x, 0.3), expected)


MIXTURE = GaussianMixture.pair(1.0, 0.1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BisectorCoordinate(3, DDPM, 0, 1), "mixture"),  # type: ignore[arg-type]
        (lambda: BisectorCoordinate(MIXTURE, None, 0, 1), "schedule"),  # type: ignore[arg-type]
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 2, 1), "i must be below"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, -1), "j must be at least 0"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 0), "different places"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1, moving=1), "moving"),  # type: ignore[arg-type]
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1).drift([[0.0, 1.0]], 1.0), "x must be"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1).drift([[0.0]], 1.0, k=-1.0), "k must be"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1).drift([[0.0]], 2000.0), "t must be"),
        (lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1).point([math.nan], 1.0), "a must be"),
        (
            lambda: BisectorCoordinate(MIXTURE, DDPM, 0, 1, moving=False).two_mode_drift(0.0, 1.0),
            "moving midpoint",
        ),
    ],
)
def test_bad_input_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
