"""What of a rule a trained denoiser has learned, measured against two exact denoisers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import RATES, noisy_images
from theorylab.claims import Evidence, Finding, Relation, claim, rate_at_most, rate_between
from theorylab.learn.bracket_signs import (
    exact_signs,
    independent_brackets,
    law_of,
    predicted_signs,
)
from theorylab.learn.grammar_images import clean_prediction
from theorylab.learn.grammar_recipes import shipped_images

ALPHA_BAR = 0.1


@dataclass(frozen=True)
class Nearer:
    """In which share of n noisy images a network's prediction is nearer to the exact one."""

    network: str
    share: tuple[float, float]
    n: int = 2000
    seed: int = 113


@claim(
    source=PAPER.at("Section 4.3 and Appendix A.6.2, generation symbol by symbol"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Nearer("unet_parity8", (0.0, 0.1)),
        Nearer("unet_parity8_b", (0.0, 0.1)),
        Nearer("dit_parity8", (0.0, 0.1)),
        Nearer("unet_dyck8_early", (0.0, 0.15)),
        Nearer("unet_dyck8", (0.45, 0.72)),
        Nearer("dit_dyck8", (0.35, 0.6)),
    ],
    must_fail={
        "nearer to the rule half the time, or less": lambda case: replace(
            case, share=(0.4, 0.6) if case.share[0] == 0 else (0.0, 0.15)
        ),
        "always nearer to the rule": lambda case: replace(case, share=(0.98, 1.0)),
    },
)
def networks_that_break_a_parity_denoise_as_if_brackets_were_independent(case: Nearer) -> Finding:
    r"""What a network trained on a parity says of the brackets in a noisy image is nearer to the
    exact denoiser of its training words than to that of independent brackets in at most 10 per
    cent of the images; for networks that balance their brackets it is 35 per cent and more.

    Two U-Nets and a DiT on the parity: at most 10. The U-Net on balanced words: at most 15 after
    250 steps, 45 to 72 after 4000; the DiT on them, after 8000: 35 to 60. Brackets are
    $m_i = \delta \cdot (\hat x_{0,i} - c) / |\delta|^2$; the two exact predictions $t$ and $u$
    are $E[v | x]$ for the training words and for independent brackets with their marginals; nearer
    means $|m - t| < |m - u|$. Noisy images of training words at $\bar\alpha = 0.1$. This share,
    unlike the LDR, tells the network that has learned a rule from those that have not. Shipped
    weights, one run each.
    """
    nearer, slope = measured(case.network, case.n, case.seed)
    low, high = case.share
    finding = (
        rate_at_most(nearer, case.n, high, reach=1.2, **RATES)
        if low == 0
        else rate_between(nearer, case.n, case.share, reach=0.5, **RATES)
    )
    return finding.with_series(network=case.network, nearer=nearer / case.n, slope=slope)


@cache
def measured(name: str, n: int, seed: int) -> tuple[int, float]:
    r"""How many predictions are nearer to t than to u, and sum (m-u).(t-u) / sum |t-u|^2."""
    network, grammar, _ = shipped_images(name)
    x = noisy_images(grammar, n, alpha_bar=ALPHA_BAR, seed=seed)
    with torch.no_grad():
        m = predicted_signs(clean_prediction(network, ALPHA_BAR), grammar, x).double()
    trained = law_of(grammar.trained)
    t, u = (
        exact_signs(law, grammar, x, alpha_bar=ALPHA_BAR)
        for law in (trained, independent_brackets(trained))
    )
    nearer = (m - t).square().sum(dim=-1) < (m - u).square().sum(dim=-1)
    slope = ((m - u) * (t - u)).sum() / (t - u).square().sum()
    return int(nearer.sum()), float(slope)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Share of nearer predictions, and how far they go from u to t, by network."""
    places = range(len(series))
    share = [row["nearer"] for row in series]
    ax.barh([p - 0.2 for p in places], share, height=0.4, label="share nearer")
    slope = [row["slope"] for row in series]
    ax.barh([p + 0.2 for p in places], slope, height=0.4, label="slope")
    ax.set_yticks(list(places), [row["network"] for row in series])
    ax.invert_yaxis()
    ax.set_xlim(-0.05, 1)
    ax.set_xlabel("share of images; slope")
    ax.set_ylabel("network")
    ax.legend(fontsize=8, loc="upper right")
