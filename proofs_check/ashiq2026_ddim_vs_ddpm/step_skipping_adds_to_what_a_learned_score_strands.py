"""The learned rate against the number of DDIM steps, with DDPM as a line."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    DDIM_RUN,
    DDPM_RUN,
    EVERY,
    FLOW,
    FULL,
    LAST,
    Comparison,
    Run,
    at_full_size,
    exchanged,
    for_each_network,
    one_per_network,
    share,
)
from theorylab.claims import Evidence, Finding, Relation, claim

TEN = Run(FLOW, LAST, 10, n=6000, draw=71)
ALL = Run(FLOW, LAST, n=FULL, draw=72)
FIFTY = Run(FLOW, LAST, 50, n=FULL, draw=75)
SHOWN = (10, 20, 50, 100, EVERY)
N = 1000
CASES = for_each_network(Comparison("50 steps below 10", DDIM_RUN, TEN, (0.02, 0.1)))


@claim(
    source=read_at("Figure 3 (rate against the number of DDIM steps), the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "the numbers of steps exchanged": exchanged,
        "20 steps above 10": lambda case: replace(
            case, lower=TEN, higher=Run(FLOW, LAST, 20, n=8000, draw=73)
        ),
        "50 steps below DDPM": lambda case: replace(case, higher=DDPM_RUN, reach=(0.0005, 0.025)),
    },
    thorough=at_full_size(CASES)
    + for_each_network(
        Comparison("every index below 50 steps", ALL, FIFTY, (0.006, 0.018)),
        Comparison("DDPM below every index", replace(DDPM_RUN, n=FULL), ALL, (0.0005, 0.009)),
    ),
)
def step_skipping_adds_to_what_a_learned_score_strands(case: Comparison) -> Finding:
    r"""Under each of the three networks `row-0`, `row-1`, `row-2`, from the exact law at raw index
    120, DDIM on the nodes of its 50-step run strands fewer runs than on those of its 10-step run.
    With `--thorough`: on every raw index it strands fewer still, and DDPM, which takes every raw
    index too, fewer than that. So at this training budget part of the gap is step skipping, and
    part remains without it.

    The figure draws the rates of 10, 20, 50 and 100 steps and of every index (1000).
    """
    rates = [
        share(case.seed, Run(FLOW, LAST, steps, n=N, draw=740 + i))
        for i, steps in enumerate(SHOWN)
    ]
    return case.finding().with_series(
        seed=case.seed, steps=list(SHOWN), rates=rates, ddpm=share(case.seed, DDPM_RUN)
    )


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """One curve per network; dashed, the rate of DDPM."""
    for shown in one_per_network(series):
        colour = f"C{shown['seed']}"
        percent = [100 * rate for rate in shown["rates"]]
        ax.plot(shown["steps"], percent, color=colour, marker="o", markersize=4,
                label=f"DDIM, network {shown['seed']}")  # fmt: skip
        ax.axhline(100 * shown["ddpm"], color=colour, linestyle="--", linewidth=0.8)
    ax.set(xscale="log", xticks=list(SHOWN), xticklabels=[str(k) for k in SHOWN])
    ax.minorticks_off()
    ax.set_xlabel("DDIM steps (1000: every raw index; dashed: DDPM)")
    ax.set_ylabel(r"coordinates $> 5\sigma$ from a mode (%)")
    ax.set_title("learned score of a row of the grid, from raw 120")
    ax.legend()
