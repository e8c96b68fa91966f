"""What Equation (4) does approximate: the covariance of the reverse step."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal, grid
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Reverse:
    """A parity of d bits, alpha_t, alpha_bar_t; a factor on the missing part."""

    d: int
    alpha: float
    alpha_bar: float
    share: float = 1.0
    power: int = 2
    ratio: float = 0.25
    seed: int = 3


@claim(
    source=PAPER.at("Equation (4)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Reverse(3, 0.9, 0.5),
        *grid(Reverse, d=[3, 5], alpha=[0.6, 0.98], alpha_bar=[0.1, 0.5, 0.8], ratio=[0.0]),
        Reverse(2, 0.9, 0.5, ratio=0.5),
    ],
    must_fail={
        "missing part 2 per cent larger": lambda case: replace(case, share=1.02),
        "exact covariance": lambda case: replace(case, share=0.0),
        "first power of the gain": lambda case: replace(case, power=1),
        "a quarter and 2 per cent": lambda case: replace(case, ratio=0.255),
    },
    given=["lu2025_local_generation_bias/reverse_step_of_ddpm_has_the_exact_mean"],
)
def reverse_step_of_ddpm_lacks_the_spread_of_the_clean_word(case: Reverse) -> Finding:
    r"""$\mathrm{Cov}(x_{t-1} | x_t) = \tilde\beta_t I
    + \frac{\bar\alpha_{t-1} \beta_t^2}{(1 - \bar\alpha_t)^2} \mathrm{Cov}(x_0 | x_t)$.

    $\beta_t = 1 - \alpha_t$ and
    $\tilde\beta_t = (1 - \bar\alpha_{t-1}) \beta_t / (1 - \bar\alpha_t)$; the second term is
    absent from Equation (4). Checked on parities against the second derivative of $\ln p_t$,
    $\mathrm{Cov}(x_{t-1} | x_t) = (\beta_t I + \beta_t^2 \nabla^2 \ln p_t(x_t)) / \alpha_t$. A
    coordinate of the second term is largest at $x_t = 0$, where its posterior variance is 1. For
    three bits, $\alpha_t = 0.9$, $\bar\alpha_t = 0.5$ it is $1/45$ there, a quarter of
    $\tilde\beta_t = 4/45$. For two equal bits at the same step, whose
    posterior covariance at 0 has the eigenvalue 2, the covariance lacks half of $\tilde\beta_t$
    in one direction.
    """
    law = HypercubeLaw.parity(case.d)
    x = torch.randn(12, case.d, generator=torch.Generator().manual_seed(case.seed))
    x[0] = 0
    before, beta = case.alpha_bar / case.alpha, 1 - case.alpha
    tilde = (1 - before) * beta / (1 - case.alpha_bar)
    gain = (math.sqrt(before) * beta / (1 - case.alpha_bar)) ** case.power
    covariance = posterior_covariance(law, x, case.alpha_bar)
    identity = torch.eye(case.d)
    formula = tilde * identity + case.share * gain * covariance
    hessian = score_jacobian(law, x, case.alpha_bar)
    parts = [equal(formula, (beta * identity + beta**2 * hessian) / case.alpha, budget=1e-12)]
    missing = case.share * gain * covariance
    diagonal = missing.diagonal(dim1=-2, dim2=-1)
    parts.append(at_most(diagonal, diagonal[0], budget=1e-12, tight=0.999))
    if case.ratio:
        worst = torch.linalg.eigvalsh(missing[0]).max()
        parts.append(equal(worst / tilde, case.ratio, budget=1e-12))
    return all_hold(*parts)


def posterior_covariance(law: HypercubeLaw, x: Tensor, alpha_bar: float) -> Tensor:
    """Cov(v | x) by Bayes' rule over the vertices, (n, d, d)."""
    atoms, masses = law.weighted_vertices(like=x)
    distance = (x[:, None, :] - math.sqrt(alpha_bar) * atoms).square().sum(-1)
    weights = torch.softmax(masses.log() - distance / (2 * (1 - alpha_bar)), dim=-1)
    centred = atoms - (weights @ atoms)[:, None]
    return torch.einsum("ns,nsi,nsj->nij", weights, centred, centred)


def score_jacobian(law: HypercubeLaw, x: Tensor, alpha_bar: float) -> Tensor:
    """The second derivative of ln p_t, from the library's closed score."""
    leaf = x.clone().requires_grad_(True)
    score = law.score(leaf, alpha_bar=alpha_bar)
    rows = [torch.autograd.grad(each.sum(), leaf, retain_graph=True)[0] for each in score.T]
    return torch.stack(rows, dim=1)
