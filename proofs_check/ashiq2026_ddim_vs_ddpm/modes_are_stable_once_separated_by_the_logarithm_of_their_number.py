"""Proposition 4.5: the threshold kappa_0 = O(log N) with an explicit constant, and its order."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

COUNTS = (2, 3, 5, 25, 100, 373, 1000, 10**6, 10**9)
"""Numbers of modes at which the extremal configuration is evaluated."""


@dataclass(frozen=True)
class Threshold:
    """kappa' = constant ln(8 (N-1)) is enough, and kappa' = needed ln(N-1) is not."""

    constant: str = "1.55"
    needed: str = "1"
    laws: tuple[Law, ...] = USUAL
    counted: bool = True
    share: str = "0.125"

    def level(self, others: arb) -> arb:
        """a = 2 kappa' at the threshold, `others` being 1/pi_i - 1, which is N - 1."""
        count = others if self.counted else ball(1)
        return 2 * ball(self.constant) * (8 * (count if count > 1 else ball(1))).log()


@claim(
    source=read_at("Proposition 4.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[Threshold()],
    must_fail={
        "a constant three per cent smaller": lambda case: replace(case, constant="1.5"),
        "without the number of modes": lambda case: replace(case, counted=False),
        "a ball twice as large": lambda case: replace(case, share="0.25"),
        "more than log N needed": lambda case: replace(case, needed="1.5"),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/near_a_mode_the_expected_mean_moves_by_little",
        "ashiq2026_ddim_vs_ddpm/a_ball_around_a_mode_holds_one_stable_equilibrium",
    ],
)
def modes_are_stable_once_separated_by_the_logarithm_of_their_number(case: Threshold) -> Finding:
    r"""Let $\ell_i$ be the distance of mode $i$ to the nearest other one and
    $\kappa' = \ell_i^2/(2s^2)$. If

    $$\kappa' \ge 1.55\, \ln\big(8\max(1,\ 1/\pi_i - 1)\big), \qquad
      \text{for equal weights } \kappa' \ge 1.55\, \ln(8(N-1)),$$

    then the certificate of Proposition 4.5 holds at $\delta = \ell_i/8$: $S(\delta) < \delta$ and
    $\eta(\delta) < 1$. Under Assumption 4.4 $\kappa' \ge 2\kappa d$, so
    $\kappa \ge \kappa_0 = 0.775\,\ln(8(N-1))/d$ is enough. The order is right: for $N \ge 3$
    equal modes at equal distances and $\kappa' = \ln(N-1)$ there is no equilibrium between a mode
    and half of the way to the mean of the others (at the share $t$ of the way the responsibility
    of the others is at least $1/(1 + (N-1)^{-t}) \ge 1/2$; enclosed for $N = 3, 5, 25, 100, 373,
    10^3, 10^6, 10^9$).

    (All modes at the distance $\ell_i$ are the worst case, as $\kappa' > 8/7$; with
    $M = 8\max(1, 1/\pi_i - 1)$ this gives $S/\delta \le M e^{-3\kappa'/4}$ and
    $\eta \le \tfrac{M}{4}\kappa' e^{-3\kappa'/4}$, which fall as $\kappa'$ grows.)
    """
    # x = ln M up to e^200 modes; x exp(-0.1625 x) falls from x = 6.2 on
    exponent = (1 - 2 * ball(case.share)) * ball(case.constant) - 1
    grown = [
        enclosed(lambda: exponent),
        enclosed(lambda x: 1 - ball(case.constant) / 4 * x * (-x * exponent).exp(), [(1, 200)]),
    ]
    simplices = [margin for count in COUNTS for margin in certificate(case, *simplex(case, count))]
    users = [margin for law in case.laws for margin in certificates(case, law)]
    worst = [enclosed(lambda m=margins: smallest(m)) for margins in (simplices, users)]
    order = [enclosed(escape(case, count), [(0, "0.5")], bits=64) for count in COUNTS[1:]]
    return all_hold(*grown, *worst, *order)


Modes = list[tuple[arb, arb]]


def simplex(case: Threshold, count: int) -> tuple[Modes, arb]:
    """All other modes at the distance 1, taken together, and the level of the threshold."""
    return [(ball(count - 1), ball(1))], case.level(ball(count - 1))


def certificates(case: Threshold, law: Law) -> list[arb]:
    """Both margins at every mode of a user's law, at its own threshold."""
    mixture = law.mixture()
    means = [[ball(c) for c in mean] for mean in mixture.means.tolist()]
    weights = [ball(weight) for weight in mixture.weights.tolist()]
    found: list[arb] = []
    for i, (own, weight) in enumerate(zip(means, weights, strict=True)):
        modes = [
            (w / weight, sum(((a - b) ** 2 for a, b in zip(mean, own, strict=True)), arb(0)))
            for k, (mean, w) in enumerate(zip(means, weights, strict=True))
            if k != i
        ]
        nearest = min((squared for _, squared in modes), key=float)
        found += certificate(
            case, [(w, squared / nearest) for w, squared in modes], case.level(1 / weight - 1)
        )
    return found


def certificate(case: Threshold, modes: Modes, a: arb) -> list[arb]:
    """1 - S/delta and 1 - eta at delta = share ell."""
    delta, shift, slope = ball(case.share), arb(0), arb(0)
    for weight, squared in modes:
        length = squared.sqrt()
        share = weight * (-(a / 2) * (squared - 2 * delta * length)).exp()
        shift += length * share
        slope += a * squared * share
    return [1 - shift / delta, 1 - slope]


def smallest(values: list[arb]) -> arb:
    """The smallest of several numbers, as a ball."""
    result = values[0]
    for value in values[1:]:
        result = result.min(value)
    return result


def escape(case: Threshold, count: int) -> Callable[[arb], arb]:
    r"""The velocity at the share t of the way to the mean of N-1 others, on a regular simplex.

    <y - mu_i, mu_k - mu_i> = t ell^2 N / (2 (N-1)), so their joint share is
    1 / (1 + exp(kappa' (1 - t N/(N-1))) / (N-1)), and dt/du is this minus t.
    """
    others = ball(count - 1)
    kappa = ball(case.needed) * others.log()

    def velocity(t: arb) -> arb:
        return 1 / (1 + (kappa * (1 - t * count / others)).exp() / others) - t

    return velocity
