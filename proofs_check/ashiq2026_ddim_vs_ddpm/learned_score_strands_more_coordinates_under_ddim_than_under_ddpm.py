"""DDIM against DDPM under three learned scores, started from one law."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    DDIM_RUN,
    DDPM,
    DDPM_RUN,
    FLOW,
    LAST,
    MU,
    NOISY_FLOW,
    Comparison,
    Run,
    at_full_size,
    ends,
    exchanged,
    for_each_network,
    stranded,
)
from theorylab.claims import Evidence, Finding, Relation, claim

SHOWN = 1500
CASES = for_each_network(Comparison("DDPM below DDIM-50", DDPM_RUN, DDIM_RUN, (0.0005, 0.025)))


@claim(
    source=read_at("Figure 1(a), the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "the samplers exchanged": exchanged,
        "DDPM below DDIM-50 on ten steps": lambda case: replace(
            case, lower=Run(FLOW, LAST, 10, n=8000, draw=63)
        ),
        "drift of DDPM halved, its noise kept": lambda case: replace(
            case, lower=Run(NOISY_FLOW, LAST, 50, n=8000, draw=64)
        ),
    },
    thorough=at_full_size(CASES)
    + for_each_network(
        Comparison(
            "whole runs from N(0, 1)",
            Run(DDPM, 999, start="prior", n=6000, draw=65),
            Run(FLOW, 800, 50, "prior", n=16_000, draw=66),
            (0.0005, 0.03),
        )
    ),
)
def learned_score_strands_more_coordinates_under_ddim_than_under_ddpm(case: Comparison) -> Finding:
    r"""Three networks of 29,825 parameters (training seeds 0, 1 and 2; 15,000 batches of 2048;
    shipped as `row-0`, `row-1`, `row-2`) have learned one coordinate of the 25-mode grid. From the
    exact law at raw index 120 DDPM leaves a smaller share of runs farther
    than $5\sigma$ from every mode than DDIM on the nodes of its 50-step run, under each of the
    three. `--thorough` compares whole runs from $N(0, 1)$.

    The grid is a product law, so that pairs of independent runs are samples of a score of the
    plane; the figure shows them.
    """
    drawn: dict[str, Any] = {}
    for name, run in (("lower", case.lower), ("higher", case.higher)):
        x = ends(case.seed, run)
        pairs = x[: 2 * SHOWN].reshape(-1, 2)
        bad = stranded(pairs.reshape(-1, 1)).reshape(-1, 2)
        drawn[name] = pairs[~bad.all(-1)]  # the figure leaves invalid samples out
        drawn[f"{name}_stranded"] = int(bad.any(-1).sum())
    return case.finding().with_series(seed=case.seed, pairs=SHOWN, **drawn)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Pairs of independent runs as samples of the plane: DDPM on the left, DDIM on the right."""
    shown = series[0]
    shift = 4.2
    for index, (name, text) in enumerate((("lower", "DDPM"), ("higher", "DDIM-50"))):
        x = [point[0] + shift * index for point in shown[name]]
        ax.scatter(x, [point[1] for point in shown[name]], s=4, color=f"C{index}", linewidths=0)
        ax.text(shift * index, 1.75, f"{text}: {shown[f'{name}_stranded']} of {shown['pairs']}",
                ha="center", fontsize=7)  # fmt: skip
    modes = [(a, b) for a in MU.tolist() for b in MU.tolist()]
    for index in range(2):
        ax.scatter([a + shift * index for a, _ in modes], [b for _, b in modes], marker="*",
                   s=14, color="red", linewidths=0, zorder=3)  # fmt: skip
    ax.set(xticks=[], ylim=(-1.7, 2.0))
    ax.set_xlabel("$x_1$ (two panels)")
    ax.set_ylabel("$x_2$")
    ax.set_title("learned score (network 0)")
