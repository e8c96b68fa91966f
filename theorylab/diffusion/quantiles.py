r"""The probability flow of one-dimensional and of product laws, without an equation to solve.

Notation: F_s(y) = sum_k w_k Phi((y - mu_k) / s) on the line, s the deviation of the clock. The
flow in one dimension is the increasing map that carries one law to the other,

.. math:: F_{s'}(y') = F_s(y),

and a product law is carried coordinate by coordinate. Both tails are compared by the log odds
ln F - ln(1 - F), so that a point far out keeps its digits.

Checked in proofs_check/aithal2024_mode_interpolation,
probability_flow_in_one_dimension_is_monotone_transport. This module takes no time steps.
"""

import math

import torch
from torch import Tensor

from theorylab._typing import ArrayLike, Points
from theorylab.diffusion.compiled import factors
from theorylab.diffusion.flow import checked_outputs, checked_starts
from theorylab.diffusion.mixture import GaussianMixture

ROUNDS = 200
"""Newton steps or halvings at most; a halving of 1e3 down to the spacing of numbers needs 63."""


@torch.no_grad()
def transport_exactly(
    mixture: GaussianMixture, y: ArrayLike, *, s_start: float, s_stop: float
) -> Points:
    """Where the flow carries y, (n, d), from s_start to s_stop, up to rounding.

    Args:
        mixture: one-dimensional, or a product law on a full grid; shared variance.
        y: states x / alpha at s_start, (n, d).
        s_start: the deviation at the start, at least sqrt(variance).
        s_stop: that at the end, lower or higher.

    Raises:
        ValueError: a mixture that is no product law, and as `flow.solve_flow`.
    """
    starts = checked_starts(mixture, y)
    checked_outputs(mixture, s_start, s_stop, None)
    _, means, _, log_weights = mixture._at(starts, "y")
    carried = [
        _carry(starts[:, c].contiguous(), places, logs, float(s_start), float(s_stop))
        for c, (places, logs) in enumerate(factors(means, log_weights))
    ]
    return torch.stack(carried, dim=-1)


def _carry(y: Tensor, places: Tensor, logs: Tensor, s: float, s_stop: float) -> Tensor:
    """The solution y' of log odds at s_stop = log odds at s, by Newton steps kept in a bracket.

    The flow moves y towards a mean of the modes, so y' lies between the images of y under pure
    contraction to the lowest and to the highest mode.
    """
    wanted, _ = _log_odds(y, places, logs, s)
    ratio = s_stop / s
    ends = torch.stack([place + ratio * (y - place) for place in (places.min(), places.max())])
    below, above = ends.amin(0), ends.amax(0)
    found, open_ = (below + above) / 2, torch.arange(len(y))
    for _ in range(ROUNDS):
        if len(open_) == 0:
            break
        at, low, high = found[open_], below[open_], above[open_]
        odds, slope = _log_odds(at, places, logs, s_stop)
        gap = odds - wanted[open_]
        low, high = torch.where(gap < 0, at, low), torch.where(gap > 0, at, high)
        moved = at - gap / slope
        outside = ~((moved > low) & (moved < high))
        moved = torch.where(outside, (low + high) / 2, moved)
        below[open_], above[open_], found[open_] = low, high, moved
        spacing = 2 * torch.finfo(y.dtype).eps * torch.maximum(moved.abs(), at.abs())
        open_ = open_[((moved - at).abs() > spacing) & (gap != 0)]
    return found


def _log_odds(y: Tensor, places: Tensor, logs: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """ln F - ln(1 - F), and its slope p / (F (1 - F))."""
    z = (y[:, None] - places) / s
    low = torch.logsumexp(logs + torch.special.log_ndtr(z), -1)
    high = torch.logsumexp(logs + torch.special.log_ndtr(-z), -1)
    density = torch.logsumexp(logs - z**2 / 2, -1) - math.log(s * math.sqrt(2 * math.pi))
    return low - high, torch.exp(density - low - high)
