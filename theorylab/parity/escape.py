r"""How fast a small neuron escapes from the best univariate network on a parity.

Notation: a parity of r bits, n = r - 1, i one of them; A = alpha_bar, s = sqrt(A),
nu = sqrt(1 - A), gamma = s^2 / nu^2; y = E[xi_i | x] and y* = E[xi_i | x_i] the targets with all
coordinates and with one; M_1 = E tanh N(gamma, gamma);
K_res(w, b) = E[(y - y*) relu(w.x + b)], so that a small neuron grows like exp(2 |K_res| time);
D_n(b, u) = E[prod_k v_k relu(u . x + b)] over n free bits, x = s v + nu xi.

The network that y* stands for is taken as given here; `theorylab.parity.training` follows it.
"""

import math

import numpy as np
from scipy.optimize import minimize_scalar

from theorylab import _require
from theorylab.parity.plateaus import tanh_moment
from theorylab.parity.posterior import signal_and_noise


def parity_response(bias: float, weight: float, count: int, *, alpha_bar: float) -> float:
    r"""D_n(b, (u, ..., u)), as an integral without cancellation.

    .. math::
        D_n = \frac{1}{2\pi} \int \omega^{-2} \sin^n(s u \omega)\, e^{-n \nu^2 u^2 \omega^2 / 2}
              \,\{-i^n e^{i \omega b}\}\, d\omega

    since relu'' is a point mass. The brace contributes -(-1)^{n/2} cos(omega b) for even n and
    (-1)^{(n-1)/2} sin(omega b) for odd n. The integrand is entire for n >= 2 and decays like a
    Gaussian: the trapezoidal rule converges exponentially.

    Args:
        bias: b.
        weight: u > 0, the weight of each of the n coordinates.
        count: n >= 2.
        alpha_bar: A in (0, 1).
    """
    signal, noise = signal_and_noise(alpha_bar)
    n = _require.integer("count", count, at_least=2)
    u = _require.positive("weight", weight)
    b = _require.number("bias", bias)
    angle = _angles(n, signal, noise, b / (signal * u))
    wave = np.cos(angle * b / (signal * u)) if n % 2 == 0 else np.sin(angle * b / (signal * u))
    sign = -((-1) ** (n // 2)) if n % 2 == 0 else (-1) ** ((n - 1) // 2)
    damping = np.exp(-n * (noise / signal) ** 2 * angle**2 / 2)
    values = np.sinc(angle / math.pi) ** 2 * np.sin(angle) ** (n - 2) * wave * damping
    step = angle[1] - angle[0]
    return float(sign * signal * u / (2 * math.pi) * step * values.sum())


def escape_rate(size: int, *, alpha_bar: float) -> float:
    r"""Lambda = 2 max |K_res| over neurons with b^2 + |w|^2 = 1 and equal weights off i.

    .. math:: \Lambda = 2 \frac{s}{\nu} (1 - M_1) \max_{b^2 + n u^2 = 1} |D_n(b, (u, ..., u))|

    The maximiser of |K_res| has w_i = 0, and b = 0 if n is even; then

    .. math::
        \Lambda = \frac{2 s^2}{\pi \nu \sqrt{n}} (1 - M_1)
            \int_0^\infty t^{-2} \sin^n t \; e^{-n t^2 / (2 \gamma)}\, dt .

    That equal weights are best is not proved.

    Args:
        size: r >= 3.
        alpha_bar: A in (0, 1).
    """
    signal, noise = signal_and_noise(alpha_bar)
    angle = best_angle(size, alpha_bar=alpha_bar)
    gap = 1 - tanh_moment(1, alpha_bar=alpha_bar)
    n = size - 1
    place = math.sin(angle), math.cos(angle) / math.sqrt(n)
    return 2 * signal / noise * gap * abs(parity_response(*place, n, alpha_bar=alpha_bar))


def best_angle(size: int, *, alpha_bar: float) -> float:
    """The angle in [0, pi/2) with b = sin, sqrt(n) u = cos, at which |D_n| is largest.

    0 for even n, where the cosine of the integral is at most 1. For odd n the largest value on a
    grid of 60 angles is refined to 1e-10.
    """
    n = _require.integer("size", size, at_least=3) - 1
    if n % 2 == 0:
        return 0.0

    def minus(angle: float) -> float:
        weight = math.cos(angle) / math.sqrt(n)
        return -abs(parity_response(math.sin(angle), weight, n, alpha_bar=alpha_bar))

    grid = np.linspace(0, math.pi / 2, 62)[1:-1]
    best = grid[np.argmin([minus(float(angle)) for angle in grid])]
    step = grid[1] - grid[0]
    bounds = (best - step, best + step)
    options = {"xatol": 1e-10}
    return float(minimize_scalar(minus, bounds=bounds, method="bounded", options=options).x)


def escape_exponent(*, alpha_bar: float) -> float:
    r"""kappa of Lambda ~ e^{-kappa r}: the saddle point of the integral of `escape_rate`.

    .. math:: \kappa = \frac{w^2}{2 \gamma} - \ln \sin w, \qquad w \tan w = \gamma
    """
    signal, noise = signal_and_noise(alpha_bar)
    gamma = _require.positive("alpha_bar", (signal / noise) ** 2)
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # halves pi/2 down to rounding
        middle = (low + high) / 2
        low, high = (middle, high) if middle * math.tan(middle) < gamma else (low, middle)
    return low**2 / (2 * gamma) - math.log(math.sin(low))


def _angles(n: int, signal: float, noise: float, frequency: float) -> np.ndarray:
    """A grid that resolves sin^n, the wave and the Gaussian.

    It ends where the Gaussian is exp(-40) of exp(-kappa n), which is the size of the integral.
    """
    width = signal / noise / math.sqrt(n)
    size = 40 + n * escape_exponent(alpha_bar=signal**2)
    reach = math.sqrt(2 * size) * width
    step = min(width / 4, math.pi / (4 * n + 2 * abs(frequency) + 8))
    count = math.ceil(reach / step)
    return np.arange(-count, count + 1) * step
