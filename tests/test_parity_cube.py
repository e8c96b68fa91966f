"""The cube's numbering, its characters and the transform, against their definitions."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from theorylab.parity import cube

DIMENSIONS = [1, 2, 3, 4, 5, 6]


def subset_of(number: int, d: int) -> list[int]:
    return [i for i in range(d) if number >> i & 1]


def test_vertices_come_in_the_documented_order():
    expected = [[1, 1], [-1, 1], [1, -1], [-1, -1]]  # bit i of the row number is 1 where v_i = -1
    assert cube.vertices(2).tolist() == expected


@pytest.mark.parametrize("d", DIMENSIONS)
def test_every_vertex_comes_once(d):
    rows = cube.vertices(d)
    assert rows.shape == (2**d, d)
    assert len({tuple(row) for row in rows.tolist()}) == 2**d
    assert bool((rows.abs() == 1).all())


@pytest.mark.parametrize("d", DIMENSIONS)
def test_characters_are_products_over_the_subset(d):
    rows, matrix = cube.vertices(d), cube.characters(d)
    for number in range(2**d):
        product = rows[:, subset_of(number, d)].prod(dim=-1)
        assert torch.equal(matrix[:, number], product)


@pytest.mark.parametrize("d", DIMENSIONS)
def test_fast_transform_is_the_matrix_of_characters(d):
    values = torch.randn(3, 2**d, generator=torch.Generator().manual_seed(d))
    direct = values @ cube.characters(d)
    torch.testing.assert_close(cube.walsh_hadamard(values), direct, rtol=0, atol=1e-13)


@pytest.mark.parametrize("d", DIMENSIONS)
def test_inverse_undoes_the_transform_and_twice_is_two_to_the_d(d):
    values = torch.randn(2, 2, 2**d, generator=torch.Generator().manual_seed(d))
    once = cube.walsh_hadamard(values)
    assert not torch.allclose(once, values)
    torch.testing.assert_close(cube.inverse_walsh_hadamard(once), values, rtol=0, atol=1e-14)
    torch.testing.assert_close(cube.walsh_hadamard(once), 2**d * values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("d", [0, 1, 3, 5])
def test_exact_transform_is_exact_and_agrees_with_the_floating_one(d):
    draws = np.random.Generator(np.random.Philox(7)).integers(-9, 10, size=2**d).tolist()
    values = [Fraction(number, 7) for number in draws]
    once = cube.walsh_hadamard_exact(values)
    assert cube.walsh_hadamard_exact(once) == tuple(2**d * value for value in values)
    floating = cube.walsh_hadamard([float(value) for value in values])
    torch.testing.assert_close(
        floating, torch.tensor([float(f) for f in once]), rtol=0, atol=1e-12
    )


def test_exact_transform_keeps_thirds():
    assert cube.walsh_hadamard_exact([Fraction(1, 3), 1]) == (Fraction(4, 3), Fraction(-2, 3))


def test_transform_keeps_the_input_dtype_and_accepts_arrays():
    assert cube.walsh_hadamard(torch.ones(4, dtype=torch.float32)).dtype == torch.float32
    assert cube.walsh_hadamard(np.array([1.0, 2.0])).tolist() == [3.0, -1.0]
    assert cube.walsh_hadamard([1, 2, 3, 4]).tolist() == [10.0, -2.0, -4.0, 0.0]
    assert cube.vertices(3, dtype=torch.int64).dtype == torch.int64
    assert cube.characters(3, dtype=torch.float32).dtype == torch.float32


def test_transform_is_differentiable():
    values = torch.arange(4.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(cube.walsh_hadamard(values)[3], values)
    assert torch.equal(gradient, cube.characters(2)[3])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cube.vertices(0), r"d must be .*at least 1.*0"),
        (lambda: cube.vertices(2.5), r"d must be an integer.*2\.5"),
        (lambda: cube.vertices(True), r"d must be an integer.*True"),
        (lambda: cube.vertices(21), r"d must be at most 20 .*21"),
        (lambda: cube.characters(13), r"d must be at most 12 .*13"),
        (lambda: cube.characters(-1), r"d must be .*at least 1.*-1"),
        (lambda: cube.walsh_hadamard([1.0, 2.0, 3.0]), r"values .*power of two.*3"),
        (lambda: cube.walsh_hadamard(torch.ones(2, 6)), r"values .*power of two.*6"),
        (lambda: cube.walsh_hadamard(torch.ones(2, 0)), r"values .*power of two.*0"),
        (lambda: cube.walsh_hadamard(1.0), r"values .*power of two.*0"),
        (lambda: cube.walsh_hadamard([1.0, math.nan]), r"values .*finite"),
        (lambda: cube.walsh_hadamard("ab"), r"values must be"),
        (lambda: cube.inverse_walsh_hadamard([1.0] * 5), r"values .*power of two.*5"),
        (lambda: cube.walsh_hadamard_exact([1, 2, 3]), r"values .*power of two.*3"),
        (lambda: cube.walsh_hadamard_exact([]), r"values .*power of two.*0"),
        (lambda: cube.walsh_hadamard_exact([1, 0.5]), r"values .*integers or fractions.*0\.5"),
        (lambda: cube.walsh_hadamard_exact([1, True]), r"values .*integers or fractions.*True"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
