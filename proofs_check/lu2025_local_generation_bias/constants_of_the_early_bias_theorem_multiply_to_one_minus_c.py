r"""The last display of the proof of Theorem 5.3: from the constants to 1 - c."""

from dataclasses import dataclass, replace

from sympy import Expr, Integer, Rational, Symbol

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

X = Symbol("x", positive=True)
K2 = Symbol("k_2", positive=True)
C = 1 / (1 + X)
"""Every c in (0, 1)."""


@dataclass(frozen=True)
class Constants:
    """The numbers of the display."""

    loss: Expr = Rational(1, 16)
    gain: Expr = Rational(3, 16)
    share: Expr = Rational(1, 2)
    inner: Expr = Rational(1, 4)


@claim(
    source=PAPER.at("Proof of Theorem 5.3, last display"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Constants()],
    must_fail={
        "a loss of c/15": lambda case: replace(case, loss=Rational(1, 15)),
        "a gain of c/5": lambda case: replace(case, gain=Rational(1, 5)),
        "a share of 1 - c": lambda case: replace(case, share=Integer(1)),
        "c/3 within the square": lambda case: replace(case, inner=Rational(1, 3)),
    },
)
def constants_of_the_early_bias_theorem_multiply_to_one_minus_c(case: Constants) -> Finding:
    r"""For $0 < c < 1$, $(1 - \frac c2) \Big(\frac{1 - c/16 - c^2/64}{1 + 3c/16 + c^2/64}\Big)^2 >
    (1 - \frac c2)(1 - \frac c4)^2 > 1 - c$, by

    $$\big(1 - \tfrac c{16} - \tfrac{c^2}{64}\big) - \big(1 - \tfrac c4\big)\big(1 + \tfrac{3c}{16}
      + \tfrac{c^2}{64}\big) = \tfrac{c^2 (c + 4)}{256}, \qquad
      \big(1 - \tfrac c2\big)\big(1 - \tfrac c4\big)^2 - (1 - c) = \tfrac{c^2 (10 - c)}{32} .$$

    The fraction is that of Lemma A.7 with $k_1 = c/8$ and $m k_0^2 S = k_2^2 (4c +
    c^2)/64$.
    """
    top = 1 - case.loss * C - C**2 / 64
    bottom = 1 + case.gain * C + C**2 / 64
    inner = 1 - case.inner * C
    first = identity(top - inner * bottom, C**2 * (C + 4) / 256)
    product = (1 - case.share * C) * inner**2
    second = identity(product - (1 - C), C**2 * (10 - C) / 32)
    noise = K2**2 * (4 * C + C**2) / 64
    lemma = identity((K2**2 - noise) / (K2**2 * (1 + C / 8) + noise), top / bottom)
    signs = positive(C**2 * (C + 4) / 256), positive(C**2 * (10 - C) / 32)
    return all_hold(first, second, lemma, *signs)
