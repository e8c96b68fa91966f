"""The noise of theorylab/native/sampler.h in lines of torch: Philox4x32-10 and Box and Muller.

Notation: key, two words of 32 bits; counter (row low, row high, step, call); a call gives four
words: four normals of float32, or two of float64.

Words are held in int64, whose products wrap around 2^64 on every device. So the words are the same
everywhere, and the normals up to the rounding of the device's logarithm, sine and cosine.

This module checks nothing, and is not public; see `theorylab.diffusion.exact_sampler`.
"""

import numpy as np
import torch
from torch import Tensor

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_BUMPS = (0x9E3779B9, 0xBB67AE85)
_LOW = 0xFFFFFFFF


def key_of(seed: int) -> tuple[int, int]:
    """Two words from a seed of any size."""
    first, second = np.random.SeedSequence(seed).generate_state(2, np.uint32)
    return int(first), int(second)


def philox(counter: list[Tensor], key: tuple[int, int]) -> list[Tensor]:
    """Ten rounds on counters of four 32-bit words, each a tensor of int64.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    w0, w1, w2, w3 = counter
    for turn in range(10):
        k0, k1 = ((k + turn * bump) & _LOW for k, bump in zip(key, _BUMPS, strict=True))
        a, b = w0 * _MULTIPLIERS[0], w2 * _MULTIPLIERS[1]
        # the shift of a product above 2^63 brings in ones, which the mask takes away
        w0, w2 = ((b >> 32) & _LOW) ^ w1 ^ k0, ((a >> 32) & _LOW) ^ w3 ^ k1
        w1, w3 = b & _LOW, a & _LOW
    return [w0, w1, w2, w3]


def normals(key: tuple[int, int], first: int, step: int, like: Tensor) -> Tensor:
    """Independent N(0, 1) of the shape (n, d) of `like`, rows numbered from `first`."""
    n, d = like.shape
    single = like.dtype == torch.float32
    per_call = 4 if single else 2
    rows = torch.arange(n, dtype=torch.int64, device=like.device) + (first & _LOW)
    low, high = rows & _LOW, ((rows >> 32) + (first >> 32)) & _LOW
    columns: list[Tensor] = []
    for call in range(-(-d // per_call)):
        counter = [low, high, torch.full_like(low, step), torch.full_like(low, call)]
        word = philox(counter, key)
        columns += _box_muller(_uniforms_32(word) if single else _uniforms_64(word))
    return torch.stack(columns[:d], dim=1)


def advance(
    x: Tensor,
    pull: Tensor | None,
    row: tuple[float, float, float],
    key: tuple[int, int],
    first: int,
    step: int,
) -> None:
    """Write r x + c pull + b Z to x (n, d), for a row (r, c, b); without a pull, r x + b Z."""
    rate, move, deviation = row
    moved = x * rate
    if pull is None:
        x.copy_(moved)
    else:
        torch.add(moved, pull, alpha=move, out=x)
    if deviation != 0:
        x.add_(normals(key, first, step, x), alpha=deviation)


def _uniforms_32(word: list[Tensor]) -> list[Tensor]:
    return [(w.to(torch.float32) + 0.5) * 2.0**-32 for w in word]


def _uniforms_64(word: list[Tensor]) -> list[Tensor]:
    joined = [(high << 21) | (low >> 11) for high, low in zip(word[::2], word[1::2], strict=True)]
    return [(bits.to(torch.float64) + 0.5) * 2.0**-53 for bits in joined]


def _box_muller(uniforms: list[Tensor]) -> list[Tensor]:
    """Two normals from each two uniforms, the first of them the radius."""
    columns = []
    for u, angle in zip(uniforms[::2], uniforms[1::2], strict=True):
        turn = 2 * torch.pi * torch.where(angle < 1, angle, torch.zeros_like(angle))
        radius = torch.sqrt(-2 * torch.log(u))
        columns += [radius * torch.cos(turn), radius * torch.sin(turn)]
    return columns
