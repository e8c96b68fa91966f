r"""Posterior means of a cube vertex seen through Gaussian noise, as tensor formulas.

Notation: x = s v + nu xi, s = sqrt(A), nu = sqrt(1 - A), lam_i = s x_i / nu^2; t_i = tanh(lam_i).
The likelihood of v is exp(lam . v) up to a factor free of v, since |v|^2 = d.

This module takes tensors that its caller has checked; the laws themselves stand in
`theorylab.parity.laws`.
"""

import math
from itertools import accumulate

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import Points


def signal_and_noise(alpha_bar: float) -> tuple[float, float]:
    """S = sqrt(A) and nu = sqrt(1 - A).

    Raises:
        ValueError: alpha_bar is not a number in [0, 1).
    """
    alpha_bar = _require.number("alpha_bar", alpha_bar)
    if not 0 <= alpha_bar < 1:
        msg = f"alpha_bar must be in [0, 1), got {alpha_bar!r}"
        raise ValueError(msg)
    return math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)


def log_odds(x: Points, *, alpha_bar: float) -> Points:
    r"""Half the log odds of v_i = 1 against v_i = -1 under the uniform law.

    .. math:: \lambda_i = s x_i / \nu^2
    """
    signal, noise = signal_and_noise(alpha_bar)
    return x * (signal / noise**2)


def weighted_mean(lam: Points, atoms: Tensor, log_probabilities: Tensor) -> Points:
    r"""Posterior mean of a law given by its atoms.

    .. math:: E[v | x] = \sum_v v \, \mathrm{softmax}_v(\lambda \cdot v + \ln p_0(v))

    Args:
        lam: (*n, d) log odds.
        atoms: (S, d) vertices.
        log_probabilities: (S,).

    Returns:
        (*n, d).
    """
    return torch.softmax(lam @ atoms.T + log_probabilities, dim=-1) @ atoms


def parity_mean(lam: Points, *, subset: tuple[int, ...], value: int) -> Points:
    r"""Posterior mean under prod_{i in I} v_i = eps, the other coordinates free.

    .. math::
        E[v_i | x] = \frac{t_i + \epsilon P_{-i}}{1 + \epsilon P}
                   = \tanh(\lambda_i + \epsilon \operatorname{artanh} P_{-i}), \quad i \in I,
        \qquad E[v_i | x] = t_i, \quad i \notin I,

    with P the product of all t_k, k in I, and P_{-i} the one without i. The second form is
    evaluated: it neither divides by t_i nor by 1 + eps P, which vanishes to rounding where x
    contradicts the parity.

    Args:
        lam: (*n, d) log odds.
        subset: I, distinct coordinates.
        value: eps, +1 or -1.

    Returns:
        (*n, d).
    """
    if not subset:
        return torch.tanh(lam)
    members = list(subset)
    shift = torch.zeros_like(lam)
    shift[..., members] = value * _leave_one_out(lam[..., members])
    return torch.tanh(lam + shift)


def _leave_one_out(lam: Tensor) -> Tensor:
    """Entry i is artanh of the product of tanh(lam_k) over k != i."""
    columns = lam.unbind(-1)
    if len(columns) == 1:
        return torch.full_like(lam, math.inf)
    neutral = torch.full_like(columns[0], math.inf)
    before = list(accumulate(columns[:-1], _tanh_product, initial=neutral))
    after = list(accumulate(columns[:0:-1], _tanh_product, initial=neutral))[::-1]
    return torch.stack([_tanh_product(p, q) for p, q in zip(before, after, strict=True)], dim=-1)


def _tanh_product(a: Tensor, b: Tensor) -> Tensor:
    """artanh(tanh a tanh b), to relative rounding for all a and b; infinity is neutral.

    Where both exceed 1 in size the product is near 1 and its artanh is taken as
    ln(cosh(a + b) / cosh(a - b)) / 2. There the other branch is evaluated at a = 0, so that the
    derivative of what is not taken is finite.
    """
    large = torch.minimum(a.abs(), b.abs()) > 1
    product = torch.tanh(torch.where(large, torch.zeros_like(a), a)) * torch.tanh(b)
    smaller = torch.sign(a) * torch.sign(b) * torch.minimum(a.abs(), b.abs())
    tail = torch.log1p(torch.exp(-2 * (a + b).abs())) - torch.log1p(torch.exp(-2 * (a - b).abs()))
    return torch.where(large, smaller + tail / 2, torch.atanh(product))
