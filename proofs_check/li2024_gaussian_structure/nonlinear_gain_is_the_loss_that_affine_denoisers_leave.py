"""What the Gaussian denoiser loses, by two routes."""

from dataclasses import dataclass, replace

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._laws import Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import mean_square


@dataclass(frozen=True)
class Gain:
    """A law and a noise level."""

    sigma: float
    law: Law
    noise: float = 1.0
    share: float = 1.0
    covariance: bool = True


@claim(
    source=PAPER.at("Theorem 1"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Gain,
        sigma=[0.1, 0.3, 1.0, 3.0],
        law=[Law(3, 2, 0.3, 5), Law(7, 1, 0.1, 6), Law(4, 2, 0.05, 8)],
    ),
    must_fail={
        "two per cent more noise in the affine loss": lambda case: replace(case, noise=1.02),
        "two per cent less gain": lambda case: replace(case, share=0.98),
        "variance of x for the affine loss": lambda case: replace(case, covariance=False),
    },
)
def nonlinear_gain_is_the_loss_that_affine_denoisers_leave(case: Gain) -> Finding:
    r"""For every law with finite second moments the exact denoiser $D^*$ and the Gaussian one
    satisfy

    $$E|D^*(y) - D_G(y)|^2 = \mathrm{LMMSE} - \mathrm{MMSE}, \qquad
      \mathrm{LMMSE} = \sum_i \frac{\lambda_i\sigma^2}{\lambda_i + \sigma^2}, \quad
      \mathrm{MMSE} = E\,\mathrm{tr}\,\mathrm{Cov}(x \mid y),$$

    the covariance being $\sigma^2(I + \sigma^2\nabla^2\ln p_\sigma)$. This gain is what a denoiser
    can have beyond Gaussian structure, and the distance from $D_G$ at which perfect training ends.
    """
    y, p = case.law.nodes(case.sigma)
    gaussian = case.law.gaussian()
    direct = mean_square(case.law.posterior_mean()(y, case.sigma) - gaussian(y, case.sigma), p)
    hessian = case.law.noised(case.sigma).score_jacobian(y)
    trace = hessian.diagonal(dim1=-2, dim2=-1).sum(-1)
    least = float(p @ (case.sigma**2 * (case.law.d + case.sigma**2 * trace)))
    affine = gaussian.loss(case.noise * case.sigma)
    if not case.covariance:
        affine = float(gaussian.eigenvalues.sum())
    scale = gaussian.loss(case.sigma)
    return all_hold(
        equal(case.share * direct, affine - least, budget=1e-9, scale=scale),
        equal(direct + least, scale, budget=1e-9),
    )
