r"""Exponential Runge-Kutta steps: the linear part of a drift is integrated exactly.

Notation: dx/dtau = z x + N(tau, x) in unit steps of the clock tau of a leg, with one number z for
all coordinates; phi_0(z) = e^z, phi_{k+1}(z) = (phi_k(z) - 1/k!) / z.

This module checks no argument and chooses no step; it is reached through
`theorylab.integrate.solve_ode`. The orders are checked in tests/test_integrate_exponential.py.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from theorylab._typing import Points

Remainder = Callable[[float, Tensor], Points]
"""N(tau, x), the drift without its linear part."""

_SERIES_BELOW = 1.0
_TERMS = 24  # 1/24! is below 1e-23, so the series is exact to rounding for |z| <= 1


def phi(k: int, z: float) -> float:
    r"""The function phi_k(z) = \sum_j z^j / (j+k)!, to rounding.

    The recursion from phi_0 loses |z|^{-k} eps to cancellation, so the series serves |z| <= 1.
    """
    if abs(z) <= _SERIES_BELOW:
        return math.fsum(z**j / math.factorial(j + k) for j in range(_TERMS))
    value = math.exp(z)
    for j in range(k):
        value = math.expm1(z) / z if j == 0 else (value - 1 / math.factorial(j)) / z
    return value


def euler_step(remainder: Remainder, z: float, tau: float, x: Points) -> Points:
    """Order 1: x' = e^z x + phi_1(z) N(tau, x)."""
    return math.exp(z) * x + phi(1, z) * remainder(tau, x)


def heun_step(remainder: Remainder, z: float, tau: float, x: Points) -> Points:
    """Order 2: the Euler step a, then x' = a + phi_2(z) (N(tau + 1, a) - N(tau, x)).

    Source: Cox and Matthews, "Exponential time differencing for stiff systems" (2002), ETD2RK.
    """
    first = remainder(tau, x)
    ahead = math.exp(z) * x + phi(1, z) * first
    return ahead + phi(2, z) * (remainder(tau + 1, ahead) - first)


def rk4_step(remainder: Remainder, z: float, tau: float, x: Points) -> Points:
    r"""Order 4, with half steps a, b, c and N_0 = N(tau, x).

    .. math:: x' = e^z x + (\varphi_1 - 3\varphi_2 + 4\varphi_3) N_0
              + 2(\varphi_2 - 2\varphi_3)(N_a + N_b) + (4\varphi_3 - \varphi_2) N_c

    Source: Cox and Matthews, "Exponential time differencing for stiff systems" (2002), ETDRK4.
    """
    kept, half = math.exp(z / 2), phi(1, z / 2) / 2
    first = remainder(tau, x)
    a = kept * x + half * first
    at_a = remainder(tau + 0.5, a)
    at_b = remainder(tau + 0.5, kept * x + half * at_a)
    at_c = remainder(tau + 1, kept * a + half * (2 * at_b - first))
    one, two, three = (phi(k, z) for k in (1, 2, 3))
    moved = (one - 3 * two + 4 * three) * first + 2 * (two - 2 * three) * (at_a + at_b)
    return math.exp(z) * x + moved + (4 * three - two) * at_c


STEPS = {1: euler_step, 2: heun_step, 4: rk4_step}


def advance(
    field: Callable[[Tensor, Tensor], Points], z: float, order: int, steps: int, x: Points
) -> Points:
    """Lead x over `steps` unit steps of dx/dtau = field(tau, x), whose linear part is z x."""

    def remainder(tau: float, state: Tensor) -> Points:
        return field(torch.tensor(tau, dtype=torch.float64), state) - z * state

    for step in range(steps):
        x = STEPS[order](remainder, z, float(step), x)
    return x
