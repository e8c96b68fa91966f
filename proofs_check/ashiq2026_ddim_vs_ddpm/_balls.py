r"""The 25-mode grid, its schedule and expected means of any mixture, in ball arithmetic.

Notation: lengths are in units of the separation ell of neighbouring modes, so that the modes of
the grid are integer points and the noise level is a = ell^2/s^2, which grows from ell^2/s_0^2 at
the start of a run to (ell/sigma)^2 at its end; du = da/(2 a).
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from flint import arb, ctx

from theorylab.claims import ball, precision

END = 10_000
"""(ell/sigma)^2 of the grid: modes 2 apart with deviation 0.02, exactly."""

SIDE = (-2, -1, 0, 1, 2)
"""The modes of one coordinate of the grid."""


def separation_at(raw: int, *, beta_max: str = "0.02") -> arb:
    """The level a = ell^2/s^2 at a raw step of the linear schedule; raw = -1 is the data.

    Before normalisation ell = 2 and sigma = 0.02; the data is divided by the square root of
    (16 + 2 sigma^2)/2, and s^2 = sigma^2 + (1 - abar)/abar after that.
    """
    low, high = ball("0.0001"), ball(beta_max)
    kept = ball(1)
    for step in range(raw + 1):
        kept *= 1 - (low + (high - low) * step / 999)
    deviation = ball("0.02")
    squared_scale = (ball(16) + 2 * deviation**2) / 2
    return 4 / (deviation**2 + squared_scale * (1 - kept) / kept)


def pull(
    y: Sequence[arb],
    a: arb,
    means: Sequence[Sequence[int | Fraction]],
    weights: Sequence[int | Fraction],
    near: int,
) -> list[arb]:
    r"""The velocity dy/du = mbar(y) - y, one ball per coordinate.

    The responsibilities are taken relative to the mode `near`: with l_k = mu_k - mu_near and
    x = y - mu_near the exponents -(a/2)(|l_k|^2 - 2 <x, l_k>) are linear in x, so that a ball
    loses little.
    """
    x = [c - ball(m) for c, m in zip(y, means[near], strict=True)]
    table = _seen_from(tuple(map(tuple, means)), tuple(weights), near, ctx.prec)
    total, moment = arb(0), [arb(0) for _ in y]
    for ratio, off, square in table:
        room = square - 2 * sum((o * c for o, c in zip(off, x, strict=True)), arb(0))
        share = ratio * (-(a / 2) * room).exp()
        total += share
        moment = [m + o * share for m, o in zip(moment, off, strict=True)]
    return [m / total - c for m, c in zip(moment, x, strict=True)]


@cache
def _seen_from(
    means: tuple[tuple[int | Fraction, ...], ...],
    weights: tuple[int | Fraction, ...],
    near: int,
    bits: int,
) -> list[tuple[arb, list[arb], arb]]:
    """pi_k / pi_near, l_k and |l_k|^2 of every mode, as balls of that precision."""
    table = []
    with precision(bits):
        for mean, weight in zip(means, weights, strict=True):
            off = [Fraction(m) - n for m, n in zip(mean, means[near], strict=True)]
            ratio = Fraction(weight) / Fraction(weights[near])
            table.append((ball(ratio), [ball(o) for o in off], ball(sum(o * o for o in off))))
    return table
