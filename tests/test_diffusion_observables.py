"""Classification of samples, its floor for true samples, and distances along paths."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from theorylab.diffusion import (
    GaussianMixture,
    Outcome,
    Segment,
    VPSchedule,
    classification_radius,
    classify,
    distance_to_nearest_segment,
    observables,
    rates,
    rescaled,
)
from theorylab.path import Path

GRID = GaussianMixture.grid()
ELL, SIGMA = 2 / math.sqrt(8.0004), 0.02 / math.sqrt(8.0004)


def brute(x: torch.Tensor, mixture: GaussianMixture, radius: float) -> int:
    distances = [float(torch.linalg.vector_norm(x - mean)) for mean in mixture.means]
    first, second = np.argsort(distances)[:2]
    if distances[first] <= radius:
        return 0
    segment = Segment(mixture.means[first], mixture.means[second])
    return 1 if float(segment.distance(x)) <= radius else 2


def test_classes_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.uniform(-1.8, 1.8, (400, 2)))
    x[:150, 0] = torch.round(x[:150, 0] / ELL) * ELL + 3 * SIGMA  # near the lines of the grid
    x[:50, 1] = torch.round(x[:50, 1] / ELL) * ELL - 3.5 * SIGMA  # and near the modes
    x[50:100, 1] = torch.round(x[50:100, 1] / ELL) * ELL - 4.5 * SIGMA
    classes = classify(x, GRID)
    assert classes.tolist() == [brute(point, GRID, 5 * SIGMA) for point in x]
    assert set(classes.tolist()) == {0, 1, 2}
    wide = classify(x, GRID, radius=0.2)
    assert wide.tolist() == [brute(point, GRID, 0.2) for point in x]
    assert not torch.equal(wide, classes)


def test_boundary_cases() -> None:
    mid, step = ELL / 2, 5 * SIGMA
    x = [[0, 0], [0, 0.99 * step], [0, 1.01 * step], [mid, 0], [mid, 0.99 * step]]
    x += [[mid, 1.01 * step], [mid, mid], [2 * ELL + 1.01 * step, 0], [2 * ELL, 1.01 * step]]
    expected = [0, 0, 1, 1, 1, 2, 2, 2, 1]
    assert classify(x, GRID).tolist() == expected
    single = GaussianMixture([[0.0, 0.0]], 1.0)
    assert classify([[0.0, 4.9], [0.0, 5.1]], single).tolist() == [0, 2]


@pytest.mark.parametrize(("d", "expected"), [(2, 3.727e-6), (8, 1.552e-3), (64, 4.3e-8)])
def test_floor_of_true_samples(d: int, expected: float) -> None:
    """P(chi^2_d > (r/sigma)^2) by scipy; for d = 2 it is exp(-12.5) = 3.7267e-6."""
    sigma = 0.3
    radius = classification_radius(GaussianMixture(torch.zeros(1, d), sigma**2))
    assert radius == pytest.approx(sigma * (5 if d <= 10 else math.sqrt(d) + 4))
    assert stats.chi2.sf((radius / sigma) ** 2, d) == pytest.approx(expected, rel=1e-2)


def test_share_of_true_samples_reaches_the_floor() -> None:
    """d = 8, modes far apart: 155.2 of 100000 expected, within 5 standard errors (62).

    A right sampler and classifier fail with probability below 1e-6; a radius off by 5 %
    (397 or 56 expected) is found with probability above 0.9999, and the seed is fixed.
    """
    n = 100_000
    data = GaussianMixture(100 * torch.eye(8), 0.04)
    outcomes = rates(classify(data.sample(n, seed=1), data))
    expected = n * stats.chi2.sf(25, 8)
    assert abs(n * (1 - outcomes[Outcome.TRUE]) - expected) < 5 * math.sqrt(expected)


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.from_numpy(np.random.default_rng(3).uniform(-1.8, 1.8, (7, 9, 2)))
    whole = classify(x, GRID), distance_to_nearest_segment(x, GRID.means)
    assert whole[0].shape == (7, 9)
    for entries in (1, 100):
        monkeypatch.setattr(observables, "_ENTRIES", entries)
        assert torch.equal(classify(x, GRID), whole[0])
        assert torch.equal(distance_to_nearest_segment(x, GRID.means), whole[1])


def test_rates_count_invalid_samples_too() -> None:
    shares = rates(torch.tensor([0, 0, 1, 2, 0, 1, 0, 0]))
    assert shares == {Outcome.TRUE: 0.625, Outcome.INTERPOLATED: 0.25, Outcome.INVALID: 0.125}
    assert rates([2])[Outcome.INVALID] == 1.0


def test_distance_to_the_segment_of_the_nearest_two() -> None:
    rng = np.random.default_rng(4)
    x, means = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((5, 20, 3), (6, 3)))
    found = distance_to_nearest_segment(x, means)
    for i in range(5):
        for j in range(20):
            first, second = torch.linalg.vector_norm(x[i, j] - means, dim=-1).argsort()[:2]
            expected = Segment(means[first], means[second]).distance(x[i, j])
            torch.testing.assert_close(found[i, j], expected, rtol=1e-10, atol=1e-12)


def test_coincident_modes_are_a_segment_of_length_zero() -> None:
    means = torch.tensor([[1.0, 0.0], [1.0, 0.0], [9.0, 9.0]])
    assert distance_to_nearest_segment([[1.0, 2.0]], means).tolist() == [2.0]


def test_rescaled_paths_have_modes_at_rest() -> None:
    schedule = VPSchedule.ddpm()
    times = torch.tensor([800.0, 20.0, -1.0])
    states = torch.ones(3, 4, 2) * schedule.alpha(times)[:, None, None]
    path = rescaled(Path(times, states, 7), schedule)
    torch.testing.assert_close(path.states, torch.ones(3, 4, 2))
    assert torch.equal(path.times, times)
    assert path.evaluations == 7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classify([[0.0]], GRID), r"samples must be of shape \(\*n, 2\)"),
        (lambda: classify([[0.0, math.nan]], GRID), "samples must be finite"),
        (lambda: classify([[0.0, 0.0]], GRID, radius=0.0), "radius must be positive"),
        (
            lambda: classify([[0.0]], GaussianMixture([[0.0], [1.0]], [1.0, 2.0])),
            "variance must be shared",
        ),
        (lambda: rates([]), "outcomes must be non-empty"),
        (lambda: rates([0, 3]), "outcomes must be 0, 1 or 2, got an entry 3.0"),
        (lambda: rates([0.5]), "outcomes must be 0, 1 or 2, got an entry 0.5"),
        (lambda: distance_to_nearest_segment([[0.0]], [[0.0]]), "means must have .* K >= 2"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_radius_makes_modes_of_different_width_comparable() -> None:
    mixed = GaussianMixture([[0.0], [1.0]], [1.0, 2.0])
    assert classify([[0.2], [0.5]], mixed, radius=0.3).tolist() == [0, 1]
