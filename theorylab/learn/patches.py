"""Square patches of the two photographs that ship with scikit-learn.

Notation: a patch is a point of R^(side^2), grey values from 0 to 1 less the mean of
the photograph.

Nothing is trained here. The photographs are china.jpg and flower.jpg (both CC BY).
"""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require

PHOTOGRAPHS = ("china.jpg", "flower.jpg")


@cache
def _grey(name: str) -> Tensor:
    """The photograph as grey values in [0, 1], by the weights of ITU-R BT.601."""
    from sklearn.datasets import load_sample_image

    colours = torch.as_tensor(load_sample_image(name).copy(), dtype=torch.float64) / 255
    return colours @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)


def patches(name: str, side: int, count: int, *, seed: int) -> Float[Tensor, "n d"]:
    """Patches at uniformly random places of a photograph, (count, side^2), float64.

    The mean grey value of the photograph is subtracted.

    Raises:
        ValueError: a name that is not one of PHOTOGRAPHS, a side outside 1..427, count < 1.
    """
    if name not in PHOTOGRAPHS:
        msg = f"name must be one of {PHOTOGRAPHS}, got {name!r}"
        raise ValueError(msg)
    n = _require.integer("count", count, at_least=1)
    grey = _grey(name)
    width = _require.integer("side", side, at_least=1)
    if width > min(grey.shape):
        msg = f"side must be at most {min(grey.shape)}, got {side}"
        raise ValueError(msg)
    generator = torch.Generator().manual_seed(_require.integer("seed", seed, at_least=0))
    places = [torch.randint(size - width + 1, (n,), generator=generator) for size in grey.shape]
    windows = grey.unfold(0, width, 1).unfold(1, width, 1)
    return windows[places[0], places[1]].reshape(n, -1) - grey.mean()
