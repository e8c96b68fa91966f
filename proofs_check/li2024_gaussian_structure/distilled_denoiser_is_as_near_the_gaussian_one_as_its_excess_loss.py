"""How near an affine fit must be to the Gaussian denoiser: stability of the projection."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._laws import Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal, grid
from theorylab.diffusion import (
    GaussianDenoiser,
    GaussianMixture,
    best_affine_fit,
    lattice_rule,
    mean_square,
    score_difference,
)

SPACING = 0.2
"""Of the nodes in deviations: D* has poles near the real plane where sigma is small."""


class Form(Enum):
    """What the denoiser is."""

    AFFINE_ERROR = "the exact one and an affine error"
    WAVES = "the exact one and waves"
    HALF = "the exact one of half of the points"
    CONSTANT = "a constant"
    TRAINED = "random features after some descent"


@dataclass(frozen=True)
class Approximation:
    """A denoiser D for the points of `law` at noise sigma; steps of descent if it is trained."""

    form: Form
    sigma: float
    steps: int = 0
    law: Law = Law(6, 2, 0.0, 2)
    share: float = 1.0
    fitted_at: float = 1.0
    inflated: float = 1.0
    over_affine: bool = False


def features(y: Tensor) -> Tensor:
    """Sixty ridges tanh(a.y + b) and a constant."""
    generator = torch.Generator().manual_seed(11)
    a, b = torch.randn(2, 60, generator=generator), torch.randn(60, generator=generator)
    return torch.cat((torch.tanh(y @ a + b), torch.ones(*y.shape[:-1], 1)), -1)


def trained(case: Approximation) -> Callable[[Tensor], Tensor]:
    """Linear combinations of the features after gradient descent on the denoising loss.

    The loss is quadratic, so that k steps from 0 are one function of its Hessian.
    """
    y, p = case.law.nodes(case.sigma)
    phi = features(y)
    hessian = phi.T @ (p[:, None] * phi)
    goal = phi.T @ (p[:, None] * case.law.posterior_mean()(y, case.sigma))
    values, vectors = torch.linalg.eigh(hessian)
    curve = 2 * (0.9 / (2 * values[-1])) * values.clamp(min=1e-13)
    done = -torch.expm1(case.steps * torch.log1p(-curve)) / values.clamp(min=1e-13)
    weights = vectors @ (done[:, None] * (vectors.T @ goal))
    return lambda at: features(at) @ weights


def denoiser(case: Approximation) -> Callable[[Tensor], Tensor]:
    """D at the noise level of the case."""
    exact = case.law.posterior_mean()
    if case.form is Form.TRAINED:
        return trained(case)
    if case.form is Form.CONSTANT:
        return lambda y: 0 * y + 0.3
    if case.form is Form.HALF:
        half = Law(case.law.modes // 2, 2, 0.0, case.law.seed)
        return lambda y: half.posterior_mean()(y, case.sigma)
    if case.form is Form.AFFINE_ERROR:
        return lambda y: exact(y, case.sigma) + 0.1 * y.flip(-1) - 0.2
    return lambda y: exact(y, case.sigma) + 0.2 * torch.sin(2 * y)


def loss(case: Approximation, of: Callable[[Tensor], Tensor]) -> float:
    """E|D(x + sigma n) - x|^2, one point x after the other."""
    total = 0.0
    for x, weight in zip(case.law.means, case.law.weights.tolist(), strict=True):
        y, p = lattice_rule(GaussianMixture(x[None], case.sigma**2), spacing=SPACING)
        total += weight * mean_square(of(y) - x, p)
    return total


@claim(
    source=PAPER.at("Section 4 (linear distillation), Theorem 1"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(Approximation, form=list(Form)[:4], sigma=[0.3, 1.5]),
        *grid(Approximation, form=[Form.TRAINED], sigma=[0.6], steps=[1, 30, 1000, 10**5]),
    ],
    must_fail={
        "two per cent less room": lambda case: replace(case, share=0.98),
        "distilled at five per cent more noise": lambda case: replace(case, fitted_at=1.05),
        "Gaussian denoiser of two per cent less variance": lambda case: replace(
            case, inflated=0.98
        ),
        "excess over the affine loss": lambda case: replace(case, over_affine=True),
    },
    given=[
        "li2024_gaussian_structure/memorising_denoiser_distilled_on_its_own_law_is_the_gaussian_denoiser",
    ],
)
def distilled_denoiser_is_as_near_the_gaussian_one_as_its_excess_loss(
    case: Approximation,
) -> Finding:
    r"""Let $D$ be any denoiser in $L^2(p_\sigma)$ and $D_L$ its best affine approximation there,
    $L(D) = E|D(y) - x|^2$ its loss and $\mathrm{MMSE}$ the least loss of all. Then

    $$\|D_L - D_G\|^2 \le L(D) - \mathrm{MMSE}, \qquad
      E\sqrt{|D_L - D_G|^2/d} \le \sqrt{(L(D) - \mathrm{MMSE})/d},$$
    $$\|D - D_G\|^2 = \|D - D_L\|^2 + \|D_L - D_G\|^2 ,$$

    with equality in the first where $D - D^*$ is affine. So a small distance of $D_L$ from $D_G$
    follows from a small loss, at every stage of training and for denoisers that memorise: by
    itself it is no evidence that $D$ is nearly Gaussian. That can only be a small $\|D - D_G\|$.
    """
    y, p = lattice_rule(case.law.noised(case.sigma * case.fitted_at), spacing=SPACING)
    own, weights = case.law.nodes(case.sigma, SPACING)
    of, exact = denoiser(case), case.law.posterior_mean()
    moments = case.law.gaussian()
    gaussian = GaussianDenoiser(
        moments.mean, moments.directions, case.inflated * moments.eigenvalues
    )
    values, target = of(own), gaussian(own, case.sigma)
    linear = best_affine_fit(y, of(y), p)(own)
    least = loss(case, lambda at: exact(at, case.sigma))
    floor = moments.loss(case.sigma) if case.over_affine else least
    excess = case.share * (loss(case, of) - floor)
    gap = mean_square(linear - target, weights)
    tight = 0.9999 if case.form is Form.AFFINE_ERROR else None
    root = max(excess, 0.0) ** 0.5 / case.law.d**0.5
    both = mean_square(values - linear, weights) + gap
    return all_hold(
        at_most(gap, excess, budget=1e-9, tight=tight),
        at_most(weights @ score_difference(linear, target), root + 1e-12, budget=1e-9),
        equal(mean_square(values - target, weights), both, budget=1e-9),
    )
