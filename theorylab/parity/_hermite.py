r"""Sums over pairs of neurons by the Hermite series in their correlation: matrix products.

Notation: h_jv = mu_jv / s_j the standardised mean of neuron j at vertex v, r_jk the correlation,
p_v the masses, X standard normal, he_n the Hermite polynomials with E[he_n(X)^2] = 1,
g_n(h) = phi(h) he_n(-h). By Mehler's formula

.. math::
    E[f(X) g(Y)] = \sum_n r^n E[f(X)\, he_n(X)] E[g(Y)\, he_n(Y)],

and the coefficients of relu(h + X) and 1{h + X > 0} are

.. math:: c_n = \frac{g_{n-2}}{\sqrt{n (n-1)}}, \qquad \sqrt{n + 1} \, c_{n+1},

with c_1 = Phi(h), c_0 = h Phi(h) + phi(h) first. Since |he_n(x)| e^{-x^2/4} <= K, K = 1.0865
(Cramer), the terms n >= N add at most K^2 rho^{N-1} / (2 pi (N-1) (1 - rho)) for |r| <= rho.

Pairs that are correlated more strongly are none of this module's business.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

CRAMER = 1.0865
"""An upper bound of the constant of Cramer's inequality."""

CHUNK = 16
"""How many terms are held at once."""

CACHED = 2**17
"""About how many (term, neuron, vertex) entries are held at once, so that they stay in cache."""

ROWS = 256
"""How many neurons j are paired with all k at once: bounds the memory at large width."""


@dataclass(frozen=True)
class SeriesSums:
    """Sums over the vertices, in units of the deviations; 0 for the pairs left out.

    Attributes:
        product: (m, m), the mean of relu(h_j + X) relu(h_k + Y).
        both: (m, m), that of 1{h_j + X > 0} 1{h_k + Y > 0}.
        on: (m, G), p_g sum_k c_k E_g[1{h_j + X > 0} relu(h_k + Y)].
    """

    product: Tensor
    both: Tensor
    on: Tensor


