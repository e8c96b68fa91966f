r"""Words of a grammar drawn as small images, and images read back as words.

Notation: a word is L symbols 0, 1, ...; an image is a grid of cells, one a symbol in reading
order, with pixel values in [-1, 1]; a template is what a symbol looks like in its cell.

This module trains nothing; see `theorylab.learn.grammar_images`. scikit-learn is imported only
where its handwritten digits are asked for.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import torch
from torch import Tensor

from theorylab import _require
from theorylab.parity import _support

OPENING: Final = ("...#", "..#.", ".#..", ".#..", ".#..", ".#..", "..#.", "...#")
"""An opening bracket, 8 by 4; the closing one is its mirror image. All 8 rows differ."""

UNREADABLE: Final = -1
"""The symbol read where no template is near."""


@dataclass(frozen=True)
class Templates:
    """What the symbols look like.

    Attributes:
        pictures: (K, h, w) in [-1, 1].
        symbols: (K,) which symbol each of them draws.
        radius: a cell farther than this from every picture, in the Euclidean norm over its
            pixels, is unreadable.
    """

    pictures: Tensor
    symbols: Tensor
    radius: float

    def draw(self, words: Tensor, *, generator: torch.Generator) -> Tensor:
        """Cells (n, L, h, w) of words (n, L), each a picture of its symbol at random."""
        pick = torch.rand(words.shape, generator=generator, dtype=torch.float64)
        count = torch.bincount(self.symbols)
        first = count.cumsum(0) - count
        order = torch.argsort(self.symbols, stable=True)
        return self.pictures[order[first[words] + (pick * count[words]).long()]]

    def read(self, cells: Tensor) -> Tensor:
        """The symbols (*n,) of the nearest pictures of cells (*n, h, w), or `UNREADABLE`."""
        flat = cells.reshape(-1, self.pictures[0].numel()).double()
        distance, nearest = torch.cdist(flat, self.pictures.flatten(1).double()).min(dim=-1)
        read = torch.where(distance <= self.radius, self.symbols[nearest], UNREADABLE)
        return read.reshape(cells.shape[:-2])


def bracket_templates(*, height: int = 8, width: int = 4) -> Templates:
    """Symbol 0 an opening, 1 a closing bracket; unreadable beyond a quarter of their distance.

    Raises:
        ValueError: height is no positive multiple of 8, or width of 4.
    """
    for name, size, unit in (("height", height, 8), ("width", width, 4)):
        if _require.integer(name, size, at_least=unit) % unit:
            msg = f"{name} must be a multiple of {unit}, got {size}"
            raise ValueError(msg)
    rows = [[1.0 if mark == "#" else -1.0 for mark in row] for row in OPENING]
    opening = torch.tensor(rows, dtype=torch.float32)
    opening = opening.repeat_interleave(height // 8, 0).repeat_interleave(width // 4, 1)
    pictures = torch.stack((opening, opening.flip(-1)))
    gap = torch.linalg.vector_norm(pictures[0] - pictures[1]).item()
    return Templates(pictures, torch.arange(2), gap / 4)


def digit_templates(*, scale: int = 1) -> Templates:
    """The 1797 handwritten digits that ship with scikit-learn, 8 by 8 pixels times `scale`.

    Unreadable is what lies farther from every digit than 1.4 times the distance within which
    99.9 % of them have their nearest neighbour. That is 5.1 at scale 1, where an empty cell is 5.9
    from its nearest digit. It tells shapes from noise; it does not measure how well one is drawn.

    Raises:
        ValueError: scale is no positive integer.
    """
    from sklearn.datasets import load_digits

    scale = _require.integer("scale", scale, at_least=1)
    data = load_digits()
    pictures = torch.tensor(data.images, dtype=torch.float32) / 8 - 1
    flat = pictures.flatten(1).double()
    apart = torch.cdist(flat, flat).fill_diagonal_(torch.inf).amin(dim=-1)
    radius = 1.4 * torch.quantile(apart, 0.999).item() * scale
    pictures = pictures.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    return Templates(pictures, torch.tensor(data.target, dtype=torch.int64), radius)


@dataclass(frozen=True)
class Grammar:
    """Words, those of them that are trained on, and their look.

    Attributes:
        valid: (V, L) every word that obeys the rule, distinct.
        trained: (M, L) the words of the training set, a part of them.
        templates: what the symbols look like.
        rows: of the grid of cells.
    """

    valid: Tensor
    trained: Tensor
    templates: Templates
    rows: int

    @property
    def columns(self) -> int:
        """Of the grid of cells."""
        return self.valid.shape[1] // self.rows

    @property
    def image_shape(self) -> tuple[int, int]:
        """Pixels, (height, width)."""
        height, width = self.templates.pictures.shape[1:]
        return self.rows * height, self.columns * width

    def images(self, words: Tensor, *, generator: torch.Generator) -> Tensor:
        """Images (n, 1, H, W) of words (n, L)."""
        cells = self.templates.draw(words, generator=generator)
        grid = cells.unflatten(1, (self.rows, self.columns))
        return grid.transpose(2, 3).reshape(len(words), 1, *self.image_shape)

    def read(self, images: Tensor) -> Tensor:
        """The words (n, L) of images (n, 1, H, W), `UNREADABLE` in cells like no template."""
        height, width = self.templates.pictures.shape[1:]
        grid = images.reshape(len(images), self.rows, height, self.columns, width)
        return self.templates.read(grid.transpose(2, 3).flatten(1, 2))

    def region(self, symbol: int) -> Tensor:
        """The numbers of the pixels of that symbol's cell in the flattened image."""
        height, width = self.templates.pictures.shape[1:]
        pixels = torch.arange(self.image_shape[0] * self.image_shape[1]).reshape(self.image_shape)
        row, column = divmod(symbol, self.columns)
        block = pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
        return block.flatten()

    def proportions(self, images: Tensor) -> dict[str, int]:
        """How many images are unreadable, hallucinated, in the training set, extrapolated.

        Hallucinated is a readable word that breaks the rule; extrapolated a valid word outside
        the training set. The four counts sum to n.
        """
        words = self.read(images)
        readable = (words != UNREADABLE).all(dim=-1)
        valid, trained = (_among(words, some) for some in (self.valid, self.trained))
        return {
            "unreadable": int((~readable).sum()),
            "hallucinated": int((readable & ~valid).sum()),
            "trained": int(trained.sum()),
            "extrapolated": int((valid & ~trained).sum()),
        }


