r"""The losses at which training on a parity can rest, in closed form.

Notation: a parity of r = |I| bits, i in I, A = alpha_bar, s = sqrt(A), nu = sqrt(1 - A),
gamma = A / (1 - A); L = E|xi_i - s_theta(x)|^2; t = tanh(Lambda), Lambda ~ N(gamma, gamma) the
log odds of a bit seen alone, given that it is 1; M_k = E t^k, for which M_{2l} = M_{2l-1}.

The zero network has loss 1. This module follows no training; see `theorylab.parity.training`.
"""

import math

import numpy as np

from theorylab import _require
from theorylab.parity.posterior import signal_and_noise

DIRECT = 2000
"""Terms of the series of `optimal_loss` that are added; the rest is an integral, to the relative
accuracy 1 / (24 DIRECT^2) of the midpoint rule on the rest."""

REACH = 12.0
"""Of the standard normal integrals: beyond it lies 1e-32 of the mass."""


def tanh_moment(order: int, *, alpha_bar: float) -> float:
    r"""M_k = E tanh(Lambda)^k, Lambda ~ N(gamma, gamma).

    By the trapezoidal rule, whose error decays exponentially in 1/step; the nearest pole of the
    integrand is pi / (2 sqrt(gamma)) off the real axis.

    Args:
        order: k >= 0.
        alpha_bar: A in (0, 1).
    """
    k = _require.integer("order", order, at_least=0)
    log_odds, mass = _nodes(_snr(alpha_bar))
    return float(mass @ np.tanh(log_odds) ** k)


def linear_loss(*, alpha_bar: float) -> float:
    """L of the best affine function under Assumption 5.1, which is nu x_i: A."""
    _snr(alpha_bar)
    return float(alpha_bar)


def univariate_loss(*, alpha_bar: float) -> float:
    r"""L of the best function of x_i alone, (x_i - s tanh(s x_i / nu^2)) / nu.

    .. math:: \gamma (1 - M_1) = \gamma E \frac{2}{1 + e^{2 \Lambda}}
    """
    gamma = _snr(alpha_bar)
    return gamma * _one_minus_first(gamma)


def optimal_loss(size: int, *, alpha_bar: float) -> float:
    r"""L of the best function of x, the exact target E[xi_i | x].

    .. math::
        L = \gamma \Big[ (1 - M_1)(1 - M_1^{r-1})
            + \sum_{l \ge 1} (M_{2l-1} - M_{2l+1}) (M_{2l-1}^{r-1} - M_{2l+1}^{r-1}) \Big]

    It is gamma (1 - E[(t + p) / (1 + t p)]) with p the product of r - 1 copies of t, expanded in
    powers of t p.

    Args:
        size: r >= 1.
        alpha_bar: A in (0, 1).
    """
    others = _require.integer("size", size, at_least=1) - 1
    gamma = _snr(alpha_bar)
    if others == 0:
        return 0.0
    rest = _one_minus_first(gamma)
    first = rest * -math.expm1(others * math.log1p(-rest))
    direct = _terms(np.arange(1, DIRECT + 1, dtype=float), others, gamma).sum()
    return float(gamma * (first + direct + _tail(others, gamma)))


def pair_loss(bias: float, *, alpha_bar: float) -> float:
    r"""L of the best multiple of h_D(x) = relu(x_i + D) - relu(-x_i + D), D = `bias` > 0.

    .. math::
        L(D) = 1 - \frac{(2 \nu G(D))^2}{E h_D^2}, \qquad
        G(D) = \tfrac12 [\Phi((D + s)/\nu) + \Phi((D - s)/\nu)],

        E h_D^2 = 2 E (x + D)_+^2 - 2 E (D^2 - x^2)_+ .

    The first phase of training ends on such a pair of neurons (e_i, D), (-e_i, D).
    """
    signal, noise = signal_and_noise(alpha_bar)
    d = _require.positive("bias", bias)
    square = 0.0
    for mean in (signal, -signal):
        up, down = (d + mean) / noise, (d - mean) / noise
        whole = noise**2 * ((1 + up**2) * _below(up) + up * _density(up))
        inside = _below(up) + _below(down) - 1  # P(|x| < D)
        second = (noise**2 + mean**2) * inside
        second -= noise * ((d - mean) * _density(up) + (d + mean) * _density(down))
        square += whole - (d**2 * inside - second)
    weight = _below((d + signal) / noise) + _below((d - signal) / noise)
    return 1 - (noise * weight) ** 2 / square


def _terms(place: np.ndarray, others: int, gamma: float) -> np.ndarray:
    """(M_{2l-1} - M_{2l+1}) (M_{2l-1}^n - M_{2l+1}^n) for real l >= 1, t < 0 counted as odd."""
    log_odds, mass = _nodes(gamma)
    size, sign = np.tanh(np.abs(log_odds)), np.sign(log_odds)
    positive = size > 0
    log_odds, mass, size, sign = (v[positive] for v in (log_odds, mass, size, sign))
    logs = _log_tanh(np.abs(log_odds))
    power = np.exp(np.outer(2 * place - 1, logs)) * (mass * sign)
    lower = power.sum(axis=1)
    drop = power @ (1 / np.cosh(log_odds)) ** 2
    share = np.where(lower > 0, drop / np.where(lower > 0, lower, 1.0), 0.0)
    return drop * lower**others * -np.expm1(others * np.log1p(-np.minimum(share, 1.0)))


def _tail(others: int, gamma: float) -> float:
    """The terms beyond DIRECT: their integral from DIRECT + 1/2 in ln l, by Gauss-Legendre."""
    low = math.log(DIRECT + 0.5)
    high = max(low + 1.0, 2 * (gamma + REACH * math.sqrt(gamma)) + 4)
    nodes, weights = np.polynomial.legendre.leggauss(240)
    log_place = (high + low) / 2 + (high - low) / 2 * nodes
    values = _terms(np.exp(log_place), others, gamma) * np.exp(log_place)
    return float(values @ weights) * (high - low) / 2


def _log_tanh(x: np.ndarray) -> np.ndarray:
    """Ln tanh x for x > 0, without loss where tanh x is near 1."""
    return np.log1p(-np.exp(-2 * x)) - np.log1p(np.exp(-2 * x))


def _one_minus_first(gamma: float) -> float:
    log_odds, mass = _nodes(gamma)
    return float(mass @ (2 / (1 + np.exp(np.minimum(2 * log_odds, 700.0)))))  # below e^-700: 0


def _nodes(gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of Lambda on a trapezoidal grid, and their masses."""
    step = min(0.1, 0.12 / math.sqrt(gamma))
    z = np.arange(-math.ceil(REACH / step), math.ceil(REACH / step) + 1) * step
    return gamma + math.sqrt(gamma) * z, step * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _below(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def _density(x: float) -> float:
    return math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def _snr(alpha_bar: float) -> float:
    """Gamma, for A > 0."""
    signal_and_noise(alpha_bar)
    if alpha_bar == 0:
        msg = f"alpha_bar must be positive where the signal is asked for, got {alpha_bar!r}"
        raise ValueError(msg)
    return float(alpha_bar) / (1 - float(alpha_bar))
