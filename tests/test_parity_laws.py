"""Laws on the cube: moments, marginals, Fourier coefficients and Assumption 5.1, all exact."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from theorylab.parity import FiniteLaw, HypercubeLaw, ParityLaw, cube

SKEWED = HypercubeLaw.from_support(
    [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1]],
    [Fraction(1, 2), Fraction(1, 6), Fraction(1, 4), Fraction(1, 12)],
)
LAWS = {
    "full parity": HypercubeLaw.parity(4),
    "odd parity on three of five": HypercubeLaw.parity(5, [3, 0, 4], value=-1),
    "uniform": HypercubeLaw.parity(3, []),
    "one fixed coordinate": HypercubeLaw.parity(3, [1], value=-1),
    "brackets": HypercubeLaw.dyck(6),
    "skewed": SKEWED,
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def subsets(d):
    return [c for size in range(d + 1) for c in itertools.combinations(range(d), size)]


@every_law
def test_atoms_are_distinct_positive_and_sum_to_one(law):
    atoms = law.atoms()
    assert len({v for v, _ in atoms}) == len(atoms) == law.support_size
    assert all(p > 0 for _, p in atoms)
    assert sum(p for _, p in atoms) == 1


@every_law
def test_moments_are_sums_over_the_atoms(law):
    for subset in subsets(law.dimension):
        direct = sum(p * math.prod(v[i] for i in subset) for v, p in law.atoms())
        assert law.moment(subset) == direct
        assert isinstance(law.moment(subset), Fraction)


@every_law
def test_fourier_coefficients_by_transform_and_by_moments_agree(law):
    d = law.dimension
    coefficients = law.fourier_coefficients()
    for number, coefficient in enumerate(coefficients):
        subset = [i for i in range(d) if number >> i & 1]
        assert coefficient == law.fourier_coefficient(subset) == law.moment(subset) / 2**d


@every_law
def test_fourier_expansion_gives_the_probabilities_back(law):
    table = cube.walsh_hadamard_exact(law.fourier_coefficients())
    rows = cube.vertices(law.dimension, dtype=torch.int64).tolist()
    expected = dict(law.atoms())
    assert [expected.get(tuple(row), 0) for row in rows] == list(table)


@every_law
def test_marginal_has_the_moments_of_its_coordinates(law):
    for kept in itertools.permutations(range(law.dimension), 2):
        small = law.marginal(kept)
        assert small.dimension == 2
        for subset in subsets(2):
            assert small.moment(subset) == law.moment([kept[i] for i in subset])


def test_marginal_of_a_parity_keeps_the_parity_only_if_it_keeps_the_subset():
    law = HypercubeLaw.parity(6, [1, 4], value=-1)
    assert law.marginal([4, 0, 1]) == HypercubeLaw.parity(3, [0, 2], value=-1)
    assert law.marginal([4, 0, 2]) == HypercubeLaw.parity(3, [])


def test_marginal_merges_atoms():
    assert dict(SKEWED.marginal([2]).atoms()) == {(1,): Fraction(11, 12), (-1,): Fraction(1, 12)}


@pytest.mark.parametrize("d", [2, 4, 6, 8, 10, 12])
def test_bracket_words_are_catalan_many(d):
    n = d // 2
    assert HypercubeLaw.dyck(d).support_size == math.comb(2 * n, n) // (n + 1)


def test_bracket_words_are_those_that_never_close_too_early():
    rows = cube.vertices(8)
    heights = rows.cumsum(dim=-1)
    balanced = rows[(heights >= 0).all(dim=-1) & (heights[:, -1] == 0)]
    expected = {tuple(int(step) for step in row) for row in balanced.tolist()}
    assert {v for v, _ in HypercubeLaw.dyck(8).atoms()} == expected


@pytest.mark.parametrize(
    ("law", "satisfied"),
    [
        (HypercubeLaw.parity(3), True),
        (HypercubeLaw.parity(5, [0, 2, 4], value=-1), True),
        (HypercubeLaw.parity(3, []), True),
        (HypercubeLaw.parity(4, [1, 2]), False),  # pairs are equal
        (HypercubeLaw.parity(4, [3]), False),  # a mean of 1
        (HypercubeLaw.dyck(4), False),
        (SKEWED, False),
        (HypercubeLaw.from_support([[1, 1], [-1, -1]]), False),  # no mean, but correlated
        (  # independent, but with means 1/2 and 0
            HypercubeLaw.from_support(
                [[1, 1], [1, -1], [-1, 1], [-1, -1]],
                [Fraction(3, 8), Fraction(3, 8), Fraction(1, 8), Fraction(1, 8)],
            ),
            False,
        ),
        (HypercubeLaw.from_support([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]), True),
    ],
)
def test_assumption_5_1_is_decided_exactly(law, satisfied):
    assert law.is_pairwise_independent_with_zero_mean() is satisfied


def test_one_part_in_ten_to_the_thirty_breaks_assumption_5_1():
    tiny = Fraction(1, 10**30)
    law = HypercubeLaw.from_support([[1], [-1]], [Fraction(1, 2) + tiny, Fraction(1, 2) - tiny])
    assert law.is_pairwise_independent_with_zero_mean() is False


def test_a_parity_of_64_coordinates_needs_no_enumeration():
    law = HypercubeLaw.parity(64)
    assert law.support_size == 2**63
    assert law.moment(range(64)) == 1
    assert law.moment(range(63)) == 0
    assert law.fourier_coefficient(range(64)) == Fraction(1, 2**64)
    assert law.is_pairwise_independent_with_zero_mean()


def test_the_enumerated_parity_equals_the_parity_in_everything_but_type():
    law = HypercubeLaw.parity(4, [0, 1, 3], value=-1)
    same = HypercubeLaw.from_support(*zip(*law.atoms(), strict=True))
    assert isinstance(law, ParityLaw)
    assert isinstance(same, FiniteLaw)
    assert dict(same.atoms()) == dict(law.atoms())
    assert same.fourier_coefficients() == law.fourier_coefficients()


def test_equal_laws_are_equal_and_hash_alike():
    assert HypercubeLaw.parity(5, [3, 1]) == HypercubeLaw.parity(5, (1, 3))
    assert hash(HypercubeLaw.dyck(4)) == hash(HypercubeLaw.dyck(4))
    assert HypercubeLaw.parity(3) != HypercubeLaw.parity(3, value=-1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        HypercubeLaw.parity(3).value = -1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([0.1, 0.9], [Fraction(1, 10), Fraction(9, 10)]),
        ([1 / 3, 2 / 3], [Fraction(3333333333333333, 10**16), Fraction(6666666666666666, 10**16)]),
        (np.array([0.25, 0.75]), [Fraction(1, 4), Fraction(3, 4)]),
        (np.array([0.1, 0.9], dtype=np.float32), [Fraction(1, 10), Fraction(9, 10)]),
        (torch.tensor([0.3, 0.7], dtype=torch.float32), [Fraction(3, 10), Fraction(7, 10)]),
        (None, [Fraction(1, 2), Fraction(1, 2)]),
    ],
)
def test_probabilities_are_read_as_decimals_and_divided_by_their_sum(given, kept):
    law = HypercubeLaw.from_support([[1, -1], [-1, -1]], given)
    total = sum(kept)
    assert [p for _, p in law.atoms()] == [p / total for p in kept]


def test_vertices_may_be_arrays_of_any_numeric_type():
    expected = HypercubeLaw.from_support([[1, -1], [-1, 1]])
    for kind in (np.int8, np.float32, np.int64):
        assert HypercubeLaw.from_support(np.array([[1, -1], [-1, 1]], dtype=kind)) == expected
    assert HypercubeLaw.from_support(torch.tensor([[1, -1], [-1, 1]])) == expected


def test_weighted_vertices_follow_the_dtype():
    like = torch.zeros(1, dtype=torch.float32)
    for law in LAWS.values():
        rows, masses = law.weighted_vertices(like=like)
        assert rows.dtype == masses.dtype == torch.float32
        assert [tuple(map(int, row)) for row in rows.tolist()] == [v for v, _ in law.atoms()]
        torch.testing.assert_close(
            masses, torch.tensor([float(p) for _, p in law.atoms()]).float()
        )


HALF = Fraction(1, 2)
PAIR = [[1, 1], [-1, 1]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: HypercubeLaw.parity(0), r"d must be at least 1.*0"),
        (lambda: HypercubeLaw.parity(3.0), r"d must be an integer.*3\.0"),
        (lambda: HypercubeLaw.parity(3, [0, 3]), r"subset must lie in 0\.\.2, got 3"),
        (lambda: HypercubeLaw.parity(3, [-1]), r"subset must be at least 0.*-1"),
        (lambda: HypercubeLaw.parity(3, [1, 1]), r"subset must have distinct.*1, 1"),
        (lambda: HypercubeLaw.parity(3, 1), r"subset must be a sequence.*1"),
        (lambda: HypercubeLaw.parity(3, "01"), r"subset must be a sequence.*01"),
        (lambda: HypercubeLaw.parity(3, [0.0]), r"subset must be an integer.*0\.0"),
        (lambda: HypercubeLaw.parity(3, value=0), r"value must be \+1 or -1, got 0"),
        (lambda: HypercubeLaw.parity(3, value=True), r"value must be \+1 or -1, got True"),
        (lambda: HypercubeLaw.parity(3, [], value=-1), r"value must be \+1 for an empty subset"),
        (lambda: HypercubeLaw.dyck(5), r"d must be even.*5"),
        (lambda: HypercubeLaw.dyck(0), r"d must be at least 1.*0"),
        (lambda: HypercubeLaw.dyck(22).atoms(), r"dimension must be at most 20.*22"),
        (lambda: HypercubeLaw.from_support([1, -1]), r"vertices must have shape .*\(2,\)"),
        (
            lambda: HypercubeLaw.from_support(np.ones((0, 3))),
            r"vertices must have shape .*\(0, 3\)",
        ),
        (lambda: HypercubeLaw.from_support([[1, 0]]), r"vertices must have entries .*got 0"),
        (lambda: HypercubeLaw.from_support([[1, 0.5]]), r"vertices must have entries .*0\.5"),
        (lambda: HypercubeLaw.from_support([[1, math.inf]]), r"vertices must be finite"),
        (lambda: HypercubeLaw.from_support([[1, 1], [1]]), r"vertices must be numeric and rect"),
        (lambda: HypercubeLaw.from_support([[1, 1], [1, 1]]), r"vertices must be distinct.*1, 1"),
        (lambda: HypercubeLaw.from_support(PAIR, [1]), r"probabilities must be 2, .*got 1"),
        (
            lambda: HypercubeLaw.from_support(PAIR, [0.5, 0.6]),
            r"probabilities must sum to 1.*1\.1",
        ),
        (
            lambda: HypercubeLaw.from_support(PAIR, [1.5, -0.5]),
            r"probabilities must be pos.*-0\.5",
        ),
        (lambda: HypercubeLaw.from_support(PAIR, [1.0, 0.0]), r"probabilities must be pos.*0\.0"),
        (lambda: HypercubeLaw.from_support(PAIR, [0.5, math.nan]), r"probabilities must be.*nan"),
        (lambda: HypercubeLaw.from_support(PAIR, [0.5, math.inf]), r"probabilities must be.*inf"),
        (lambda: HypercubeLaw.from_support(PAIR, [True, 1]), r"probabilities must be pos.*True"),
        (lambda: HypercubeLaw.from_support(PAIR, "ab"), r"probabilities must be a sequence"),
        (lambda: HypercubeLaw.from_support(PAIR, 0.5), r"probabilities must be a sequence.*0\.5"),
        (
            lambda: HypercubeLaw.from_support(PAIR, [HALF, HALF + Fraction(1, 10**20)]),
            r"probabilities must sum to 1",
        ),
        (lambda: HypercubeLaw.parity(64).atoms(), r"dimension must be at most 20.*64"),
        (lambda: HypercubeLaw.parity(64).fourier_coefficients(), r"dimension .*at most 12.*64"),
        (lambda: HypercubeLaw.parity(3).moment([3]), r"subset must lie in 0\.\.2, got 3"),
        (lambda: HypercubeLaw.parity(3).moment([0, 0]), r"subset must have distinct"),
        (lambda: HypercubeLaw.parity(3).marginal([]), r"coordinates must name at least one"),
        (lambda: HypercubeLaw.dyck(4).marginal([4]), r"coordinates must lie in 0\.\.3, got 4"),
        (lambda: HypercubeLaw.dyck(4).moment(2), r"subset must be a sequence.*2"),
        (lambda: FiniteLaw(2, ((1, 1, 1),), (Fraction(1),)), r"vertices must be 2 entries"),
        (lambda: FiniteLaw(1, ((1,), (-1,)), (HALF, HALF / 2)), r"probabilities must be positive"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_abstract_law_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        HypercubeLaw(3)