@cache
def reach(terms: int, tolerance: float) -> float:
    """The largest rho, to 1e-12, at which what `terms` leave out is below the tolerance."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        rho = (low + high) / 2
        rest = CRAMER**2 / (2 * math.pi) * rho ** (terms - 1) / (terms - 1) / (1 - rho)
        low, high = (rho, high) if rest < tolerance else (low, rho)
    return low


def series_sums(
    h: Tensor, masses: Tensor, r: Tensor, kept: Tensor, factors: Tensor, terms: int
) -> SeriesSums:
    """`SeriesSums` of the pairs with kept = 1.

    Args:
        h: (m, G).
        masses: (G,).
        r: (m, m), 0 where a pair is left out.
        kept: (m, m), 1 or 0.
        factors: c, (m,).
        terms: N, a multiple of CHUNK.
    """
    width = len(h)
    product, both = torch.zeros_like(r), torch.zeros_like(r)
    on, root = torch.zeros_like(h), masses.sqrt()
    if terms == 0:
        return SeriesSums(product, both, on)
    vertices = max(16, CACHED // (CHUNK * width))
    for rows in torch.arange(width, device=h.device).split(ROWS):
        some = slice(int(rows[0]), int(rows[-1]) + 1)
        totals = product[some], both[some]
        for at in range(0, h.shape[1], vertices):
            part = slice(at, at + vertices)
            waves = _Waves(h[:, part], root[part])
            powers = _Powers(r[some], kept[some])
            _add_block(totals, on[some, part], waves, powers, some, factors, terms)
    return SeriesSums(product, both, on)


def _add_block(
    totals: tuple[Tensor, Tensor],
    on: Tensor,
    waves: "_Waves",
    powers: "_Powers",
    some: slice,
    factors: Tensor,
    terms: int,
) -> None:
    """All terms of some rows j, all k and some vertices."""
    weights = _weights(terms)
    product, both = (total.view(-1) for total in totals)
    work = torch.empty_like(powers.now)
    inner = on.new_empty(CHUNK, *on.shape)
    for first, f, (now, before) in zip(range(0, terms, CHUNK), waves, powers, strict=False):
        here = slice(first, first + CHUNK)
        for_product, for_both, for_on = (w[here].to(on) for w in weights)
        relu, flat = f[:CHUNK], work.view(CHUNK, -1).T
        torch.mul(now, for_on[:, None, None], out=work).mul_(factors)
        torch.bmm(work, relu, out=inner)
        on += inner.mul_(f[1:-1, some]).sum(0)
        gram = relu[:, some] @ relu.mT
        torch.mul(gram, now, out=work)
        product.addmv_(flat, for_product)
        torch.mul(gram, before, out=work)
        both.addmv_(flat, for_both)


class _Waves:
    """f_n for CHUNK + 2 consecutive n at a time; sqrt(p) g_{n-2} = sigma_{n-2} f_n for n >= 2.

    The scales sigma make the recurrence of the Hermite polynomials one operation,
    f_{n+1} = f_{n-1} - v_n h f_n. An array that was handed out is overwritten by the next.
    """

    def __init__(self, h: Tensor, root: Tensor) -> None:
        self.h, self.root = h, root

    def __iter__(self) -> Iterator[Tensor]:
        h, first = self.h, 0
        held = h.new_empty(CHUNK + 2, *h.shape)
        rows = held.unbind(0)
        density = torch.exp(h * h * -0.5).mul_(self.root / math.sqrt(2 * math.pi))
        below = torch.special.erfc(h * -math.sqrt(0.5)).mul_(self.root / 2)
        torch.addcmul(density, h, below, out=rows[0])
        rows[1].copy_(below)
        rows[2].copy_(density)
        torch.mul(h, density, out=rows[3]).neg_()
        start = 4
        while True:
            speeds = _speeds(first + CHUNK)
            for n in range(start, CHUNK + 2):
                value = -speeds[first + n - 3]
                torch.addcmul(rows[n - 2], h, rows[n - 1], value=value, out=rows[n])
            yield held
            held[:2].copy_(held[CHUNK:])
            first, start = first + CHUNK, 2


class _Powers:
    """r^n and r^(n-1) for CHUNK consecutive n at a time; r^-1 is read as 0.

    Arrays that were handed out are overwritten by the next.
    """

    def __init__(self, r: Tensor, kept: Tensor) -> None:
        self.held = r.new_empty(CHUNK + 1, *r.shape)
        self.now = self.held[1:]
        self.held[0], self.held[1] = 0.0, kept
        for n in range(2, CHUNK + 1):
            torch.mul(self.held[n - 1], r, out=self.held[n])
        self.step = self.held[CHUNK] * r

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield self.now, self.held[:-1]
            self.held[0].copy_(self.held[CHUNK])
            self.now.mul_(self.step)


@cache
def _speeds(count: int) -> list[float]:
    """The factors v_n of `_Waves`."""
    sigma = _sigmas(count + 2)
    return [0.0] + [sigma[m] / (sigma[m + 1] * math.sqrt(m + 1)) for m in range(1, count + 1)]


@cache
def _sigmas(count: int) -> list[float]:
    sigma = [1.0, 1.0]
    for m in range(1, count):
        sigma.append(-math.sqrt(m / (m + 1)) * sigma[m - 1])
    return sigma


@cache
def _weights(terms: int) -> tuple[Tensor, ...]:
    """What the sums of products of f weigh in product, both and on, for n < terms."""
    scale = [1.0, 1.0, *_sigmas(terms)]
    rows = []
    for n in range(terms):
        relu = scale[n] / math.sqrt(n * (n - 1)) if n > 1 else 1.0
        on = scale[n + 1] / math.sqrt(n) if n else 1.0
        rows.append((relu * relu, n * relu * relu, on * relu))
    return torch.tensor(rows, dtype=torch.float64).unbind(1)
