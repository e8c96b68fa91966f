"""The growth rate K against quadrature of its definition, its gradient against autograd."""

import math

import numpy as np
import pytest
import torch

from theorylab.parity import HypercubeLaw, growth, growth_rate, growth_rate_gradient

SKEWED = HypercubeLaw.from_support(
    [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1]], [0.45, 0.2, 0.3, 0.05]
)
LAWS = {
    "3-bit parity": HypercubeLaw.parity(3),
    "odd parity on three of four": HypercubeLaw.parity(4, [0, 1, 3], value=-1),
    "uniform": HypercubeLaw.parity(3, []),
    "brackets": HypercubeLaw.dyck(4),
    "skewed": SKEWED,
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
NOISE_LEVELS = [0.1, 0.5, 0.9]


def neurons(d, m, *, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(m, d, generator=generator), torch.randn(m, generator=generator)


def definition(w, b, law, coordinate, alpha_bar):
    """E[xi_i relu(w.x + b)] given each vertex, over xi_i and the part of w.xi free of xi_i.

    The trapezoidal rule in the free part, Gauss-Legendre in xi_i on both sides of the kink.
    """
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    atoms, masses = law.weighted_vertices(like=w)
    along = noise * w[coordinate].item()
    across = noise * math.sqrt(w.square().sum().item() - w[coordinate].item() ** 2)
    nodes, weights = (torch.tensor(a) for a in np.polynomial.legendre.leggauss(80))
    free = torch.arange(-9.0, 9.0, 0.05)
    total = 0.0
    for level, mass in zip(signal * (atoms @ w) + b, masses, strict=True):
        start = level + across * free
        kink = (-start / along).clamp(-9, 9)
        for low, high in ((torch.full_like(kink, -9), kink), (kink, torch.full_like(kink, 9))):
            half = (high - low)[:, None] / 2
            xi = (high + low)[:, None] / 2 + half * nodes
            value = xi * torch.relu(start[:, None] + along * xi) * torch.exp(-(xi**2) / 2)
            inner = (value * half * weights).sum(-1)
            total += mass * (inner * torch.exp(-(free**2) / 2)).sum() * 0.05 / (2 * math.pi)
    return total


@every_law
@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
def test_growth_rate_is_the_expectation_that_defines_it(law, alpha_bar):
    w, b = neurons(law.dimension, 4, seed=1)
    for coordinate in (0, law.dimension - 1):
        rate = growth_rate(w, b, law=law, coordinate=coordinate, alpha_bar=alpha_bar)
        expected = [definition(*one, law, coordinate, alpha_bar) for one in zip(w, b, strict=True)]
        torch.testing.assert_close(rate, torch.stack(expected), rtol=1e-10, atol=1e-12)


@every_law
@pytest.mark.parametrize("alpha_bar", NOISE_LEVELS)
def test_gradient_is_that_of_autograd(law, alpha_bar):
    w, b = neurons(law.dimension, 20, seed=2)
    w.requires_grad_()
    b.requires_grad_()
    rate = growth_rate(w, b, law=law, coordinate=1, alpha_bar=alpha_bar)
    expected = torch.autograd.grad(rate.sum(), (w, b))
    found = growth_rate_gradient(w, b, law=law, coordinate=1, alpha_bar=alpha_bar)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-13)


@every_law
def test_gradient_satisfies_eulers_relation(law):
    w, b = neurons(law.dimension, 20, seed=3)
    rate = growth_rate(w, b, law=law, alpha_bar=0.6)
    in_w, in_b = growth_rate_gradient(w, b, law=law, alpha_bar=0.6)
    torch.testing.assert_close((w * in_w).sum(-1) + b * in_b, rate, rtol=0, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 0.37, 1e150])
def test_growth_rate_is_homogeneous_of_degree_one(scale):
    w, b = neurons(4, 10, seed=4)
    law = HypercubeLaw.dyck(4)
    rate = growth_rate(w, b, law=law, alpha_bar=0.6)
    scaled = growth_rate(scale * w, scale * b, law=law, alpha_bar=0.6)
    torch.testing.assert_close(scaled / scale, rate, rtol=1e-12, atol=0)


