r"""The second point of Theorem A.4 in the limit of vanishing noise: the value of the maximum."""

from dataclasses import dataclass, replace

from sympy import Expr, Integer, Rational, Symbol

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

X = Symbol("x", positive=True)
C = Symbol("c", positive=True)
R = Symbol("r", positive=True)
T = 1 / (1 + X)
"""Every t in (0, 1)."""


@dataclass(frozen=True)
class Bound:
    """The square of the claimed bound, and the second moment of T given v_i = -1 at most."""

    square: Expr = Rational(1, 2)
    variance: Expr = Integer(2)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Bound()],
    must_fail={
        "2 per cent less": lambda case: replace(case, square=Rational(49, 100)),
        "half the variance": lambda case: replace(case, variance=Integer(1)),
    },
)
def active_share_without_noise_is_at_most_the_norm_over_root_two_for_every_law(
    case: Bound,
) -> Finding:
    r"""At $\bar\alpha = 1$, for every law of Assumption 5.1 and $w_i > 0$, with $|(w, b)| = 1$:
    $w_i P(w \cdot v + b > 0) \le 1/\sqrt 2$, approached at $w = e_i/\sqrt 2$, $b \downarrow
    1/\sqrt 2$. So no direction has a limit of $K/\nu$ above that of the axis, $1/\sqrt 2$.

    Let $w_i = 1$, $h = |w_\perp| > 0$, $T = w_\perp \cdot v_\perp / h$, $c = 1 - b$. For
    $c \le 0$ the size is $1 + h^2 + b^2 > 2$ and $P \le 1$. For $c > 0$ the neuron is active given
    $v_i = -1$ only where $h T \ge c$; as $E[T | v_i] = 0$ and $E[T^2 | v_i = -1] \le 2$, Cantelli
    leaves a share $t = 1/(1 + r)$, $r = c^2/(2 h^2)$, so that $P \le (1 + t)/2$. At fixed $r$ the
    size $1 + h^2 + b^2 = 2 - 2c + c^2 (1 + 1/(2r))$ is at least $2/(2 - t)$, and
    $\tfrac12 \cdot \frac{2}{2 - t} - \frac{(1 + t)^2}{4} = \frac{(1 - t)^2 (2 + t)}{4 (2 - t)} >
    0$.
    """
    r_of_h = C**2 / (2 * X**2)  # X stands for h here
    cantelli = identity(case.variance / (case.variance + (C / X) ** 2), 1 / (1 + r_of_h))
    size = 1 + C**2 / (2 * R) + (1 - C) ** 2
    waste = (1 + 1 / (2 * R)) * (C - 2 * R / (1 + 2 * R)) ** 2
    least = identity(size - waste, (2 / (2 - 1 / (1 + R))))
    gap = case.square * 2 / (2 - T) - (1 + T) ** 2 / 4
    factored = identity(gap, (1 - T) ** 2 * (2 + T) / (4 * (2 - T)))
    return all_hold(cantelli, least, factored, positive(gap))
