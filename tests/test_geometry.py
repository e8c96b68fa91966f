"""Segments, tubes, bisectors, balls and the dominance of two modes."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from theorylab.diffusion import (
    Ball,
    Bisector,
    GaussianMixture,
    Segment,
    Tube,
    dominance_margin,
    nearest_pair,
)

ELL = 2 / math.sqrt(8)


def draw(n: int, d: int, *, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng((seed, n, d)).standard_normal((n, d)))


@pytest.mark.parametrize("d", [1, 2, 7])
def test_distance_is_the_minimum_over_the_segment(d: int) -> None:
    a, b = draw(2, d, seed=1)
    segment, x = Segment(a, b), 2 * draw(40, d)
    for point, distance, foot in zip(x, segment.distance(x), segment.project(x), strict=True):

        def along(p: float, point: torch.Tensor = point) -> float:
            return float(torch.linalg.vector_norm(point - p * a - (1 - p) * b))

        found = minimize_scalar(along, bounds=(0, 1), method="bounded", options={"xatol": 1e-12})
        best = min(found.fun, along(0.0), along(1.0))
        assert float(distance) == pytest.approx(best, abs=1e-8)
        assert float(torch.linalg.vector_norm(point - foot)) == pytest.approx(best, abs=1e-8)


def test_coordinates_of_a_segment() -> None:
    segment = Segment([3.0, 1.0], [-1.0, 1.0])
    assert segment.length == 4.0
    assert segment.direction.tolist() == [1.0, 0.0]
    assert segment.midpoint.tolist() == [1.0, 1.0]
    x = torch.tensor([[3.0, 1.0], [-1.0, 1.0], [1.0, 4.0], [5.0, 0.0], [-4.0, -3.0]])
    assert segment.parallel(x).tolist() == [1.0, 0.0, 0.5, 1.5, -0.75]
    assert segment.transverse(x).tolist() == [0.0, 0.0, 3.0, 1.0, 4.0]
    assert segment.distance(x).tolist() == pytest.approx([0, 0, 3, math.sqrt(5), 5])
    assert segment.project(x).tolist() == [[3, 1], [-1, 1], [1, 1], [3, 1], [-1, 1]]


def test_pythagoras_in_any_dimension() -> None:
    segment, x = Segment(*draw(2, 6, seed=3)), draw(30, 6)
    xi = (segment.parallel(x) - 0.5) * segment.length
    square = ((x - segment.midpoint) ** 2).sum(-1)
    torch.testing.assert_close(xi**2 + segment.transverse(x) ** 2, square)


def test_transverse_is_not_the_distance_beyond_the_ends() -> None:
    """The point (7, 5) of the grid of spacing 2, over sqrt 8: p = 1.5, |z| = 3/sqrt 8."""
    modes = GaussianMixture.grid(std=1e-9).means
    x = torch.tensor([7.0, 5.0]) / math.sqrt(8)
    first, second = modes[nearest_pair(x, modes)]
    segment = Segment(first, second)
    assert float(segment.parallel(x)) == pytest.approx(1.5)
    assert float(segment.transverse(x)) == pytest.approx(1.06066, abs=1e-5)
    assert float(segment.distance(x)) == pytest.approx(math.sqrt(10) / math.sqrt(8))  # 1.11803
    assert float(dominance_margin(x, modes, 0.08)) == pytest.approx(156.25)


def test_tube_includes_its_end_caps() -> None:
    tube = Tube(Segment([1.0, 0.0], [0.0, 0.0]), 0.5)
    x = torch.tensor([[0.5, 0.5], [0.5, 0.51], [1.5, 0.0], [1.4, 0.4], [-0.3, 0.4], [-0.5, 0.1]])
    assert tube.contains(x).tolist() == [True, False, True, False, True, False]


def test_bisector_offset_is_signed() -> None:
    a, b = draw(2, 5, seed=4)
    bisector, x = Bisector(a, b), draw(30, 5)
    to_a, to_b = (((x - end) ** 2).sum(-1) for end in (a, b))
    length = torch.linalg.vector_norm(a - b)
    torch.testing.assert_close(bisector.offset(x), (to_b - to_a) / (2 * length))
    torch.testing.assert_close(bisector.normal, (a - b) / length)
    assert float(bisector.offset(a)) == pytest.approx(float(length / 2))


def test_ball() -> None:
    ball = Ball([1.0, 2.0], 0.5)
    x = [[1.0, 2.5], [1.3, 2.4], [1.4, 2.4]]
    assert ball.contains(x).tolist() == [True, True, False]


def test_nearest_pair_is_sorted() -> None:
    means, x = draw(9, 3, seed=5), draw(200, 3)
    distances = torch.cdist(x, means)
    assert torch.equal(nearest_pair(x, means), distances.argsort(-1)[:, :2])
    assert nearest_pair(x.reshape(10, 20, 3), means).shape == (10, 20, 2)


def test_dominance_margin_is_the_gap_to_the_third() -> None:
    means, x, s = draw(9, 3, seed=6), draw(50, 3), torch.linspace(0.1, 2, 50)
    ordered = (torch.cdist(x, means) ** 2).sort(-1).values
    expected = (ordered[:, 2] - ordered[:, 0]) / (2 * s**2)
    torch.testing.assert_close(dominance_margin(x, means, s), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        dominance_margin(x, means, 0.7), expected * (s / 0.7) ** 2, rtol=1e-9, atol=1e-9
    )
    assert dominance_margin(x, means[:2], 0.7).tolist() == [math.inf] * 50


def test_dominance_fails_on_squares_about_the_cell_centres() -> None:
    """D_(3) - D_(1) = 2 ell max(|a|, |b|) at offset (a, b) from the centre of a cell."""
    modes, ell = GaussianMixture.grid(std=1e-9).means, ELL
    offset = torch.from_numpy(np.random.default_rng(8).uniform(-ell / 2, ell / 2, (500, 2)))
    centre = torch.tensor([ell / 2, -ell / 2])
    margin = dominance_margin(centre + offset, modes, 0.3)
    expected = 2 * ell * offset.abs().amax(-1) / (2 * 0.09)
    torch.testing.assert_close(margin, expected, rtol=1e-9, atol=1e-9)


def test_results_follow_the_points() -> None:
    segment = Segment([1.0, 0.0], [0.0, 0.0])
    for dtype in (torch.float32, torch.float64):
        x = torch.zeros(3, 2, dtype=dtype)
        assert segment.distance(x).dtype == dtype
        assert segment.distance(x.numpy()).dtype == dtype
        assert segment.transverse(x).dtype == dtype
        assert segment.project(x).dtype == dtype
        assert Bisector(segment.a, segment.b).offset(x).dtype == dtype
        assert dominance_margin(x, np.zeros((3, 2)), 1.0).dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Segment([0.0], [0.0, 1.0]), r"b must have shape \(1,\) as a, got shape \(2,\)"),
        (lambda: Segment([0.0, 1.0], [0.0, 1.0]), r"b must differ from a, got \[0.0, 1.0\]"),
        (lambda: Segment(0.0, 1.0), r"a must have shape \(d,\) with d >= 1, got shape \(\)"),
        (lambda: Segment([math.nan], [1.0]), "a must be finite"),
        (lambda: Segment([0.0], [1.0]).distance([[1.0, 2.0]]), r"x must be of shape \(\*n, 1\)"),
        (lambda: Tube(Segment([0.0], [1.0]), -1.0), "radius must be non-negative, got -1.0"),
        (lambda: Tube(3, 1.0), "segment must be a Segment, got 3"),
        (lambda: Bisector([1.0], [1.0]), "b must differ from a"),
        (lambda: Ball([0.0], math.inf), "radius must be finite, got inf"),
        (lambda: Ball([[0.0]], 1.0), r"centre must have shape \(d,\)"),
        (lambda: nearest_pair([[0.0]], [[0.0]]), "means must have shape .* K >= 2"),
        (lambda: nearest_pair([[0.0]], [0.0, 1.0]), r"means must .*got shape \(2,\)"),
        (lambda: dominance_margin([[0.0]], [[0.0], [1.0]], 0.0), "s must be positive"),
        (lambda: dominance_margin([[0.0]], [[0.0], [1.0]], [1.0, 2.0]), "s must have shape"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
