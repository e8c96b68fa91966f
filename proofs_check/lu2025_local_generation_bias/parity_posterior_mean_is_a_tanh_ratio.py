"""The exact denoiser of a parity rule in closed form; the paper only names E[x_0 | x_t]."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import parity_by_enumeration
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import FiniteLaw, HypercubeLaw

Others = Callable[[Tensor, int], Tensor]


def without_the_own_factor(t: Tensor, i: int) -> Tensor:
    """The product of the other t_k."""
    return torch.cat((t[:, :i], t[:, i + 1 :]), dim=-1).prod(dim=-1)


def with_the_own_factor(t: Tensor, i: int) -> Tensor:  # noqa: ARG001
    """The product of all t_k."""
    return t.prod(dim=-1)


def without_two_factors(t: Tensor, i: int) -> Tensor:
    """The product of the other t_k but one."""
    return without_the_own_factor(t, i) / t[:, i - 1]


@dataclass(frozen=True)
class Denoising:
    """A parity, a noise level, the seed of the points; what is claimed of the ratio."""

    members: tuple[int, ...]
    value: int
    alpha_bar: float
    seed: int
    d: int = 6
    others: Others = field(default=without_the_own_factor, repr=False)
    slope: float = field(default=1.0, repr=False)
    sign: int = field(default=1, repr=False)


@claim(
    source=PAPER.at("Section 5.1.2, target score vector"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Denoising,
        members=[(0, 1, 2), (1, 2, 4, 5), (0, 1, 2, 3, 4, 5), (2, 3)],
        value=[1, -1],
        alpha_bar=[0.1, 0.5, 0.9],
        seed=[0],
    ),
    thorough=grid(
        Denoising,
        members=[(0, 1, 2), tuple(range(12))],
        value=[1, -1],
        alpha_bar=[0.02, 0.3, 0.64, 0.8],
        seed=[1],
        d=[12],
    ),
    must_fail={
        "the other sign": lambda case: replace(case, sign=-1),
        "log odds 2 per cent larger": lambda case: replace(case, slope=1.02),
        "the bit's own factor kept": lambda case: replace(case, others=with_the_own_factor),
        "one factor too few": lambda case: replace(case, others=without_two_factors),
    },
)
def parity_posterior_mean_is_a_tanh_ratio(case: Denoising) -> Finding:
    r"""$E[v_i | x] = (t_i + \epsilon P_{-i}) / (1 + \epsilon P)$, $t_i = \tanh(s x_i / \nu^2)$.

    For the uniform law on $\{v : \prod_{i \in I} v_i = \epsilon\}$ and $x = s v + \nu \xi$, with
    $P = \prod_{k \in I} t_k$ and $P_{-i} = \prod_{k \in I, k \ne i} t_k$, at $i \in I$; at
    $i \notin I$ it is $t_i$. Compared with Bayes' rule over the listed vertices, and so is the
    library's form of the ratio, which does not cancel.
    """
    law = parity_by_enumeration(case.d, case.members, case.value)
    x = noisy_points(law, case)
    bayes = posterior_by_bayes(x, law, case.alpha_bar)
    library = HypercubeLaw.parity(case.d, case.members, value=case.value)
    return all_hold(
        equal(tanh_ratio(x, case), bayes, budget=1e-11),
        equal(library.posterior_mean(x, alpha_bar=case.alpha_bar), bayes, budget=1e-12),
    )


def tanh_ratio(x: Tensor, case: Denoising) -> Tensor:
    """The right-hand side of the statement, as it stands there."""
    mean = torch.tanh(case.slope * math.sqrt(case.alpha_bar) * x / (1 - case.alpha_bar))
    t = mean[:, list(case.members)]
    eps = case.sign * case.value
    for place, i in enumerate(case.members):
        mean[:, i] = (t[:, place] + eps * case.others(t, place)) / (1 + eps * t.prod(dim=-1))
    return mean


def noisy_points(law: FiniteLaw, case: Denoising) -> Tensor:
    """200 draws of s v + nu xi."""
    generator = torch.Generator().manual_seed(case.seed)
    atoms, _ = law.weighted_vertices(like=torch.zeros(1))
    chosen = atoms[torch.randint(len(atoms), (200,), generator=generator)]
    noise = torch.randn(200, case.d, generator=generator)
    return math.sqrt(case.alpha_bar) * chosen + math.sqrt(1 - case.alpha_bar) * noise


def posterior_by_bayes(x: Tensor, law: FiniteLaw, alpha_bar: float) -> Tensor:
    """The mean of the vertices, weighted with the Gaussian density of x around each."""
    atoms, masses = law.weighted_vertices(like=x)
    distance = (x[:, None, :] - math.sqrt(alpha_bar) * atoms).square().sum(-1)
    return torch.softmax(masses.log() - distance / (2 * (1 - alpha_bar)), dim=-1) @ atoms
