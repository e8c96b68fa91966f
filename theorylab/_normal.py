"""The standard normal distribution function, to full relative accuracy in the lower tail.

Notation: Phi(x) = P(Z <= x). torch's own `ndtr` is accurate absolutely only: at -12 it is 0.
"""

import math

import torch
from torch import Tensor


def normal_below(x: Tensor) -> Tensor:
    """Phi(x) = erfc(-x / sqrt 2) / 2."""
    return torch.special.erfc(-x / math.sqrt(2)) / 2


def log_normal_between(low: Tensor, high: Tensor) -> Tensor:
    """ln(Phi(high) - Phi(low)) for low < high, also where the mass is below the smallest float.

    Reflected so that most of the interval lies below 0, ln Phi(high) is the larger term and
    nothing underflows: ln Phi is good to rounding down to -1e150.
    """
    flip = low + high > 0
    a = torch.special.log_ndtr(torch.where(flip, -high, low))
    b = torch.special.log_ndtr(torch.where(flip, -low, high))
    return b + torch.log(-torch.expm1(a - b))
