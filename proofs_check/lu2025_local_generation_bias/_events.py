"""Means of ratios as binomial rates, so that their error rates are exact.

For a ratio r in [0, 1] and U uniform, the event U >= r has probability 1 - r. Over independent
points the number of such events is binomial with the rate 1 - E[r] = 1 - LDR, and so the makers of
SAMPLED findings apply to it as they stand. This module checks nothing.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

BLOCK = 50_000


def non_local_events(
    ratios: Callable[[Tensor], Tensor], d: int, alpha_bar: float, *, n: int, seed: int
) -> int:
    """How many of n points s (1, ..., 1) + nu xi have U >= r.

    For a parity of value 1 on all bits every word is (1, ..., 1) up to the change of signs in
    pairs, under which the law, the noise and every ratio of the exact denoiser are invariant.
    """
    generator = torch.Generator().manual_seed(seed)
    events = 0
    for size in (min(BLOCK, n - start) for start in range(0, n, BLOCK)):
        xi = torch.randn(size, d, generator=generator)
        r = ratios(math.sqrt(alpha_bar) + math.sqrt(1 - alpha_bar) * xi)
        events += int((torch.rand(size, generator=generator) >= r).sum())
    return events