def test_growth_rate_at_the_best_axis_direction():
    """D* and K are the notes' values for A = 1/2, found there by maximising K over the axis."""
    best = 0.6428648645
    w, b = torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.tensor(best)
    size = math.hypot(1, best)
    law = HypercubeLaw.parity(4)
    rate = growth_rate(w / size, b / size, law=law, alpha_bar=0.5)
    assert abs(rate.item() - 0.4269729866) < 1e-9
    in_w, in_b = growth_rate_gradient(w / size, b / size, law=law, alpha_bar=0.5)
    assert abs(in_b.item() / in_w[0].item() - best) < 1e-8
    assert in_w[1:].abs().max().item() < 1e-16


def test_a_neuron_without_weights_does_not_grow():
    w = torch.zeros(4, 3)
    w[1] = torch.tensor([0.5, -1.0, 2.0])
    b = torch.tensor([2.0, 0.3, -2.0, 0.0])
    rate = growth_rate(w, b, law=HypercubeLaw.parity(3), alpha_bar=0.5)
    alone = growth_rate(w[1], 0.3, law=HypercubeLaw.parity(3), alpha_bar=0.5)
    assert rate.tolist() == [0.0, alone.item(), 0.0, 0.0]
    assert alone.item() > 0


def test_shapes():
    w, b = neurons(3, 5, seed=5)
    law = HypercubeLaw.parity(3)
    many = growth_rate(w, b, law=law, alpha_bar=0.5)
    assert many.shape == (5,)
    for k in range(5):
        one = growth_rate(w[k], b[k], law=law, alpha_bar=0.5)
        assert one.shape == ()
        torch.testing.assert_close(one, many[k], rtol=1e-14, atol=0)
    shared = growth_rate(w, 0.2, law=law, alpha_bar=0.5)
    spread = growth_rate(w, torch.full((5,), 0.2), law=law, alpha_bar=0.5)
    assert torch.equal(shared, spread)
    assert growth_rate(w[:0], b[:0], law=law, alpha_bar=0.5).shape == (0,)
    lists = growth_rate(w.tolist(), b.tolist(), law=law, alpha_bar=0.5)
    assert torch.equal(lists, many)
    in_w, in_b = growth_rate_gradient(w[0], b[0], law=law, alpha_bar=0.5)
    assert (in_w.shape, in_b.shape) == ((3,), ())


def test_coordinate_counts_from_zero():
    w, b = neurons(3, 5, seed=6)
    order = [2, 0, 1]
    moved = HypercubeLaw.from_support(
        [[v[i] for i in order] for v, _ in SKEWED.atoms()], [p for _, p in SKEWED.atoms()]
    )
    rate = growth_rate(w, b, law=SKEWED, coordinate=2, alpha_bar=0.5)
    again = growth_rate(w[:, order], b, law=moved, coordinate=0, alpha_bar=0.5)
    torch.testing.assert_close(rate, again, rtol=1e-13, atol=0)
    assert not torch.allclose(rate, growth_rate(w, b, law=SKEWED, alpha_bar=0.5))


def test_single_precision():
    w, b = neurons(4, 50, seed=7)
    law = HypercubeLaw.parity(4)
    single = growth_rate(w.float(), b.float(), law=law, alpha_bar=0.5)
    assert single.dtype == torch.float32
    double = growth_rate(w, b, law=law, alpha_bar=0.5)
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-6)
    gradient = growth_rate_gradient(w.float(), b.float(), law=law, alpha_bar=0.5)
    assert {g.dtype for g in gradient} == {torch.float32}


def test_blocks_change_nothing(monkeypatch):
    w, b = neurons(4, 3, seed=8)
    law = HypercubeLaw.parity(4)
    whole = growth_rate(w, b, law=law, alpha_bar=0.5)
    monkeypatch.setattr(growth, "BLOCK", 9)  # three atoms a block, eight atoms
    torch.testing.assert_close(
        growth_rate(w, b, law=law, alpha_bar=0.5), whole, rtol=1e-14, atol=0
    )