def _among(words: Tensor, some: Tensor) -> Tensor:
    return (words[:, None, :] == some).all(dim=-1).any(dim=-1)


def parity_brackets(length: int, *, trained: int, seed: int = 0, scale: int = 1) -> Grammar:
    """Words with an even number of closing brackets, in a grid of two rows.

    Args:
        length: L, 4 (cells 8 by 8) or 8 (cells 8 by 4), so that images are 16 by 16 times scale.
        trained: how many valid words, chosen by the seed, make the training set.
        seed: of that choice.
        scale: pixels per side of a pixel.

    Raises:
        ValueError: another length; trained not in 1..2^(L-1).
    """
    words = torch.tensor(
        [w for w in product((0, 1), repeat=_length(length)) if sum(w) % 2 == 0], dtype=torch.int64
    )
    return Grammar(words, _some(words, trained, seed), _brackets(length, scale), rows=2)


def dyck_brackets(length: int, *, trained: int | None = None, scale: int = 1) -> Grammar:
    """Balanced words in the same images, all of them trained on if `trained` is None.

    Arguments and errors as `parity_brackets`; the choice is that of seed 0.
    """
    signs = torch.tensor(_support.balanced_words(_length(length)), dtype=torch.int64)
    words = (1 - signs) // 2
    kept = words if trained is None else _some(words, trained, 0)
    return Grammar(words, kept, _brackets(length, scale), rows=2)


def quarter_digits(*, trained: int = 470, seed: int = 0, scale: int = 1) -> Grammar:
    """Four handwritten digits, s1 + s2 = s3 + s4, read by rows; 670 valid words.

    Args and errors as `parity_brackets`. Source: arXiv 2503.03595, Section 4.2 and Appendix A.3.
    """
    every = product(range(10), repeat=4)
    words = torch.tensor([w for w in every if w[0] + w[1] == w[2] + w[3]], dtype=torch.int64)
    return Grammar(words, _some(words, trained, seed), digit_templates(scale=scale), rows=2)


def _length(length: int) -> int:
    if length not in (4, 8):
        msg = f"length must be 4 or 8, got {length!r}"
        raise ValueError(msg)
    return length


def _brackets(length: int, scale: int) -> Templates:
    scale = _require.integer("scale", scale, at_least=1)
    return bracket_templates(height=8 * scale, width=32 // length * scale)


def _some(words: Tensor, count: int, seed: int) -> Tensor:
    count = _require.integer("trained", count, at_least=1)
    if count > len(words):
        msg = f"trained must be at most {len(words)}, the number of valid words, got {count}"
        raise ValueError(msg)
    generator = torch.Generator().manual_seed(seed)
    return words[torch.randperm(len(words), generator=generator)[:count].sort().values]
