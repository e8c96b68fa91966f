"""The distance a* of the escape condition, measured on runs of DDPM under three learned scores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    CHANCE,
    DDPM,
    ELL,
    FULL,
    MU,
    NOISY_FLOW,
    Run,
    late_states,
    one_per_network,
    stranded,
    told,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, ordering, rate_at_most
from theorylab.learn.grid import SEEDS

SCAN = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)


@dataclass(frozen=True)
class Distance:
    """A network, the rule, the distance of the start and the radius theta, both in ell."""

    seed: int
    rule: Any = DDPM
    a: float = 0.3
    theta: float = 0.15
    nearer: float = 0.2
    n: int = 6000


@claim(
    source=read_at("Figure E.14 (distance a*)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Distance(seed) for seed in SEEDS],
    must_fail={
        "a* = 0.2 ell": lambda case: replace(case, a=0.2, nearer=0.15),
        "returns to 0.25 ell": lambda case: replace(case, theta=0.25),
        "noise of DDPM without its drift": lambda case: replace(case, rule=NOISY_FLOW),
        "starts nearer and farther exchanged": lambda case: replace(case, a=0.2, nearer=0.3),
    },
    thorough=[Distance(seed, n=FULL) for seed in SEEDS],
)
def learned_runs_of_ddpm_do_not_return_from_three_tenths_of_the_gap(case: Distance) -> Finding:
    r"""Let runs of DDPM start at raw index 21 at a distance $a$ from one of the four midpoints, in
    $y = x/\sqrt{\bar\alpha}$ and with equal chance on each side; a run *returns* if it comes
    within $0.15\,\ell$ of a midpoint at a later index, and is interpolated if it ends farther than
    $5\sigma$ from every mode. Under each of the networks `row-0`, `row-1`, `row-2`:

    1. from $a = 0.3\,\ell$ at most 0.1 % return and at most 0.1 % are interpolated;
    2. from $a = 0.2\,\ell$ more return than from $0.3\,\ell$.

    So runs return from $0.2\,\ell$ and, up to 0.1 %, none do from $0.3\,\ell$. Nothing is said
    about the drift of the exact score on that range. The figure scans $a$.
    """
    back, bad = outcomes(case, case.a, case.n, draw=151)
    near, _ = outcomes(case, case.nearer, case.n, draw=152)
    found = all_hold(
        rate_at_most(*back, 0.001, reach=19, false_alarm=CHANCE, miss=CHANCE),
        rate_at_most(*bad, 0.001, reach=19, false_alarm=CHANCE, miss=CHANCE),
        ordering(back, near, reach=(0.0005, 0.043), false_alarm=CHANCE, miss=CHANCE),
    )
    scan = [outcomes(case, a, 500, draw=1510 + i) for i, a in enumerate(SCAN)]
    note = ", ".join([told("returned", back), told("interpolated", bad), told("nearer", near)])
    return found.with_detail(note).with_series(
        seed=case.seed, scan=list(SCAN), returned=[k / n for (k, n), _ in scan],
        interpolated=[k / n for _, (k, n) in scan],
    )  # fmt: skip


def outcomes(
    case: Distance, a: float, n: int, draw: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The counts of returns and of interpolated ends, of runs from the distance a."""
    run = Run(case.rule, 21, start="gaps", near=a, far=a, n=n, draw=draw)
    states = late_states(case.seed, run)
    middles = (MU[1:] + MU[:-1]) / 2
    later = torch.stack([y for t, y in states.items() if t < 21])
    back = ((later - middles).abs().amin(-1) <= case.theta * ELL).any(0)
    return (int(back.sum()), n), (int(stranded(states[-1]).sum()), n)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Shares of returning and of interpolated runs against the distance of the start."""
    for shown in one_per_network(series):
        colour = f"C{shown['seed']}"
        percent = {k: [100 * v for v in shown[k]] for k in ("returned", "interpolated")}
        ax.plot(shown["scan"], percent["returned"], color=colour, marker="o", markersize=3,
                label=f"returned, network {shown['seed']}")  # fmt: skip
        ax.plot(shown["scan"], percent["interpolated"], color=colour, marker="x", markersize=4,
                linestyle=":", label=f"interpolated, network {shown['seed']}")  # fmt: skip
    ax.set_xlabel(r"distance of the start from the midpoint at raw 21 / $\ell$")
    ax.set_ylabel("runs of DDPM (%)")
    ax.set_title(r"$a^*$: returns within $0.15\,\ell$, learned score")
    ax.legend()
