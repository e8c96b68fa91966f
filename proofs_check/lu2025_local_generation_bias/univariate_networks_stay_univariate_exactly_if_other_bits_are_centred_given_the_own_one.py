"""Theorem 5.2 repaired: which set is invariant, and under exactly which hypotheses."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    law_of,
    parity_of_three_bits,
    parity_of_two_bits,
)
from proofs_check.lu2025_local_generation_bias._networks import univariate_network
from theorylab.claims import Evidence, Finding, Relation, at_most, claim, equal
from theorylab.parity import HypercubeLaw, cube, population_gradient


def with_moments(d: int, moments: dict[tuple[int, ...], str]) -> HypercubeLaw:
    """p0(v) = 2^-d (1 + sum of m_I v_I)."""
    rows = cube.vertices(d, dtype=torch.int64)
    return law_of(
        (1 + sum(Fraction(m) * int(row[list(subset)].prod()) for subset, m in moments.items()))
        / 2**d
        for row in rows
    )


def biased_first_bit() -> HypercubeLaw:
    """Three bits, the mean of the first one 2/5."""
    return with_moments(3, {(0,): "2/5"})


def biased_second_bit() -> HypercubeLaw:
    """Three bits, the mean of the second one 2/5."""
    return with_moments(3, {(1,): "2/5"})


def last_two_correlated() -> HypercubeLaw:
    """Three bits, the last two with correlation 1/2, all three with third moment 1/4."""
    return with_moments(3, {(1, 2): "1/2", (0, 1, 2): "1/4"})


def brackets_of_length_six() -> HypercubeLaw:
    """The balanced bracket words of length 6."""
    return HypercubeLaw.dyck(6)


def parity_of_four_bits() -> HypercubeLaw:
    """Four bits with product 1."""
    return HypercubeLaw.parity(4)


def centred_given_own(law: HypercubeLaw, i: int) -> bool:
    """m_k = 0 and m_ik = 0 for all k other than i."""
    others = [k for k in range(law.dimension) if k != i]
    return not any(law.moment([k]) or law.moment([i, k]) for k in others)


def assumption(law: HypercubeLaw, i: int) -> bool:  # noqa: ARG001
    """Assumption 5.1."""
    return law.is_pairwise_independent_with_zero_mean()


def centred_others(law: HypercubeLaw, i: int) -> bool:
    """m_k = 0 only."""
    return not any(law.moment([k]) for k in range(law.dimension) if k != i)


def uncorrelated_with_own(law: HypercubeLaw, i: int) -> bool:
    """m_ik = 0 only."""
    return not any(law.moment([i, k]) for k in range(law.dimension) if k != i)


def uncorrelated_others(law: HypercubeLaw, i: int) -> bool:
    """m_k = 0 and m_kl = 0 for all k, l other than i."""
    others = [k for k in range(law.dimension) if k != i]
    return centred_others(law, i) and not any(law.moment(p) for p in combinations(others, 2))


@dataclass(frozen=True)
class Invariance:
    """A law, an output coordinate; the condition that is claimed to decide."""

    law: Callable[[], HypercubeLaw]
    coordinate: int
    condition: Callable[[HypercubeLaw, int], bool] = field(default=centred_given_own, repr=False)
    alpha_bar: float = field(default=0.5, repr=False)


LAWS = (
    parity_of_three_bits,
    parity_of_four_bits,
    biased_first_bit,
    biased_second_bit,
    last_two_correlated,
    parity_of_two_bits,
    brackets_of_length_six,
)


@claim(
    source=PAPER.at("Theorem 5.2"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[Invariance(law, i) for law in LAWS for i in (0, 1)],
    must_fail={
        "Assumption 5.1 is needed": lambda case: replace(case, condition=assumption),
        "centred bits suffice": lambda case: replace(case, condition=centred_others),
        "uncorrelated bits suffice": lambda case: replace(case, condition=uncorrelated_with_own),
        "pairs of other bits decide": lambda case: replace(case, condition=uncorrelated_others),
    },
)
def univariate_networks_stay_univariate_exactly_if_other_bits_are_centred_given_the_own_one(
    case: Invariance,
) -> Finding:
    r"""$M' = \{\theta : (I - e_i e_i^\top) w_{ij} = 0 \text{ for all } j\}$, with $a$ and $b$
    free, is invariant under gradient flow exactly if $E[v_k | v_i] = 0$ for all $k \ne i$, that is
    $m_k = m_{ik} = 0$.

    On $M'$ the velocity of $w_{ij}$ along $e_k$ is the mean of a function of $(v_i, \xi_i)$ times
    $x_k$. Neither the mean of $v_i$ itself, nor pairs without $i$, nor higher moments matter;
    Assumption 5.1 is more than enough. On seven laws and two coordinates the gradient at a random
    $\theta \in M'$ has transverse components below $10^{-13}$ of its size where the condition
    holds, and above $10^{-2}$ of it where it does not.
    """
    law, i = case.law(), case.coordinate
    network = univariate_network(law.dimension, i, 4, seed=3)
    setting: dict[str, Any] = {"law": law, "coordinate": i, "alpha_bar": case.alpha_bar}
    _, slopes, _ = population_gradient(network, **setting)
    size = float(slopes.abs().max())
    others = [k for k in range(law.dimension) if k != i]
    transverse = slopes[:, others]
    if case.condition(law, i):
        return equal(transverse, torch.zeros_like(transverse), budget=1e-13, scale=size)
    return at_most(1.01, 1 + transverse.abs().max() / size, budget=1e-9)
