"""Proposition 4.7 (2) made exact: the width of the trap, by validated backward integration."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import END, separation_at
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
    precision,
    undecided,
)
from theorylab.claims.flow import follow, inside

OUTSIDERS = ("1.5", "2.5", "3.5")
"""Distances from the midpoint of a pair at which a further mode of five can be, on either side."""

BITS = 96


@dataclass(frozen=True)
class Trap:
    """Starts at a raw step that end within theta ell of the midpoint, and their half-width."""

    theta: str
    raw: int
    decades: str
    last: int = -1
    beta_max: str = "0.02"
    rate: str = "1"


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Trap("0.15", 8, "-252.82"),
        Trap("0.15", 20, "-264.53"),
        Trap("0.35", 8, "-35.31"),
        Trap("0.35", 20, "-47.01"),
        Trap("0.45", 8, "-0.68"),
        Trap("0.45", 20, "-3.12"),
    ],
    must_fail={
        "theta two per cent larger": lambda case: replace(
            case, theta=str(round(1.02 * float(case.theta), 6))
        ),
        "one raw step earlier in the run": lambda case: replace(case, raw=case.raw + 1),
        "stopped at raw step 0": lambda case: replace(case, last=0),
        "two per cent more noise": lambda case: replace(case, beta_max="0.0204"),
        "two per cent less contraction": lambda case: replace(case, rate="1.02"),
        "0.02 decades wider": lambda case: replace(
            case, decades=f"{float(case.decades) + 0.02:.2f}"
        ),
    },
    given=["ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate"],
)
def starts_that_stay_near_the_midpoint_fill_ten_to_minus_264_of_the_gap(case: Trap) -> Finding:
    r"""Consider the probability flow of one coordinate of the grid (five equal modes $\ell$
    apart, $\ell = 100\,\sigma$), or of two equal modes. The starts at a raw step $t$ that end, at
    $s = \sigma$, within $\theta\ell$ of the midpoint of two neighbours are an interval of
    half-width $D\ell$, and its centre is within $10^{-17}\ell$ of the midpoint. To 0.005:

    $$\log_{10} D = -252.82,\ -35.31,\ -0.68 \quad (t = 8), \qquad
      -264.53,\ -47.01,\ -3.12 \quad (t = 20)$$

    for $\theta = 0.15,\ 0.35,\ 0.45$, the same for the pair alone and for each of the four pairs.
    (The two ends are solutions that run backward. Half of their difference obeys the equation of
    the pair, in which the further modes change the rate by a share of at most $10^{-14}$, so it
    lies between the solutions of two scalar equations.)
    """
    with precision(BITS):
        start = separation_at(case.raw, beta_max=case.beta_max)
        end = ball(END) if case.last < 0 else separation_at(case.last, beta_max=case.beta_max)
        theta = ball(case.theta)
        shift, change = influence_of_the_others(theta, start, end)
        is_small = all_hold(*the_comparison_is_justified(theta, start, shift, change))
        ends = [
            half_width(theta, start, end, ball(case.rate) * (1 + e)) for e in (change, -change)
        ]
    if isinstance(ends[0], str) or isinstance(ends[1], str):
        return undecided(Evidence.ENCLOSED, f"the integration is lost: {ends}")
    decades = (ends[0].union(ends[1]).log() / arb(10).log()) - ball(case.decades)
    found = inside(decades, "-0.005", "0.005")
    return all_hold(found.with_detail(f"log10 D is {case.decades} +"), is_small)


def influence_of_the_others(theta: arb, start: arb, end: arb) -> tuple[arb, arb]:
    r"""Bounds on the shift of the interval's centre and on the relative change of its growth.

    On |x| <= X = theta + 1/1000 a mode at distance o has the responsibility at most
    exp(-(a/2)(o-1/2)(o+1/2-2X)). Hence mbar differs from that of the pair by at most
    g = sum w (o + 1/2), its derivative by at most g' = a sum w (1/4 + (o+1/2)^2), backward the
    centre M moves by d|M| <= |M| + g, and the pair's equation for the half-width D changes by
    a (cosh(a M) - 1)/8 in d ln D/du. All of these fall as a grows.
    """
    reach = theta + ball("0.001")
    pull, slope = arb(0), arb(0)
    for distance in map(ball, OUTSIDERS):
        share = (-(start / 2) * (distance - 0.5) * (distance + 0.5 - 2 * reach)).exp()
        pull += 2 * share * (distance + 0.5)
        slope += 2 * start * share * (0.25 + (distance + 0.5) ** 2)
    shift = pull * (end / start).sqrt()
    return shift, (slope + start * ((start * shift).cosh() - 1) / 8).upper()


def the_comparison_is_justified(
    theta: arb, start: arb, shift: arb, change: arb
) -> tuple[Finding, ...]:
    """The centre stays put, the half-width stays below theta, the bounds fall as a grows."""
    drift = (start * theta / 2).tanh() / 2 - theta - theta * change
    slowest = (ball("1.5") - 2 * (theta + ball("0.001")) + ball("0.5")) / 2
    return (
        enclosed(lambda: 1 - shift * 10**17),
        enclosed(lambda: 1 - change * 10**14),
        enclosed(lambda: drift),
        enclosed(lambda: slowest * start - 4),
    )


def half_width(theta: arb, start: arb, end: arb, rate: arb) -> arb | str:
    r"""D at the start, if dD/du = -D + (1/2) tanh(a D/2) + e D with rate = 1 + e.

    In w = ln sinh z, z = a D/2, this is dw/da = 1/8 + rate z coth(z)/(2a). From a level on at
    which z is about 1e-3 it is solved in closed form, by 1 <= z coth z <= 1 + z^2/3.
    """
    guess = float(end.mid()) * (1 - 2 * float(theta.mid())) ** 2 - 60
    middle = ball(guess) if guess > start else start
    way = follow(
        growth(rate),
        (end * theta / 2).sinh().log(),
        (end, middle),
        order=8,
        bits=BITS,
        tolerance=1e-6,
    )
    if way.value is None:
        return way.why
    z = way.value.exp().asinh()
    factor = rate * arb(1).union(1 + z.upper() ** 2 / 3)
    w = way.value - (middle - start) / 8 - factor * (middle / start).log() / 2
    return 2 * small_asinh(w.exp()) / start


def growth(rate: arb) -> Callable[[Any, Any], Any]:
    """The field dw/da, written with exponentials that do not overflow on either side of 0."""

    def field(a: Any, w: Any) -> Any:
        if w[0] > 0:
            root = (1 + (-2 * w).exp()).sqrt()
            z_coth_z = (w + (1 + root).log()) * root
        else:
            sinh = w.exp()
            root = (1 + sinh * sinh).sqrt()
            z_coth_z = (sinh + root).log() * root / sinh
        return rate * z_coth_z / (2 * a) + arb(1) / 8

    return field


def small_asinh(x: arb) -> arb:
    """The inverse of sinh, by x - x^3/6 <= asinh x <= x where that is sharper."""
    return x * (1 - x**2 / 6).union(arb(1)) if x < ball("0.001") else x.asinh()
