"""Heatmaps of a DiT and a U-Net that have learned the same: single brackets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import (
    RATES,
    events_at_the_rate_of,
    noisy_images,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, rate_at_most
from theorylab.learn.bracket_signs import sign_gradient
from theorylab.learn.grammar_images import clean_prediction
from theorylab.learn.grammar_recipes import shipped_images

ALPHA_BAR = 0.2
SYMBOL = 1


@dataclass(frozen=True)
class Pair:
    """LDR >= most of one network, LDR <= least of another."""

    local: str = "dit_parity8"
    other: str = "unet_parity8"
    most: float = 0.84
    least: float = 0.7
    n: int = 1000
    seed: int = 109


@claim(
    source=PAPER.at("Section 4, high LDR is always observed when hallucination happens"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Pair()],
    must_fail={
        "the U-Net as local": lambda case: replace(case, local=case.other),
        "the DiT as dependent": lambda case: replace(case, other=case.local, least=0.6),
        "exchanged": lambda case: replace(case, local=case.other, other=case.local, least=0.6),
    },
    given=[
        "lu2025_local_generation_bias/small_transformer_breaks_the_parity_of_its_brackets_half_the_time",
        "lu2025_local_generation_bias/small_unet_breaks_the_parity_of_its_brackets_half_the_time",
    ],
)
def networks_of_different_locality_break_a_parity_equally_often(case: Pair) -> Finding:
    r"""Of two networks that break their parity half the time, the DiT has an LDR of 0.84 or more
    for the second bracket, the U-Net one of 0.7 or less.

    The ratio is that of one output, which bracket the prediction of $x_0$ draws in the second
    cell, $\delta \cdot \hat x_0$, over all pixels: $E[|\nabla_R|^2 / |\nabla|^2]$ at
    $\bar\alpha = 0.2$ and noisy images of training words. The paper's experiments found a high
    LDR whenever words were hallucinated; these two networks, `dit_parity8` and `unet_parity8`
    (one run each), show that the prediction of $x_0$ can spread over the image and still put its
    brackets together at random.
    """
    local, other = (measured(name, case.n, case.seed) for name in (case.local, case.other))
    return all_hold(
        rate_at_most(case.n - local[0], case.n, 1 - case.most, reach=1.25, **RATES),
        rate_at_most(other[0], case.n, case.least, reach=0.36, **RATES),
    ).with_series(
        names=[case.local, case.other],
        ldr=[local[0] / case.n, other[0] / case.n],
        maps=[local[1], other[1]],
    )


@cache
def measured(name: str, n: int, seed: int) -> tuple[int, list[list[float]]]:
    """Events at the rate of the LDR, and the root mean square gradient in every pixel."""
    network, grammar, _ = shipped_images(name)
    x = noisy_images(grammar, n, alpha_bar=ALPHA_BAR, seed=seed)
    gradient = sign_gradient(clean_prediction(network, ALPHA_BAR), grammar, x, SYMBOL).double()
    energy = gradient.square()
    inside = energy.flatten(1)[:, grammar.region(SYMBOL)].sum(dim=-1)
    events = events_at_the_rate_of(inside / energy.flatten(1).sum(dim=-1), seed=seed)
    return events, energy.mean(dim=(0, 1)).sqrt().tolist()


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The two maps side by side, with the cell of the second bracket outlined in each."""
    shown = series[0]
    gap = [[float("nan")] * 2 for _ in range(16)]
    rows = [a + b + c for a, b, c in zip(shown["maps"][0], gap, shown["maps"][1], strict=True)]
    image = ax.imshow(rows, cmap="magma")
    ax.figure.colorbar(image, ax=ax, orientation="horizontal", label="gradient, root mean square")
    for name, ldr, left in zip(shown["names"], shown["ldr"], (0, 18), strict=True):
        box = type(ax.patch)((left + 3.5, -0.5), 4, 8)
        box.set(fill=False, edgecolor="white", linestyle="--", linewidth=1.2)
        ax.add_patch(box)
        label = f"{name}, LDR {ldr:.2f}"
        ax.text(left + 7.5, 13.5, label, ha="center", fontsize=7, color="white")
    ax.set_xlabel("pixel")
    ax.set_ylabel("pixel")
