"""Lemma G.1: the score in closed form, against automatic differentiation of the density."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import ExactScore, GaussianMixture, VPSchedule

POINTS = 60


@dataclass(frozen=True)
class Noised:
    """A law at a raw step, and the powers and factors of the formula."""

    law: Law
    raw: int
    shrink: float = 0.5
    own: float = 1.0
    weighted: bool = True
    stronger: float = 1.0


@claim(
    source=read_at("Lemma G.1"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(Noised, law=USUAL, raw=[0, 60, 300, 999]),
    must_fail={
        "means shrink by abar": lambda case: replace(case, shrink=1.0),
        "the own variance does not shrink": lambda case: replace(case, own=0.0),
        "all weights equal": lambda case: replace(case, weighted=False),
        "two per cent stronger": lambda case: replace(case, stronger=1.02),
    },
)
def score_of_the_mixture_is_pull_to_the_responsible_means(case: Noised) -> Finding:
    r"""For every mixture $p_0 = \sum_k \pi_k N(\mu_k, \sigma^2 I)$, with
    $\sigma_t^2 = \bar\alpha_t\sigma^2 + 1 - \bar\alpha_t$,

    $$\nabla\ln p_t(x) = \frac{1}{\sigma_t^2}\sum_k r_k(x)\,(\sqrt{\bar\alpha_t}\mu_k - x),\qquad
      r_k \propto \pi_k \exp\Big(-\frac{|x - \sqrt{\bar\alpha_t}\mu_k|^2}{2\sigma_t^2}\Big).$$

    The weights may be unequal. The library's exact score is the same function.
    """
    mixture, schedule = case.law.mixture(), VPSchedule.ddpm()
    abar = float(schedule.alpha_bar(case.raw))
    variance = abar * float(mixture.variance) + 1 - abar
    x = points_between(mixture, abar, variance)
    found = by_differentiation(mixture, abar, variance, x)
    stated = formula(case, mixture, abar, x)
    library = ExactScore(mixture, schedule)(x, case.raw)
    return all_hold(equal(stated, found, budget=1e-9), equal(library, found, budget=1e-9))


def formula(case: Noised, mixture: GaussianMixture, abar: float, x: Tensor) -> Tensor:
    """The right-hand side, written out."""
    variance = abar**case.own * float(mixture.variance) + 1 - abar
    means = abar**case.shrink * mixture.means
    weights = mixture.weights if case.weighted else torch.ones(mixture.K)
    towards = means - x[:, None, :]
    r = torch.softmax(torch.log(weights) - (towards**2).sum(-1) / (2 * variance), dim=-1)
    return case.stronger * (r[..., None] * towards).sum(1) / variance


def by_differentiation(
    mixture: GaussianMixture, abar: float, variance: float, x: Tensor
) -> Tensor:
    """The gradient of the log density of another library."""
    components = Independent(Normal(abar**0.5 * mixture.means, variance**0.5), 1)
    law = MixtureSameFamily(Categorical(mixture.weights), components)
    at = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(law.log_prob(at).sum(), at)
    return gradient


def points_between(mixture: GaussianMixture, abar: float, variance: float) -> Tensor:
    """Points about the segments of random pairs, where more than one mode is responsible."""
    generator = torch.Generator().manual_seed(17)
    ends = torch.randint(0, mixture.K, (2, POINTS), generator=generator)
    q = torch.rand(POINTS, 1, generator=generator)
    centres = q * mixture.means[ends[0]] + (1 - q) * mixture.means[ends[1]]
    noise = torch.randn(POINTS, mixture.d, generator=generator)
    return abar**0.5 * centres + variance**0.5 * noise
