"""Unit normals and uniforms from a counter-based generator, keyed by a seed and a stream number.

Notation: stream, an integer that separates draws made with one seed.

This module keeps no state: equal arguments give equal numbers, at any number of threads, and the
first n rows of a longer draw are the draw of n rows. It is not public.
"""

import numpy as np
import torch
from numpy.random import Generator, Philox, SeedSequence
from torch import Tensor

from theorylab import _require


def generator(seed: int, stream: int) -> Generator:
    """The generator of (seed, stream)."""
    checked = _require.integer("seed", seed, at_least=0)
    return Generator(Philox(SeedSequence((checked, stream))))


def normals(shape: tuple[int, ...], *, seed: int, stream: int, like: Tensor) -> Tensor:
    """Unit normals, drawn in float64 in row-major order, on the dtype and device of `like`."""
    drawn = generator(seed, stream).standard_normal(shape)
    return torch.from_numpy(np.asarray(drawn)).to(dtype=like.dtype, device=like.device)
