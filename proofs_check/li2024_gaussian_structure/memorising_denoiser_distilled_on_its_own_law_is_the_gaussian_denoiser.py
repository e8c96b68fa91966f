"""A remark on affine fits of non-Gaussian laws, refuted by the most non-Gaussian law there is."""

from dataclasses import dataclass, replace

import torch

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._laws import Law
from theorylab.claims import (
    Evidence,
    Finding,
    Reading,
    Relation,
    all_hold,
    at_most,
    claim,
    equal,
    grid,
)
from theorylab.diffusion import GaussianDenoiser, best_affine_fit, mean_square


@dataclass(frozen=True)
class Distillation:
    """A set of points, a noise level, and what may go wrong on the way."""

    sigma: float
    law: Law
    believed: float = 1.0
    fitted_at: float = 1.0
    inflated: float = 1.0


@claim(
    source=PAPER.at(
        "README of the released code (best affine fit to the score of a non-Gaussian law)",
        reading=Reading.SUMMARISED,
    ),
    relation=Relation.REFUTES,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(Distillation, sigma=[0.02, 0.1, 0.3, 1.0, 4.0, 20.0], law=[Law()]),
        *grid(Distillation, sigma=[0.1, 1.0], law=[Law(9, 1, 0.0, 4), Law(3, 2, 0.2, 7)]),
    ],
    must_fail={
        "a denoiser that believes in two per cent more noise": lambda case: replace(
            case, believed=1.02
        ),
        "distilled at two per cent more noise": lambda case: replace(case, fitted_at=1.02),
        "covariance two per cent larger": lambda case: replace(case, inflated=1.02),
        "covariance with 1/(N-1)": lambda case: replace(
            case, inflated=case.law.modes / (case.law.modes - 1)
        ),
    },
    given=["li2024_gaussian_structure/best_affine_denoiser_is_the_wiener_filter"],
)
def memorising_denoiser_distilled_on_its_own_law_is_the_gaussian_denoiser(
    case: Distillation,
) -> Finding:
    r"""It is false that the best affine fit to the exact denoiser (or score) of a non-Gaussian law
    is in general not the Gaussian denoiser: on the law's own noisy points it always is. For every
    law with finite second moments the residual of $D^*(y) = E[x \mid y]$ satisfies
    $E[(x - D^*(y))\,f(y)] = 0$, so $x$ and $D^*$ have one projection on the affine maps, $D_G$.

    Counterexamples: $N$ weighted points, whose exact denoiser $D_M$ memorises them. Distilled at
    noise $\sigma$ between 0.02 and 20 on $y = x_i + \sigma n$ it gives $W$ and $b$ of $D_G$ to
    $10^{-10}$, although $D_M$ itself is far from $D_G$: at $\sigma \le 0.3$ their mean square
    distance exceeds a tenth of the loss $\mathrm{LMMSE}$.
    """
    denoiser, sigma = case.law.posterior_mean(), case.sigma
    y, p = case.law.nodes(sigma * case.fitted_at)
    values = denoiser(y, sigma * case.believed)
    found = best_affine_fit(y, values, p)
    exact = case.law.gaussian()
    gaussian = GaussianDenoiser(exact.mean, exact.directions, case.inflated * exact.eigenvalues)
    expected = gaussian.matrix(sigma)
    bias = gaussian(torch.zeros(case.law.d), sigma)
    parts = [
        equal(found.matrix, expected, budget=1e-10),
        equal(found.bias, bias, budget=1e-10),
    ]
    share = mean_square(values - exact(y, sigma), p) / exact.loss(sigma)
    if sigma <= 0.3 and case.law.width == 0:
        parts.append(at_most(0.1, share, budget=1e-6))
    return all_hold(*parts)
