r"""Modes far apart on a lattice in d dimensions, by greedy farthest-point sampling.

Notation: the lattice is 2 {-2, -1, 0, 1, 2}^d; the k-th mode is the candidate whose distance to
the k - 1 modes before it is largest, the first such in the order of the candidates.

In at most `ENUMERATED` points the candidates are the whole lattice in lexicographic order, and
the modes are those of arXiv:2605.06831 (d = 2, 4, 8). Beyond, its random pool is not
reproduced: ours is smaller and drawn otherwise, so distances differ by some per cent.
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab.diffusion import _random
from theorylab.diffusion.mixture import GaussianMixture

SIDE = 5
"""Lattice points in a direction: -4, -2, 0, 2, 4."""

ENUMERATED = 500_000
"""The largest lattice whose points are all candidates."""

POOL = 20_000
"""Random candidates on a larger lattice."""


def farthest_point_mixture(
    dimension: int, *, modes: int = 25, seed: int = 42, std: float = 0.02
) -> GaussianMixture:
    r"""Equal modes by farthest-point sampling, the data of arXiv:2605.06831 in d > 2 (float64).

    .. math:: \mu_1 = (-4, \dots, -4), \quad
              \mu_{k+1} = \mathrm{argmax}_x \min_{i \le k} |x - \mu_i|, \quad
              \text{all divided by } 2\sqrt d

    In d = 2 all 25 lattice points are modes, with spacing 0.70711 (the 2-d data set itself is
    divided by 2.8284978 instead; see `GaussianMixture.grid`).

    Args:
        dimension: d.
        modes: K.
        seed: of the candidates; it matters only where 5^d > 500 000.
        std: the standard deviation of a mode before the division.

    Raises:
        ValueError: dimension < 1, modes < 1 or more modes than different candidates, seed < 0, a
            std that is not positive.

    Source: the released code of arXiv:2605.06831.
    """
    d = _require.integer("dimension", dimension, at_least=1)
    count = _require.integer("modes", modes, at_least=1)
    scale = 2 * math.sqrt(d)
    deviation = _require.positive("std", std) / scale
    return GaussianMixture(_farthest(_candidates(d, seed), count) / scale, deviation**2)


def _candidates(d: int, seed: int) -> Tensor:
    """Lattice points (m, d), the corner first: all of them, or a random choice."""
    steps = torch.arange(SIDE, dtype=torch.float64)
    if SIDE**d <= ENUMERATED:
        chosen = torch.cartesian_prod(*[steps] * d).reshape(-1, d)
    else:
        drawn = _random.generator(seed, 0).integers(SIDE, size=(POOL, d))
        chosen = torch.cat([torch.zeros(1, d).to(steps), torch.from_numpy(drawn).to(steps)])
    return 2 * chosen - (SIDE - 1)


def _farthest(candidates: Tensor, count: int) -> Tensor:
    """The first `count` of the farthest-point order; squares of integers are exact."""
    squares = (candidates**2).sum(-1)
    chosen, nearest = [0], torch.full_like(squares, torch.inf)
    while len(chosen) < count:
        last = candidates[chosen[-1]]
        apart = squares + squares[chosen[-1]] - 2 * candidates @ last
        nearest = torch.minimum(nearest, apart)
        farthest = int(nearest.argmax())
        if nearest[farthest] == 0:
            msg = f"modes must be at most the {len(chosen)} different candidates, got {count}"
            raise ValueError(msg)
        chosen.append(farthest)
    return candidates[chosen]
