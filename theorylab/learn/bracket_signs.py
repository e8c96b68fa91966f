r"""Images of brackets as noisy signs: what a denoiser knows of each bracket, and from where.

Notation: v in {-1, 1}^L, +1 an opening bracket; o_+ and o_- the two pictures, of P pixels,
c = (o_+ + o_-)/2, delta = (o_+ - o_-)/2; x = s x_0 + nu xi an image, x_i the pixels of cell i,
s = sqrt(A), nu = sqrt(1 - A).

What an image says of its word is in the numbers y_i = delta . (x_i - s c), which have the log odds
s y_i / nu^2. A prediction f of x_0 says m_i = delta . (f_i - c) / |delta|^2 of the sign of bracket
i; the exact one says E[v_i | x].

This module is about two symbols with one picture each, as `theorylab.learn.glyphs` draws brackets.
"""

from fractions import Fraction
from itertools import product

import torch
from torch import Tensor

from theorylab import _require
from theorylab.learn.glyphs import Grammar
from theorylab.learn.grammar_images import Denoiser
from theorylab.parity.laws import HypercubeLaw


def signs_of(words: Tensor) -> Tensor:
    """Words of 0 and 1 as +1 (opening) and -1, same shape."""
    return 1 - 2 * words


def law_of(words: Tensor) -> HypercubeLaw:
    """Uniform on these distinct words (n, L) of 0 and 1."""
    return HypercubeLaw.from_support([tuple(row) for row in signs_of(words).tolist()])


def independent_brackets(law: HypercubeLaw) -> HypercubeLaw:
    r"""The law of independent brackets with the same marginals.

    .. math:: p(v) = \prod_i \frac{1 + v_i \, E v_i}{2}
    """
    means = [law.moment([i]) for i in range(law.dimension)]
    atoms = {}
    for v in product((1, -1), repeat=law.dimension):
        mass = Fraction(1)
        for sign, mean in zip(v, means, strict=True):
            mass *= (1 + sign * mean) / 2
        if mass:
            atoms[v] = mass
    return HypercubeLaw.from_support(list(atoms), list(atoms.values()))


def cell_projections(grammar: Grammar, images: Tensor, *, signal: float = 1.0) -> Tensor:
    """The y_i = delta . (x_i - signal c) of images (n, 1, H, W), shape (n, L).

    Raises:
        ValueError: the grammar draws anything else than two symbols with one picture each.
    """
    centre, delta = _pictures(grammar, images)
    return (_cells(grammar, images) - signal * centre) @ delta


def predicted_signs(predict: Denoiser, grammar: Grammar, x: Tensor) -> Tensor:
    """The m_i (n, L) of a prediction of x_0; errors as `cell_projections`."""
    _, delta = _pictures(grammar, x)
    return cell_projections(grammar, predict(x)) / delta.square().sum()


def exact_signs(law: HypercubeLaw, grammar: Grammar, x: Tensor, *, alpha_bar: float) -> Tensor:
    """The E[v_i | x] (n, L), float64, if words follow the law; errors as `cell_projections`."""
    signal = _require.between("alpha_bar", alpha_bar, 0, 1) ** 0.5
    return law.posterior_mean(
        cell_projections(grammar, x.double(), signal=signal), alpha_bar=alpha_bar
    )


def sign_gradient(predict: Denoiser, grammar: Grammar, x: Tensor, symbol: int) -> Tensor:
    """The gradient of m_i with respect to x, for bracket i; shaped like x, one backward pass."""
    leaf = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        signs = predicted_signs(predict, grammar, leaf)
        (gradient,) = torch.autograd.grad(signs[:, symbol].sum(), leaf)
    return gradient


def sign_ratios(predict: Denoiser, grammar: Grammar, x: Tensor, symbol: int) -> Tensor:
    r"""How far the sign of bracket i depends on what the image says of bracket i: (n,), float64.

    .. math::
        \frac{J_{ii}^2}{\sum_k J_{ik}^2}, \qquad
        J_{ik} = \delta \cdot \frac{\partial m_i}{\partial x_k}

    the local dependency ratio seen along delta on both sides. For the exact prediction, whose
    Jacobian has no other direction, it is the ratio of all pixels, V_i^2 / sum_k C_ik^2 with
    C = Cov(v | x). NaN where every J_ik is 0.

    Errors as `cell_projections`.
    """
    gradient = sign_gradient(predict, grammar, x, symbol)
    _, delta = _pictures(grammar, x)
    energy = (_cells(grammar, gradient) @ delta).double().square()
    return energy[:, symbol] / energy.sum(dim=-1)


def _pictures(grammar: Grammar, like: Tensor) -> tuple[Tensor, Tensor]:
    """The centre c and the half difference delta, (P,)."""
    symbols = grammar.templates.symbols.tolist()
    if symbols != [0, 1]:
        msg = f"grammar must draw two symbols with one picture each, got {len(symbols)} pictures"
        raise ValueError(msg)
    plus, minus = grammar.templates.pictures.flatten(1).to(like)
    return (plus + minus) / 2, (plus - minus) / 2


def _cells(grammar: Grammar, images: Tensor) -> Tensor:
    """The pixels of each cell, (n, L, P)."""
    length = grammar.valid.shape[1]
    order = torch.stack([grammar.region(k) for k in range(length)]).to(images.device)
    return images.flatten(1)[:, order]
