"""The noise of theorylab/native/sampler.h in lines of numpy: Philox4x32-10 and Box and Muller.

Notation: key, two words of 32 bits; counter (row low, row high, step, call); a call gives four
words: four normals of float32, or two of float64.

This module checks nothing, and is not public; see `theorylab.diffusion.exact_sampler`.
"""

import numpy as np
import torch
from torch import Tensor

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_BUMPS = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def key_of(seed: int) -> tuple[int, int]:
    """Two words from a seed of any size."""
    first, second = np.random.SeedSequence(seed).generate_state(2, np.uint32)
    return int(first), int(second)


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds on counters (4, n) of 32-bit words, as (4, n) words in uint64.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    word = counter.astype(np.uint64)
    for turn in range(10):
        keys = [np.uint64((k + turn * b) % 2**32) for k, b in zip(key, _BUMPS, strict=True)]
        a, b = _MULTIPLIERS[0] * word[0], _MULTIPLIERS[1] * word[2]
        mixed = (b >> _SHIFT) ^ word[1] ^ keys[0], (a >> _SHIFT) ^ word[3] ^ keys[1]
        word = np.stack([mixed[0], b & _LOW, mixed[1], a & _LOW])
    return word


def normals(key: tuple[int, int], first: int, step: int, like: Tensor) -> Tensor:
    """Independent N(0, 1) of the shape (n, d) of `like`, rows numbered from `first`."""
    n, d = like.shape
    single = like.dtype == torch.float32
    per_call = 4 if single else 2
    rows = np.uint64(first) + np.arange(n, dtype=np.uint64)
    columns = []
    for call in range(-(-d // per_call)):
        rest = [np.full(n, step, np.uint64), np.full(n, call, np.uint64)]
        word = philox(np.stack([rows & _LOW, rows >> _SHIFT, *rest]), key)
        columns += _box_muller(_uniforms_32(word) if single else _uniforms_64(word))
    return torch.from_numpy(np.stack(columns[:d], axis=1)).to(like.device)


def _uniforms_32(word: np.ndarray) -> np.ndarray:
    return (word.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32)


def _uniforms_64(word: np.ndarray) -> np.ndarray:
    joined = np.stack([(word[0] << _SHIFT) | word[1], (word[2] << _SHIFT) | word[3]])
    return ((joined >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _box_muller(uniforms: np.ndarray) -> list[np.ndarray]:
    """Two normals from each two uniforms, the first of them the radius."""
    columns = []
    for u, angle in zip(uniforms[::2], uniforms[1::2], strict=True):
        turn = angle.dtype.type(2 * np.pi) * np.where(angle < 1, angle, 0).astype(angle.dtype)
        radius = np.sqrt(-2 * np.log(u))
        columns += [radius * np.cos(turn), radius * np.sin(turn)]
    return columns
