r"""Constants of the convergence to a segment under two-mode dominance, for any weights.

Notation: (i, j) the dominating pair, kappa its margin: D_k - min(D_i, D_j) >= 2 s^2 kappa for the
other modes k, with D_k = |y - mu_k|^2; W the responsibility that is left to the others.

.. math:: \rho = e^{-\kappa} \max_{n \in \{i,j\}} \sum_{k \ne i,j} \pi_k/\pi_n, \qquad
          W \le \rho/(1+\rho), \qquad \Delta = \max_k dist(\mu_k, L)

Checked in proofs_check/ashiq2026_ddim_vs_ddpm/distance_to_segment_contracts_along_the_flow.py.
This module does not decide whether a margin holds; see `geometry.dominance_margin`.
"""

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerPoint
from theorylab.diffusion import _points
from theorylab.diffusion.geometry import Segment
from theorylab.diffusion.mixture import GaussianMixture


def outsiders_responsibility(
    mixture: GaussianMixture, pair: tuple[int, int], kappa: ArrayLike
) -> PerPoint:
    """rho/(1 + rho), a bound on the responsibility of the modes outside the pair.

    Raises:
        ValueError: a pair that is not two different modes.
    """
    inside = _require_pair(mixture, pair)
    margin = _require.array("kappa", kappa, like=mixture.means)
    outside = mixture.weights.sum() - mixture.weights[inside].sum()
    rho = torch.exp(-margin) * outside / mixture.weights[inside].min()
    return rho / (1 + rho)


def farthest_mode(mixture: GaussianMixture, pair: tuple[int, int]) -> float:
    """Delta, the largest distance of a mode to the segment of the pair."""
    i, j = _require_pair(mixture, pair)
    return float(Segment(mixture.means[i], mixture.means[j]).distance(mixture.means).max())


def segment_bound(start: Tensor, ratio: Tensor, responsibility: Tensor, farthest: float) -> Tensor:
    """ratio * start + (1 - ratio) W Delta: the distance to the segment after contracting.

    `ratio` is s_t / s_tau for the flow and the product of the contractions for DDIM steps.
    """
    return ratio * start + (1 - ratio) * responsibility * farthest


def _require_pair(mixture: GaussianMixture, pair: tuple[int, int]) -> list[int]:
    _points.instance("mixture", mixture, GaussianMixture)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        msg = f"pair must be a pair (i, j) of modes, got {pair!r}"
        raise ValueError(msg)
    i, j = (_require.integer("pair", k, at_least=0) for k in pair)
    if i == j or max(i, j) >= mixture.K:
        msg = f"pair must name two different modes of {mixture.K}, got {pair}"
        raise ValueError(msg)
    return [i, j]
