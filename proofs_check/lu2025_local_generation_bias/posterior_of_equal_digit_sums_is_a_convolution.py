"""The exact denoiser of quarter digits, in the square of the alphabet."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import EqualSumsLaw


@dataclass(frozen=True)
class Digits:
    """Sums over the integers or modulo 10, a noise level; what is claimed of the posterior."""

    cyclic: bool
    alpha_bar: float
    slope: float = 1.0
    other_rule: bool = False
    crossed: bool = False
    seed: int = 7


@claim(
    source=PAPER.at("Appendix A.3, Quarter-MNIST"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(Digits, cyclic=[False, True], alpha_bar=[0.05, 0.4, 0.9]),
    must_fail={
        "logits 2 per cent larger": lambda case: replace(case, slope=1.02),
        "the other rule": lambda case: replace(case, other_rule=True),
        "columns for rows": lambda case: replace(case, crossed=True),
    },
)
def posterior_of_equal_digit_sums_is_a_convolution(case: Digits) -> Finding:
    r"""$P(s_1 = a | x) \propto w_{1a} \sum_b w_{2b} (w_3 * w_4)_{a+b}$ under equal sums.

    Uniform on $s_1 + s_2 = s_3 + s_4$, digits 0 to 9, one-hot, $x = s x_0 + \nu \xi$,
    $w_{ka} = \exp(s x_{ka} / \nu^2)$, with $*$ the convolution over the integers or modulo 10;
    likewise for the other digits. The library's logarithmic form and the formula as it stands are
    compared with Bayes' rule over the 670 and the 1000 words.
    """
    law = EqualSumsLaw(cyclic=case.cyclic)
    generator = torch.Generator().manual_seed(case.seed)
    rows = torch.tensor([word for word, _ in law.atoms()])
    clean = torch.nn.functional.one_hot(rows, 10).double()
    chosen = clean[torch.randint(len(rows), (20,), generator=generator)]
    noise = torch.randn(20, 4, 10, generator=generator)
    x = math.sqrt(case.alpha_bar) * chosen + math.sqrt(1 - case.alpha_bar) * noise
    distance = (x[:, None] - math.sqrt(case.alpha_bar) * clean).square().sum((-1, -2))
    weights = torch.softmax(-distance / (2 * (1 - case.alpha_bar)), dim=-1)
    bayes = torch.einsum("ns,ska->nka", weights, clean)
    library = law.symbol_probabilities(x.flatten(1), alpha_bar=case.alpha_bar)
    return all_hold(
        equal(library.reshape(x.shape), bayes, budget=1e-12),
        equal(by_convolution(x, case), bayes, budget=1e-12),
    )


def by_convolution(x: Tensor, case: Digits) -> Tensor:
    """The right-hand side of the statement for every digit."""
    w = torch.exp(case.slope * math.sqrt(case.alpha_bar) * x / (1 - case.alpha_bar))
    partner = [2, 3, 0, 1] if case.crossed else [1, 0, 3, 2]
    opposite = [(1, 3), (0, 2), (1, 3), (0, 2)] if case.crossed else [(2, 3)] * 2 + [(0, 1)] * 2
    digits = torch.arange(10)
    sums = digits[:, None] + digits
    if case.cyclic != case.other_rule:
        sums = sums % 10
    posterior = []
    for k in range(4):
        p, q = (w[:, j] for j in opposite[k])
        pairs = (p[:, :, None] * q[:, None, :]).flatten(1)
        convolved = torch.zeros(len(w), 19).index_add_(1, sums.flatten(), pairs)
        weight = w[:, k] * (w[:, partner[k], None, :] * convolved[:, sums]).sum(-1)
        posterior.append(weight / weight.sum(-1, keepdim=True))
    return torch.stack(posterior, dim=1)
