"""Training on a line, by quadrature: the U-shape, and the bound on distillation along it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    Denoiser,
    GaussianDenoiser,
    best_affine_fit,
    lattice_rule,
    mean_square,
    mixture_moments,
)
from theorylab.learn import LearnedDenoiser, build, shipped_network, train
from theorylab.learn.three_modes import mixture, three_modes

MARKS = (0, 10, 20, 30, 50, 100, 200, 400)
LAST = 5000


@dataclass(frozen=True)
class Line:
    """A noise level, the root of the nonlinear gain, and a step of the early phase."""

    sigma: float
    gain: float
    early: int = 100
    believed: float = 1.0
    excess: float = 1.0


@cache
def at_step(step: int) -> Denoiser:
    """The network at a step; the last one is shipped, the others are trained now."""
    recipe = three_modes()
    if step == LAST:
        return LearnedDenoiser(shipped_network(recipe, 0))
    if step == 0:
        return LearnedDenoiser(build(recipe.factory, seed=0))
    trained = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=step)
    return LearnedDenoiser(trained.network)


@claim(
    source=PAPER.at("Section 5 (early training)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Line(0.15, 0.1374), Line(0.25, 0.1778)],
    must_fail={
        "a Gaussian denoiser of half of the noise": lambda case: replace(case, believed=0.5),
        "a gain two per cent higher": lambda case: replace(case, gain=1.02 * case.gain),
        "a twentieth of the excess loss": lambda case: replace(case, excess=0.05),
    },
    given=[
        "li2024_gaussian_structure/learning_by_modes_passes_the_gaussian_denoiser_and_leaves_it",
        "li2024_gaussian_structure/distilled_denoiser_is_as_near_the_gaussian_one_as_its_excess_loss",
    ],
)
def network_on_three_modes_passes_the_wiener_filter_and_only_its_affine_fit_stays(
    case: Line,
) -> Finding:
    r"""An EDM-preconditioned network with two hidden layers of 64 is trained on fresh draws of
    three modes at 1, 2, 3 of deviation 0.05, 5000 steps of 256 (seed 0). In $L^2(p_\sigma)$, at
    $\sigma = 0.15$ and $0.25$:

    - $\|D_\theta - D_G\|$ after 100 steps is less than a third of what it was before training,
      and of what it is at the end, where it is still below
      $\sqrt{\mathrm{LMMSE} - \mathrm{MMSE}}$ (0.1374 and 0.1778);
    - at every recorded step the best affine fit $D_L$ of $D_\theta$ satisfies
      $\|D_L - D_G\|^2 \le \|D_\theta - D^*\|^2$, the excess of the loss;
    - at the end $\|D_L - D_G\| < \|D_\theta - D_G\|/8$: the affine fit stays where the network
      has left.

    (Distances by quadrature; the early steps are trained during the check, the last weights
    `three_modes` are shipped.)
    """
    law, sigma = mixture(), case.sigma
    y, p = lattice_rule(law.noised(1.0, sigma), spacing=0.1)
    exact = law.posterior_mean(y, sigma)
    gaussian = GaussianDenoiser.from_moments(*mixture_moments(law))
    target = gaussian(y, case.believed * sigma)
    steps = [*MARKS, LAST]
    values = [at_step(step)(y, sigma) for step in steps]
    far = torch.tensor([mean_square(v - target, p) for v in values]).sqrt()
    distilled = [mean_square(best_affine_fit(y, v, p)(y) - target, p) for v in values]
    excess = torch.tensor([mean_square(v - exact, p) for v in values])
    plateau = mean_square(exact - gaussian(y, sigma), p) ** 0.5
    early = far[MARKS.index(case.early)]
    return all_hold(
        at_most(3 * early, torch.stack((far[0], far[-1])), budget=1e-5),
        equal(plateau, case.gain, budget=5e-4),
        at_most(far[-1], plateau, budget=1e-5),
        at_most(torch.tensor(distilled), case.excess * excess, budget=1e-7),
        at_most(distilled[-1] ** 0.5, far[-1] / 8, budget=1e-5),
    ).with_series(
        sigma=sigma, step=steps, gaussian=far.tolist(), plateau=plateau,
        distilled=[d**0.5 for d in distilled],
    )  # fmt: skip


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Distances from D_G over the steps, of the network and of its affine fit."""
    for index, shown in enumerate(series):
        colour, text = f"C{index}", rf"$\sigma$ = {shown['sigma']:g}"
        steps = [k + 5 for k in shown["step"]]
        ax.plot(steps, shown["gaussian"], "o-", color=colour, label=rf"network, {text}")
        ax.plot(steps, shown["distilled"], "s--", color=colour, label=rf"affine fit, {text}")
        ax.axhline(shown["plateau"], color=colour, linestyle=":", linewidth=0.8,
                   label=rf"$\sqrt{{\mathrm{{LMMSE}} - \mathrm{{MMSE}}}}$, {text}")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("steps of training + 5")
    ax.set_ylabel(r"distance from $D_G$")
    ax.set_ylim(1e-4, 0.6)
    ax.legend(loc="lower left")
