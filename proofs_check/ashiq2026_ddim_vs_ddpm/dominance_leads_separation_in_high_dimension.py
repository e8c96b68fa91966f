"""Figures E.7 and E.8: the two times for 25 far modes in d = 2 to 64."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import (
    STEPS,
    Run,
    data,
    ddim,
    levels,
    reverse_sde,
    shortest,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, rate_at_most
from theorylab.diffusion.assumptions import dominance_along, separated_level

KAPPAS = torch.tensor([1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0])
FINE = torch.arange(1.0, 20.1, 0.1)
FALSE_ALARM = MISS = 1e-13
ALLOWED = 0.2
LEAD = {4: 3, 8: 6, 32: 10, 64: 11}


@dataclass(frozen=True)
class Times:
    """Runs in d dimensions; `needed` multiplies the separation asked for, `lead` adds steps."""

    dimension: int
    sampler: Callable[..., Run] = ddim
    n: int = 500
    seed: int = 4
    needed: float = 1.0
    lead: int = 0


@claim(
    source=read_at("Assumptions 4.1 and 4.4, Figures E.7 and E.8"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Times(64),
        Times(32),
        Times(8),
        Times(4),
        Times(4, reverse_sde),
        Times(32, reverse_sde),
    ],
    must_fail={
        "two remaining steps more": lambda case: replace(case, lead=2),
        "far apart without the dimension": lambda case: replace(case, needed=1 / case.dimension),
        "modes forty per cent farther apart": lambda case: replace(case, needed=0.5),
    },
    given=["ashiq2026_ddim_vs_ddpm/modes_dominate_before_they_are_far_apart"],
    thorough=[Times(64, reverse_sde, 2000, 5), Times(64, ddim, 4000, 6)],
)
def dominance_leads_separation_in_high_dimension(case: Times) -> Finding:
    r"""For the 25 farthest-point modes in $d = 4, 8, 32, 64$, with the exact score and at each of
    nine $\kappa$ from 1 to 20, two modes dominate for good at least 3, 6, 10 and 11 remaining
    steps (of DDIM-50) before the modes are far apart in the sense $\ell^2 \ge 4\kappa d\,s_t^2$:
    the probability of a smaller lead is at most 0.2, under DDIM and, in $d = 4$ and $32$, under
    the reverse SDE. The second time has the factor $d$ and the first has not. ($\ell$ is the
    smallest distance of two modes; in $d = 32$ and $64$ the modes come from a random pool that is
    not the paper's. A probability of 0.6 would be seen.)
    """
    run = case.sampler(data(case.dimension), case.n, case.seed)
    found = dominance_along(run.y, run.mixture.means, run.s, KAPPAS)
    tau_1 = STEPS - found.lasting
    tau_2 = separation_labels(run, case.needed * KAPPAS)
    lead = LEAD[case.dimension] + case.lead
    late = (tau_1 < tau_2[:, None] + lead).sum(1)
    rates = [
        rate_at_most(int(k), case.n, ALLOWED, reach=2.0, false_alarm=FALSE_ALARM, miss=MISS)
        for k in late
    ]
    finding = replace(all_hold(*rates), detail=rates[int(late.argmax())].detail)
    return finding.with_series(
        dimension=case.dimension,
        sampler=case.sampler.__name__,
        kappas=KAPPAS,
        dominates=tau_1.double().mean(1),
        spread=tau_1.double().std(1),
        fine=FINE,
        apart=separation_labels(run, FINE),
    )


def separation_labels(run: Run, kappas: Tensor) -> Tensor:
    """How many nodes have ell^2 >= 4 kappa d s^2, for every kappa."""
    allowed = separated_level(shortest(run.mixture), kappas, run.d)
    return (levels(run.mixture.variance)[:-1] <= allowed[:, None]).sum(1)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Both times against kappa, a colour for a dimension."""
    shown = [one for one in series if one["sampler"] == "ddim"][::-1]
    for place, one in enumerate(shown):
        colour, width = f"C{place}", 2.4 - 0.5 * place
        ax.plot(one["kappas"], one["dominates"], color=colour, label=f"$d = {one['dimension']}$")
        ax.plot(one["fine"], one["apart"], color=colour, linestyle="--", linewidth=width)
    colours = {one["dimension"]: f"C{place}" for place, one in enumerate(shown)}
    for one in series:
        if one["sampler"] == "reverse_sde":
            ax.plot(one["kappas"], one["dominates"], color=colours[one["dimension"]],
                    linestyle="none", marker="x", markersize=3)  # fmt: skip
    ax.plot([], [], color="0.3", label=r"$\tau_1$, DDIM-50")
    ax.plot([], [], color="0.3", linestyle="none", marker="x", markersize=3,
            label=r"$\tau_1$, reverse SDE")  # fmt: skip
    ax.plot([], [], color="0.3", linestyle="--", label=r"$\tau_2$")
    ax.annotate("$d = 4$ and $8$ agree", (8.3, 11.1), xytext=(10, 12.3), fontsize=7)
    ax.set(xlim=(1, 20), ylim=(0, 45), xticks=[1, 5, 10, 15, 20])
    ax.set_xlabel(r"$\kappa$")
    ax.set_ylabel("remaining steps")
    ax.set_title("exact score, 25 far modes")
    ax.legend(loc="upper right", ncols=2)
