r"""Product laws: mixtures on a full grid whose weights multiply, found and evaluated as such.

.. math:: p(x) = \prod_c p_c(x_c), \qquad score_c(x) = (\ln p_c)'(x_c)

Every combination of the coordinates of the means must occur once, and all modes must have one
variance. See proofs_check/ashiq2026_ddim_vs_ddpm,
mixture_with_product_weights_on_a_grid_is_a_product_law.

This module is not public; see `theorylab.diffusion.mixture`.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab._typing import Points
from theorylab.diffusion.kernels import AUTOMATIC, Kernel, Native
from theorylab.native import mixture as native
from theorylab.native.recorded import recorded

ROUNDINGS = 8.0
"""For each coordinate, by how many roundings weights may differ from products of shares."""


class Axis(NamedTuple):
    """A coordinate: one mode for each of its places, which increase, and their log weights."""

    modes: Tensor
    logs: Tensor


def axes(means: Tensor, weights: Tensor, roundings: float) -> list[Axis] | str:
    """The coordinates of a product law, or in words why it is none.

    Means (K, d), weights (K,); these may be off by `roundings` of their dtype.
    """
    found, cells = [], []
    for c in range(means.shape[1]):
        places, which = torch.unique(means[:, c], return_inverse=True)
        share = torch.zeros_like(places).index_add_(0, which, weights)
        count = torch.arange(len(means), device=means.device)
        first = torch.full_like(which[: len(places)], len(means))
        found.append(Axis(first.scatter_reduce(0, which, count, reduce="amin"), torch.log(share)))
        cells.append(which)
    sides = [len(axis.logs) for axis in found]
    distinct = len(torch.unique(torch.stack(cells, dim=1), dim=0))
    if not len(means) == math.prod(sides) == distinct:
        return f"means must be distinct and a full grid, got {len(means)} modes for sides {sides}"
    product = torch.stack([axis.logs[which] for axis, which in zip(found, cells, strict=True)])
    apart = float((torch.exp(product.sum(0) - torch.log(weights)) - 1).abs().max())
    if apart > roundings * torch.finfo(means.dtype).eps:
        return (
            f"weights must be products of weights of the coordinates, got a ratio off by {apart}"
        )
    return found


def grid_of(means: Tensor, variance: Tensor, weights: Tensor) -> "OnGrid | None":
    """The kernel for a product law of at least two dimensions, or None for any other mixture."""
    modes, d = means.shape
    if variance.ndim != 0 or d not in range(2, 9) or modes < 2**d or recorded(means, weights):
        return None
    found = axes(means.detach(), weights.detach(), d * ROUNDINGS)
    if isinstance(found, str) or min(len(axis.logs) for axis in found) < 2:
        return None
    places = torch.cat([axis.modes * d + c for c, axis in enumerate(found)])
    logs = torch.cat([axis.logs for axis in found])
    return OnGrid(places, logs, tuple(len(axis.logs) for axis in found))


@dataclass(frozen=True, eq=False)
class OnGrid(Kernel):
    """A sum over the sides of a grid in place of their product, in the compiled loop of axes.h.

    What `kernels.Native` does not serve goes to `AUTOMATIC`.

    Attributes:
        entries: where in the flat means the places of the coordinates stand, in order.
        logs: the logarithms of the weights of the modes of each coordinate.
        counts: the number of modes of each coordinate.
    """

    entries: Tensor
    logs: Tensor
    counts: tuple[int, ...]

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score, for means that are those of the grid or a multiple of them."""
        if self._serves(x, means, variance, log_weights):
            return self._pull(x, means, variance, weighted=True)
        return AUTOMATIC.score(x, means, variance, log_weights)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift, likewise."""
        if self._serves(x, means, variance, log_weights):
            return self._pull(x, means, variance, weighted=False)
        return AUTOMATIC.shift(x, means, variance, log_weights)

    def _serves(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> bool:
        """Whether all modes have one variance at a point, and the compiled loop takes it."""
        per_mode = variance.numel() > 1 and variance.shape == (len(means),)
        plain = not per_mode and not recorded(log_weights)
        return plain and Native.serves(x, means, variance)

    def _pull(self, x: Tensor, means: Tensor, variance: Tensor, *, weighted: bool) -> Points:
        places, logs = means.reshape(-1)[self.entries.to(means.device)], self.logs.to(means)
        flat, scales = x.reshape(-1, x.shape[-1]), (1 / variance).reshape(-1)
        return native.pull_axes(flat, places, logs, self.counts, scales, weighted).reshape(x.shape)


class Seen(NamedTuple):
    """What was found out of these means and weights, which are kept beside it."""

    means: Tensor
    weights: Tensor
    grid: OnGrid | None

    @staticmethod
    def of(means: Tensor, weights: Tensor, grid: OnGrid | None) -> "Seen":
        """With copies of both."""
        return Seen(means.detach().clone(), weights.detach().clone(), grid)

    def holds_for(self, means: Tensor, weights: Tensor) -> bool:
        """Whether neither has changed since."""
        return torch.equal(self.means, means) and torch.equal(self.weights, weights)
