"""Loss levels, escape rates and stochastic descent against independent computations."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from theorylab.parity import HypercubeLaw, TwoLayerReLU, population_gradient
from theorylab.parity.descent import stochastic_descent
from theorylab.parity.escape import best_angle, escape_exponent, escape_rate, parity_response
from theorylab.parity.plateaus import (
    linear_loss,
    optimal_loss,
    pair_loss,
    tanh_moment,
    univariate_loss,
)


@pytest.mark.parametrize("alpha_bar", [0.05, 0.5, 0.9])
def test_moments_are_those_of_the_normal_law_and_pair_up(alpha_bar):
    gamma = alpha_bar / (1 - alpha_bar)
    for k in (0, 1, 3):

        def integrand(z, k=k):
            return math.tanh(gamma + math.sqrt(gamma) * z) ** k * math.exp(-z * z / 2)

        value, _ = integrate.quad(integrand, -12, 12, limit=300, epsabs=1e-13)
        found = tanh_moment(k, alpha_bar=alpha_bar)
        assert found == pytest.approx(value / math.sqrt(2 * math.pi), abs=1e-11)
    for k in (1, 3, 5):
        odd, even = (tanh_moment(j, alpha_bar=alpha_bar) for j in (k, k + 1))
        assert odd == pytest.approx(even, abs=1e-13)


def test_levels_are_ordered_and_known_at_the_ends():
    for alpha_bar in (0.1, 0.5, 0.9):
        levels = [optimal_loss(r, alpha_bar=alpha_bar) for r in (1, 2, 3, 4, 8)]
        levels += [univariate_loss(alpha_bar=alpha_bar), linear_loss(alpha_bar=alpha_bar)]
        assert levels == sorted(levels)
        assert levels[0] == 0


def test_two_equal_bits_are_one_bit_seen_twice():
    """A parity of two bits: v_1 = v_2 with log odds Lambda_1 + Lambda_2 ~ N(2 gamma, 2 gamma)."""
    gamma = 0.4 / 0.6
    whole = 2 * gamma / (1 + 2 * gamma)
    expected = gamma * (1 - tanh_moment(1, alpha_bar=whole))
    assert optimal_loss(2, alpha_bar=0.4) == pytest.approx(expected, rel=1e-10)


def test_pair_loss_is_the_least_square_of_one_feature():
    x = np.arange(-9, 9, 1e-4)
    signal, noise, bias = math.sqrt(0.5), math.sqrt(0.5), 0.7
    each = [np.exp(-((x - s * signal) ** 2) / (2 * noise**2)) for s in (1, -1)]
    density = (each[0] + each[1]) / 2 / (noise * math.sqrt(2 * math.pi))
    target = (x - signal * (each[0] - each[1]) / (each[0] + each[1])) / noise
    feature = np.maximum(x + bias, 0) - np.maximum(bias - x, 0)
    product, square = (1e-4 * (density * feature * f).sum() for f in (target, feature))
    assert pair_loss(bias, alpha_bar=0.5) == pytest.approx(1 - product**2 / square, abs=1e-8)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_parity_response_is_an_alternating_mean_of_positive_parts(count):
    signal, noise, weight, bias = math.sqrt(0.3), math.sqrt(0.7), 0.4, 0.25
    z = np.arange(-9, 9, 1e-3)
    total = 0.0
    for ones in range(count + 1):
        level = signal * weight * (count - 2 * ones) + bias + noise * weight * math.sqrt(count) * z
        mean = 1e-3 * (np.maximum(level, 0) * np.exp(-(z**2) / 2)).sum() / math.sqrt(2 * math.pi)
        total += (-1) ** ones * math.comb(count, ones) * mean / 2**count
    assert parity_response(bias, weight, count, alpha_bar=0.3) == pytest.approx(total, abs=1e-7)


def test_best_angle_is_a_maximum():
    for size in (4, 6):
        angle, n = best_angle(size, alpha_bar=0.5), size - 1
        values = [
            abs(parity_response(math.sin(t), math.cos(t) / math.sqrt(n), n, alpha_bar=0.5))
            for t in (angle - 1e-3, angle, angle + 1e-3)
        ]
        assert values[1] > max(values[0], values[2])
    assert best_angle(5, alpha_bar=0.5) == 0
    assert escape_rate(3, alpha_bar=0.5) == pytest.approx(0.109267, rel=1e-5)
    assert escape_exponent(alpha_bar=0.5) == pytest.approx(0.647079, rel=1e-5)


def test_descent_follows_the_exact_gradient_on_average():
    """160 000 samples at nearly one point: a standard error of some 2 |a| / 400 a component."""
    law, rate, steps = HypercubeLaw.parity(3), 1e-6, 32
    start = TwoLayerReLU.balanced(4, 3, scale=0.15, seed=1)
    run = {"law": law, "alpha_bar": 0.5, "rate": rate, "steps": steps, "every": steps}
    moved = stochastic_descent(start, batch=5_000, seed=2, **run).end
    slopes = population_gradient(start, law=law, alpha_bar=0.5)
    for name, slope in zip("awb", slopes, strict=True):
        step = (getattr(start, name) - getattr(moved, name)) / (rate * steps)
        torch.testing.assert_close(step, slope, atol=0.02, rtol=0)
        assert slope.abs().max() > 0.3


def test_descent_is_reproducible_and_records_what_it_says():
    law = HypercubeLaw.dyck(4)
    start = TwoLayerReLU.balanced(6, 4, scale=0.3, seed=1)
    run = {"law": law, "alpha_bar": 0.5, "rate": 0.05, "batch": 16, "seed": 3}
    one = stochastic_descent(start, steps=6, every=2, **run)
    two = stochastic_descent(start, steps=6, every=3, **run)
    assert torch.equal(one.end.w, two.end.w)
    torch.testing.assert_close(one.excess.mean(), two.excess.mean())
    torch.testing.assert_close(one.times, torch.tensor([0.1, 0.2, 0.3]))
    torch.testing.assert_close(one.own_weight[-1], one.end.w[:, 0].abs().mean())
    torch.testing.assert_close(one.other_weight[-1], one.end.w[:, 1:].norm(dim=-1).mean())


def descent(**changes):
    run = {"law": HypercubeLaw.parity(3), "alpha_bar": 0.5, "rate": 0.1, "batch": 4}
    run |= {"steps": 2, "every": 1, "seed": 0}
    start = TwoLayerReLU.balanced(2, 3, scale=0.1, seed=1)
    return stochastic_descent(changes.pop("network", start), **(run | changes))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tanh_moment(-1, alpha_bar=0.5), "order must be at least 0"),
        (lambda: univariate_loss(alpha_bar=0.0), "alpha_bar must be positive"),
        (lambda: optimal_loss(0, alpha_bar=0.5), "size must be at least 1"),
        (lambda: optimal_loss(3, alpha_bar=1.0), "alpha_bar must be in"),
        (lambda: pair_loss(0.0, alpha_bar=0.5), "bias must be positive"),
        (lambda: parity_response(0.1, 0.0, 3, alpha_bar=0.5), "weight must be positive"),
        (lambda: parity_response(0.1, 1.0, 1, alpha_bar=0.5), "count must be at least 2"),
        (lambda: escape_rate(2, alpha_bar=0.5), "size must be at least 3"),
        (lambda: escape_exponent(alpha_bar=0.0), "alpha_bar must be positive"),
        (lambda: descent(network="net"), "network must be"),
        (lambda: descent(law=HypercubeLaw.parity(4)), "law must be"),
        (lambda: descent(rate=-1.0), "rate must be positive"),
        (lambda: descent(steps=3, every=2), "steps must be a multiple"),
        (lambda: descent(batch=0), "batch must be at least 1"),
        (lambda: descent(coordinate=3), "coordinate must be in"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
