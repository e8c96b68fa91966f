"""Figure E.6: on average the dominance time comes before the separation time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import (
    SCHEDULE,
    STEPS,
    Run,
    data,
    ddim,
    levels,
    nodes,
    reverse_sde,
    shortest,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_at_most
from theorylab.diffusion.assumptions import Dominance, dominance_along, separated_until

KAPPAS = torch.arange(1.0, 20.5, 0.5)
JUDGED = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0)
FALSE_ALARM = MISS = 1e-13
LABELS = {1.0: 15, 5.0: 10, 7.0: 9, 10.0: 8, 20.0: 7}
"""tau_2 on the grid, in remaining steps."""


@dataclass(frozen=True)
class Times:
    """Runs on the grid; `asked` multiplies the margin of 4.1 and `needed` that of 4.4."""

    sampler: Callable[..., Run]
    n: int
    seed: int
    asked: float = 1.0
    needed: float = 1.0
    lead: int = 1


@claim(
    source=read_at("Assumptions 4.1 and 4.4, Figure E.6"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SAMPLED,
    cases=[Times(ddim, 4000, 4), Times(reverse_sde, 4000, 5)],
    must_fail={
        "two remaining steps more": lambda case: replace(case, lead=2),
        "dominance with half more margin": lambda case: replace(case, asked=1.5),
        "far apart without the dimension": lambda case: replace(case, needed=0.5),
        "five per cent more separation": lambda case: replace(case, needed=1.05),
    },
    thorough=[Times(ddim, 20_000, 6), Times(reverse_sde, 20_000, 7)],
)
def modes_dominate_before_they_are_far_apart(case: Times) -> Finding:
    r"""Count times in remaining steps of DDIM-50 on the 25-mode grid. Let $\tau_1$ be the
    largest count from which on two modes dominate with margin $\kappa$ at every node (not only
    the first crossing), and $\tau_2$ the number of nodes with $\ell^2 \ge 4\kappa d\,s_t^2$:
    15, 10, 9, 8 and 7 for $\kappa = 1, 5, 7, 10$ and $20$. With the exact score, for DDIM and for
    the reverse SDE seen at the same nodes,

    $$P(\tau_1 \le \tau_2) \le \frac{1}{\tau_2 + 2} \quad\text{for } \kappa \in \{1, 2, 3, 5, 7,
      10, 14, 20\},$$

    so that on average the modes dominate before they are far apart:
    $E\,\tau_1 \ge (\tau_2 + 1)\,P(\tau_1 > \tau_2) > \tau_2$. (Not in every run.)
    """
    law = data(2)
    run = case.sampler(law, case.n, case.seed)
    found = dominance_along(run.y, run.mixture.means, run.s, case.asked * KAPPAS)
    tau_1 = STEPS - found.lasting
    tau_2 = separation_labels(run, case.needed * KAPPAS)
    rates = []
    for kappa in JUDGED:
        row = KAPPAS.tolist().index(kappa)
        late = int((tau_1[row] < tau_2[row] + case.lead).sum())
        allowed = 1 / (float(tau_2[row]) + 2)
        rates.append(
            rate_at_most(late, case.n, allowed, reach=1.5, false_alarm=FALSE_ALARM, miss=MISS)
        )
    worst = min(rates, key=lambda one: -float("inf") if one.margin is None else one.margin)
    finding = replace(all_hold(*rates), detail=f"worst kappa: {worst.detail}")
    return all_hold(finding, closed_form(tau_2)).with_series(**drawn(found, tau_1, tau_2))


def separation_labels(run: Run, kappas: Tensor) -> Tensor:
    """How many nodes lie at or below the closed-form time of 4.4, for every kappa."""
    mixture = run.mixture
    until = separated_until(
        SCHEDULE, shortest(mixture), float(mixture.variance) ** 0.5, kappas, run.d
    )
    return (nodes()[:-1] <= until[:, None]).sum(1)


def closed_form(tau_2: Tensor) -> Finding:
    """The counts of the statement, and for all kappas those from s^2 at the nodes directly."""
    mixture = data(2).mixture()
    ratio = (shortest(mixture) / levels(mixture.variance)[:-1]) ** 2
    direct = (ratio >= 8 * KAPPAS[:, None]).sum(1)
    stated = [int(tau_2[KAPPAS.tolist().index(kappa)]) for kappa in LABELS]
    return all_hold(
        equal(tau_2, direct, budget=1e-9),
        equal(torch.tensor(stated), torch.tensor(list(LABELS.values())), budget=1e-9),
    )


def drawn(found: Dominance, tau_1: Tensor, tau_2: Tensor) -> dict[str, Any]:
    """The curves of the figure."""
    first = (STEPS - found.first).double()
    last = tau_1.double()
    return {
        "kappas": KAPPAS,
        "first": first.mean(1),
        "last": last.mean(1),
        "low": (last.mean(1) - last.std(1)),
        "high": (last.mean(1) + last.std(1)),
        "lost": found.lost.double().mean(1),
        "apart": tau_2,
    }


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Both times against kappa, for the two samplers."""
    ddim_runs, sde_runs = series
    ax.plot(ddim_runs["kappas"], ddim_runs["last"], color="C0", label=r"$\tau_1$, DDIM-50")
    ax.fill_between(ddim_runs["kappas"], ddim_runs["low"], ddim_runs["high"], color="C0",
                    alpha=0.15, linewidth=0, label="one standard deviation")  # fmt: skip
    ax.plot(sde_runs["kappas"], sde_runs["last"], color="C1", linestyle="--",
            label=r"$\tau_1$, reverse SDE")  # fmt: skip
    ax.plot(sde_runs["kappas"], sde_runs["first"], color="C1", linestyle=":",
            label="first crossing, reverse SDE")  # fmt: skip
    ax.step(series[0]["kappas"], series[0]["apart"], color="C2", where="post",
            label=r"$\tau_2$")  # fmt: skip
    ax.set(xlim=(1, 20), ylim=(0, 30), xticks=[1, 5, 10, 15, 20])
    ax.set_xlabel(r"$\kappa$")
    ax.set_ylabel("remaining steps")
    ax.set_title("exact score of the 25-mode grid")
    ax.legend(loc="upper right")
