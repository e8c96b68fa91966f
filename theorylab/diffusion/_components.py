"""Mixtures on raw tensors, unchecked: what `mixture`, `score` and `clock` have in common.

Notation: x (*n, d) points, means (K, d) or (*n, K, d), variance and log_weights broadcastable to
(*n, K); r_k the responsibility of component k at x.

This module validates nothing, and is not public; see `theorylab.diffusion.mixture`.
"""

import math

import torch
from torch import Tensor

from theorylab._typing import PerMode, Points


def squared_distances(x: Tensor, means: Tensor) -> PerMode:
    """Squared distances |x - mu_k|^2, one coordinate at a time: temporaries are (*n, K)."""
    total = (x[..., 0, None] - means[..., 0]) ** 2
    for j in range(1, x.shape[-1]):
        total = total + (x[..., j, None] - means[..., j]) ** 2
    return total


def log_joint(x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> PerMode:
    """The joint log density ln w_k + ln N(x; mu_k, v_k I)."""
    volume = x.shape[-1] * torch.log(2 * math.pi * variance)
    return log_weights - 0.5 * (squared_distances(x, means) / variance + volume)


def responsibilities(x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> PerMode:
    """The shares r_k = w_k N(x; mu_k, v_k I) / sum_j w_j N(x; mu_j, v_j I)."""
    return torch.softmax(log_joint(x, means, variance, log_weights), dim=-1)


def combine(coefficients: Tensor, means: Tensor) -> Points:
    """The combination sum_k c_k mu_k."""
    if means.ndim == 2:
        return coefficients @ means
    return (coefficients[..., None, :] @ means)[..., 0, :]


def score(x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
    """The score sum_k (r_k / v_k)(mu_k - x)."""
    pull = responsibilities(x, means, variance, log_weights) / variance
    return combine(pull, means) - x * pull.sum(-1, keepdim=True)
