r"""Lemma A.7 repaired: its bound with S = sqrt(1 + k_1^2 + k_4^2), and an explicit P."""

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.parity import HypercubeLaw, TwoLayerReLU
from theorylab.parity.normal_pairs import Correlation, pair_probability
from theorylab.parity.posterior import signal_and_noise

NETWORKS, WIDTH, POINTS = 200, 12, 500
SMALLEST = 0.01
"""k_3."""


@dataclass(frozen=True)
class Family:
    """A parity of d bits and a noise level; k_1 and k_4; where k_1 enters."""

    d: int
    alpha_bar: float
    angle: float
    bias: float
    in_root: float = field(default=1.0, repr=False)
    in_sum: float = field(default=1.0, repr=False)
    swapped: bool = field(default=False, repr=False)


@claim(
    source=PAPER.at("Lemma A.7"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[
        Family(3, 0.5, 3.0, 0.05),
        Family(3, 0.5, 1.0, 1.5),
        Family(4, 0.8, 0.3, 1.2),
        Family(8, 0.5, 0.1, 0.7),
    ],
    must_fail={
        "S as printed": lambda case: replace(case, in_root=0.0),
        "the denominator without k_1": lambda case: replace(case, in_sum=0.0),
        "k_1 and k_3 exchanged in P": lambda case: replace(case, swapped=True),
    },
    given=[
        "lu2025_local_generation_bias/own_weight_of_a_large_neuron_obeys_the_bound_with_three_terms"
    ],
)
def ldr_of_a_network_near_the_univariate_set_obeys_the_bound_with_three_terms(
    case: Family,
) -> Finding:
    r"""Under the hypotheses of Lemma A.7 but for $k_4 < 1$, with $S = \sqrt{1 + k_1^2 + k_4^2}$,

    $$LDR(\{i\}) \ge P \max\Big(\frac{k_2^2 - m k_0^2 S}{k_2^2 (1 + k_1) + m k_0^2 S},
      0\Big)^2, \qquad P \ge \frac{k_3^2}{k_1^2 + k_3^2} .$$

    Where neuron j or j' is active, the square bounds the ratio at $x$ itself. If neither is, then
    $(p' - p) \cdot x \ge 2 k_3$ with $|p' - p| \le 2 k_1$, where $w_j = w_j^{(i)} (e_i + p)$ and
    likewise $p'$; $x$ has mean 0 and covariance $I$, so that Cantelli's inequality gives $P$.

    On 200 random balanced networks of 12 neurons for each of four pairs of $k_1$ and $k_4$ the
    first is checked at 500 points with an active large neuron each, the small neurons
    against the large ones, and the second on the exact probabilities of 200 pairs at four $k_3$.
    """
    generator = torch.Generator().manual_seed(0)
    law = HypercubeLaw.parity(case.d)
    ratios, bounds = [], []
    for index in range(NETWORKS):
        network, ratio_of_sizes = random_network(case, index, generator)
        x = points(law, case.alpha_bar, generator)
        on = (x @ network.w[:2].T + network.b[:2] > 0).any(-1)
        energy = network.jacobian(x[on]).square()
        least = bound(case, ratio_of_sizes)
        ratios.append((energy[:, 0] / energy.sum(-1)).min())
        bounds.append(least)
    probability, cantelli = either_active(case, law, generator)
    return all_hold(
        at_most(torch.tensor(bounds), torch.stack(ratios), budget=1e-12),
        at_most(cantelli, probability, budget=1e-12),
    )


def bound(case: Family, small: float) -> float:
    """The square, with m k_0^2 / k_2^2 = small."""
    S = math.sqrt(1 + case.in_root * case.angle**2 + case.bias**2)
    fraction = (1 - small * S) / (1 + case.in_sum * case.angle + small * S)
    return max(fraction, 0.0) ** 2


def random_network(
    case: Family, index: int, generator: torch.Generator
) -> tuple[TwoLayerReLU, float]:
    """Two large neurons at the largest angle and bias, k_2 = 1, small ones; with it m k_0^2."""
    across = torch.randn(2, case.d - 1, generator=generator)
    across = case.angle * across / torch.linalg.vector_norm(across, dim=-1, keepdim=True)
    if index % 2:
        across[1] = -across[0]
    rows = torch.cat((torch.ones(2, 1), across, torch.full((2, 1), case.bias)), dim=-1)
    S = math.sqrt(1 + case.angle**2 + case.bias**2)
    sign = torch.tensor([[1.0], [-1.0]])
    rows = rows / S
    rows[:, :-1] = torch.stack((rows[0, :-1], -rows[1, :-1]))
    small = 0.9 / S * float(torch.rand(1, generator=generator))
    k0 = math.sqrt(small / WIDTH)
    lean = 0.2 * torch.randn(WIDTH - 2, case.d + 1, generator=generator)
    lean[:, 0] = torch.where(torch.arange(WIDTH - 2) % 2 == 0, 1.0, -1.0)
    lean = k0 * lean / torch.linalg.vector_norm(lean, dim=-1, keepdim=True)
    a = torch.cat((sign[:, 0], -k0 * torch.sign(lean[:, 0])))
    place = torch.cat((rows, lean))
    return TwoLayerReLU(a, place[:, :-1], place[:, -1]), small


def points(law: HypercubeLaw, alpha_bar: float, generator: torch.Generator) -> Tensor:
    """Draws of p_t."""
    signal, noise = signal_and_noise(alpha_bar)
    atoms, masses = law.weighted_vertices(like=torch.zeros(1))
    chosen = atoms[torch.multinomial(masses, POINTS, replacement=True, generator=generator)]
    return signal * chosen + noise * torch.randn(chosen.shape, generator=generator)


def either_active(
    case: Family, law: HypercubeLaw, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """P(w.x + b > 0 or w'.x + b' > 0) with b = k_3 |w^(i)|, and Cantelli's bound."""
    signal, noise = signal_and_noise(case.alpha_bar)
    across = torch.randn(2, NETWORKS, case.d - 1, generator=generator)
    across = case.angle * across / torch.linalg.vector_norm(across, dim=-1, keepdim=True)
    own = torch.ones(NETWORKS, 1)
    w = torch.cat((own, across[0]), -1), torch.cat((-own, across[1]), -1)
    size = torch.linalg.vector_norm(w[0], dim=-1, keepdim=True)
    atoms, masses = law.weighted_vertices(like=own)
    correlation = Correlation.between((w[0] / size)[:, None], (w[1] / size)[:, None])
    found, bounds = [], []
    for k3 in (SMALLEST, 0.1, 0.5, 1.0):
        h, k = (-(signal * (v @ atoms.T) + k3) / (noise * size) for v in w)
        neither = pair_probability(h, k, correlation)
        found.append(1 - neither @ masses)
        top = case.angle if case.swapped else k3
        bounds.append(torch.full((NETWORKS,), top**2 / (case.angle**2 + k3**2)))
    return torch.cat(found), torch.cat(bounds)
