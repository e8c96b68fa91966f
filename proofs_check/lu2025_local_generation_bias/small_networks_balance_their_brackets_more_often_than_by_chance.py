"""Figure 18 at the size of a laptop: Dyck words are learned where a parity is not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import KINDS, RATES, drawn
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    for_all,
    rate_at_most,
    rate_between,
)
from theorylab.learn.bracket_signs import independent_brackets, law_of, signs_of
from theorylab.learn.grammar_recipes import shipped_images


@dataclass(frozen=True)
class Balance:
    """A bracket on the share of balanced words among n images that a network draws."""

    network: str
    valid: tuple[float, float]
    n: int = 400
    reach: float = 0.52
    steps: int = 20
    unreadable: float = 0.08
    baseline: float = 0.2906
    seed: int = 103


@claim(
    source=PAPER.at("Appendix A.6.2, Dyck parenthesis (Figure 18)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Balance("unet_dyck8_early", (0.4, 0.6), reach=0.74),
        Balance("unet_dyck8", (0.68, 0.9)),
        Balance("dit_dyck8", (0.52, 0.72), n=1100, reach=0.43, steps=50),
    ],
    must_fail={
        "as rarely as by chance": lambda case: replace(case, valid=(0.24, 0.3), reach=1.25),
        "always": lambda case: replace(case, valid=(0.98, 1.0)),
        "chance is as good": lambda case: replace(case, baseline=0.35),
    },
)
def small_networks_balance_their_brackets_more_often_than_by_chance(case: Balance) -> Finding:
    r"""Networks trained on 10 of the 14 balanced words of 8 brackets generate balanced words more
    often than the 29.06 per cent of independent brackets with the marginals of these 10 words.

    The U-Net of 45 thousand parameters: 40 to 60 per cent after 250 steps, 68 to 90 after 4000;
    the DiT of 60 thousand, after 8000 steps: 52 to 72. At most 8 per cent of the images are
    illegible. So the same networks that break a parity half the time learn a rule that pairs of
    brackets show. This is about the shipped weights `unet_dyck8_early`, `unet_dyck8` and
    `dit_dyck8` (seed 0; one run each; DDPM with 20 and 50 steps).
    """
    counts = drawn(case.network, case.n, case.seed, case.steps)
    valid = counts["trained"] + counts["extrapolated"]
    shares = [counts[kind] / case.n for kind in KINDS]
    chance = independent_shares(case.network)
    return all_hold(
        for_all([sum(chance[1:3])], lambda p: abs(p - case.baseline) < 5e-5 < case.valid[0] - p),
        rate_between(valid, case.n, case.valid, reach=case.reach, **RATES),
        rate_at_most(counts["unreadable"], case.n, case.unreadable, reach=3.5, **RATES),
    ).with_series(network=case.network, shares=shares, baseline=chance)


def independent_shares(network: str) -> list[float]:
    """What independent brackets with the marginals of the training words give, by `KINDS`."""
    grammar = shipped_images(network)[1]
    masses = dict(independent_brackets(law_of(grammar.trained)).atoms())

    def total(words: torch.Tensor) -> float:
        return float(sum(masses.get(tuple(v), 0) for v in signs_of(words).tolist()))

    valid, trained = total(grammar.valid), total(grammar.trained)
    return [1 - valid, trained, valid - trained, 0.0]


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Shares of generated images beside those of independent brackets."""
    rows = [(row["network"], row["shares"]) for row in series]
    rows.append(("independent brackets", series[0]["baseline"]))
    for k, (label, shares) in enumerate(rows):
        colour = {"color": "0.7"} if k == len(rows) - 1 else {}
        ax.bar([p + 0.2 * (k - 1.5) for p in range(4)], shares, width=0.19, label=label, **colour)
    ax.set_xticks(range(4), KINDS)
    ax.set_xlabel("kind of image")
    ax.set_ylabel("share of images")
    ax.set_ylim(0, 1)
    ax.legend(fontsize=8)
