"""Equation I.347 in exact arithmetic on the counts of a run that does hallucinate."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._visits import GRID, Paths, ddim_paths
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    for_all,
    for_all_equal,
)
from theorylab.diffusion import Outcome, classify

SETTINGS = tuple((window, pair) for window in (5, 11, 21) for pair in ("any", "final"))


@dataclass(frozen=True)
class Run:
    """DDIM with few steps, and where the event of the second factor comes from."""

    steps: int
    n: int = 30_000
    seed: int = 77
    other_window: int | None = None
    exchanged: bool = False
    other_share: float = 0.35


@claim(
    source=read_at("Equation I.347"),
    relation=Relation.AS_STATED,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Run(15), Run(12)],
    must_fail={
        "P(M) of the other window": lambda case: replace(case, other_window=21),
        "the two weights exchanged": lambda case: replace(case, exchanged=True),
        "P(M) of a ball of 0.36 ell": lambda case: replace(case, other_share=0.36),
    },
)
def hallucination_rate_splits_by_the_midpoint_event_of_one_window(case: Run) -> Finding:
    r"""With $H$ the event that a sample is interpolated and $M$ that its path enters the ball of
    $0.35\,\ell$ around a midpoint,

    $$P(H) = P(H\,|\,M)\,P(M) + P(H\,|\,M^c)\,P(M^c) .$$

    In exact arithmetic on the shares of 30000 runs of DDIM with the exact score and 15 or 12
    steps, more than 50 of which end in $H$, for three windows and two rules of the pair, where
    $0 < P(M) < 1$. It needs one event $M$ in all four factors: with $P(M)$ from another window
    or radius than $P(H\,|\,M)$ the two sides differ.
    """
    paths = run(case.steps, case.n, case.seed)
    hit = classify(paths.ends, GRID) == Outcome.INTERPOLATED

    def sides(setting: tuple[int, str]) -> tuple[Fraction, Fraction]:
        window, pair = setting
        inside = paths.visits(window, pair)
        weight = share(other(case, paths, window, pair))
        given_in, given_out = share(hit[inside]), share(hit[~inside])
        return share(hit), given_in * weight + given_out * (1 - weight)

    def both_occur(setting: tuple[int, str]) -> bool:
        return 0 < int(paths.visits(*setting).sum()) < case.n and int(hit.sum()) > 50

    return all_hold(for_all(SETTINGS, both_occur), for_all_equal(SETTINGS, sides))


@cache
def run(steps: int, n: int, seed: int) -> Paths:
    """The paths of the case."""
    return ddim_paths(n, seed, steps)


def other(case: Run, paths: Paths, window: int, pair: str) -> Tensor:
    """The event whose share is the weight: the same one, unless the case says otherwise."""
    chosen = window if case.other_window is None else case.other_window
    event = paths.visits(chosen, pair, case.other_share)
    return ~event if case.exchanged else event


def share(event: Tensor) -> Fraction:
    """The relative frequency of an event."""
    return Fraction(int(event.sum()), len(event))
