"""The trap around the midpoint under the exact score, enclosed from both sides."""

import math
from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import effective_deviation
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

LINEAR = 0.01
SATURATED = 8
FINE, COARSE = 0.008, 0.02


@dataclass(frozen=True)
class Layer:
    """Start, radius theta/ell, and two powers of ten between which the half-width/ell lies."""

    raw: int
    radius: str
    low: str
    high: str
    deviation: str = "0.01"
    slower: str = "1"


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Layer(8, "0.15", "-252.85", "-252.79"),
        Layer(20, "0.15", "-264.56", "-264.49"),
        Layer(24, "0.15", "-265.60", "-265.52"),
        Layer(8, "0.35", "-35.34", "-35.27"),
        Layer(20, "0.35", "-47.04", "-46.98"),
        Layer(20, "0.45", "-3.14", "-3.10"),
    ],
    must_fail={
        "radius two per cent larger": lambda case: replace(
            case, radius=str(1.02 * float(case.radius))
        ),
        "radius two per cent smaller": lambda case: replace(
            case, radius=str(0.98 * float(case.radius))
        ),
        "one raw step later": lambda case: replace(case, raw=case.raw - 1),
        "modes two per cent wider": lambda case: replace(case, deviation="0.0102"),
        "repelled two per cent less": lambda case: replace(case, slower="0.98"),
    },
)
def trap_of_the_exact_score_is_enclosed_and_practically_empty(case: Layer) -> Finding:
    r"""Two modes of equal weight, $\ell = 100\sigma$. In $b = \ell/(2s)$ and $r = \xi/s$ the flow
    along the segment is $dr/db = \tanh(br)$. Let $h$ be the largest start from which it ends, at
    $s = \sigma$, within $\theta$ of the midpoint. From raw step 20 of the paper's schedule

    $$10^{-264.56} < h/\ell < 10^{-264.49} \quad (\theta = 0.15\,\ell), \qquad
      10^{-47.04} < h/\ell < 10^{-46.98} \quad (\theta = 0.35\,\ell),$$

    and $\log_{10}(h/\ell)$ is in $(-3.14, -3.10)$ for $\theta = 0.45\,\ell$. From 8 it is in
    $(-252.85, -252.79)$ for $0.15\,\ell$ and in $(-35.34, -35.27)$ for $0.35\,\ell$; from 24 in
    $(-265.60, -265.52)$ for $0.15\,\ell$. A start farther than $h$ from the midpoint leaves: the
    closed growth bound is a lower bound of $h$ only, and says nothing about emptiness. Proof by
    barriers:
    $\chi br \le \tanh(br) \le br$ with $\chi = \tanh(q)/q$ as long as $br \le q = 0.01$; after
    that, on a step of length $\eta$, $r$ grows at least at the rate $\tanh(br)$ of its beginning
    and at most at the rate $\tanh\big((b+\eta)\,r\,e^{\eta(b+\eta)}\big)$.
    """
    begin = ball(1) / (2 * effective_deviation(case.raw))
    target = ball(case.radius) / ball(case.deviation)
    leaves = enclosed(lambda: barrier(case, begin, case.high, upper=False) - target)
    stays = enclosed(lambda: target - barrier(case, begin, case.low, upper=True))
    return all_hold(leaves, stays)


def barrier(case: Layer, begin: arb, power: str, *, upper: bool) -> arb:
    """A bound on r at the end of the flow that starts at 10^power ell."""
    end = ball(1) / (2 * ball(case.deviation))
    slower = ball(case.slower)
    chord = ball(1) if upper else ball(LINEAR).tanh() / ball(LINEAR)
    b, r = begin, 2 * begin * ball(10) ** ball(power)
    if b * r < ball(LINEAR):
        b = ball(knee(float(begin), float(power) * math.log(10.0)))
        r *= (slower * chord * (b**2 - begin**2) / 2).exp()
        if not (b > begin and b * r <= ball(LINEAR)):
            return end if upper else ball(0)  # the chord is not valid so far: no bound
    while True:
        length = COARSE if b * r > SATURATED else FINE / float(b)
        last = not b + ball(length) <= end
        step = end - b if last else ball(length)
        after = b + step
        ahead = after * r * (step * after).exp() if upper else b * r
        r += step * slower * ahead.tanh()
        b = after
        if last:
            return r


def knee(begin: float, log_start: float) -> float:
    """Where the linear phase may stop: b r is just below LINEAR, rounded to a short fraction."""
    low, high = begin, begin + 100.0
    for _ in range(60):
        b = (low + high) / 2
        log_product = math.log(2 * begin * b) + log_start + (b**2 - begin**2) / 2
        low, high = (b, high) if log_product < math.log(0.98 * LINEAR) else (low, b)
    return math.floor(low * 2**20) / 2**20
