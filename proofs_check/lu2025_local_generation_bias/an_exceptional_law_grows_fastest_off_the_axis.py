r"""Second point of Theorem A.4: a law of 4001 bits whose best direction is not on the axis."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from math import comb

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import (
    activation,
    below,
    share,
    slope_of_activation,
)
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
    for_all_equal,
)
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Exceptional:
    """The law P_n, a noise level and a neuron w = (1, h/sqrt n, ..., h/sqrt n), bias b."""

    n: int = 4000
    one_minus: str = "0.000063"
    h: Fraction = Fraction(3947, 125000)
    b: Fraction = Fraction(1021201, 1000000)
    excess: str = "2.4343e-8"
    jump: Fraction = field(default=Fraction(1), repr=False)

    def sums(self, first: int) -> dict[int, Fraction]:
        """The law of the sum T of the other bits given the first."""
        if first > 0:
            return {0: Fraction(1)}
        rare = self.jump * Fraction(2, self.n + 2)
        return {-self.n: rare, 2: 1 - rare}

    def rate(self) -> arb:
        """K/nu on the unit sphere."""
        one_minus = ball(self.one_minus)
        s, nu, h, b = (1 - one_minus).sqrt(), one_minus.sqrt(), ball(self.h), ball(self.b)
        total = ball(0)
        for first in (1, -1):
            for T, p in self.sums(first).items():
                level = s * (first + h * T / arb(self.n).sqrt()) + b
                total += ball(p) / 2 * below(level / (nu * (1 + h**2).sqrt()))
        return total / (1 + h**2 + b**2).sqrt()


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Exceptional()],
    must_fail={
        "400 bits": lambda case: replace(case, n=400),
        "a tenth less signal": lambda case: replace(case, one_minus="0.1"),
        "twice the noise": lambda case: replace(case, one_minus="0.000126"),
        "the jump 2 per cent likelier": lambda case: replace(case, jump=Fraction(51, 50)),
        "an excess 1e-11 larger": lambda case: replace(case, excess="2.4353e-8"),
    },
)
def an_exceptional_law_grows_fastest_off_the_axis(case: Exceptional) -> Finding:
    r"""Under Assumption 5.1 the largest growth rate need not be attained on the axis.

    Let $v_1$ be fair and $n$ even. Given $v_1 = 1$ the other $n$ bits are uniform among those with
    sum 0; given $v_1 = -1$ they are all $-1$ with probability $2/(n+2)$, else uniform among those
    with sum 2. The sum has mean 0 given $v_1$ and second moment 0 and $2n$, so by exchange of the
    bits $E v_k = E v_k v_l = 0$ for all $k \ne l$. With $n = 4000$, $1 - \bar\alpha = 63 \cdot
    10^{-6}$, $w \propto (1, h/\sqrt n, \dots, h/\sqrt n)$, $h = 3947/125000$ and
    $b = 1021201/1000000$, $K/\nu$ on the unit sphere exceeds $\sup_D f(D)/2$, all that the axis
    has to offer, by more than $2.4343 \cdot 10^{-8}$. The law meets Assumption 5.1 in exact
    arithmetic; at $n = 4$ and $6$ all pairs are also enumerated.
    """
    moments = [
        (lambda first=first: mean(case.sums(first), 1), Fraction(0)) for first in (1, -1)
    ] + [(lambda: mean(case.sums(1), 2) + mean(case.sums(-1), 2), Fraction(2 * case.n))]
    pairs = for_all_equal(moments, lambda item: (item[0](), item[1]))
    small = for_all_equal([4, 6], lambda n: (largest_pair_moment(enumerated(n)), 0))
    rest = ball(case.one_minus)
    with_excess = case.rate() - ball(case.excess)
    lies_above = enclosed(lambda D: with_excess - top_of_share(D, rest), [(0, 2)], bits=113)
    return all_hold(pairs, small, lies_above)


def mean(law: dict[int, Fraction], power: int) -> Fraction:
    """E T^power."""
    return sum((p * T**power for T, p in law.items()), Fraction(0))


def top_of_share(D: arb, one_minus: arb) -> arb:
    """A ball whose upper end is above g on the ball D, by the value at its middle and g'.

    On D >= 2, and on D <= 0, g <= 1/2.
    """
    middle = D.mid()
    secant = 1 + D**2
    slope = slope_of_activation(D, one_minus) / secant.sqrt()
    slope -= D * activation(D, one_minus) / (secant * secant.sqrt())
    return share(middle, one_minus) + slope * (D - middle)


def enumerated(n: int) -> HypercubeLaw:
    """The law, atom by atom."""
    atoms: dict[tuple[int, ...], Fraction] = {}
    for first in (1, -1):
        for T, p in Exceptional(n).sums(first).items():
            ups = (n + T) // 2
            for chosen in combinations(range(n), ups):
                vertex = tuple(1 if k in chosen else -1 for k in range(n))
                atoms[(first, *vertex)] = p / 2 / comb(n, ups)
    return HypercubeLaw.from_support(list(atoms), list(atoms.values()))


def largest_pair_moment(law: HypercubeLaw) -> Fraction:
    """The largest |E v_k| or |E v_k v_l|."""
    d = law.dimension
    subsets = [c for size in (1, 2) for c in combinations(range(d), size)]
    return max(abs(law.moment(c)) for c in subsets)
