r"""`ResidualMLP`: the noise predictor of arXiv:2605.06831, in any dimension.

Notation: x_t (n, d) the noisy points, t the raw index, eps(x_t, t) (n, d) the predicted noise.

This module trains nothing, and its networks draw no random numbers once they are built.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from theorylab import _require

SLOPE = 0.2
"""Of the leaky rectifier on the negative axis."""

Built = TypeVar("Built", bound=nn.Module)


def sinusoids(t: Tensor, width: int, *, period: float = 10_000.0) -> Float[Tensor, "*n width"]:
    r"""The embedding (sin(t f_i), cos(t f_i)), f_i = period^{-i/(width/2)}; (*n) -> (*n, width).

    Raises:
        ValueError: a width that is odd or below 2, a period that is not positive.
    """
    if _require.integer("width", width, at_least=2) % 2:
        msg = f"width must be even, got {width}"
        raise ValueError(msg)
    decay = math.log(_require.positive("period", period)) / (width // 2)
    frequencies = torch.exp(-decay * torch.arange(width // 2, dtype=t.dtype, device=t.device))
    angles = t[..., None] * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


class _Block(nn.Module):
    """h + W' a(W a(LayerNorm h)) with the leaky rectifier a."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """The block at h, (n, width)."""
        return h + self.outer(leaky_relu(self.inner(leaky_relu(self.norm(h), SLOPE)), SLOPE))


class ResidualMLP(nn.Module):
    """A residual network eps(x, t) on R^d.

    The points enter by a linear map, the time by a linear map of its sinusoids; the sum passes
    `blocks` residual blocks, a LayerNorm, a leaky rectifier and a linear map back to R^d. With the
    defaults it has 29,954 parameters for d = 2 and 29,825 for d = 1.

    Args:
        d: the dimension of the points.
        width: of the hidden layers and of the embedding, even.
        blocks: their number.
        time_scale: t is multiplied by it before the embedding: 1 for raw indices, about 1000 for
            times in [0, 1].

    Raises:
        ValueError: d < 1, a width that is odd or below 2, blocks < 0, a time_scale that is not
            positive; when called, points or times of another shape.

    Source: arXiv:2605.06831, the released code.
    """

    def __init__(
        self, d: int = 2, *, width: int = 64, blocks: int = 3, time_scale: float = 1.0
    ) -> None:
        super().__init__()
        self.d = _require.integer("d", d, at_least=1)
        self.time_scale = _require.positive("time_scale", time_scale)
        self.width = sinusoids(torch.zeros(()), width).shape[-1]
        self.enter = nn.Linear(d, width)
        self.time = nn.Linear(width, width)
        self.blocks = nn.ModuleList(
            _Block(width) for _ in range(_require.integer("blocks", blocks, at_least=0))
        )
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, d)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The predicted noise at x, (*n, d), and t, () or (*n)."""
        if x.ndim < 1 or x.shape[-1] != self.d:
            msg = f"x must have shape (*n, {self.d}), got {tuple(x.shape)}"
            raise ValueError(msg)
        if t.shape not in {(), x.shape[:-1]}:
            msg = f"t must have shape () or {tuple(x.shape[:-1])}, got {tuple(t.shape)}"
            raise ValueError(msg)
        embedded = sinusoids(self.time_scale * t.to(x.dtype), self.width)
        h = self.enter(x) + self.time(embedded)
        for block in self.blocks:
            h = block(h)
        return self.leave(leaky_relu(self.norm(h), SLOPE))


def build(factory: Callable[[], Built], *, seed: int) -> Built:
    """A float32 module whose initial weights are a function of the seed.

    The global random state and the default dtype are those of before.

    Raises:
        ValueError: a factory that cannot be called or does not give a module, a negative seed.
    """
    if not callable(factory):
        msg = f"factory must be callable without arguments, got {factory!r}"
        raise ValueError(msg)
    seed, before = _require.integer("seed", seed, at_least=0), torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        try:
            module = factory()
        finally:
            torch.set_default_dtype(before)
    if not isinstance(module, nn.Module):
        msg = f"factory must give a torch.nn.Module, got {module!r}"
        raise ValueError(msg)
    return module


def parameter_count(module: nn.Module) -> int:
    """The number of real parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
