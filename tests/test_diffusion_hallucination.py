"""Trajectory variance and its null law, the collapse of modes, and the Shapes data."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from scipy import stats

from theorylab.diffusion import (
    FIXED_LARGE,
    Ancestral,
    ExactScore,
    GaussianMixture,
    VPSchedule,
    sample,
)
from theorylab.diffusion.affine_chain import (
    QuadraticForm,
    fixed_deviation,
    generations,
    output_deviation,
    prediction_covariance,
    trajectory_variance_law,
)
from theorylab.diffusion.chain import chain_steps
from theorylab.diffusion.detection import (
    ceiling,
    detection,
    predictions,
    roc,
    trajectory_variance,
)
from theorylab.diffusion.shapes import (
    HEIGHT,
    WIDTH,
    ShapesDenoiser,
    count_shapes,
    pentagon,
    square,
    support_size,
    templates,
    triangle,
)
from theorylab.diffusion.transport import preimages
from theorylab.path import Path

SCHEDULE = VPSchedule.ddpm(30, 1e-3, 0.2)
SCORE = ExactScore(GaussianMixture([[0.0, 1.0]], 0.01), SCHEDULE)


def short_path(n: int = 7) -> Path:
    x = GaussianMixture([[0.0, 0.0]], 1.0).sample(n, seed=2)
    return sample(
        x, list(range(30)), Ancestral(FIXED_LARGE), schedule=SCHEDULE, score=SCORE, seed=5,
        keep_path=True,
    )  # fmt: skip


def short_predictions(low: float, high: float) -> torch.Tensor:
    return predictions(short_path(), score=SCORE, schedule=SCHEDULE, window=(low, high))


def test_trajectory_variance_is_the_population_variance_of_the_predictions() -> None:
    path = short_path()
    clean = predictions(path, score=SCORE, schedule=SCHEDULE, window=(0.0, 4.0))
    assert clean.shape == (5, 7, 2)
    expected = torch.as_tensor(clean.numpy().var(axis=0).mean(axis=-1))
    found = trajectory_variance(path, score=SCORE, schedule=SCHEDULE, window=(0.0, 4.0))
    torch.testing.assert_close(found, expected)


def test_the_last_prediction_of_the_chain_is_its_output() -> None:
    path = short_path()
    clean = predictions(path, score=SCORE, schedule=SCHEDULE, window=(0.0, 1.0))
    torch.testing.assert_close(clean[-1], path.end)


def test_trajectory_variance_does_not_depend_on_the_batch() -> None:
    whole, part = (
        trajectory_variance(short_path(n), score=SCORE, schedule=SCHEDULE, window=(0.0, 9.0))
        for n in (7, 3)
    )
    torch.testing.assert_close(whole[:3], part)


def test_detection_counts_and_area() -> None:
    value = torch.tensor([1.0, 2.0, 3.0, 4.0, 2.5, 9.0])
    bad = torch.tensor([False, False, False, False, True, True])
    found = detection(value, bad, retention=0.75)
    assert (found.threshold, found.found, found.positives, found.kept) == (3.0, 1, 2, 3)
    assert found.auroc == pytest.approx((2 + 4) / 8)
    false, true = roc(value, bad, points=5)
    assert true.tolist() == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert false[-1] == 1


def test_ties_count_half() -> None:
    value, bad = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([True, False, False])
    assert detection(value, bad, retention=1.0).auroc == 0.5


def test_a_filter_removes_no_more_than_it_drops() -> None:
    assert ceiling(100_000, 102_500, 0.05) == pytest.approx(0.0243902439 / 0.05)
    assert ceiling(90, 100, 0.05) == 1.0


@pytest.mark.parametrize(("weights", "freedom"), [([1.0] * 4, 4), ([1.0], 1), ([1.0] * 9, 9)])
def test_equal_weights_give_a_chi_square(weights: list[float], freedom: int) -> None:
    law = QuadraticForm(torch.tensor(weights))
    for x in (0.1, 1.0, 5.0, 20.0):
        assert law.above(x) == pytest.approx(stats.chi2.sf(x, freedom), abs=1e-11)
    assert law.quantile(0.9) == pytest.approx(stats.chi2.ppf(0.9, freedom), rel=1e-8)


def test_two_different_weights_give_the_law_by_convolution() -> None:
    law, x = QuadraticForm(torch.tensor([1.0, 0.2])), 1.7
    first = stats.chi2(1)
    grid = (torch.arange(200_000) + 0.5) / 200_000
    inner = torch.as_tensor(first.ppf(grid.numpy()))
    expected = float(first.sf((x - 0.2 * inner).clamp(min=0).numpy()).mean())
    assert law.above(x) == pytest.approx(expected, abs=2e-6)


def test_the_covariance_of_predictions_is_that_of_the_chain_step_by_step() -> None:
    """Against a linear map of all normals that the chain draws."""
    own, rows, names = 0.01, torch.zeros(1, 31), []
    rows[0, 0] = 1.0
    state = rows[0]
    for count, step in enumerate(chain_steps(SCHEDULE)):
        alpha = float(SCHEDULE.alpha(float(step.t)))
        noise = float(SCHEDULE.sigma(float(step.t)))
        gain = alpha * own / (alpha**2 * own + noise**2)
        names.append((step.t, gain * state))
        state = (step.clean * gain + step.kept) * state
        state = state.clone()
        state[count + 1] += step.variance**0.5
    maps = torch.stack([row for t, row in sorted(names, key=lambda pair: pair[0]) if t <= 6])
    found = prediction_covariance(0.1, SCHEDULE, window=(0, 6))
    torch.testing.assert_close(found, maps @ maps.T, rtol=1e-10, atol=1e-14)
    assert output_deviation(0.1, SCHEDULE) == pytest.approx(float(found[0, 0].sqrt()), rel=1e-10)
    trace = float(torch.trace(found) - found.sum() / 7) / 7
    assert trajectory_variance_law(found, dimension=2).mean == pytest.approx(trace, rel=1e-10)


def test_a_fixed_deviation_is_reproduced() -> None:
    schedule = VPSchedule.ddpm(200, 1e-3, 0.2)
    fixed = fixed_deviation(schedule, 0.3, 1.5)
    assert generations(fixed, schedule, 2)[-1] == pytest.approx(fixed, rel=1e-9)


def test_many_sections_find_the_same_preimages() -> None:
    targets = torch.tensor([[-2.0, 0.3], [1.0, 30.0]])
    two, many = (
        preimages(lambda x: x**3 + x, targets, low=-5.0, high=5.0, sections=k) for k in (2, 50)
    )
    torch.testing.assert_close(two, many, atol=1e-14, rtol=0)


def test_shapes_lie_inside_and_the_square_has_64_pixels() -> None:
    assert [len(column) for column in templates()] == [583, 343, 648]
    assert float(square(7, 49).sum()) == 64
    assert float(square(7, 49)[56, 14]) == 1
    assert float(triangle(0, 0)[0].sum()) == 12
    assert float(pentagon(10, 10)[10, 5]) == 0
    assert float(pentagon(10, 10)[10, 10]) == 1
    assert support_size((583, 343, 648)) == 130_381_503


def test_the_shapes_denoiser_is_right_at_both_ends_of_the_noise() -> None:
    columns = templates()
    few = (columns[0][:3], columns[1][:2], columns[2][:2])
    denoise = ShapesDenoiser(few)
    image = torch.stack([few[0][1], torch.zeros(HEIGHT * WIDTH), few[2][0]])[None]
    torch.testing.assert_close(denoise(image, 0.05), image, atol=1e-10, rtol=0)
    mean = 4 / 7 * torch.stack([column.mean(0) for column in few])
    torch.testing.assert_close(denoise(image, 1e5)[0], mean, atol=1e-6, rtol=0)


def test_counting_finds_every_region_of_a_column() -> None:
    image = torch.zeros(1, 3, HEIGHT, WIDTH)
    image[0, 0] = square(1, 1) + square(12, 20) + triangle(2, 40)
    image[0, 2] = pentagon(10, 10)
    assert count_shapes(image).tolist() == [[3, 0, 1]]


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: short_predictions(3.0, 1.0), "window must be ordered"),
    (lambda: short_predictions(3.0, 3.0), "window must hold at least two"),
    (lambda: detection([1.0, 2.0], torch.tensor([True, True]), retention=0.9), "positive"),
    (lambda: detection([1.0, 2.0], torch.tensor([1, 0]), retention=0.9), "positive"),
    (lambda: detection([1.0, 2.0], torch.tensor([True, False]), retention=1.5), "retention"),
    (lambda: ceiling(5, 4, 0.1), "kept must not exceed"),
    (lambda: ceiling(5, 6, 0.0), "share must be in"),
    (lambda: QuadraticForm(torch.tensor([-1.0])), "weights"),
    (lambda: QuadraticForm(torch.tensor([1.0])).quantile(1.0), "level"),
    (lambda: output_deviation(0.0, SCHEDULE), "deviation must be positive"),
    (lambda: fixed_deviation(SCHEDULE, 10.0, 20.0), "low and high"),
    (lambda: prediction_covariance(0.1, SCHEDULE, window=(5, 5)), "window"),
    (lambda: trajectory_variance_law(torch.zeros(2, 3)), "covariance must be square"),
    (lambda: ShapesDenoiser((torch.ones(1, 2), torch.ones(1, 2), torch.ones(1, 3))), "columns"),
    (lambda: count_shapes(torch.zeros(1, 63, 21)), "images must have shape"),
    (lambda: support_size((0, 1, 1)), "counts"),
    (lambda: preimages(torch.tanh, [0.0], low=0.0, high=1.0, sections=1), "sections"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
