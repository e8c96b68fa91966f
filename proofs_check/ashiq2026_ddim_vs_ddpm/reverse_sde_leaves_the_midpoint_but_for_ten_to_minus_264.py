"""The exact law at the place of Proposition 5.1: how likely the SDE ends near the midpoint."""

from dataclasses import dataclass, replace
from functools import partial

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import effective_deviation
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.diffusion import GaussianMixture, VPSchedule, reverse_law

WAYS = (("0", "0.15"), ("0.15", "0.15"), ("0", "0.45"), ("0.15", "0.45"))
"""Start at the distance of the midpoint, and half-width of the slab, in units of ell."""


@dataclass(frozen=True)
class Start:
    """A raw step, and log10 of the probabilities of the four ways."""

    raw: int
    stated: tuple[str, str, str, str]
    beta_max: str = "0.02"
    wider: str = "1"
    power: int = 2
    modes: tuple[int, ...] = (-2, -1, 0, 1, 2)


@claim(
    source=read_at("Proposition 5.1"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[
        Start(8, ("-253.18", "-259.97", "-3.724", "-4.521")),
        Start(20, ("-264.06", "-265.84", "-5.727", "-5.978")),
        Start(21, ("-264.36", "-266.00", "-5.787", "-6.020")),
    ],
    must_fail={
        "noise two per cent stronger": lambda case: replace(case, beta_max="0.0204"),
        "spread half a per cent wider": lambda case: replace(case, wider="1.005"),
        "shrinks as the flow": lambda case: replace(case, power=1),
        "one raw step later": lambda case: replace(case, raw=case.raw + 1),
    },
    given=["ashiq2026_ddim_vs_ddpm/reverse_sde_ends_in_the_posterior_mixture"],
)
def reverse_sde_leaves_the_midpoint_but_for_ten_to_minus_264(case: Start) -> Finding:
    r"""Start the reverse SDE with the exact score of the 25-mode grid on a segment at the
    distance $r\ell$ from its midpoint, and let $A_0$ be the signed distance of its end from the
    bisector. With $m_k$ and $\tau$ the centres and the deviation of the posterior mixture along
    the segment,

    $$P(|A_0| \le \theta) = \sum_k r_k\Big[\Phi\Big(\frac{\theta - m_k}{\tau}\Big)
      - \Phi\Big(\frac{-\theta - m_k}{\tau}\Big)\Big] .$$

    From raw step 8, 20 and 21 its decimal logarithm is, to 0.005 (0.0005 for $0.45$),

    $-253.18$, $-264.06$, $-264.36$ for $\theta = 0.15\,\ell$ from the midpoint;
    $-259.97$, $-265.84$, $-266.00$ for $\theta = 0.15\,\ell$ from $r = 0.15$;
    $-3.724$, $-5.727$, $-5.787$ for $\theta = 0.45\,\ell$ (the rule of $5\sigma$) from the
    midpoint; $-4.521$, $-5.978$, $-6.020$ for $\theta = 0.45\,\ell$ from $r = 0.15$.

    The grid is a product, so the five modes of one coordinate decide. The library's value in
    float64 is within $10^{-9}$ of each logarithm.
    """
    parts = []
    for (r, theta), stated in zip(WAYS, case.stated, strict=True):
        slack = ball("0.005" if theta == "0.15" else "0.0005")
        parts.append(enclosed(partial(gap, case, r, theta, ball(stated), slack)))
        if case.raw in (8, 20, 21):
            found = ball(by_library(case.raw, float(r), float(theta)))
            parts.append(enclosed(partial(gap, case, r, theta, found, ball("3e-7"))))
    return all_hold(*parts)


def gap(case: Start, r: str, theta: str, value: arb, slack: arb) -> arb:
    """Positive if the probability's decimal logarithm is within the slack of the value."""
    return slack - abs(log_probability(case, ball(r), ball(theta)) - value)


def log_probability(case: Start, r: arb, theta: arb) -> arb:
    """log10 P in units of ell; the midpoint is at 1/2 between the modes 0 and 1."""
    sigma = ball("0.01")
    s0 = effective_deviation(case.raw, case.beta_max)
    kept = (sigma / s0) ** case.power
    tau = ball(case.wider) * sigma * (1 - (sigma / s0) ** 2).sqrt()
    start, middle = ball("0.5") + r, ball("0.5")
    # the nearest two modes are at 0 and 1: no share underflows to 0 in ball arithmetic
    shares = [(-((start - mode) ** 2) / (2 * s0**2)).exp() for mode in case.modes]
    total = sum(shares, ball(0))
    mass = ball(0)
    for mode, share in zip(case.modes, shares, strict=True):
        centre = mode + kept * (start - mode)
        mass += (
            share
            / total
            * normal_mass((middle - theta - centre) / tau, (middle + theta - centre) / tau)
        )
    return mass.log() / ball(10).log()


def normal_mass(low: arb, high: arb) -> arb:
    """Phi(high) - Phi(low), as a difference of upper tails on the side where they are small."""
    root = ball(2).sqrt()
    if high < 0:
        low, high = -high, -low
    return ((low / root).erfc() - (high / root).erfc()) / 2


def by_library(raw: int, r: float, theta: float) -> float:
    """log10 P from float64, on the 25 modes in the plane."""
    mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
    a, b = mixture.means[12], mixture.means[13]
    normal, middle = (b - a) / (b - a).norm(), (a + b) / 2
    ell, centre = float((b - a).norm()), float(normal @ middle)
    x = schedule.alpha(float(raw)) * (middle + r * (b - a))
    law = reverse_law(mixture, x, schedule=schedule, start=raw, stop=-1)
    mass = law.log_mass(normal, centre - theta * ell, centre + theta * ell)
    return float(mass) / 2.302585092994046
