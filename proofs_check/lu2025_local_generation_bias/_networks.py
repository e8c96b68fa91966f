"""Networks that several claims of this paper run on.

This module checks nothing.
"""

import math

import torch

from theorylab.parity import TwoLayerReLU


def random_network(d: int, width: int, seed: int) -> TwoLayerReLU:
    """Weights of size one and no structure."""
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(width, generator=generator) for _ in range(2))
    return TwoLayerReLU(a, torch.randn(width, d, generator=generator) / math.sqrt(d), b)


def univariate_network(d: int, coordinate: int, width: int, seed: int) -> TwoLayerReLU:
    """Every neuron sees its own coordinate only, with weights of both signs."""
    network = random_network(d, width, seed)
    w = torch.zeros_like(network.w)
    w[:, coordinate] = network.w[:, coordinate]
    return TwoLayerReLU(network.a, w, network.b)
