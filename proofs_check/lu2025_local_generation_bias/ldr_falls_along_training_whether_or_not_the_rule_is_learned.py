"""Local dependency ratio over training, beside that of the exact denoiser."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import (
    RATES,
    events_at_the_rate_of,
    noisy_images,
)
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    rate_at_most,
    rate_between,
)
from theorylab.learn.bracket_signs import cell_projections, law_of, sign_ratios
from theorylab.learn.grammar_images import clean_prediction
from theorylab.learn.grammar_recipes import shipped_images
from theorylab.parity import dependency_ratios

ALPHA_BAR = 0.2
"""With |delta|^2 = 16 the signal-to-noise ratio of a bracket is g = 4 there."""

SYMBOL = 1


@dataclass(frozen=True)
class Fall:
    """LDR >= early of one network, LDR <= late of a later one, and a bracket on the exact LDR."""

    networks: tuple[str, str]
    early: float
    late: float
    exact: tuple[float, float]
    n: int = 1000
    reach: tuple[float, float] = (1.3, 0.33)
    seed: int = 107


PARITY, DYCK = (0.58, 0.67), (0.5, 0.58)


@claim(
    source=PAPER.at("Sections 4 and 4.3, LDR over training (Figures 5 and 18)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Fall(("unet_parity8_early", "unet_parity8"), 0.85, 0.62, PARITY),
        Fall(("unet_dyck8_early", "unet_dyck8"), 0.74, 0.5, DYCK, reach=(0.85, 0.44)),
        Fall(("dit_parity8_early", "dit_parity8"), 0.94, 0.88, PARITY, n=1500, reach=(1.95, 0.11)),
    ],
    must_fail={
        "high to the end": lambda case: replace(case, networks=case.networks[:1] * 2),
        "low from the beginning": lambda case: replace(case, networks=case.networks[1:] * 2),
        "the exact denoiser is local": lambda case: replace(case, exact=(0.9, 0.95)),
    },
    given=["lu2025_local_generation_bias/templates_add_their_pixels_to_the_local_part"],
)
def ldr_falls_along_training_whether_or_not_the_rule_is_learned(case: Fall) -> Finding:
    r"""The LDR of the second bracket falls from 0.85 or more after 250 steps to 0.62 or less after
    12000 in a U-Net that breaks its parity half the time, and from 0.74 or more after 250 to 0.5
    or less after 4000 in one that balances its brackets.

    In the DiT on the parity it falls from 0.94 or more after 500 steps to 0.88 or less after
    8000. The exact denoisers have 0.58 to 0.67 for the parity and 0.5 to 0.58 for the balanced
    words. So it is high early, as the paper says, and its fall is no evidence of a rule: the
    U-Nets end at or below the exact value on both grammars. All at $\bar\alpha = 0.2$, $g = 4$,
    for the prediction of $x_0$ seen along the difference of the two brackets,
    $\mathrm{LDR} = E[J_{ii}^2 / \sum_k J_{ik}^2]$, which for the exact denoiser is that of all
    pixels. This is about the shipped weights named in the cases (seed 0, one run each); between
    its two checkpoints that of the DiT is not monotone.
    """
    seen = [local_events(name, case.n, case.seed) for name in case.networks]
    exact = exact_events(case.networks[1], 4000, case.seed)
    first, second = case.reach
    return all_hold(
        rate_at_most(case.n - seen[0], case.n, 1 - case.early, reach=first, **RATES),
        rate_at_most(seen[1], case.n, case.late, reach=second, **RATES),
        rate_between(exact, 4000, case.exact, reach=0.25, **RATES),
    ).with_series(networks=list(case.networks), ldr=[k / case.n for k in seen], exact=exact / 4000)


@cache
def local_events(name: str, n: int, seed: int) -> int:
    """Events at the rate of the network's LDR at noisy images of its training words."""
    network, grammar, _ = shipped_images(name)
    x = noisy_images(grammar, n, alpha_bar=ALPHA_BAR, seed=seed)
    ratios = sign_ratios(clean_prediction(network, ALPHA_BAR), grammar, x, SYMBOL)
    return events_at_the_rate_of(ratios, seed=seed)


@cache
def exact_events(name: str, n: int, seed: int) -> int:
    """Events at the rate of the LDR of the exact denoiser of all valid words, at their images."""
    grammar = shipped_images(name)[1]
    law = law_of(grammar.valid)
    rule = replace(grammar, trained=grammar.valid)
    x = noisy_images(rule, n, alpha_bar=ALPHA_BAR, seed=seed).double()
    place = cell_projections(grammar, x, signal=ALPHA_BAR**0.5)

    def denoiser(y: Tensor) -> Tensor:
        return law.posterior_mean(y, alpha_bar=ALPHA_BAR)

    return events_at_the_rate_of(dependency_ratios(denoiser, place, [SYMBOL]), seed=seed)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """LDR early and late, with the exact denoiser's as a dashed line."""
    for k, row in enumerate(series):
        colour = f"C{k}"
        ax.plot([0, 1], row["ldr"], "o-", color=colour, label=row["networks"][1])
        ax.plot([0, 1], [row["exact"]] * 2, "--", color=colour, linewidth=1)
    ax.plot([], [], "k--", linewidth=1, label="exact denoisers")
    ax.set_xticks([0, 1], ["early", "end of training"])
    ax.set_xlim(-0.2, 1.2)
    ax.set_ylim(0, 1)
    ax.set_xlabel("checkpoint")
    ax.set_ylabel("local dependency ratio")
    ax.legend(fontsize=8)
