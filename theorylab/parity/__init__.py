"""Laws on the hypercube {-1, 1}^d and what a neuron sees of them through Gaussian noise.

Notation: A = alpha_bar, s = sqrt(A), nu = sqrt(1 - A), x = s v + nu xi with v on the cube and xi
standard normal; m_I = E[prod_{i in I} v_i].

This package trains no network.
"""

from theorylab.parity.dyck import DyckLaw
from theorylab.parity.families import FiniteLaw, ParityLaw
from theorylab.parity.growth import growth_rate, growth_rate_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.ldr import (
    dependency_ratios,
    local_dependency_ratio,
    ratio_of_means,
    saliency_map,
    zeroth_order_ratios,
)
from theorylab.parity.products import ParityProductLaw
from theorylab.parity.rendering import RenderedLaw
from theorylab.parity.words import EqualSumsLaw, FiniteWordLaw, WordLaw

__all__ = [
    "DyckLaw",
    "EqualSumsLaw",
    "FiniteLaw",
    "FiniteWordLaw",
    "HypercubeLaw",
    "ParityLaw",
    "ParityProductLaw",
    "RenderedLaw",
    "WordLaw",
    "dependency_ratios",
    "growth_rate",
    "growth_rate_gradient",
    "local_dependency_ratio",
    "ratio_of_means",
    "saliency_map",
    "zeroth_order_ratios",
]
