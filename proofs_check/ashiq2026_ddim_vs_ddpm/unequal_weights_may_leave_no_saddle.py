"""Proposition B.1 (1) without a condition on the weights: a mixture that has no saddle."""

from dataclasses import dataclass, replace

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._folds import fold, isolate
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Counterexample:
    """Separation a, the ratio of the weights, the only equilibrium, the threshold, the least a."""

    a: str
    ratio: str
    only: str
    threshold: tuple[str, str]
    least: int = 4


@claim(
    source=read_at("Proposition B.1 (1) (existence)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Counterexample("4.1", "1.1", "0.7660", ("0.0052", "0.0053")),
        Counterexample("56", "1e10", "1.000", ("22.99", "23.00"), 56),
    ],
    must_fail={
        "equal weights": lambda case: replace(case, ratio="1.0000001"),
        "weights less unequal": lambda case: replace(
            case, ratio="1.005" if case.least == 4 else "9.5e9"
        ),
        "modes five per cent farther apart": lambda case: replace(
            case, a=str(1.05 * float(case.a))
        ),
        "modes too close for a saddle of equal weights": lambda case: replace(
            case, a=str(0.95 * float(case.a))
        ),
    },
    given=["ashiq2026_ddim_vs_ddpm/unequal_weights_leave_a_saddle_exactly_below_the_fold"],
)
def unequal_weights_may_leave_no_saddle(case: Counterexample) -> Finding:
    r"""It is not true that two unequal modes that are far enough apart for an unstable midpoint
    at equal weights ($a = \ell^2/s^2 > 4$) have an unstable equilibrium whatever the weights. At
    $a = 4.1$ and $\pi_i/\pi_j = 1.1$ there is only one equilibrium, $p = 0.7660$, and it is
    stable. Assumption 4.4 does not exclude it: at $a = 56$ ($\kappa = 7$, $d = 2$) the same
    happens for $\pi_i/\pi_j = 10^{10}$. (The reading tested has no condition on the weights; it
    is $|\Lambda| < \Lambda_c(a)$, with $0.0052 < \Lambda_c(4.1) < 0.0053$ and
    $22.99 < \Lambda_c(56) < 23$.)
    """
    a, imbalance = ball(case.a), ball(case.ratio).log()
    roots, isolated = isolate(a, imbalance)
    one = enclosed(lambda: ball("0.5") - abs(ball(len(roots) - 1)))
    far = enclosed(lambda: a - case.least + ball("1e-9"))
    p = roots[0].p
    stable = enclosed(lambda: 1 - a * p * (1 - p))
    located = enclosed(lambda: ball("0.0005") - abs(p - ball(case.only)))
    low, high = (ball(end) for end in case.threshold)
    bracket = enclosed(lambda: (fold(a) - low).min(high - fold(a)))
    beyond = enclosed(lambda: imbalance - fold(a))
    return all_hold(isolated, one, far, stable, located, bracket, beyond)
