r"""What a sampler makes of one direction of the data, with the Gaussian denoiser.

Notation: lambda the variance of the data along an eigenvector; nodes sigma_0 > ... > sigma_n >= 0
of the probability flow dy/dsigma = (y - D(y, sigma))/sigma; a gain g means that a deviation
y - mu at sigma_0 becomes g (y - mu).

With the Gaussian denoiser every sampler here is affine, and its gain is a product over the steps.
`euler_sample` and `heun_sample` run any denoiser. No noise is added anywhere in this module.
"""

from itertools import pairwise

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points, Times
from theorylab.diffusion.denoiser import Denoiser


def karras_nodes(
    steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> Times:
    r"""The noise levels of EDM, sigma_max first (float64).

    .. math:: \sigma_i = \Big(\sigma_{max}^{1/\rho} + \frac{i}{n-1}
              (\sigma_{min}^{1/\rho} - \sigma_{max}^{1/\rho})\Big)^\rho, \quad i = 0..n-1

    Raises:
        ValueError: steps < 2, levels that do not satisfy 0 < sigma_min < sigma_max, rho <= 0.

    Source: Karras et al., arXiv:2206.00364, Eq. 5.
    """
    count = _require.integer("steps", steps, at_least=2)
    low, power = _require.positive("sigma_min", sigma_min), 1 / _require.positive("rho", rho)
    high = _require.positive("sigma_max", sigma_max)
    if high <= low:
        msg = f"sigma_max must exceed sigma_min = {low}, got {high}"
        raise ValueError(msg)
    share = torch.linspace(0, 1, count, dtype=torch.float64)
    return (high**power + share * (low**power - high**power)) ** (1 / power)


def flow_gain(eigenvalue: ArrayLike, sigma_from: float, sigma_to: float) -> Tensor:
    """The gain sqrt((lambda + sigma_to^2)/(lambda + sigma_from^2)) of the flow itself.

    Raises:
        ValueError: an eigenvalue that is negative, a noise level < 0, sigma_from = 0.
    """
    values = _eigenvalues(eigenvalue)
    last = _require.non_negative("sigma_to", sigma_to) ** 2
    first = _require.positive("sigma_from", sigma_from) ** 2
    return torch.sqrt((values + last) / (values + first))


def euler_gain(eigenvalue: ArrayLike, nodes: ArrayLike) -> Tensor:
    r"""The product of the steps (lambda + sigma_i sigma_{i+1}) / (lambda + sigma_i^2).

    Raises:
        ValueError: an eigenvalue that is negative, nodes that do not decrease to a level >= 0.
    """
    values = _eigenvalues(eigenvalue)
    result = torch.ones_like(values)
    for now, then in pairwise(_nodes(nodes).tolist()):
        result = result * (values + now * then) / (values + now**2)
    return result


def heun_gain(eigenvalue: ArrayLike, nodes: ArrayLike) -> Tensor:
    r"""The product of Heun's steps, a step to 0 being Euler's.

    .. math:: 1 + \frac{\sigma' - \sigma}{2}\Big[\frac{\sigma}{\lambda + \sigma^2} +
              \frac{\sigma'}{\lambda + \sigma'^2} \cdot
              \frac{\lambda + \sigma\sigma'}{\lambda + \sigma^2}\Big]

    Raises:
        ValueError: as `euler_gain`.
    """
    values = _eigenvalues(eigenvalue)
    result = torch.ones_like(values)
    for now, then in pairwise(_nodes(nodes).tolist()):
        euler = (values + now * then) / (values + now**2)
        if then == 0:
            result = result * euler
            continue
        slopes = now / (values + now**2) + then / (values + then**2) * euler
        result = result * (1 + (then - now) / 2 * slopes)
    return result


def euler_sample(denoiser: Denoiser, start: ArrayLike, nodes: ArrayLike) -> Points:
    """Euler steps y' = D + (sigma'/sigma)(y - D) from `start` at the first node; (*n, d).

    Raises:
        ValueError: a denoiser that cannot be called, nodes as in `euler_gain`.
    """
    y = _start(denoiser, start)
    for now, then in pairwise(_nodes(nodes).tolist()):
        estimate = denoiser(y, now)
        y = estimate + then / now * (y - estimate)
    return y


def heun_sample(denoiser: Denoiser, start: ArrayLike, nodes: ArrayLike) -> Points:
    """Heun steps from `start` at the first node, a step to 0 being Euler's; (*n, d).

    Raises:
        ValueError: as `euler_sample`.

    Source: Karras et al., arXiv:2206.00364, Algorithm 1.
    """
    y = _start(denoiser, start)
    for now, then in pairwise(_nodes(nodes).tolist()):
        slope = (y - denoiser(y, now)) / now
        ahead = y + (then - now) * slope
        if then > 0:
            later = (ahead - denoiser(ahead, then)) / then
            ahead = y + (then - now) * (slope + later) / 2
        y = ahead
    return y


def _start(denoiser: Denoiser, start: ArrayLike) -> Tensor:
    if not callable(denoiser):
        msg = f"denoiser must be callable as D(y, sigma), got {denoiser!r}"
        raise ValueError(msg)
    return _require.array("start", start)


def _eigenvalues(eigenvalue: ArrayLike) -> Tensor:
    like = torch.zeros((), dtype=torch.float64)
    values = _require.array("eigenvalue", eigenvalue, like=like)
    if bool((values < 0).any()):
        msg = f"eigenvalue must be non-negative, got an entry {float(values.min())}"
        raise ValueError(msg)
    return values


def _nodes(nodes: ArrayLike) -> Times:
    levels = _require.array("nodes", nodes, like=torch.zeros((), dtype=torch.float64))
    falling = levels.ndim == 1 and len(levels) > 1 and bool((levels[1:] < levels[:-1]).all())
    if not (falling and float(levels[-1]) >= 0):
        msg = f"nodes must be at least two decreasing levels >= 0, got {levels}"
        raise ValueError(msg)
    return levels
