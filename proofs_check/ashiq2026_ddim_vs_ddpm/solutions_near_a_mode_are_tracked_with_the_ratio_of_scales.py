"""Corollary 4.6 with explicit constants, enclosed on the grid by the validated integrator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import END, SIDE, pull
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, undecided
from theorylab.claims.flow import Arrival, follow, inside


@dataclass(frozen=True)
class Tracks:
    """Two solutions of one coordinate, from mode + first and mode + second, in units of ell."""

    mode: int
    first: str
    second: str
    level: str = "56"
    modes: tuple[int, ...] = SIDE
    weights: tuple[int, ...] = (1, 1, 1, 1, 1)
    exponent: str = "1"
    leak: str = "1"
    lag: str = "1"


@claim(
    source=read_at("Corollary 4.6"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Tracks(0, "0.3", "-0.3"),
        Tracks(-2, "0.25", "0"),
        Tracks(2, "0.1", "-0.3", weights=(1, 2, 3, 4, 5)),
        Tracks(1, "0.3", "0.05", "30", modes=(-3, -1, 0, 1, 4), weights=(2, 1, 3, 1, 1)),
    ],
    must_fail={
        "contracts two per cent faster": lambda case: replace(case, exponent="1.02"),
        "one per cent less of the old offset": lambda case: replace(case, lag="0.99"),
        "as the SDE does": lambda case: replace(case, exponent="2"),
        "no leak, and an exact contraction": lambda case: replace(case, leak="0"),
    },
    given=["ashiq2026_ddim_vs_ddpm/near_a_mode_the_expected_mean_moves_by_little"],
)
def solutions_near_a_mode_are_tracked_with_the_ratio_of_scales(case: Tracks) -> Finding:
    r"""Let the ball of radius $\delta$ around $\mu_i$ be certified ($S(\delta) < \delta$,
    $\eta(\delta) < 1$, as in Proposition 4.5) from $s_0$ on. Any two solutions of the probability
    flow in it satisfy, for $s < s_0$,

    $$|y_1 - y_2|(s) \le \Big(\frac{s}{s_0}\Big)^{1-\eta} |y_1 - y_2|(s_0), \qquad
      \Big|y(s) - \mu_i - \frac{s}{s_0}\,(y(s_0) - \mu_i)\Big|
        \le \Big(1 - \frac{s}{s_0}\Big) S(\delta).$$

    So they converge by the finite factor $\sigma/s_0$, not to zero. Checked at $s = \sigma$ for
    $\delta = 0.3\,\ell$, by enclosures of the solutions themselves: on one coordinate of the grid
    from $\ell/\sqrt{56}$ (factor $\sqrt{56}/100$), on the same modes with unequal weights, and
    from $\ell/\sqrt{30}$ on five modes with unequal weights and gaps.
    """
    means = case.modes
    own = means.index(case.mode)
    level, end = ball(case.level), ball(END)
    ways = [
        follow(velocity(case), ball(case.mode) + ball(start), (level, end), bits=80)
        for start in (case.first, case.second)
    ]
    if any(way.value is None for way in ways):
        return undecided(Evidence.ENCLOSED, "; ".join(way.why for way in ways))
    starts = [ball(case.first), ball(case.second)]
    shift, slope = certificate(case, own, level)
    ratio = ((level / end).sqrt().log() * ball(case.exponent)).exp()
    return all_hold(
        inside(shift, 0, "0.3"), inside(slope, 0, 1), *compared(case, ways, starts, ratio)
    )


def compared(case: Tracks, ways: list[Arrival], starts: list[arb], ratio: arb) -> list[Finding]:
    """The distance of the two solutions, and of each from its straight track, at the end."""
    shift, slope = certificate(case, case.modes.index(case.mode), ball(case.level))
    ends = [way.value - ball(case.mode) for way in ways if way.value is not None]
    factor = (ratio.log() * (1 - ball(case.leak) * slope)).exp()
    apart = abs(ends[0] - ends[1]) / abs(starts[0] - starts[1])
    found = [inside(apart / factor, 0, 1)]
    for at, start in zip(ends, starts, strict=True):
        off = abs(at - ball(case.lag) * ratio * start)
        room = ball(case.leak) * (1 - ratio) * shift
        found.append(inside(off - room, -1, 0))
    return found


def certificate(case: Tracks, own: int, level: arb) -> tuple[arb, arb]:
    """S / ell and eta at the radius 0.3 ell, the first level being the worst."""
    shift, slope = arb(0), arb(0)
    for mean, weight in zip(case.modes, case.weights, strict=True):
        length = abs(mean - case.mode)
        exponent = -(level / 2) * (length**2 - ball("0.6") * length)
        share = ball(Fraction(weight, case.weights[own])) * exponent.exp()
        shift += length * share
        slope += level * length**2 * share
    return shift, slope


def velocity(case: Tracks) -> Callable[[Any, Any], Any]:
    """The field dy/da = (mbar(y) - y) / (2 a)."""
    means, own = [(mean,) for mean in case.modes], case.modes.index(case.mode)

    def field(a: Any, y: Any) -> Any:
        return pull([y], a, means, case.weights, own)[0] / (2 * a)

    return field
