"""The eta sweep of DDIM-50 under three learned scores."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    DDIM_RUN,
    LAST,
    NOISY_FLOW,
    Comparison,
    Run,
    at_full_size,
    count,
    exchanged,
    for_each_network,
    one_per_network,
)
from theorylab.claims import Evidence, Finding, Relation, claim, clopper_pearson
from theorylab.diffusion.steps import DDIM

ETAS = (0.0, 0.25, 0.5, 0.75, 1.0)
ANCESTRAL = Run(DDIM(1.0), LAST, 50, n=16_000, draw=101)
CASES = for_each_network(Comparison("eta 1 below eta 0", ANCESTRAL, DDIM_RUN, (0.001, 0.025)))


@claim(
    source=read_at("Figure E.13 (eta sweep), the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "eta exchanged": exchanged,
        "eta 1 on ten nodes below eta 0 on 50": lambda case: replace(
            case, lower=Run(DDIM(1.0), LAST, 10, n=12_000, draw=102)
        ),
        "noise without the larger drift": lambda case: replace(
            case, lower=Run(NOISY_FLOW, LAST, 50, n=12_000, draw=64)
        ),
    },
    thorough=at_full_size(CASES),
)
def learned_rate_falls_from_eta_zero_to_eta_one(case: Comparison) -> Finding:
    r"""Under each of the networks `row-0`, `row-1`, `row-2`, from the exact law at raw index 120
    and on the nodes of the 50-step run, DDIM with $\eta = 1$ strands fewer runs than with
    $\eta = 0$. With $\eta$ both change, the noise and the pull of the score; with the noise of
    $\eta = 1$ and the pull of $\eta = 0$ the statement is false (a twin).
    """
    middle = [Run(DDIM(eta), LAST, 50, n=4000, draw=1030 + i) for i, eta in enumerate(ETAS)][1:-1]
    counts = [count(case.seed, run) for run in (DDIM_RUN, *middle, ANCESTRAL)]
    intervals = [clopper_pearson(k, n, alpha=0.01) for k, n in counts]
    return case.finding().with_series(
        seed=case.seed, etas=list(ETAS), rates=[k / n for k, n in counts],
        intervals=[list(one) for one in intervals],
    )  # fmt: skip


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The rate against eta with 99 % intervals, one curve per network."""
    for shown in one_per_network(series):
        seed, rates = shown["seed"], shown["rates"]
        sides = [
            [
                100 * abs(rate - one[end])
                for rate, one in zip(rates, shown["intervals"], strict=True)
            ]
            for end in (0, 1)
        ]
        etas = [eta + 0.01 * (seed - 1) for eta in shown["etas"]]  # so that no bar hides another
        ax.errorbar(
            etas,
            [100 * rate for rate in rates],
            yerr=sides,
            marker="o",
            markersize=3,
            linewidth=1,
            capsize=2,
            color=f"C{seed}",
            label=f"network {seed}",
        )
    ax.set_xlabel(r"$\eta$")
    ax.set_ylabel(r"coordinates $> 5\sigma$ from a mode (%)")
    ax.set_title("DDIM-50 from raw 120, learned score")
    ax.legend()
