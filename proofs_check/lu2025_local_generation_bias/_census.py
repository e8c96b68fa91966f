"""Neurons of a parity that follow the surrogate flow from random directions.

This module checks nothing.
"""

from functools import cache

import torch
from torch import Tensor

from theorylab.parity import (
    DirectionPath,
    HypercubeLaw,
    TwoLayerReLU,
    best_axis_bias,
    direction_flow,
)

NEAR = 0.1
"""How close to a maximum, in |w_perp|/w_1 and in b/w_1, a direction counts as ended there."""


@cache
def followed(
    d: int, alpha_bar: float, neurons: int, time: float, seed: int, both_signs: bool
) -> DirectionPath:
    """w, b ~ N(0, I), |a| = |(w, b)|; with one sign, a > 0 and w_1 > 0."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randn(neurons, d + 1, generator=generator)
    size = torch.linalg.vector_norm(y, dim=-1)
    if both_signs:
        size = torch.where(torch.arange(neurons) % 2 == 0, size, -size)
    else:
        y[:, 0] = y[:, 0].abs()
    start = TwoLayerReLU(size, y[:, :-1], y[:, -1])
    law = HypercubeLaw.parity(d)
    return direction_flow(start, law=law, alpha_bar=alpha_bar, time=time, rtol=1e-5, atol=1e-7)


def ended_at(path: DirectionPath, lean: float, bias: float) -> int:
    """How many directions ended with w_1 > 0 near the given |w_perp|/w_1 and b/w_1."""
    end = path.directions[-1]
    own = end[:, 0]
    across: Tensor = torch.linalg.vector_norm(end[:, 1:-1], dim=-1)
    near = ((across - lean * own).abs() < NEAR * own) & (
        (end[:, -1] - bias * own).abs() < NEAR * own
    )
    return int(near.sum())


def ended_on_the_axis(path: DirectionPath, alpha_bar: float) -> int:
    """How many ended near (e_1, D*)."""
    return ended_at(path, 0.0, best_axis_bias(alpha_bar).bias)
