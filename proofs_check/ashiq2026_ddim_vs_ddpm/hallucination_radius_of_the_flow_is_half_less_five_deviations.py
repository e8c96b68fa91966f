"""When the exact flow from near a segment ends between the modes, proved for the whole grid."""

from dataclasses import dataclass, replace
from itertools import product

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import effective_deviation
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Start:
    """A raw step, the radius claimed, the size of the ball around a mode, and the slack."""

    raw: int
    radius: str
    ball: str = "0.45"
    slack: str = "0.0002"
    rule: str = "5"
    beta_max: str = "0.02"
    first_without: int = 18


@claim(
    source=read_at("Figure 5 and Figure E.15 (radius experiment)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[Start(2, "0.3568"), Start(4, "0.3064"), Start(8, "0.2112")],
    must_fail={
        "rule of 4.9 sigma": lambda case: replace(case, rule="4.9"),
        "rule of 5.1 sigma": lambda case: replace(case, rule="5.1"),
        "noise two per cent stronger": lambda case: replace(case, beta_max="0.0204"),
        "one raw step later": lambda case: replace(case, raw=case.raw + 1),
        "threshold one raw step later": lambda case: replace(case, first_without=19),
        "threshold one raw step earlier": lambda case: replace(case, first_without=17),
        "a ball larger than half the distance": lambda case: replace(case, ball="0.51"),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean"],
)
def hallucination_radius_of_the_flow_is_half_less_five_deviations(case: Start) -> Finding:
    r"""On the 25-mode grid (no assumption on dominance) let $s_0$ be the deviation at the start
    and $|y_0 - \mu_i| \le \delta = 0.45\,\ell$, anywhere in the plane. With
    $S = \max_i\sum_{k \ne i} L_k \exp\big(-(L_k^2 - 2\delta L_k)/(2s_0^2)\big)$,
    $L_k = |\mu_k - \mu_i|$, the exact flow ends at $s = \sigma$ with

    $$\Big|\,|y(\sigma) - \mu_i| - \frac{\sigma}{s_0}|y_0 - \mu_i|\,\Big| \le
      \Big(1 - \frac{\sigma}{s_0}\Big)S,$$

    as long as $S \le \delta$. So a start on a segment at the distance $r\ell$ from its midpoint
    ($r \ge 0.05$) ends more than $5\sigma$ from every mode if
    $r < \frac12 - 5\frac{s_0}{\ell}$, and within it of one if $r$ is larger, but for a layer of
    $0.0002$ on either side. So the radius from raw step 2, 4 and 8 is 0.3568, 0.3064 and 0.2112.
    The formula leaves none from 18 on: $s_{17} < \ell/10 < s_{18}$.
    """
    s0 = effective_deviation(case.raw, case.beta_max)
    radius = ball("0.5") - ball(case.rule) * s0
    delta, sigma = ball(case.ball), ball("0.01")
    leak = max_leak(delta, s0)
    shrunk = ball(case.slack) * sigma / s0
    last, first = (
        effective_deviation(raw, case.beta_max)
        for raw in (case.first_without - 1, case.first_without)
    )
    return all_hold(
        enclosed(lambda: ball("0.00005") - abs(radius - ball(case.radius))),
        enclosed(lambda: delta - leak),
        enclosed(lambda: 1 - 2 * delta),
        enclosed(lambda: shrunk - (1 - sigma / s0) * leak),
        enclosed(lambda: radius - (ball("0.5") - delta)),
        enclosed(lambda: ball("0.1") - last),
        enclosed(lambda: first - ball("0.1")),
    )


def max_leak(delta: arb, s0: arb) -> arb:
    """An upper bound of S in units of ell.

    The offsets from any mode to the others are among those of up to four in each coordinate.
    """
    total = ball(0)
    for i, j in product(range(-4, 5), repeat=2):
        if (i, j) != (0, 0):
            length = ball(i * i + j * j).sqrt()
            total += length * (-(length**2 - 2 * delta * length) / (2 * s0**2)).exp()
    return total
