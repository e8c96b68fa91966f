"""The labels of the radius experiment: two start times each, and what that does to the rate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    DDPM,
    FLOW,
    Comparison,
    Run,
    at_full_size,
    deviation,
    exchanged,
    for_each_network,
    radius_curve,
    told,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import count as counted
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all_equal
from theorylab.diffusion import quadratic_nodes

RADII = (0.05, 0.15, 0.25, 0.35, 0.45, 0.5)
STARTS = {5: (4, 4), 9: (8, 20), 15: (14, 64), 30: (29, 279), 40: (39, 506)}
"""Label: raw start of DDIM, raw start of DDPM."""
DRAWN = [
    *((label, "DDIM", ddim) for label, (ddim, _) in STARTS.items()),
    *((label, "DDPM", STARTS[label][1]) for label in (5, 9, 15)),
    *((label, "DDIM from there", STARTS[label][1]) for label in (9, 15, 30, 40)),
]
"""Label, sampler and raw start of the curves; the released code runs DDPM up to label 15."""


def gap(raw: int, draw: int, n: int, rule: Any = FLOW) -> Run:
    """Starts uniform on the segments; DDIM on its own nodes, DDPM on all raw indices."""
    return Run(rule, raw, 50 if rule == FLOW else 1000, "gaps", n=n, draw=draw)


@dataclass(frozen=True)
class Labelled(Comparison):
    """A comparison, and the number that both rules subtract from what a label stands for."""

    less: int = 1


CASES = for_each_network(
    Labelled(
        "DDPM below DDIM, both from raw 4", gap(4, 141, 10_000, DDPM), gap(4, 142, 10_000),
        (0.58, 0.72),
    ),
    Labelled(
        "DDIM from raw 279 below DDIM from raw 29", gap(279, 143, 6000), gap(29, 144, 6000),
        (0.02, 0.11),
    ),
)  # fmt: skip


@claim(
    source=read_at("Figure E.11, the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "the opposite order": exchanged,
        "DDIM from raw 14 below DDIM from raw 64": lambda case: replace(
            case, lower=gap(14, 145, 6000), higher=gap(64, 146, 6000), reach=(0.05, 0.35)
        ),
        "starts at the label itself": lambda case: replace(case, less=0),
    },
    thorough=at_full_size(CASES),
)
def starts_of_figure_e11_lie_further_apart_at_later_labels(case: Labelled) -> Finding:
    r"""A label $\tau$ of the radius experiment means raw $\tau - 1$ for DDIM in the released code,
    and one less than the $\tau$-th node of the 50-step run for DDPM: 4, 8, 14, 29, 39 against 4,
    20, 64, 279, 506 at the labels 5, 9, 15, 30, 40. With starts uniform on the segments between
    modes, under each of the networks `row-0`, `row-1`, `row-2`:

    1. from raw 4, where both start at label 5, DDPM strands fewer runs than DDIM;
    2. DDIM alone strands fewer from raw 279 than from raw 29, the two starts of label 30.

    The detail gives $s$ and the rate of DDIM from every start. The figure is of network 0: both
    samplers from their own starts (DDPM at the first three labels, as in the released code), and
    DDIM from the starts of DDPM.
    """
    nodes = quadratic_nodes(50)
    read = {label: (label - case.less, nodes[label - 1] - case.less) for label in STARTS}
    raws = sorted({raw for pair in STARTS.values() for raw in pair})
    curves = sorted(DRAWN) if case.seed == 0 else []
    shown = [
        radius_curve(
            case.seed, gap(raw, 1400 + 7 * i, 250, DDPM if kind == "DDPM" else FLOW), RADII
        )
        for i, (_, kind, raw) in enumerate(curves)
    ]
    rates = {raw: counted(case.seed, gap(raw, 1410 + raw, 500)) for raw in raws}
    note = ", ".join(told(f"raw {raw} (s {deviation(raw):.4f})", rates[raw]) for raw in raws)
    mapping = for_all_equal(
        [(label, k) for label in STARTS for k in (0, 1)],
        lambda at: (read[at[0]][at[1]], STARTS[at[0]][at[1]]),
    )
    found = all_hold(case.finding(), mapping).with_detail(f"DDIM from {note}")
    return found.with_series(
        seed=case.seed, radii=list(RADII), curves=[list(curve) for curve in curves],
        deviations=[deviation(raw) for _, _, raw in curves], rates=shown,
    )  # fmt: skip


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """A colour for each label; solid DDIM, dashed DDPM, dotted DDIM from the start of DDPM."""
    shown, labels = series[0], list(STARTS)
    styles = {"DDIM": "o-", "DDPM": "s--", "DDIM from there": "x:"}
    rows = zip(shown["curves"], shown["deviations"], shown["rates"], strict=True)
    for (label, kind, raw), deviated, rates in rows:
        ax.plot(shown["radii"], rates, styles[kind], color=f"C{labels.index(label)}",
                markersize=3, linewidth=1,
                label=f"{label}: {kind}, raw {raw} (s {deviated:.3f})")  # fmt: skip
    ax.set_xlabel(r"distance of the start from the midpoint / $\ell$")
    ax.set_ylabel(r"share ending $> 5\sigma$ from a mode")
    ax.set_title("labels 5 to 40, learned score (network 0)")
    ax.set(xlim=(0.03, 1.12), xticks=[0.1, 0.2, 0.3, 0.4, 0.5])  # room for the legend
    ax.legend(fontsize=5, loc="upper right", handlelength=4)
