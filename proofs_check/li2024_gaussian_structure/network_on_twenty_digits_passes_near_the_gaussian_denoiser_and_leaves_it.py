"""The U-shape of training on real images: towards the Gaussian denoiser and away from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._digits import (
    MARKS,
    gap,
    gaussian,
    memoriser,
    network,
    probe,
    snapshot,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_at_most
from theorylab.diffusion import Denoiser
from theorylab.learn import read_card, shipped, train
from theorylab.learn.digits import RECIPES

CHANCE = 1e-12
NAME = "digits_20_a"
LAST = 2000


@dataclass(frozen=True)
class Course:
    """A noise level and the early step that is compared with the first and the last."""

    sigma: float
    early: int
    n: int = 1000
    bound: float = 0.2
    early_is_last: bool = False
    memory: bool = False
    seed: int = 21


def at_step(step: int) -> Denoiser:
    """The network at a step; the last one is shipped, the others are trained now."""
    return network(NAME) if step == LAST else snapshot(NAME, step)


@claim(
    source=PAPER.at("Section 5 (early training)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SAMPLED,
    cases=[Course(1.2, 200), Course(2.4, 100)],
    must_fail={
        "the last step for the early one": lambda case: replace(case, early_is_last=True),
        "the memoriser for the Gaussian denoiser": lambda case: replace(case, memory=True),
        "the first step for the early one": lambda case: replace(case, early=0),
    },
    given=[
        "li2024_gaussian_structure/learning_by_modes_passes_the_gaussian_denoiser_and_leaves_it"
    ],
)
def network_on_twenty_digits_passes_near_the_gaussian_denoiser_and_leaves_it(
    case: Course,
) -> Finding:
    r"""An EDM-preconditioned network with two hidden layers of 80 is trained on 20 handwritten
    digits, 2000 steps of 64 draws (seed 0). At $\sigma = 1.2$ the network after 200 steps, and at
    $\sigma = 2.4$ after 100, is nearer to the Gaussian denoiser of the 20 images than it was
    before training and than it is at the end: each for at least 80 in 100 fresh images and draws
    of noise. (The early steps are trained during the check, and their losses are those of the run
    that made the shipped weights `digits_20_a`. Its preconditioning is a Gaussian denoiser to
    begin with, that of white noise.)
    """
    y = probe(case.sigma, case.n, seed=case.seed)
    target = memoriser(20, 0) if case.memory else gaussian(20, 0)
    early = at_step(LAST if case.early_is_last else case.early)
    near = gap(early, target, y, case.sigma)
    parts = [same_losses()]
    for step in (0, LAST):
        k = int((near >= gap(at_step(step), target, y, case.sigma)).sum())
        parts.append(
            rate_at_most(k, case.n, case.bound, reach=1.5, false_alarm=CHANCE, miss=CHANCE)
        )
    return all_hold(*parts).with_series(**curves(case))


def same_losses() -> Finding:
    """The first losses of a run from the seed, against those recorded with the weights."""
    card, recipe = read_card(shipped(f"{NAME}-0")), RECIPES[NAME]()
    known = torch.tensor(card.first_losses)
    again = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=len(known))
    return equal(again.losses, known, budget=1e-4)


def curves(case: Course) -> dict[str, Any]:
    """Root mean square distances per pixel over the steps, for 300 probes."""
    y, steps = probe(case.sigma, 300, seed=case.seed + 1), [*MARKS, LAST]
    lines = [
        [
            float((gap(at_step(step), of, y, case.sigma).square().mean() / 64).sqrt())
            for step in steps
        ]
        for of in (gaussian(20, 0), memoriser(20, 0))
    ]
    apart = gap(gaussian(20, 0), memoriser(20, 0), y, case.sigma)
    return {
        "sigma": case.sigma, "step": steps, "gaussian": lines[0], "memoriser": lines[1],
        "apart": float((apart.square().mean() / 64).sqrt()),
    }  # fmt: skip


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Distance of the network from both closed forms over the steps of training."""
    for index, shown in enumerate(series):
        colour, text = f"C{index}", rf"$\sigma$ = {shown['sigma']:g}"
        steps = [k + 3 for k in shown["step"]]
        ax.plot(steps, shown["gaussian"], "o-", color=colour, label=rf"from $D_G$, {text}")
        ax.plot(steps, shown["memoriser"], "s--", color=colour, label=rf"from $D_M$, {text}")
        ax.axhline(shown["apart"], color=colour, linestyle=":", linewidth=0.8,
                   label=rf"$D_G$ from $D_M$, {text}")  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlabel("steps of training + 3")
    ax.set_ylabel("root mean square distance per pixel")
    ax.set_ylim(0, 0.85)
    ax.legend(loc="upper right")
