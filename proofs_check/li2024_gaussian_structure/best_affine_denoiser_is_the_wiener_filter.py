"""Theorem 1, sharpened: projecting the optimal denoiser gives the Wiener filter for every law."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import GaussianMixture


@dataclass(frozen=True)
class Fit:
    """A non-Gaussian law in the plane and a noise level."""

    sigma: float
    seed: int
    nodes: int = 60
    noise: float = 1.0
    between: float = 1.0
    centred: bool = False


def law_of(case: Fit) -> GaussianMixture:
    """Three modes of different weight and width, away from the origin."""
    generator = torch.Generator().manual_seed(case.seed)
    means = 1.5 * torch.randn(3, 2, generator=generator) + 1.0
    return GaussianMixture(means, torch.tensor([0.1, 0.3, 0.6]), torch.tensor([0.2, 0.3, 0.5]))


def fitted(law: GaussianMixture, case: Fit) -> tuple[Tensor, Tensor]:
    """Least squares of E[x | y] on (y, 1) under the law of y, by Gauss-Hermite quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(case.nodes)
    a, b = np.meshgrid(node, node)
    unit = torch.as_tensor(np.stack((a.ravel(), b.ravel()), 1))
    mass = torch.as_tensor(np.outer(weight, weight).ravel() / weight.sum() ** 2)
    spread = (law.variance + case.sigma**2).sqrt()
    y = (law.means[:, None] + spread[:, None, None] * unit).reshape(-1, 2)
    p = (law.weights[:, None] * mass).reshape(-1, 1)
    design = torch.cat((y, torch.ones(len(y), 1)), 1)
    target = law.posterior_mean(y, case.sigma)
    solution = torch.linalg.solve(design.T @ (p * design), design.T @ (p * target))
    return solution[:2].T, solution[2]


def wiener(law: GaussianMixture, case: Fit) -> tuple[Tensor, Tensor]:
    """W = Sigma (Sigma + sigma^2 I)^-1 and the bias (I - W) mu, from the moments of the law."""
    mean = law.weights @ law.means
    off = law.means - mean
    within = (law.weights * law.variance).sum() * torch.eye(2)
    covariance = within + case.between * (off.T * law.weights) @ off
    noise = case.noise * case.sigma**2 * torch.eye(2)
    gain = torch.linalg.solve(covariance + noise, covariance)
    bias = mean - gain @ mean
    return gain.T, torch.zeros(2) if case.centred else bias


@claim(
    source=PAPER.at("Theorem 1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=grid(Fit, sigma=[0.5, 1.0, 4.0], seed=[1, 2]),
    must_fail={
        "noise three per cent stronger": lambda case: replace(case, noise=1.03),
        "covariance of the modes only": lambda case: replace(case, between=0.0),
        "spread of the means two per cent less": lambda case: replace(case, between=0.98),
        "no bias": lambda case: replace(case, centred=True),
    },
    given=["li2024_gaussian_structure/denoiser_is_tweedie_of_the_exact_score"],
)
def best_affine_denoiser_is_the_wiener_filter(case: Fit) -> Finding:
    r"""Let $p$ have mean $\mu$ and covariance $\Sigma$; it need not be Gaussian. Among all affine
    maps of $y = x + \sigma n$ the best approximation of the optimal denoiser $E[x \mid y]$ in
    $L^2(p_\sigma)$ (and so the minimiser of the denoising loss) is the Wiener filter

    $$D_G(y) = \mu + \Sigma(\Sigma + \sigma^2 I)^{-1}(y - \mu).$$

    So distilling the optimal denoiser of any law on that law gives $D_G$ exactly.
    """
    law = law_of(case)
    (gain, bias), (expected_gain, expected_bias) = fitted(law, case), wiener(law, case)
    return all_hold(
        equal(gain, expected_gain, budget=1e-7), equal(bias, expected_bias, budget=1e-7)
    )
