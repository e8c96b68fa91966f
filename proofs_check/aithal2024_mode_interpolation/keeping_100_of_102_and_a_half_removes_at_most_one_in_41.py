"""The filter of the recursive experiment has a ceiling, whatever the detector."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all, for_all_equal
from theorylab.diffusion.detection import ceiling


@dataclass(frozen=True)
class Filter:
    """How many are kept of how many, and the share removed that is stated."""

    kept: int = 100_000
    drawn: int = 102_500
    removable: Fraction = Fraction(1, 41)
    goal: Fraction = Fraction(95, 100)
    limit: Fraction = Fraction(20, 779)


@claim(
    source=read_at("Recursive training (filter: 100 000 kept of 102 500)"),
    relation=Relation.BEYOND,
    evidence=Evidence.EXHAUSTIVE,
    cases=[Filter()],
    must_fail={
        "kept of 102 000": lambda case: replace(case, drawn=102_000),
        "two per cent more removed": lambda case: replace(case, removable=Fraction(51, 2050)),
        "a goal of 97 per cent": lambda case: replace(case, goal=Fraction(97, 100)),
    },
)
def keeping_100_of_102_and_a_half_removes_at_most_one_in_41(case: Filter) -> Finding:
    r"""A filter that keeps 100 000 of 102 500 samples removes at most $1/41$ of them ($2.44$ per
    cent), so of a share $h$ of hallucinations at most $\min(1, \frac{1}{41h})$, whatever it ranks
    by. It can remove 95 per cent of them only if $h \le 20/779$ ($2.567$ per cent). (Every
    number of hallucinations and of removed ones, for the same proportions in 41 samples and in
    82.)
    """
    share = Fraction(case.drawn - case.kept, case.drawn)
    return all_hold(
        for_all_equal([share], lambda removed: (removed, case.removable)),
        for_all_equal([share], lambda removed: (removed / case.goal, case.limit)),
        for_all(_small(share), lambda counts: _within(counts, case.removable)),
    )


def _small(share: Fraction) -> Iterator[tuple[int, int, int]]:
    """(samples, hallucinations, of these removed) for all that a filter of this share can do."""
    for samples in (41, 82):
        removed = int(share * samples)
        for bad, gone in product(range(1, samples + 1), repeat=2):
            if gone <= min(bad, removed):
                yield samples, bad, gone


def _within(counts: tuple[int, int, int], removable: Fraction) -> bool:
    samples, bad, gone = counts
    share = Fraction(bad, samples)
    exact = min(Fraction(1), removable / share)
    bound = ceiling(samples - int(removable * samples), samples, float(share))
    return Fraction(gone, bad) <= exact and abs(bound - float(exact)) < 1e-12
