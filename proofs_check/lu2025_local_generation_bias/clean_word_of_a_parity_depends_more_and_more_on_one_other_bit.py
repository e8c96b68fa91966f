"""The LDR of x_0 prediction for the exact denoiser, which needs no pixels and no floor."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._events import non_local_events
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_equals
from theorylab.parity import HypercubeLaw, dependency_ratios

CHANCE = 1e-12


@dataclass(frozen=True)
class Clean:
    """Signal-to-noise ratio g, the stated 1 - LDR of 8 bits, and how far off it would be seen."""

    g: float
    stated: float
    reach: float
    slope: float = 1.0
    d: int = 8
    n: int = 50_000
    seed: int = 43

    @property
    def alpha_bar(self) -> float:
        """A = g / (1 + g)."""
        return self.g / (1 + self.g)


@claim(
    source=PAPER.at("Section 4.3, high LDR predicts hallucination"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Clean(1, 0.0575, 0.3),
        Clean(2, 0.2185, 0.13),
        Clean(4, 0.3728, 0.09),
        Clean(9, 0.4288, 0.08),
        Clean(100, 0.4793, 0.07),
    ],
    must_fail={
        "ten per cent more": lambda case: replace(case, stated=1.1 * case.stated),
        "as local as at the start": lambda case: replace(case, stated=0.0575, reach=0.3),
        "gradient 2 per cent steeper": lambda case: replace(case, slope=1.02),
    },
)
def clean_word_of_a_parity_depends_more_and_more_on_one_other_bit(case: Clean) -> Finding:
    r"""For the exact $E[v | x]$ of a parity the ratio of bit $i$ is $1 / (1 + |\nabla S_i|^2)$.

    $S_i = \operatorname{artanh} \prod_{k \ne i} \tanh \lambda_k$, the gradient taken in the other
    $\lambda_k$. For 8 bits $1 - \mathrm{LDR}$ is 0.0575, 0.2185, 0.3728, 0.4288, 0.4793 at
    $g = \bar\alpha / (1 - \bar\alpha) = 1, 2, 4, 9, 100$: it grows towards 1/2, since $S_i$ tends
    to the weakest of the other $\lambda_k$, up to sign. The formula is compared with the library's
    ratio where the posterior is not yet certain to rounding; where it is, the ratio of the two
    vanishing derivatives is rounding alone, and only the formula can be used.
    """
    law = HypercubeLaw.parity(case.d)

    def formula(x: Tensor) -> Tensor:
        lam = case.slope * math.sqrt(case.alpha_bar) / (1 - case.alpha_bar) * x
        return 1 / (1 + slopes(lam).square().sum(-1))

    generator = torch.Generator().manual_seed(case.seed)
    xi = torch.randn(400, case.d, generator=generator)
    x = math.sqrt(case.alpha_bar) + math.sqrt(1 - case.alpha_bar) * xi
    mean = law.posterior_mean(x, alpha_bar=case.alpha_bar)[:, 0]
    x = torch.cat((x[mean.abs() < 0.999], xi[:50] / (1 + case.g)))
    library = dependency_ratios(lambda x: law.posterior_mean(x, alpha_bar=case.alpha_bar), x, [0])
    k = non_local_events(formula, case.d, case.alpha_bar, n=case.n, seed=case.seed)
    return all_hold(
        equal(formula(x), library, budget=1e-9),
        rate_equals(k, case.n, case.stated, reach=case.reach, false_alarm=CHANCE, miss=CHANCE),
    )


def slopes(lam: Tensor) -> Tensor:
    r"""dS_0 / d lam_k = sech^2(lam_k) Q_k / (1 - (Q_k tanh lam_k)^2), k >= 1.

    Q_k is the product of tanh over the bits other than 0 and k. With T = Q_k tanh lam_k and
    1 - T^2 = sech^2(lam_k) + tanh^2(lam_k) (1 - Q_k^2) nothing cancels, if 1 - Q^2 is built up
    in the same way from sech^2 alone.
    """
    t, sech2 = torch.tanh(lam[:, 1:]), torch.cosh(lam[:, 1:].clamp(-300, 300)) ** -2
    columns = []
    for k in range(t.shape[1]):
        q, gap = torch.ones_like(t[:, 0]), torch.zeros_like(t[:, 0])
        for j in range(t.shape[1]):
            if j != k:
                gap = sech2[:, j] + t[:, j] ** 2 * gap
                q = q * t[:, j]
        columns.append(sech2[:, k] * q / (sech2[:, k] + t[:, k] ** 2 * gap))
    return torch.stack(columns, dim=-1)
