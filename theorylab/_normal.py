"""The standard normal distribution function, to full relative accuracy in the lower tail.

Notation: Phi(x) = P(Z <= x). torch's own `ndtr` is accurate absolutely only: at -12 it is 0.
"""

import math

import torch
from torch import Tensor


def normal_below(x: Tensor) -> Tensor:
    """Phi(x) = erfc(-x / sqrt 2) / 2."""
    return torch.special.erfc(-x / math.sqrt(2)) / 2
