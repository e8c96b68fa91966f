"""Figure 3 at the size of a laptop, with the U-Net: brackets are learned, their parity is not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import KINDS, RATES, drawn
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    rate_at_most,
    rate_between,
)

BASELINE = (0.5, 0.25, 0.25, 0.0)
REACH = {"hallucinated": 0.91, "trained": 0.97, "extrapolated": 1.1}
"""What 700 images can see at the least, as shares of the ends of the brackets."""


@dataclass(frozen=True)
class Shares:
    """Brackets on the shares of n images that a network draws."""

    network: str
    n: int = 700
    hallucinated: tuple[float, float] = (0.42, 0.58)
    trained: tuple[float, float] = (0.18, 0.36)
    extrapolated: tuple[float, float] = (0.14, 0.32)
    unreadable: float = 0.05
    seed: int = 101


@claim(
    source=PAPER.at("Section 4.2, parity parenthesis (Figure 3)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Shares("unet_parity8"), Shares("unet_parity8_b")],
    must_fail={
        "a quarter hallucinated, as at the end of Figure 3": lambda case: replace(
            case, hallucinated=(0.2, 0.3)
        ),
        "memorised": lambda case: replace(case, trained=(0.8, 1.0)),
        "the rule learned": lambda case: replace(case, extrapolated=(0.42, 0.47)),
    },
    given=["lu2025_local_generation_bias/independent_symbols_obey_the_grammars_at_these_rates"],
)
def small_unet_breaks_the_parity_of_its_brackets_half_the_time(case: Shares) -> Finding:
    r"""An attention U-Net of 45 thousand parameters, trained on 64 of the 128 words of 8 brackets
    with an even number of closing ones, generates the shares of independent brackets.

    Of its images 42 to 58 per cent are legible and break the rule, 18 to 36 per cent are words of
    its training set, 14 to 32 per cent other valid words, and at most 5 per cent are illegible;
    independent fair brackets give 50, 25, 25 and 0. This is about two trainings: the shipped
    weights `unet_parity8` (seed 0, 12000 steps, 9 minutes of one CPU core) and `unet_parity8_b`
    (seed 1, 4000 steps), batches of 16, images of 16 by 16, DDPM with 20 steps. The paper's
    U-Net ends, after 1.1 million steps, with its training set and a quarter hallucinated; nothing
    here says when such a stage would begin.
    """
    counts = drawn(case.network, case.n, case.seed, 20)
    brackets = (
        rate_between(counts[kind], case.n, getattr(case, kind), reach=REACH[kind], **RATES)
        for kind in REACH
    )
    legible = rate_at_most(counts["unreadable"], case.n, case.unreadable, reach=5.0, **RATES)
    shares = [counts[kind] / case.n for kind in KINDS]
    return all_hold(*brackets, legible).with_series(network=case.network, shares=shares)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Shares of generated images beside those of independent brackets."""
    rows = [(f"U-Net, {row['network'].removeprefix('unet_')}", row["shares"]) for row in series]
    rows.append(("independent brackets", list(BASELINE)))
    for k, (label, shares) in enumerate(rows):
        colour = {"color": "0.7"} if k == len(rows) - 1 else {}
        ax.bar([p + 0.27 * (k - 1) for p in range(4)], shares, width=0.25, label=label, **colour)
    ax.set_xticks(range(4), KINDS)
    ax.set_xlabel("kind of image")
    ax.set_ylabel("share of images")
    ax.legend(fontsize=8)
