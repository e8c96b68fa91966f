"""The radius experiment for several eta, all from one start, under three learned scores."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    Comparison,
    Run,
    at_full_size,
    exchanged,
    for_each_network,
    radius_curve,
)
from theorylab.claims import Evidence, Finding, Relation, claim
from theorylab.diffusion.steps import DDIM

RADII = (0.05, 0.15, 0.25, 0.35, 0.45, 0.5)
ETAS = (0.0, 0.25, 0.5, 0.75, 1.0)


def gap(eta: float, draw: int) -> Run:
    """Starts uniform on the segments at raw 8, on the nodes of the 50-step run."""
    return Run(DDIM(eta), 8, 50, "gaps", n=6000, draw=draw)


CASES = for_each_network(
    Comparison("eta 1 below eta 0", gap(1.0, 131), gap(0.0, 132), (0.36, 0.55))
)


@claim(
    source=read_at("Figure E.13 (radius for each eta), the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "eta exchanged": exchanged,
        "eta 1 from raw 2": lambda case: replace(case, lower=replace(case.lower, raw=2)),
        "eta 1 near midpoints below eta 0 anywhere": lambda case: replace(
            case, lower=replace(case.lower, far=0.15)
        ),
    },
    thorough=at_full_size(CASES),
)
def learned_share_of_stranded_starts_falls_with_eta(case: Comparison) -> Finding:
    r"""From starts uniform on the segments between neighbouring modes at raw index 8, on the nodes
    of the 50-step run, DDIM with $\eta = 1$ strands fewer runs than with $\eta = 0$ under each of
    the networks `row-0`, `row-1`, `row-2`: both start at one time. The figure
    draws five $\eta$ under network 0.
    """
    rates = [radius_curve(case.seed, replace(gap(eta, 1300 + 10 * i), n=200), RADII)
             for i, eta in enumerate(ETAS) if case.seed == 0]  # fmt: skip
    return case.finding().with_series(
        seed=case.seed, radii=list(RADII), etas=list(ETAS), rates=rates
    )


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The curves of network 0."""
    shown = series[0]
    for index, (eta, rates) in enumerate(zip(shown["etas"], shown["rates"], strict=True)):
        ax.plot(shown["radii"], rates, color=f"C{index}", marker="o", markersize=3,
                label=rf"$\eta = {eta:g}$")  # fmt: skip
    ax.set_xlabel(r"distance of the start from the midpoint / $\ell$")
    ax.set_ylabel(r"share ending $> 5\sigma$ from a mode")
    ax.set_title("DDIM from raw 8, learned score (network 0)")
    ax.legend()
