"""The closed posterior of a parity at lengths that no list reaches."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import HypercubeLaw

LONGEST_LIST = 16


@dataclass(frozen=True)
class LongParity:
    """A parity of all d bits, a noise level; what is claimed of the odds."""

    d: int
    alpha_bar: float
    value: int = 1
    slope: float = 1.0
    flipped: int = 1
    seed: int = 5


@claim(
    source=PAPER.at("Section 5.1.2, target score vector"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(LongParity, d=[4, 7, 12, 16], alpha_bar=[0.25, 0.8], value=[-1]),
        *grid(LongParity, d=[64], alpha_bar=[0.1, 0.5, 0.8, 0.95], value=[1, -1]),
    ],
    must_fail={
        "log odds 2 per cent larger": lambda case: replace(case, slope=1.02),
        "the other parity": lambda case: replace(case, flipped=-1),
    },
)
def posterior_mean_of_a_long_parity_is_a_walk_over_two_states(case: LongParity) -> Finding:
    r"""$E[v_i | x] = \tanh(\lambda_i + \epsilon \operatorname{artanh} P_{-i})$ at $d = 4$ to 64.

    $\lambda_i = s x_i / \nu^2$ and $P_{-i}$ the product of the other $\tanh \lambda_k$, for the
    law uniform on $\prod_i v_i = \epsilon$. Compared with a walk over the product of the first
    bits, two states wide, whose weights are exact fractions of $e^{2 \lambda_k}$ rounded once;
    and up to $d = 16$ with the list of the words.
    """
    law = HypercubeLaw.parity(case.d, value=case.value)
    x = points(case)
    library = law.posterior_mean(x, alpha_bar=case.alpha_bar)
    lam = case.slope * math.sqrt(case.alpha_bar) * x / (1 - case.alpha_bar)
    walked = torch.tensor([walk(row, case.flipped * case.value) for row in lam.tolist()])
    parts = [equal(library, walked, budget=1e-12)]
    if case.d <= LONGEST_LIST:
        atoms, _ = law.weighted_vertices(like=x)
        listed = torch.softmax(lam @ atoms.T, dim=-1) @ atoms
        parts.append(equal(library, listed, budget=1e-12))
    return all_hold(*parts)


def points(case: LongParity, n: int = 4) -> Tensor:
    """Noisy points around (1, ..., 1), which breaks the parity where value is -1."""
    generator = torch.Generator().manual_seed(case.seed)
    noise = torch.randn(n, case.d, generator=generator)
    return math.sqrt(case.alpha_bar) + math.sqrt(1 - case.alpha_bar) * noise


def walk(lam: list[float], value: int) -> list[float]:
    """E[v_i | x] from the weights of all words with v_i = 1 and with v_i = -1, in fractions."""
    odds = [Fraction(math.exp(2 * each)) for each in lam]
    before, after = products(odds), products(odds[::-1])[::-1]
    means = []
    for i, odd in enumerate(odds):
        left, right = before[i], after[i + 1]
        same = left[0] * right[0] + left[1] * right[1]
        opposite = left[0] * right[1] + left[1] * right[0]
        up, down = (same, opposite) if value == 1 else (opposite, same)
        means.append(float((odd * up - down) / (odd * up + down)))
    return means


def products(odds: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """The weights of product 1 and product -1 of the first k bits, k = 0, ..., d."""
    reached = [(Fraction(1), Fraction(0))]
    for odd in odds:
        even, uneven = reached[-1]
        reached.append((odd * even + uneven, odd * uneven + even))
    return reached
