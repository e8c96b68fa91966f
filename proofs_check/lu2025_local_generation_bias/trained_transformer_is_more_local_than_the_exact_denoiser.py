"""The local generation bias, measured against the right control."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, rate_at_most
from theorylab.learn.grammar_images import clean_prediction
from theorylab.learn.grammar_recipes import shipped_images
from theorylab.parity import dependency_ratios, saliency_map

ALPHA_BAR = 0.2
"""With |delta|^2 = 16 the signal-to-noise ratio of a bracket is g = 16 / 4 = 4 there."""

SYMBOL = 1


@dataclass(frozen=True)
class Locality:
    """A bound on 1 - LDR of the network, and what the exact denoiser has."""

    n: int = 1400
    bound: float = 0.2
    exact: float = 0.3728
    seed: int = 71


@claim(
    source=PAPER.at("Section 4.3, local generation bias (Figures 5 and 17)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Locality()],
    must_fail={
        "local to 2 per cent": lambda case: replace(case, bound=0.02, exact=0.12),
        "local to 1 per cent": lambda case: replace(case, bound=0.01, exact=0.1),
    },
    given=[
        "lu2025_local_generation_bias/clean_word_of_a_parity_depends_more_and_more_on_one_other_bit",
        "lu2025_local_generation_bias/templates_add_their_pixels_to_the_local_part",
    ],
)
def trained_transformer_is_more_local_than_the_exact_denoiser(case: Locality) -> Finding:
    r"""The DiT that breaks the parity half the time has $1 - \mathrm{LDR} \le 0.2$ for the second
    bracket, where the exact denoiser of that parity has 0.3728.

    Both for the prediction of $x_0$ at $\bar\alpha = 0.2$, where a bracket has the
    signal-to-noise ratio $g = 4$ and the LDR of the exact denoiser does not depend on how brackets
    are drawn. Points are noisy images of words of the training set. This is about the shipped
    weights `dit_parity8`. (Its noise prediction would have an LDR near 1 for want of anything
    else: the exact one's local part holds 31 pixels that only pass through.)
    """
    events, saliency = measured(case.n, case.seed)
    reach = case.exact / case.bound - 1
    finding = rate_at_most(events, case.n, case.bound, reach=reach, false_alarm=1e-12, miss=1e-12)
    return finding.with_series(saliency=saliency, share=events / case.n)


@cache
def measured(n: int, seed: int) -> tuple[int, list[list[float]]]:
    """How many of n points are not local, and the mean saliency map of 100 points."""
    network, grammar, _ = shipped_images("dit_parity8")
    generator = torch.Generator().manual_seed(seed)
    pick = torch.randint(len(grammar.trained), (n,), generator=generator)
    image = grammar.images(grammar.trained[pick], generator=generator)
    xi = torch.randn(image.shape, generator=generator, dtype=torch.float32)
    x = math.sqrt(ALPHA_BAR) * image + math.sqrt(1 - ALPHA_BAR) * xi
    predict, region = clean_prediction(network, ALPHA_BAR), grammar.region(SYMBOL)
    uniform = torch.rand(n, generator=generator, dtype=torch.float64)
    events = int((uniform >= dependency_ratios(predict, x, region)).sum())
    energy = saliency_map(predict, x[:100], region).mean(dim=(0, 1)).sqrt()
    return events, energy.tolist()


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The root mean square gradient of the second bracket's x_0 in every pixel of x."""
    shown = series[0]
    image = ax.imshow(shown["saliency"], cmap="magma")
    ax.figure.colorbar(image, ax=ax, label="gradient norm, root mean square")
    ax.add_patch(_outline(ax, 3.5, -0.5, 4, 8))
    ax.set_xlabel("pixel")
    ax.set_ylabel("pixel")


def _outline(ax: Any, left: float, top: float, width: float, height: float) -> Any:
    """A rectangle from the axes' own patch, round the region."""
    box = type(ax.patch)((left, top), width, height)
    box.set(fill=False, edgecolor="white", linestyle="--", linewidth=1.2)
    return box
