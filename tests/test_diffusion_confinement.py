"""Confinement and return: independent routes to the closed forms, and what they refuse."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from theorylab.diffusion.confinement import (
    brownian_confinement,
    confinement_bound,
    linear_confinement,
    return_bound,
    terminal_bound,
)

RATIOS = torch.tensor([0.01, 0.05, 0.2, 0.49, 0.51, 1.0, 10.0], dtype=torch.float64)


def test_brownian_confinement_is_a_sum_over_images_of_normal_masses() -> None:
    found = brownian_confinement(RATIOS[:6])
    for ratio, value in zip(RATIOS[:6].tolist(), found.tolist(), strict=True):

        def below(z: float, scale: float = math.sqrt(ratio)) -> float:
            return math.erfc(-z / scale / math.sqrt(2)) / 2

        images = sum((-1) ** k * (below(2 * k + 1) - below(2 * k - 1)) for k in range(-40, 41))
        assert value == pytest.approx(images, rel=1e-12)


def test_bound_is_above_and_close_for_long_times() -> None:
    exact, bound = brownian_confinement(RATIOS), confinement_bound(RATIOS)
    assert bool((exact <= bound * (1 + 1e-15)).all())
    assert float(bound[-1] / exact[-1]) == pytest.approx(1.0, abs=1e-12)
    assert brownian_confinement(RATIOS.reshape(7, 1)).shape == (7, 1)


@pytest.mark.parametrize("q", [0.01, 0.5, 2.0])
def test_return_bound_is_a_ratio_of_scale_functions(q: float) -> None:
    def scale(x: float) -> float:
        return integrate.quad(lambda a: math.exp(-((q * a) ** 2)), x, np.inf, epsabs=0)[0]

    assert float(return_bound(q)) == pytest.approx(scale(2.0) / scale(1.0), rel=1e-9)


def test_return_bound_does_not_underflow_before_the_exponential() -> None:
    value = float(return_bound(torch.tensor(15.0, dtype=torch.float64)))
    assert math.exp(-675.0) / 2 < value < 0.51 * math.exp(-675.0)


def test_terminal_bound_is_its_formula() -> None:
    value = terminal_bound(0.1, drift_integral=3.0, variance=0.4, rate=2.0, beta_max=0.05)
    first = 4 / math.pi * math.exp(-(math.pi**2) * 0.4 / 8 / 1.0**2)
    assert value == pytest.approx(first + math.exp(-2 * 2.0 * 0.01 / 0.05), rel=1e-14)


def test_linear_confinement_is_the_variance_of_its_equation() -> None:
    rates, betas = [2.0, -1.0, 0.0, 0.5], [0.3, 0.1, 0.4, 0.2]
    step, variance, n = 0.7, 0.0, 20_000
    for rate, beta in zip(rates, betas, strict=True):
        for _ in range(n):
            middle = variance + step / n / 2 * (2 * rate * variance + beta)
            variance += step / n * (2 * rate * middle + beta)
    expected = math.erf(0.5 / math.sqrt(2 * variance))
    found = linear_confinement(0.5, rates=rates, betas=betas, length=0.7)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: brownian_confinement(0.0), "ratio must be positive"),
        (lambda: brownian_confinement(math.nan), "ratio must be finite"),
        (lambda: confinement_bound([1.0, -1.0]), "ratio must be positive"),
        (lambda: return_bound(-0.5), "strength must be positive"),
        (
            lambda: terminal_bound(0.0, drift_integral=1, variance=1, rate=1, beta_max=1),
            "theta must be positive",
        ),
        (
            lambda: terminal_bound(1.0, drift_integral=-1, variance=1, rate=1, beta_max=1),
            "drift_integral must be non-negative",
        ),
        (
            lambda: terminal_bound(1.0, drift_integral=1, variance=1, rate=1, beta_max=0),
            "beta_max must be positive",
        ),
        (lambda: linear_confinement(0.0, rates=[1.0], betas=[1.0]), "radius must be positive"),
        (lambda: linear_confinement(1.0, rates=[1.0], betas=[1.0, 2.0]), "one shape"),
        (lambda: linear_confinement(1.0, rates=[1.0], betas=[0.0]), "betas must be positive"),
        (
            lambda: linear_confinement(1.0, rates=[1.0], betas=[1.0], length=-1.0),
            "length must be positive",
        ),
    ],
)
def test_bad_input_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
