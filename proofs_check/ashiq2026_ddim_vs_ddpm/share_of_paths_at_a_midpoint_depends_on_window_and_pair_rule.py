"""E20-E22: P(M) of Table I.1 with the exact score, for both windows and both rules of the pair."""

from dataclasses import dataclass, replace
from functools import cache

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._visits import (
    ELL,
    SCHEDULE,
    Paths,
    ddim_paths,
    forward_paths,
    half_lattice_gap,
    lattice_gap,
    reverse_paths,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_equals
from theorylab.diffusion import (
    DDIM,
    ExactScore,
    GaussianMixture,
    quadratic_nodes,
    sample,
)

CHANCE = 2e-13
PAIRS = ("any", "final")


@dataclass(frozen=True)
class Process:
    """A process, its rates (window 11 any, 11 final, 21 any, 21 final) and their reaches."""

    name: str
    stated: tuple[float, float, float, float]
    reach: tuple[float, float, float, float]
    n: int = 30_000
    seed: int = 31
    share: float = 0.35
    windows: tuple[int, int] = (11, 21)
    pairs: tuple[str, str] = PAIRS


@claim(
    source=read_at("Table I.1 and Equation I.347 (the midpoint event)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Process("DDIM", (0.0408, 0.0408, 0.314, 0.314), (0.5, 0.5, 0.15, 0.15)),
        Process("SDE", (0.0643, 0.0279, 0.398, 0.152), (0.4, 0.65, 0.13, 0.26)),
        Process("forward", (0.0643, 0.0279, 0.398, 0.152), (0.4, 0.65, 0.13, 0.26), seed=32),
    ],
    must_fail={
        "a ball of 0.37 ell": lambda case: replace(case, share=0.37),
        "the windows exchanged": lambda case: replace(case, windows=case.windows[::-1]),
        "windows of 9 and 18": lambda case: replace(case, windows=(9, 18)),
        "the rules of the pair exchanged": lambda case: replace(case, pairs=case.pairs[::-1]),
    },
    given=["ashiq2026_ddim_vs_ddpm/reverse_sde_ends_in_the_posterior_mixture"],
)
def share_of_paths_at_a_midpoint_depends_on_window_and_pair_rule(case: Process) -> Finding:
    r"""With the exact score of the 25-mode grid let $M$ be the event that a path is within
    $0.35\,\ell$ of the midpoint of a pair at some node with raw index at most 11, or at most 21,
    the pair being any two neighbours, or the two modes nearest to the end of the path.

    DDIM with 50 steps from $N(0, I)$: $P(M) = 0.0408$ and $0.314$ for the windows 11 and 21, by
    either rule. The reverse SDE at all raw steps: $0.0643$ and $0.398$ for any pair, but $0.0279$
    and $0.152$ for the pair of the end, since a path that ends at a mode has its second nearest
    mode nearly by chance. So the window alone changes $P(M)$ by a factor of 7.7 for DDIM, and the
    rule by 2.3 and 2.6 for the SDE: a comparison of $P(H\,|\,M)$ needs one window and one rule
    for both.

    The SDE is drawn by its exact transitions, and by the forward process read backward. For DDIM
    and any pair the value is also found without sampling, from its two independent coordinates.
    """
    paths = drawn(case.name, case.n, case.seed)
    parts = []
    settings = [(window, pair) for window in case.windows for pair in case.pairs]
    for (window, pair), stated, reach in zip(settings, case.stated, case.reach, strict=True):
        k = int(paths.visits(window, pair, case.share).sum())
        parts.append(rate_equals(k, case.n, stated, reach=reach, false_alarm=CHANCE, miss=CHANCE))
    if case.name == "DDIM":
        for window, stated in zip(case.windows, case.stated[::2], strict=True):
            parts.append(equal(by_coordinates(window, case.share), stated, budget=3e-3))
    return all_hold(*parts)


@cache
def drawn(name: str, n: int, seed: int) -> Paths:
    """The paths of a process."""
    make = {"DDIM": ddim_paths, "SDE": reverse_paths, "forward": forward_paths}[name]
    return make(n, seed)


@cache
def by_coordinates(window: int, share: float) -> float:
    """P(M) of DDIM for any pair: both coordinates on a grid of equal masses of N(0, 1).

    The visit at a node asks for the squares of two gaps, one of each coordinate, so that it is a
    sum of a column and a row.
    """
    plain = GaussianMixture.grid()
    row = GaussianMixture(plain.means[10:15, 1:], float(plain.variance))
    n = 1500
    x = torch.special.ndtri((torch.arange(n) + 0.5) / n)[:, None]
    path = sample(
        x, quadratic_nodes(50), DDIM(), schedule=SCHEDULE, score=ExactScore(row, SCHEDULE),
        keep_path=True,
    )  # fmt: skip
    visited = torch.zeros(n, n, dtype=torch.bool)
    for t, state in zip(path.times.tolist(), path.states[..., 0], strict=True):
        if 0 <= t <= window:
            y = state / SCHEDULE.alpha(t)
            on_line, between = lattice_gap(y) ** 2, half_lattice_gap(y) ** 2
            visited |= on_line[:, None] + between <= (share * ELL) ** 2
            visited |= between[:, None] + on_line <= (share * ELL) ** 2
    return float(visited.double().mean())
