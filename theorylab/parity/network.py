r"""Two-layer ReLU networks: the denoisers of the theory, one output coordinate or all of them.

Notation: the output of coordinate i is s_i(x) = \sum_j a_ij relu(w_ij . x + b_ij), every
coordinate having m neurons of its own; relu'(0) = 0.

This module trains nothing: see `theorylab.parity.training` for the exact gradient flow.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike


@final
@dataclass(frozen=True, eq=False)
class TwoLayerReLU:
    """Neurons (a, w, b) of one output, or of d outputs stacked along a first axis.

    Attributes:
        a: output weights (m,) for one output, (d, m) for all.
        w: input weights (m, d), or (d, m, d).
        b: biases, of the shape of a.

    Raises:
        ValueError: not finite, shapes that do not fit, or another number of outputs than 1 or d.
    """

    a: Tensor
    w: Tensor
    b: Tensor

    def __post_init__(self) -> None:
        """Check, and give all three the dtype and device of w."""
        w = _require.array("w", self.w)
        if w.ndim not in (2, 3) or 0 in w.shape:
            msg = f"w must have shape (m, d) or (d, m, d), got shape {tuple(w.shape)}"
            raise ValueError(msg)
        if w.ndim == 3 and w.shape[0] != w.shape[2]:
            msg = f"w must have as many outputs as inputs, got shape {tuple(w.shape)}"
            raise ValueError(msg)
        for name in ("a", "b"):
            value = _require.array(name, getattr(self, name), like=w)
            if value.shape != w.shape[:-1]:
                msg = f"{name} must have shape {tuple(w.shape[:-1])}, got {tuple(value.shape)}"
                raise ValueError(msg)
            object.__setattr__(self, name, value.to(w))
        object.__setattr__(self, "w", w)

    @staticmethod
    def balanced(
        width: int,
        dimension: int,
        *,
        scale: float,
        bias_scale: float = 1.0,
        seed: int,
        all_outputs: bool = False,
    ) -> "TwoLayerReLU":
        r"""The random start of section 5.4, on which |a_j| = |(w_j, b_j)|.

        .. math::
            w \sim N(0, \sigma^2 I), \quad b \sim N(0, \sigma^2 r^2), \quad
            a \sim \pm\sqrt{|w|^2 + b^2}

        Args:
            width: m >= 1, of each output.
            dimension: d >= 1.
            scale: sigma > 0.
            bias_scale: r >= 0.
            seed: of a generator of its own; float64 is drawn, then the default dtype taken.
            all_outputs: whether to make d outputs instead of one.
        """
        scale = _require.positive("scale", scale)
        spread = _require.non_negative("bias_scale", bias_scale)
        draw = _normal_rows(width, dimension, 2, seed, all_outputs)
        w, b = scale * draw[..., :-2], scale * spread * draw[..., -2]
        size = torch.sqrt(w.square().sum(-1) + b**2)
        a = torch.where(draw[..., -1] < 0, -size, size)
        dtype = torch.get_default_dtype()
        return TwoLayerReLU(a.to(dtype), w.to(dtype), b.to(dtype))

    @staticmethod
    def without_bias(
        width: int, dimension: int, *, scale: float, seed: int, all_outputs: bool = False
    ) -> "TwoLayerReLU":
        r"""The random start of appendix A.7: w ~ N(0, sigma^2 I), b = 0, a = |w|^2 > 0.

        It is not balanced. Arguments as `balanced`.
        """
        scale = _require.positive("scale", scale)
        w = scale * _normal_rows(width, dimension, 0, seed, all_outputs)
        w = w.to(torch.get_default_dtype())
        a = w.square().sum(-1)
        return TwoLayerReLU(a, w, torch.zeros_like(a))

    @property
    def dimension(self) -> int:
        """The number d of inputs."""
        return self.w.shape[-1]

    @property
    def width(self) -> int:
        """The number m of neurons of an output."""
        return self.w.shape[-2]

    @property
    def has_all_outputs(self) -> bool:
        """Whether it has d outputs, and a first axis for them."""
        return self.w.ndim == 3

    def output(self, coordinate: int) -> "TwoLayerReLU":
        """The network of one output coordinate.

        Raises:
            ValueError: it has one output only, or the coordinate is outside 0..d-1.
        """
        if not self.has_all_outputs:
            msg = f"coordinate must be left out of a network with one output, got {coordinate!r}"
            raise ValueError(msg)
        i = coordinate_of(coordinate, self.dimension)
        return TwoLayerReLU(self.a[i], self.w[i], self.b[i])

    def imbalance(self) -> Tensor:
        """The differences a_j^2 - |w_j|^2 - b_j^2, of the shape of a."""
        return self.a**2 - self.w.square().sum(-1) - self.b**2

    def __call__(self, x: ArrayLike) -> Tensor:
        """The output at points x (*n, d): (*n,) for one output, (*n, d) for all."""
        return torch.einsum("...j,...j->...", torch.relu(self._levels(x)), self.a)

    def jacobian(self, x: ArrayLike) -> Tensor:
        """The derivative in x: (*n, d) for one output, (*n, d, d), outputs first, for all."""
        active = (self._levels(x) > 0).to(self.w.dtype) * self.a
        return torch.einsum("...j,...jk->...k", active, self.w)

    def _levels(self, x: ArrayLike) -> Tensor:
        """w . x + b: (*n, m) for one output, (*n, d, m) for all."""
        place = _require.points("x", x, dimension=self.dimension, like=self.w)
        if self.has_all_outputs:
            return torch.einsum("...k,ijk->...ij", place, self.w) + self.b
        return place @ self.w.T + self.b


def coordinate_of(coordinate: int, dimension: int) -> int:
    """An output coordinate in 0, ..., dimension - 1.

    Raises:
        ValueError: otherwise.
    """
    i = _require.integer("coordinate", coordinate, at_least=0)
    if i >= dimension:
        msg = f"coordinate must be in 0..{dimension - 1}, got {i}"
        raise ValueError(msg)
    return i


def _normal_rows(width: int, dimension: int, more: int, seed: int, all_outputs: bool) -> Tensor:
    """Standard normal draws (m, d + more), or (d, m, d + more), float64."""
    m = _require.integer("width", width, at_least=1)
    d = _require.integer("dimension", dimension, at_least=1)
    generator = torch.Generator().manual_seed(_require.integer("seed", seed, at_least=0))
    shape = (d, m, d + more) if all_outputs else (m, d + more)
    return torch.randn(shape, generator=generator, dtype=torch.float64)
