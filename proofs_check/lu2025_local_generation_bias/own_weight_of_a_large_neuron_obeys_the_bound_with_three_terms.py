r"""A step of the proof of Lemma A.7, repaired: the size of a_j w_j^(i) of a large neuron."""

from dataclasses import dataclass, replace

from sympy import Expr, Integer, Rational, Symbol, sqrt

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

W, K1, K4 = (Symbol(name, positive=True) for name in ("w", "k_1", "k_4"))
SLACK_1, SLACK_4 = (Symbol(name, nonnegative=True) for name in ("e_1", "e_4"))


@dataclass(frozen=True)
class Bound:
    """The squares under the root of S."""

    across: Expr = Integer(1)
    bias: Expr = Integer(1)


@claim(
    source=PAPER.at("Proof of Lemma A.7"),
    relation=Relation.REPAIRS,
    evidence=Evidence.SYMBOLIC,
    cases=[Bound()],
    must_fail={
        "as printed": lambda case: replace(case, across=Integer(0)),
        "2 per cent less": lambda case: replace(case, bias=Rational(49, 50)),
    },
)
def own_weight_of_a_large_neuron_obeys_the_bound_with_three_terms(case: Bound) -> Finding:
    r"""$a\, w_i \ge k_2^2/S$ with $S = \sqrt{1 + k_1^2 + k_4^2}$, attained.

    For a balanced neuron, $a^2 = |w|^2 + b^2$, with $a \ge k_2$, $|w_\perp| \le k_1 w_i$ and
    $|b| \le k_4 w_i$, as then $a^2 \le S^2 w_i^2$. The paper has $\sqrt{1 + k_4^2}$ for $S$, which
    fails at $k_1 = 1$, $k_4 = 1/2$, $w = (1, 1)$, $b = 1/2$, $a = 3/2 = k_2$: $a w_i = 3/2$ is
    less than $k_2^2/\sqrt{5/4} > 2$.
    """
    S = sqrt(1 + case.across * K1**2 + case.bias * K4**2)
    across, bias = W * K1 / (1 + SLACK_1), W * K4 / (1 + SLACK_4)
    size = W**2 + across**2 + bias**2
    attained = identity((S * W) ** 2, size.subs({SLACK_1: 0, SLACK_4: 0}))
    room = (S * W) ** 2 - size
    expected = (W * K1) ** 2 * (1 - 1 / (1 + SLACK_1) ** 2)
    expected += (W * K4) ** 2 * (1 - 1 / (1 + SLACK_4) ** 2)
    exact = identity(room, expected)
    printed = positive(Rational(3, 2) ** 4 / (1 + Rational(1, 4)) - Rational(3, 2) ** 2)
    return all_hold(attained, exact, printed)
