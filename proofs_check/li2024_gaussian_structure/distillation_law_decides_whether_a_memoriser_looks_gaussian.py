"""Distilling a memorising denoiser on its own noisy law and on another law of the same moments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._laws import Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import best_affine_fit, mean_square

LEVELS = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0)
SPACING = 0.25


@dataclass(frozen=True)
class Held:
    """Points, and bounds on the relative gap on the held-out law: above up to 0.5, below at 8."""

    law: Law
    above: float = 0.1
    below: float = 0.001
    mixed: float = 0.0


def gaussian_nodes(law: Law, sigma: float) -> tuple[Tensor, Tensor]:
    """Nodes for the Gaussian law with the mean and the covariance of y, by a rotated lattice."""
    moments = law.gaussian()
    deviations = (moments.eigenvalues + sigma**2).sqrt()
    steps = SPACING * sigma / deviations
    axes = [torch.arange(-8.0, 8.0, float(h)) for h in steps]
    unit = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, law.d)
    p = torch.exp(-(unit**2).sum(-1) / 2)
    return moments.mean + unit * deviations @ moments.directions.T, p / p.sum()


def relative_gap(law: Law, sigma: float, nodes: tuple[Tensor, Tensor]) -> float:
    """|W_L - W_G| / |W_G| in the Frobenius norm for the distilled memoriser."""
    y, p = nodes
    fitted = best_affine_fit(y, law.posterior_mean()(y, sigma), p)
    wiener = law.gaussian().matrix(sigma)
    return float((fitted.matrix - wiener).norm() / wiener.norm())


@claim(
    source=PAPER.at("Section 4 and Figure 5 (linear distillation on held-out images)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Held(Law(6, 2, 0.0, 2)), Held(Law(12, 2, 0.0, 3))],
    must_fail={
        "one part in fifty of the training law is held out": lambda case: replace(
            case, mixed=0.02
        ),
        "no gap on the held-out law": lambda case: replace(case, above=0.9),
        "a gap at 8 of half of the bound": lambda case: replace(case, below=0.0005),
    },
    given=[
        "li2024_gaussian_structure/memorising_denoiser_distilled_on_its_own_law_is_the_gaussian_denoiser",
    ],
)
def distillation_law_decides_whether_a_memoriser_looks_gaussian(case: Held) -> Finding:
    r"""Let $D_M$ be the denoiser of $N$ points of the plane and $D_L$ its best affine fit.

    - On the points' own noisy law $W_L = W_G$ at every noise (to $10^{-9}$; and so $D_L = D_G$),
      though $D_M$ memorises and $E|D_M - D_G|^2 > \mathrm{LMMSE}/20$ at $\sigma \le 0.3$.
    - On the Gaussian law with the same mean and covariance (data that the points only sample)
      $\|W_L - W_G\|_F > 0.1\,\|W_G\|_F$ for $0.1 \le \sigma \le 0.5$, and less than
      $0.001\,\|W_G\|_F$ at $\sigma = 8$.

    So that $D_L$ leaves $D_G$ when networks memorise is a property of the held-out law on which
    they are distilled, and $D_L = D_G$ alone says nothing about generalisation. (For two sets, of
    6 and 12 points.)
    """
    own, held, parts = [], [], []
    for sigma in LEVELS:
        at_home, away = case.law.nodes(sigma, SPACING), gaussian_nodes(case.law, sigma)
        held.append(relative_gap(case.law, sigma, away))
        mixed = (
            torch.cat((at_home[0], away[0])),
            torch.cat(((1 - case.mixed) * at_home[1], case.mixed * away[1])),
        )
        own.append(relative_gap(case.law, sigma, mixed if case.mixed else at_home))
        if sigma <= 0.3:
            gaussian, (y, p) = case.law.gaussian(), at_home
            apart = mean_square(case.law.posterior_mean()(y, sigma) - gaussian(y, sigma), p)
            parts.append(at_most(gaussian.loss(sigma) / 20, apart, budget=1e-9))
    near = [gap for gap, sigma in zip(held, LEVELS, strict=True) if sigma <= 0.5]
    return all_hold(
        equal(1 + torch.tensor(own), torch.ones(len(own)), budget=1e-9),
        at_most(torch.full((len(near),), case.above), torch.tensor(near), budget=1e-9),
        at_most(held[-1], case.below, budget=1e-9),
        *parts,
    ).with_series(points=case.law.modes, sigma=list(LEVELS), own=own, held=held)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The relative gap of the distilled matrix over sigma, on both laws."""
    for index, shown in enumerate(series):
        text = f"{shown['points']} points"
        ax.plot(shown["sigma"], shown["held"], f"C{index}o-", label=f"{text}, held-out law")
        ax.plot(shown["sigma"], [max(gap, 1e-17) for gap in shown["own"]], f"C{index}s:",
                label=f"{text}, own law")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"noise $\sigma$")
    ax.set_ylabel(r"$\|W_L - W_G\| / \|W_G\|$")
    ax.legend()