def test_a_parity_of_64_coordinates_is_summed_over_the_weights_that_differ_from_zero():
    law = HypercubeLaw.parity(64, [3, 5, 9], value=-1)
    small = HypercubeLaw.parity(4, [0, 1, 3], value=-1)
    inner, b = neurons(4, 3, seed=9)
    w = torch.zeros(3, 64)
    w[:, [3, 5, 7, 9]] = inner
    rate = growth_rate(w, b, law=law, coordinate=5, alpha_bar=0.5)
    expected = growth_rate(inner, b, law=small, coordinate=1, alpha_bar=0.5)
    torch.testing.assert_close(rate, expected, rtol=1e-13, atol=0)
    w[:, 3] = 0.0  # without one member the others are free
    inner[:, 0] = 0.0
    rate = growth_rate(w, b, law=law, coordinate=5, alpha_bar=0.5)
    free = growth_rate(inner, b, law=HypercubeLaw.parity(4, []), coordinate=1, alpha_bar=0.5)
    torch.testing.assert_close(rate, free, rtol=1e-13, atol=0)


def test_neurons_of_one_batch_may_use_different_coordinates():
    law = HypercubeLaw.parity(64)
    w = torch.zeros(64, 64)
    w.fill_diagonal_(0.8)
    w[5] = 0.0
    rate = growth_rate(w, 0.1, law=law, coordinate=7, alpha_bar=0.5)
    alone = growth_rate([0.8], 0.1, law=HypercubeLaw.parity(1, []), alpha_bar=0.5)
    expected = torch.zeros(64)
    expected[7] = alone
    torch.testing.assert_close(rate, expected, rtol=1e-14, atol=0)


LAW = HypercubeLaw.parity(3)


@pytest.mark.parametrize("verb", [growth_rate, growth_rate_gradient])
@pytest.mark.parametrize(
    ("w", "b", "options", "words"),
    [
        ([1.0, 2.0], 0.0, {}, r"w must be of shape \(\*n, 3\).*\(2,\)"),
        (torch.ones(2, 2, 3), 0.0, {}, r"w must have shape \(m, d\) or \(d,\).*\(2, 2, 3\)"),
        ([1.0, math.inf, 0.0], 0.0, {}, r"w must be finite.*inf"),
        ([1.0, 2.0, 0.0], math.nan, {}, r"b must be finite.*nan"),
        ([1.0, 2.0, 0.0], [0.1], {}, r"b must be a scalar or have shape \(\).*\(1,\)"),
        (torch.ones(4, 3), torch.zeros(3), {}, r"b must be .*\(4,\), got shape \(3,\)"),
        (torch.ones(4, 3), torch.zeros(4, 1), {}, r"b must be .*\(4,\), got shape \(4, 1\)"),
        ("abc", 0.0, {}, r"w must be"),
        ([1.0, 2.0, 0.0], 0.0, {"coordinate": 3}, r"coordinate must be in 0\.\.2, got 3"),
        ([1.0, 2.0, 0.0], 0.0, {"coordinate": -1}, r"coordinate must be at least 0, got -1"),
        ([1.0, 2.0, 0.0], 0.0, {"coordinate": 0.5}, r"coordinate must be an integer"),
        ([1.0, 2.0, 0.0], 0.0, {"alpha_bar": 1.0}, r"alpha_bar must be in \[0, 1\), got 1\.0"),
        ([1.0, 2.0, 0.0], 0.0, {"alpha_bar": -0.2}, r"alpha_bar must be in \[0, 1\)"),
        ([1.0, 2.0, 0.0], 0.0, {"law": "parity"}, r"law must be a HypercubeLaw, got 'parity'"),
        (
            torch.ones(64),
            0.0,
            {"law": HypercubeLaw.parity(64)},
            r"law must have at most 524288 vertices .*9223372036854775808",
        ),
    ],
)
def test_bad_input_is_named(verb, w, b, options, words):
    with pytest.raises(ValueError, match=words):
        verb(w, b, **({"law": LAW, "alpha_bar": 0.5} | options))


def test_no_gradient_at_zero_weights():
    with pytest.raises(ValueError, match="w must be non-zero for every neuron"):
        growth_rate_gradient(torch.zeros(2, 3), 0.1, law=LAW, alpha_bar=0.5)
