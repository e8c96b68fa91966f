"""The split of the rate by visits to a midpoint, with one window for both samplers."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._learned import (
    CHANCE,
    DDIM_RUN,
    DDPM_RUN,
    ELL,
    FULL,
    MU,
    Run,
    late_states,
    stranded,
    told,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, ordering
from theorylab.learn.grid import SEEDS


@dataclass(frozen=True)
class Split:
    """A network, the window, the radius of a visit, the runs, and the number of second draws."""

    seed: int
    window: int = 21
    radius: float = 0.35
    swapped: bool = False
    lower: Run = DDPM_RUN
    higher: Run = DDIM_RUN
    of_all: bool = False
    others: int = 10_000


@claim(
    source=read_at("Equation I.347 and Table I.1, the learned score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Split(seed) for seed in SEEDS],
    must_fail={
        "the samplers exchanged": lambda case: replace(case, lower=DDIM_RUN, higher=DDPM_RUN),
        "P(M) within raw 11 above P(M) within raw 21": lambda case: replace(case, swapped=True),
        "P(H) above P(H | M)": lambda case: replace(case, of_all=True),
    },
    thorough=[
        Split(
            seed,
            lower=replace(DDPM_RUN, n=FULL),
            higher=replace(DDIM_RUN, n=FULL),
            others=FULL // 2,
        )
        for seed in SEEDS
    ],
)
def learned_visits_to_a_midpoint_end_stranded_more_often_under_ddim(case: Split) -> Finding:
    r"""Let $M$ be a visit, $|y_t - m| \le 0.35\,\ell$ for some midpoint $m$ at a node $t \le 21$,
    and $H$ an end farther than $5\sigma$ from every mode; from the exact law at raw index 120,
    under each of the networks `row-0`, `row-1`, `row-2`.

    1. With this one window $P(H|M)$ is larger for DDIM-50 than for DDPM.
    2. The window $t \le 11$, which the released code uses for DDIM beside 21 for DDPM, makes
       $P(M)$ of DDIM smaller than the common one does.
    3. $P(H|M) > P(H)$ for DDIM.

    $P(H) = P(H|M)P(M) + P(H|M^c)P(M^c)$ holds in the counts.
    """
    low, high = (split(case, run, case.window) for run in (case.lower, case.higher))
    narrow = split(case, replace(DDIM_RUN, draw=121, n=case.others), 11)
    wide = split(case, replace(DDIM_RUN, n=2 * case.others), case.window)
    smaller, larger = (narrow["M"], wide["M"])
    if case.swapped:
        smaller, larger = larger, smaller
    rates = [
        wide["H"],
        split(case, replace(DDIM_RUN, draw=121, n=case.others), case.window)["H|M"],
    ]
    if case.of_all:
        rates = rates[::-1]
    parts = all_hold(
        ordering(low["H|M"], high["H|M"], reach=(0.001, 0.1), false_alarm=CHANCE, miss=CHANCE),
        ordering(smaller, larger, reach=(0.05, 0.2), false_alarm=CHANCE, miss=CHANCE),
        ordering(*rates, reach=(0.013, 0.11), false_alarm=CHANCE, miss=CHANCE),
        *(equal(total(one), one["H"][0] / one["H"][1], budget=1e-12) for one in (low, high)),
    )
    return parts.with_detail(
        ", ".join(told(f"{name} of {which}", one[name])
                  for which, one in (("lower", low), ("higher", high)) for name in one)
    )  # fmt: skip


def split(case: Split, run: Run, window: int) -> dict[str, tuple[int, int]]:
    """The counts of H, of M, of H among M and of H among the others."""
    states = late_states(case.seed, run)
    middles = (MU[1:] + MU[:-1]) / 2
    near = [
        (y - middles).abs().amin(-1) <= case.radius * ELL
        for t, y in states.items() if 0 <= t <= window
    ]  # fmt: skip
    visit, bad = torch.stack(near).any(0), stranded(states[-1])
    n, m = run.n, int(visit.sum())
    return {
        "H": (int(bad.sum()), n),
        "M": (m, n),
        "H|M": (int((bad & visit).sum()), m),
        "H|not M": (int((bad & ~visit).sum()), n - m),
    }


def total(counts: dict[str, tuple[int, int]]) -> float:
    """The right-hand side of the split."""
    (m, n), inside, outside = counts["M"], counts["H|M"], counts["H|not M"]
    return inside[0] / inside[1] * m / n + outside[0] / outside[1] * (n - m) / n
