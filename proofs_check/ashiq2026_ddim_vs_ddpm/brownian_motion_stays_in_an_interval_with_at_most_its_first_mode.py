"""Lemma G.6: Brownian confinement in an interval, from above and from below."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._confinement import modes, reflection
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

POINTS = (("0.05", "0.99998451"), ("0.2", "0.94930536"), ("1", "0.37077743"), ("10", "5.5849e-6"))
BITS = 200


@dataclass(frozen=True)
class Lemma:
    """The constants of the bound, of the two-term lower bound, and the threshold."""

    factor: str = "4"
    exponent: str = "8"
    second: str = "3"
    threshold: str = "0.19580"
    values: tuple[tuple[str, str], ...] = POINTS


@claim(
    source=read_at("Lemma G.6"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[Lemma()],
    must_fail={
        "two per cent smaller factor": lambda case: replace(case, factor="3.92"),
        "exponent two per cent larger": lambda case: replace(case, exponent="7.84"),
        "second mode two per cent smaller": lambda case: replace(case, second="3.06"),
        "threshold two per cent larger": lambda case: replace(case, threshold="0.1997"),
        "a probability two per cent larger": lambda case: replace(
            case, values=(("1", "0.3782"), *POINTS[1:])
        ),
    },
)
def brownian_motion_stays_in_an_interval_with_at_most_its_first_mode(case: Lemma) -> Finding:
    r"""For a Brownian motion from 0, $T > 0$, $R > 0$ and $x = \pi^2 T/(8R^2)$ let
    $p = P(\sup_{s \le T} |B_s| \le R)$. Then

    $$\frac4\pi\Big(e^{-x} - \tfrac13 e^{-9x}\Big) \le p \le \frac4\pi e^{-x} .$$

    Two routes: the eigenfunctions give
    $p = \frac4\pi\sum_{k\ge0}\frac{(-1)^k}{2k+1}e^{-(2k+1)^2x}$, whose terms alternate and fall,
    and the reflection principle $p = 1 - 2\sum_{k\ge0}(-1)^k\,
    \mathrm{erfc}\frac{2k+1}{\sqrt{2T/R^2}}$. The two agree to $10^{-30}$ at 33 values of $T/R^2$
    from 0.02 to 10; the reflection series alone obeys the upper bound for
    $0.02 \le T/R^2 \le 0.5$ and the lower one for $0.02 \le T/R^2 \le 0.2$, where they are closest
    to being false. The upper bound exceeds 1, and so says nothing, exactly for
    $T/R^2 < \frac{8}{\pi^2}\ln\frac4\pi = 0.19580\ldots$ At $T/R^2 = 0.05, 0.2, 1, 10$ the
    probability is $0.99998451$, $0.94930536$, $0.37077743$, $5.5849\cdot10^{-6}$.
    """
    first = ball(case.factor) / arb.pi()
    rate = arb.pi() ** 2 / ball(case.exponent)

    def upper(ratio: arb) -> arb:
        return first * (-rate * ratio).exp()

    def lower(ratio: arb) -> arb:
        return first * ((-rate * ratio).exp() - (-9 * rate * ratio).exp() / ball(case.second))

    routes = [
        enclosed(lambda r=r: ball("1e-30") - abs(reflection(ball(r)) - modes(ball(r))), bits=BITS)
        for r in (Fraction(1024 + 499 * k**2, 51200) for k in range(33))
    ]
    values = [
        enclosed(lambda r=r, told=told: rounding(told) - abs(modes(ball(r)) - ball(told)))
        for r, told in case.values
    ]
    return all_hold(
        enclosed(lambda r: upper(r) - reflection(r), [("0.02", "0.5")], bits=64),
        enclosed(lambda r: reflection(r) - lower(r), [("0.02", "0.2")], bits=64),
        enclosed(lambda: ball("1e-5") - abs((first.log() / rate) - ball(case.threshold))),
        enclosed(lambda r: upper(r) - 1, [(0, "0.1957")]),
        *falling(),
        *routes,
        *values,
    )


def rounding(told: str) -> arb:
    """A little more than half a unit of the last decimal."""
    return ball("6e-11") if told.endswith("e-6") else ball("6e-9")


def falling() -> list[Finding]:
    """The terms fall: a later one is at most (2k+1)/(2k+3) of the one before, for every x >= 0."""
    return [
        enclosed(lambda y, k=k: 1 - ball(2 * k + 1) / (2 * k + 3) * y ** (8 * (k + 1)), [(0, 1)])
        for k in range(4)
    ]
