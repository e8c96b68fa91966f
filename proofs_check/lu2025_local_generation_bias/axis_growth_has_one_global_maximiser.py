r"""Equation (5): the maximiser of f is unique, and how f runs."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import share
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    Verdict,
    all_hold,
    ball,
    claim,
    enclosed,
)
from theorylab.claims.bulk import Interval, enclosed_in_bulk
from theorylab.claims.normal import below, density
from theorylab.parity import best_axis_bias

WINDOW = 0.02
"""Half the width in D of the window in which R falls."""

STRIPS = 8
"""Parts of the window."""


@dataclass(frozen=True)
class Range:
    """Levels s = sqrt(alpha_bar), cells in s, and whether f has no other stationary point."""

    low: float
    high: float
    cells: int
    unimodal: bool
    away: float = field(default=0.0, repr=False)


@claim(
    source=PAPER.at("Equation (5)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[Range(0.0, 0.9165, 2000, True), Range(0.9165, 0.995, 800, False)],
    must_fail={
        "a bias of 0.05 more": lambda case: replace(case, away=0.05),
        "a bias of 0.05 less": lambda case: replace(case, away=-0.05),
        "the smaller local maximum": lambda case: replace(
            case, away=0.0 if case.unimodal else -1.13
        ),
    },
)
def axis_growth_has_one_global_maximiser(case: Range) -> Finding:
    r"""For every $\bar\alpha \in [0, .99]$ the maximum of $f$ over all $D$ is attained at one
    point.

    For $\bar\alpha \le .8399$ it is the only stationary point of $f$. Outside $(0, 2)$ $f \le 1 <
    f(0.6)$ or no stationary point lies there. Inside, $[0, .995] \times [0, 2] \ni (s, D)$ is
    covered by boxes on which $R = (1 + D^2) G' - D G$, which has the sign of $f'$, is positive on
    the left of a window of half width .02 and negative on its right, or, where
    $\bar\alpha > .8399$, $f$ is below its value in the middle of the window; and on the window $R$
    falls strictly.
    """
    edges = np.linspace(case.low, case.high, case.cells + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    wrong = ball(best_bias_in_floats(centres[0]) + case.away)
    level = 1 - arb(float((edges[0] + edges[1]) / 2)) ** 2
    best = ball(best_axis_bias(float(1 - level)).bias)
    top = enclosed(lambda: share(wrong, level) - share(best, level) + ball("1e-5"))
    if top.verdict is not Verdict.HOLDS:
        return top
    middles = np.array([best_bias_in_floats(s) for s in centres]) + case.away
    look = partial(bound, edges=edges, middles=middles, unimodal=case.unimodal)
    found = enclosed_in_bulk(
        look, [(case.low, case.high), (0, 2)], parts=(case.cells, 16), most_boxes=400_000
    )
    return all_hold(top, found)


def best_bias_in_floats(s: float) -> float:
    """The maximiser on a grid; any number would be sound."""
    D = np.linspace(0.5, 1.3, 801)
    x = Interval.of(D)
    level = Interval.of(np.full_like(D, s))
    value, *_ = shape(level, x)
    return float(D[np.argmax(value.low / np.sqrt(1 + D**2))])


def shape(s: Interval, D: Interval) -> tuple[Interval, Interval, Interval]:
    """G, G' and G''."""
    inverse = (1 - s.square()).sqrt().reciprocal()
    up, down = (D + s) * inverse, (D - s) * inverse
    on_up, on_down = density(up), density(down)
    value = (below(up) + below(down)) * 0.5
    slope = (on_up + on_down) * inverse * 0.5
    bend = -(up * on_up + down * on_down) * inverse.square() * 0.5
    return value, slope, bend


def bound(
    low: np.ndarray, high: np.ndarray, *, edges: np.ndarray, middles: np.ndarray, unimodal: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For `enclosed_in_bulk`: cells in s are never cut."""
    cell = np.searchsorted(edges, (low[:, 0] + high[:, 0]) / 2) - 1
    s, D, at = Interval(low[:, 0], high[:, 0]), Interval(low[:, 1], high[:, 1]), middles[cell]
    value, slope, _ = shape(s, D)
    secant = 1 + D.square()
    ascent = secant * slope - D * value
    outside = np.where(high[:, 1] <= at, ascent.low, np.where(low[:, 1] >= at, -ascent.high, -1.0))
    inside = (low[:, 1] >= at - WINDOW) & (high[:, 1] <= at + WINDOW)
    proof = np.where(inside, np.maximum(outside, falls(s, at)), outside)
    if not unimodal:
        peak, *_ = shape(s, Interval.of(at))
        least = peak * (1 + Interval.of(at).square()).sqrt().reciprocal()
        proof = np.maximum(proof, (least - value * secant.sqrt().reciprocal()).low)
    return proof, np.stack((np.zeros(len(low)), np.ones(len(low))), -1)


def falls(s: Interval, at: np.ndarray) -> np.ndarray:
    """A lower bound of -R' = G - D G' - (1 + D^2) G'' on the whole window around `at`."""
    least = np.full_like(at, np.inf)
    for k in range(-STRIPS, STRIPS):
        D = Interval(at + WINDOW * k / STRIPS - 1e-12, at + WINDOW * (k + 1) / STRIPS + 1e-12)
        value, slope, bend = shape(s, D)
        least = np.minimum(least, (value - D * slope - (1 + D.square()) * bend).low)
    return least
