r"""The display after Equation (5) does not identify D* at small noise."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import (
    ascent,
    density,
    slope_of_ascent,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

FOLD, BEYOND, WIDTH = "0.24576123", "0.9", "0.01"
"""The bias where the two new roots are born, one right of both, and a half width around it."""


@dataclass(frozen=True)
class Threshold:
    """A bracket of the threshold, and the level at which D* passes 1, both in alpha_bar."""

    below: str = "0.84757033515"
    above: str = "0.84757033516"
    unit_low: str = "0.76738221886"
    unit_high: str = "0.76738221887"


@claim(
    source=PAPER.at("Equation (5) and the display after it"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Threshold()],
    must_fail={
        "a threshold 1e-9 lower": lambda case: replace(case, above="0.84757033415"),
        "a threshold 1e-9 higher": lambda case: replace(case, below="0.84757033616"),
        "D* = 1 at 0.767": lambda case: replace(case, unit_high="0.767"),
    },
)
def first_order_condition_has_three_roots_above_a_noise_threshold(case: Threshold) -> Finding:
    r"""The printed condition does not determine $D^*$: for every $\bar\alpha$ from
    0.84757033516 to 0.99 the printed condition has at least three roots $D > 0$, at least two of
    them local maxima of $f$; at 0.84757033515 there is none in $[0, .6]$.

    $R = (1 + D^2) G' - D G$, which has the sign of $f'$, is positive at 0, negative at
    $D = 0.24576123$, positive at 0.9 and negative at 2. At the lower level $R > 0$ on $[0, .6]$.
    And $D^* = 1$ between $\bar\alpha = 0.76738221886$ and $0.76738221887$: from there on the
    hypothesis $k_4 < 1$ of Lemma A.7 excludes $k_4 \ge D^*$, which the proof of Theorem 5.3 uses.
    """
    fold, beyond = ball(FOLD), ball(BEYOND)
    above = [(case.above, "0.99")]
    found = [
        enclosed(lambda A: -ascent(fold, 1 - A), above, bits=128),
        enclosed(lambda A: ascent(beyond, 1 - A), above),
        enclosed(lambda A: ascent(ball(0), 1 - A), above),
        enclosed(lambda A: -ascent(ball(2), 1 - A), above),
    ]
    rest = 1 - ball(case.below)
    width = ball(WIDTH)
    for side in ((ball(0), fold - width), (fold + width, ball("0.6"))):
        low, high = side
        found.append(enclosed(lambda x, a=low, b=high: ascent(a + x * (b - a), rest), [(0, 1)]))
    found.append(enclosed(lambda x: bend_of_ascent(fold + width * x, rest), [(-1, 1)]))
    found.append(enclosed(lambda: least_by_tangents(fold, rest), bits=128))
    found.append(enclosed(lambda: -ascent(ball(1), 1 - ball(case.unit_low))))
    found.append(enclosed(lambda: ascent(ball(1), 1 - ball(case.unit_high))))
    return all_hold(*found)


def bend_of_ascent(D: arb, one_minus: arb) -> arb:
    """R'' = 3 D G'' + (1 + D^2) G'''."""
    s, nu = (1 - one_minus).sqrt(), one_minus.sqrt()
    second = third = ball(0)
    for z in ((D + s) / nu, (D - s) / nu):
        second -= z * density(z) / (2 * one_minus)
        third += (z**2 - 1) * density(z) / (2 * one_minus * nu)
    return 3 * D * second + (1 + D**2) * third


def least_by_tangents(fold: arb, one_minus: arb) -> arb:
    """A lower bound of the convex R around the fold: its tangent at D with R' near 0."""
    D = fold
    for _ in range(3):
        D = arb((D - slope_of_ascent(D, one_minus) / bend_of_ascent(D, one_minus)).mid())
    slope = slope_of_ascent(D, one_minus)
    return ascent(D, one_minus) - slope.max(-slope) * ball(WIDTH) * 2
