"""What LDR 1 costs: generation by the best network of the invariant set."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from itertools import product

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    for_all_equal,
    rate_at_most,
    rate_equals,
)
from theorylab.parity import HypercubeLaw

CHANCE = 1e-12
TENTHS = tuple(Fraction(k, 10) for k in (-9, -4, 0, 3, 10))


def uniform_bits(d: int) -> HypercubeLaw:
    """No rule: its denoiser acts on every bit alone, by tanh."""
    return HypercubeLaw.parity(d, [])


def parity(d: int) -> HypercubeLaw:
    """The rule."""
    return HypercubeLaw.parity(d)


@dataclass(frozen=True)
class Chain:
    """d bits, T steps, runs by single bits and by the exact denoiser."""

    d: int = 8
    steps: int = 400
    alone: Callable[[int], HypercubeLaw] = field(default=uniform_bits, repr=False)
    together: Callable[[int], HypercubeLaw] = field(default=parity, repr=False)
    fair: Fraction = Fraction(0)
    stated: float = 0.5
    seed: int = 53


@claim(
    source=PAPER.at("Section 5.3, generation by the best model in M"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SAMPLED,
    cases=[Chain()],
    must_fail={
        "single bits in place of the exact denoiser": lambda case: replace(
            case, together=uniform_bits
        ),
        "a bit of mean 1/10": lambda case: replace(case, fair=Fraction(1, 10)),
        "60 per cent": lambda case: replace(case, stated=0.6),
    },
)
def bits_denoised_one_by_one_break_a_parity_half_the_time(case: Chain) -> Finding:
    r"""A denoiser $s^{(i)}(x, t) = s_i(x_i, t)$ for all $i$ samples independent bits, and their
    product is 1 with probability $\frac12 (1 + \prod_i m_i)$, $m_i$ the mean of the sign of bit
    $i$.

    One fair bit makes it exactly one half: exact for $d = 1, 2, 3$ bits with means in
    $\{-0.9, -0.4, 0, 0.3, 1\}$. The best such denoiser of a parity predicts $E[v_i | x_i]$, is odd
    and so leaves every bit fair. Equation (4) with $T = 400$ steps, $d = 8$: by single bits
    one half of 12000 words obey the rule, within what sampling shows; by the exact denoiser fewer
    than 2 per cent of 3000 break it.
    """
    parts = [
        for_all_equal(product(TENTHS, repeat=d - 1), lambda means: sides((*means, case.fair)))
        for d in range(1, 4)
    ]
    alone = broken(case.alone(case.d), case.steps, n=12_000, seed=case.seed)
    together = broken(case.together(case.d), case.steps, n=3_000, seed=case.seed)
    rates = {"false_alarm": CHANCE, "miss": CHANCE}
    parts.append(rate_equals(alone, 12_000, case.stated, reach=0.15, **rates))
    parts.append(rate_at_most(together, 3_000, 0.02, reach=3.0, **rates))
    return all_hold(*parts)


def sides(means: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    """P(product = 1) of independent bits, word by word, and one half."""
    total = Fraction(0)
    for word in product((1, -1), repeat=len(means)):
        mass = math.prod((1 + v * m) / 2 for v, m in zip(word, means, strict=True))
        total += mass * (math.prod(word) == 1)
    return total, Fraction(1, 2)


@cache
def broken(law: HypercubeLaw, steps: int, *, n: int, seed: int) -> int:
    """How many of n words by Equation (4) have product -1."""
    generator = torch.Generator().manual_seed(seed)
    beta = torch.linspace(1e-4, 0.05, steps)
    bar = torch.cumprod(1 - beta, 0)
    x: Tensor = torch.randn(n, law.dimension, generator=generator)
    for t in reversed(range(steps)):
        b, a = beta[t].item(), bar[t].item()
        before = bar[t - 1].item() if t else 1.0
        target = law.noise_mean(x, alpha_bar=a)
        mean = (x - b / math.sqrt(1 - a) * target) / math.sqrt(1 - b)
        spread = math.sqrt((1 - before) * b / (1 - a))
        x = mean + spread * torch.randn(x.shape, generator=generator)
    return int((x.sign().prod(dim=-1) != 1).sum())
