r"""Binary words drawn with two templates: the exact denoiser of their pixels.

Notation: v in {-1, 1}^d with law p0; symbol +1 is drawn as o_+, -1 as o_-, each P pixels;
c = (o_+ + o_-)/2, delta = (o_+ - o_-)/2; x = s x_0 + nu xi with x_0 the d P pixels.

This module draws templates of one look each; handwriting, where a symbol has many, is in
`theorylab.learn.glyphs`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.parity import posterior
from theorylab.parity.laws import HypercubeLaw


@dataclass(frozen=True)
class RenderedLaw:
    """The law of the pixels of a word.

    Attributes:
        law: p0.
        plus: o_+, shape (P,).
        minus: o_-, shape (P,).

    Raises:
        ValueError: templates of other shapes, not finite, or equal.
    """

    law: HypercubeLaw
    plus: Tensor
    minus: Tensor

    def __post_init__(self) -> None:
        """Check the templates."""
        plus = _require.array("plus", self.plus)
        minus = _require.array("minus", self.minus, like=plus)
        if plus.ndim != 1 or plus.shape != minus.shape:
            shapes = tuple(plus.shape), tuple(minus.shape)
            msg = f"plus and minus must be of one shape (P,), got {shapes}"
            raise ValueError(msg)
        if torch.equal(plus, minus):
            msg = "plus and minus must differ, got equal templates"
            raise ValueError(msg)
        object.__setattr__(self, "plus", plus)
        object.__setattr__(self, "minus", minus)

    @property
    def dimension(self) -> int:
        """D P, the number of pixels."""
        return self.law.dimension * len(self.plus)

    def draw(self, words: ArrayLike) -> Points:
        """The pixels (*n, d P) of words (*n, d)."""
        signs = _require.array("words", words, like=self.plus)
        signs = _require.points("words", signs, dimension=self.law.dimension, like=self.plus)
        centre, delta = self._templates(signs)
        return (centre + signs[..., None] * delta).flatten(-2)

    def clean_mean(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""E[x_0 | x], token by token c + E[v_i | x] delta.

        The posterior of the word is that of a point of the cube with the log odds

        .. math:: \lambda_i = s \, \delta \cdot (x_i - s c) / \nu^2

        in which the two templates' norms are accounted for by c.

        Args:
            x: (*n, d P), token after token.
            alpha_bar: A in [0, 1).

        Raises:
            ValueError: x is not finite or has another last axis; alpha_bar outside [0, 1).
        """
        place = _require.array("x", x)
        place = _require.points("x", place, dimension=self.dimension, like=place)
        centre, delta = self._templates(place)
        signal, _ = posterior.signal_and_noise(alpha_bar)
        tokens = place.unflatten(-1, (self.law.dimension, len(delta)))
        lam = posterior.log_odds((tokens - signal * centre) @ delta, alpha_bar=alpha_bar)
        return (centre + self.law._posterior_mean(lam)[..., None] * delta).flatten(-2)

    def noise_mean(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""E[xi | x] = (x - s E[x_0 | x]) / nu; arguments as `clean_mean`."""
        signal, noise = posterior.signal_and_noise(alpha_bar)
        place = _require.array("x", x)
        return (place - signal * self.clean_mean(place, alpha_bar=alpha_bar)) / noise

    def _templates(self, like: Tensor) -> tuple[Tensor, Tensor]:
        plus, minus = self.plus.to(like), self.minus.to(like)
        return (plus + minus) / 2, (plus - minus) / 2
