r"""The Shapes data of arXiv:2406.09358 as exact combinatorics, with its optimal denoiser.

Notation: an image has three columns c of 63 x 21 pixels, each with its own shape (triangle,
square, pentagon) at one of P_c positions with probability 1/2, else black; all-black images are
dropped. tau_{cj} the template j of column c with values 0 and 1; y = x + sigma n with y_c its
columns; L_{cj} = exp((2 <y_c, tau_cj> - |tau_cj|^2)/(2 sigma^2)), A_c = mean_j L_cj.

Positions are those of the released generator; triangle and pentagon are rasterised here by the
centres of pixels, not by its drawing library. No network is trained here.
"""

import math
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from theorylab import _require

HEIGHT, WIDTH = 63, 21
"""Pixels of a column."""

PRESENCE = tuple(kept for kept in product((0, 1), repeat=3) if any(kept))
"""The seven ways of showing at least one of three shapes."""


def square_positions() -> list[tuple[int, int]]:
    """Left upper corners (x, y) of the 8 x 8 square."""
    return list(product(range(1, 8), range(1, 50)))


def triangle_positions() -> list[tuple[int, int]]:
    """Left upper corners (x, y) of the triangle of side 11."""
    return list(product(range(11), range(53)))


def pentagon_positions() -> list[tuple[int, int]]:
    """Centres (x, y) of the pentagon of circumradius 5."""
    return list(product(range(5, 17), range(5, 59)))


def square(x: int, y: int) -> Tensor:
    """The square with its left upper corner at (x, y), (63, 21)."""
    image = torch.zeros(HEIGHT, WIDTH, dtype=torch.float64)
    image[y : y + 8, x : x + 8] = 1.0
    return image


def triangle(x: int, y: int) -> Tensor:
    """The triangle (x, y), (x + 11, y), (x + 5, y + 9), its boundary included."""
    return _polygon([(x, y), (x + 11, y), (x + 5, y + 9)])


def pentagon(x: int, y: int) -> Tensor:
    """The regular pentagon around (x, y) of circumradius 5 with a corner at 72 degrees."""
    angles = [math.radians(72 * (i + 1)) for i in range(5)]
    return _polygon([(x + 5 * math.cos(a), y - 5 * math.sin(a)) for a in angles])


def templates() -> tuple[Tensor, Tensor, Tensor]:
    """All templates of the three columns, flattened: (583, 1323), (343, 1323), (648, 1323)."""
    drawn = (
        (triangle, triangle_positions()),
        (square, square_positions()),
        (pentagon, pentagon_positions()),
    )
    stacks = [torch.stack([draw(*at).flatten() for at in places]) for draw, places in drawn]
    return stacks[0], stacks[1], stacks[2]


@dataclass(frozen=True, eq=False)
class ShapesDenoiser:
    r"""The posterior mean E[x | y] of the Shapes law, in closed form.

    .. math:: D_c(y) = P(c \text{ shown} \mid y)\; \sum_j \frac{L_{cj}}{\sum_i L_{ci}} \tau_{cj},
              \qquad
              P(S \text{ shown} \mid y) = \frac{\prod_{c \in S} A_c}
              {\sum_{\emptyset \ne S'} \prod_{c \in S'} A_c}

    Attributes:
        columns: templates of each column, (P_c, m); m pixels.

    Raises:
        ValueError: not three columns of templates with one number of pixels; when called, points
            not of shape (*n, 3, m), a sigma that is not positive.
    """

    columns: tuple[Tensor, Tensor, Tensor]

    def __post_init__(self) -> None:
        shapes = [tuple(column.shape) for column in self.columns]
        same = {shape[-1] for shape in shapes if len(shape) == 2 and 0 not in shape}
        if len(shapes) != 3 or len(same) != 1 or any(len(shape) != 2 for shape in shapes):
            msg = f"columns must be three tensors (P, m) with one m, got shapes {shapes}"
            raise ValueError(msg)

    def __call__(self, y: Tensor, sigma: float | Tensor) -> Tensor:
        """The denoiser at y, (*n, 3, m)."""
        if y.ndim < 2 or y.shape[-2:] != (3, self.columns[0].shape[-1]):
            msg = f"y must have shape (*n, 3, {self.columns[0].shape[-1]}), got {tuple(y.shape)}"
            raise ValueError(msg)
        noise = _require.positive("sigma", float(sigma)) ** 2
        means, odds = [], []
        for c, column in enumerate(self.columns):
            stack = column.to(y)
            logits = (2 * y[..., c, :] @ stack.T - (stack**2).sum(-1)) / (2 * noise)
            means.append(torch.softmax(logits, dim=-1) @ stack)
            odds.append(torch.logsumexp(logits, dim=-1) - math.log(len(stack)))
        shown = self._shown(torch.stack(odds, dim=-1))
        return shown[..., None] * torch.stack(means, dim=-2)

    @staticmethod
    def _shown(log_odds: Tensor) -> Tensor:
        """P(c shown | y) from ln A_c, (*n, 3)."""
        ways = torch.tensor(PRESENCE, dtype=log_odds.dtype, device=log_odds.device)
        return torch.softmax(log_odds @ ways.T, dim=-1) @ ways


def count_shapes(images: Tensor, *, threshold: float = 0.5) -> Tensor:
    """The number of connected bright regions of every column; (n, 3, 63, 21) -> (n, 3).

    A sample of the data has 0 or 1 in each; more is a hallucination. Pixels above the threshold
    are bright; diagonal neighbours are connected.

    Raises:
        ValueError: images of another shape.
    """
    if images.ndim != 4 or images.shape[1:] != (3, HEIGHT, WIDTH):
        msg = f"images must have shape (n, 3, {HEIGHT}, {WIDTH}), got {tuple(images.shape)}"
        raise ValueError(msg)
    bright = (images > _require.number("threshold", threshold)).cpu().numpy()
    around = np.ones((3, 3))
    counts = [[ndimage.label(column, around)[1] for column in image] for image in bright]
    return torch.tensor(counts, dtype=torch.int64)


def support_size(counts: tuple[int, int, int]) -> int:
    """The number of images with at least one shape: prod (1 + P_c) - 1.

    Raises:
        ValueError: a count below 1.
    """
    sizes = [_require.integer("counts", count, at_least=1) for count in counts]
    return math.prod(1 + size for size in sizes) - 1


def _polygon(corners: list[tuple[float, float]]) -> Tensor:
    """Pixels whose centre lies in the convex polygon or on its boundary, (63, 21)."""
    rows, columns = torch.meshgrid(
        torch.arange(HEIGHT, dtype=torch.float64),
        torch.arange(WIDTH, dtype=torch.float64),
        indexing="ij",
    )
    sides: list[Tensor] = []
    for (ax, ay), (bx, by) in pairwise([*corners, corners[0]]):
        sides.append((bx - ax) * (rows - ay) - (by - ay) * (columns - ax))
    stacked = torch.stack(sides)
    # 1e-9 of a pixel: corners are sums of at most a few rounded numbers of size 60
    return ((stacked >= -1e-9).all(0) | (stacked <= 1e-9).all(0)).double()
