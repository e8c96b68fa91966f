r"""Bounds on how long a noisy coordinate stays near a point, and on whether it comes back.

Notation: dA = b dt + sqrt(beta) dB in remaining time, beta <= beta_max; R a radius; an escape
condition is b a >= rate a^2. The terms of Proposition 5.1 of arXiv:2605.06831 are these, as far
as they could be reconstructed.

This module measures no drift: the constants are arguments. Discrete chains are in `escape`.
Checked in proofs_check/ashiq2026_ddim_vs_ddpm (Proposition 5.1, Lemma G.6).
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike

SWITCH = 0.5
"""T/R^2 from which on the eigenfunction series is used; both are exact there."""

TERMS = 12
"""At 0.5 the first term left out of either series is below 1e-150."""


def brownian_confinement(ratio: ArrayLike) -> Tensor:
    r"""P(|B_s| <= R for all s <= T) for a Brownian motion from 0, as a function of T/R^2.

    .. math:: \frac{4}{\pi}\sum_{k \ge 0} \frac{(-1)^k}{2k+1} e^{-(2k+1)^2 \pi^2 T/(8R^2)}
              = 1 - 2 \sum_{k \ge 0} (-1)^k \operatorname{erfc}\frac{2k+1}{\sqrt{2T/R^2}}

    The second form is used for short times and the first for long ones.

    Raises:
        ValueError: a ratio that is not positive.
    """
    tau = _positive("ratio", ratio)
    odd = 2 * torch.arange(TERMS, dtype=tau.dtype, device=tau.device) + 1
    sign = torch.where(torch.arange(TERMS, device=tau.device) % 2 == 0, 1.0, -1.0).to(tau)
    modes = torch.exp(-(odd**2) * math.pi**2 / 8 * tau[..., None]) * sign / odd
    images = torch.special.erfc(odd / torch.sqrt(2 * tau[..., None])) * sign
    return torch.where(tau > SWITCH, 4 / math.pi * modes.sum(-1), 1 - 2 * images.sum(-1))


def confinement_bound(ratio: ArrayLike) -> Tensor:
    r"""The first term, (4/pi) exp(-pi^2 T/(8 R^2)), which is never below the probability.

    Raises:
        ValueError: a ratio that is not positive.

    Source: arXiv:2605.06831, Lemma G.6.
    """
    return 4 / math.pi * torch.exp(-(math.pi**2) / 8 * _positive("ratio", ratio))


def return_bound(strength: ArrayLike) -> Tensor:
    r"""The sharp bound on the chance to come back from 2 theta to theta.

    .. math:: \frac{\operatorname{erfc}(2q)}{\operatorname{erfc}(q)} \in
              \big(\tfrac12 e^{-3q^2},\, e^{-3q^2}\big), \qquad
              q = \theta \sqrt{\mathrm{rate}/\beta_{\max}}

    It holds if b >= rate a for all a >= theta, and is attained by b = rate a with a constant
    beta and no end of time. Proposition 5.1 has exp(-2 q^2).

    Raises:
        ValueError: a strength q that is not positive.
    """
    q = _positive("strength", strength)
    ratio = torch.special.erfcx(2 * q) / torch.special.erfcx(q)
    return torch.exp(-3 * q**2) * ratio


def terminal_bound(
    theta: float, *, drift_integral: float, variance: float, rate: float, beta_max: float
) -> float:
    r"""The right side of Eq. 7, as reconstructed.

    .. math:: \frac{4}{\pi} e^{-\pi^2 Q/(8R^2)} + e^{-2\,\mathrm{rate}\,\theta^2/\beta_{\max}},
              \qquad R = 2\theta\Big(2 + \int K\Big)

    Args:
        theta: the half-width of the neighbourhood of the bisector.
        drift_integral: the integral of K, where |b| <= K |a|.
        variance: Q, the integral of beta.
        rate: the constant of the escape condition.
        beta_max: the largest beta.

    Raises:
        ValueError: theta, variance or beta_max not positive, a negative drift_integral or rate.
    """
    theta = _require.positive("theta", theta)
    radius = 2 * theta * (2 + _require.non_negative("drift_integral", drift_integral))
    ratio = _require.positive("variance", variance) / radius**2
    exponent = 2 * _require.non_negative("rate", rate) * theta**2
    back = math.exp(-exponent / _require.positive("beta_max", beta_max))
    return float(confinement_bound(ratio)) + back


def linear_confinement(
    radius: float, *, rates: ArrayLike, betas: ArrayLike, length: float = 1.0
) -> float:
    r"""A bound on P(|A| <= radius throughout), if a b >= c a^2 there, from any start.

    .. math:: \operatorname{erf}\frac{\mathrm{radius}}{\sqrt2\,\Sigma}, \qquad
              \Sigma^2 = \int \beta_r\, e^{2\int_r c}\, dr

    with c and beta constant on successive intervals of the remaining time, the first interval of
    the run first. Proof: A^2 is at least the square of dX = c X dr + sqrt(beta) dB (comparison),
    and X ends within the radius with the probability stated if it starts at 0, and less else.

    Raises:
        ValueError: a radius or a length that is not positive, betas that are not positive, rates
            and betas of different shapes or not of one dimension.
    """
    bound = _require.positive("radius", radius)
    step = _require.positive("length", length)
    beta = _positive("betas", betas)
    rate = _require.array("rates", rates, like=beta)
    if rate.ndim != 1 or rate.shape != beta.shape:
        shapes = f"{tuple(rate.shape)} and {tuple(beta.shape)}"
        msg = f"rates and betas must have one shape (n,), got {shapes}"
        raise ValueError(msg)
    after = torch.flip(torch.cumsum(torch.flip(rate, [0]), 0), [0]) - rate
    own = torch.where(rate == 0, 1.0, torch.expm1(2 * rate * step) / (2 * rate * step))
    total = (beta * step * own * torch.exp(2 * after * step)).sum()
    return math.erf(bound / math.sqrt(2 * float(total)))


def _positive(name: str, value: ArrayLike) -> Tensor:
    result = _require.array(name, value, like=torch.zeros((), dtype=torch.float64))
    if not bool((result > 0).all()):
        msg = f"{name} must be positive in every entry, got {float(result.min())}"
        raise ValueError(msg)
    return result
