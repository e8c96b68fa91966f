"""The U-shape in closed form: descent in a basis that splits into affine and other functions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    GaussianDenoiser,
    GaussianMixture,
    lattice_rule,
    mean_square,
    mixture_moments,
)

STEPS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000)


@dataclass(frozen=True)
class Course:
    """Features s_j e_j with s_j = decay^j, trained by descent with rate eta."""

    decay: float = 0.45
    degree: int = 20
    eta: float = 0.3
    told: float = 1.0
    affine: int = 2
    plateau: float = 1.0


def basis(y: Tensor, p: Tensor, degree: int) -> Tensor:
    """Orthonormal polynomials of degree 0..degree on the law, (n, degree + 1), by QR."""
    mean = p @ y
    powers = torch.stack([(y - mean) ** k for k in range(degree + 1)], -1)
    _q, r = torch.linalg.qr(p.sqrt()[:, None] * powers)
    return torch.linalg.solve_triangular(
        (r * torch.sign(r.diagonal())[:, None]).T, powers.T, upper=False
    ).T


@claim(
    source=PAPER.at("Section 5 (early training)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Course()],
    must_fail={
        "rates two per cent higher": lambda case: replace(case, told=1.02),
        "quadratic functions counted as affine": lambda case: replace(case, affine=3),
        "a plateau five per cent higher": lambda case: replace(case, plateau=1.05),
    },
    given=["li2024_gaussian_structure/nonlinear_gain_is_the_loss_that_affine_denoisers_leave"],
)
def learning_by_modes_passes_the_gaussian_denoiser_and_leaves_it(case: Course) -> Finding:
    r"""Let $e_j$ be orthonormal in $L^2(p_\sigma)$, the first two spanning the affine functions,
    $c_j = E[D^*(y) e_j(y)]$, and train $D_\theta = \sum_j \theta_j s_j e_j$ from 0 by $k$ steps of
    descent on the denoising loss, of length $\eta$. With $\rho_j = 1 - 2\eta s_j^2$,

    $$\|D_k - D_G\|^2 = \sum_{j \text{ affine}} c_j^2 \rho_j^{2k}
      + \sum_{j \text{ other}} c_j^2 (1 - \rho_j^k)^2 .$$

    If affine functions are learned first it falls, has a minimum inside, and rises towards the
    nonlinear gain $\mathrm{LMMSE} - \mathrm{MMSE}$: passing near the Gaussian denoiser early is a
    matter of the spectrum of training. (Polynomials on a mixture of three modes at $\sigma = 1$,
    $\eta = 0.3$, $s_j = 0.45^j$: the minimum is less than a tenth of the first value and than a
    third of the plateau, of which 0.8 are reached after 30,000 steps; the sum over degrees 2 to 20
    is the gain to 0.4 per cent.)
    """
    law, sigma = GaussianMixture([[0.0], [1.5], [4.0]], 0.04, [0.3, 0.5, 0.2]), 1.0
    y, p = lattice_rule(law.noised(1.0, sigma), spacing=0.1)
    p = p / p.sum()
    e = basis(y[:, 0], p, case.degree)
    target = law.posterior_mean(y, sigma)[:, 0]
    gaussian = GaussianDenoiser.from_moments(*mixture_moments(law))
    wiener = gaussian(y, sigma)[:, 0]
    scale = case.decay ** torch.arange(case.degree + 1)
    course = descend(case, e * scale, target, p)
    measured = torch.tensor([mean_square((d - wiener)[:, None], p) for d in course])
    c = (p * target) @ e
    steps = torch.tensor(STEPS)[:, None]
    rho = (1 - 2 * case.told * case.eta * scale**2) ** steps
    near = (c**2 * rho**2)[:, : case.affine].sum(1)
    predicted = near + (c**2 * (1 - rho) ** 2)[:, case.affine :].sum(1)
    gain = float((c[2:] ** 2).sum())
    whole = mean_square((target - wiener)[:, None], p)
    low = float(measured.min())
    return all_hold(
        equal(measured, predicted, budget=1e-8),
        at_most(low, float(measured[0]) / 10, budget=1e-9),
        at_most(low, gain / 3, budget=1e-9),
        at_most(0.8 * gain, float(measured[-1]), budget=1e-9),
        equal(case.plateau * gain, whole, budget=4e-3),
    ).with_series(step=list(STEPS), distance=measured.tolist(), gain=gain)


def descend(case: Course, features: Tensor, target: Tensor, p: Tensor) -> list[Tensor]:
    """D_k on the nodes for k of STEPS, by descent itself on E|D - D*|^2."""
    hessian = features.T @ (p[:, None] * features)
    goal = features.T @ (p * target)
    theta, found = torch.zeros_like(goal), []
    for k in range(STEPS[-1] + 1):
        if k in STEPS:
            found.append(features @ theta)
        theta = theta - 2 * case.eta * (hessian @ theta - goal)
    return found


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The distance from the Gaussian denoiser over the steps, and its plateau."""
    shown = series[0]
    ax.plot([k + 1 for k in shown["step"]], shown["distance"], "o-")
    ax.axhline(shown["gain"], color="0.5", linestyle="--", label="nonlinear gain")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("steps of descent + 1")
    ax.set_ylabel(r"$\|D_k - D_G\|^2$")
    ax.legend()
