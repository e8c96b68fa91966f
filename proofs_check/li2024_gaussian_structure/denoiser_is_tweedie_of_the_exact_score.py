"""The relation between score and denoiser that both papers start from."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, equal
from theorylab.diffusion import GaussianMixture


@dataclass(frozen=True)
class Observation:
    """A random mixture on a line with a variance per mode, observed with noise sigma."""

    sigma: float
    seed: int
    modes: int = 4
    power: float = 2.0
    share: float = 1.0


def law_of(case: Observation) -> GaussianMixture:
    """Means, variances and weights, all unequal."""
    generator = torch.Generator().manual_seed(case.seed)
    means = 2 * torch.randn(case.modes, 1, generator=generator)
    variance = 0.05 + torch.rand(case.modes, generator=generator)
    weights = 0.2 + torch.rand(case.modes, generator=generator)
    return GaussianMixture(means, variance, weights / weights.sum())


def bayes(law: GaussianMixture, y: Tensor, sigma: float) -> Tensor:
    """E[x | y] by Bayes' rule: 200-point Gauss-Hermite in each component of the prior."""
    node, weight = (torch.as_tensor(a) for a in np.polynomial.hermite_e.hermegauss(200))
    x = law.means + law.variance.sqrt()[:, None] * node
    likelihood = torch.exp(-((y[:, None, None] - x) ** 2) / (2 * sigma**2))
    mass = law.weights[:, None] * weight * likelihood
    return (mass * x).sum((1, 2)) / mass.sum((1, 2))


@claim(
    source=PAPER.at("Poster, introduction (score and denoiser)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=[Observation(0.5, 1), Observation(1.0, 2), Observation(3.0, 3)],
    must_fail={
        "sigma for sigma squared": lambda case: replace(case, power=1.0),
        "two per cent more score": lambda case: replace(case, share=1.02),
    },
)
def denoiser_is_tweedie_of_the_exact_score(case: Observation) -> Finding:
    r"""For $y = x + \sigma n$ the posterior mean is
    $E[x \mid y] = y + \sigma^2\,\nabla\log p_\sigma(y)$, where $p_\sigma$ is the law of $y$: the
    score is $(D(y) - y)/\sigma^2$.
    """
    law = law_of(case)
    y = torch.linspace(-3.0, 3.0, 31)
    score = law.noised(1.0, case.sigma).score(y[:, None])[:, 0]
    tweedie = y + case.share * case.sigma**case.power * score
    return equal(tweedie, bayes(law, y, case.sigma), budget=1e-9)
