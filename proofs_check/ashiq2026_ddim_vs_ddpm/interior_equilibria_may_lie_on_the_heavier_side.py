"""The direction of the shift in Proposition B.1 (1) is not that of every interior equilibrium."""

from dataclasses import dataclass, replace
from itertools import pairwise

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._folds import isolate
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Witness:
    """Separation a and Lambda > 0, the equilibria, and which of them lies above 1/2."""

    a: str = "8"
    imbalance: str = "0.5"
    roots: tuple[str, ...] = ("0.0399", "0.3721", "0.9879")
    heavier: int = 2


@claim(
    source=read_at("Proposition B.1 (1), proof (any interior equilibrium)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Witness(), Witness("56", "5", ("1.026e-10", "0.4038", "1.000"))],
    must_fail={
        "the unstable one": lambda case: replace(case, heavier=1),
        "modes two per cent farther apart": lambda case: replace(
            case, a=str(1.02 * float(case.a))
        ),
        "weights five per cent less unequal": lambda case: replace(
            case, imbalance=str(0.95 * float(case.imbalance))
        ),
        "Lambda of the other sign": lambda case: replace(case, imbalance="-" + case.imbalance),
    },
    given=["ashiq2026_ddim_vs_ddpm/unequal_weights_leave_a_saddle_exactly_below_the_fold"],
)
def interior_equilibria_may_lie_on_the_heavier_side(case: Witness) -> Finding:
    r"""It is not true that every interior equilibrium $p^* \in (0, 1)$ of
    $\ln\frac{p}{1-p} = \Lambda + a(p - \tfrac12)$ has $p^* < 1/2$ when $\Lambda > 0$: the two
    stable ones near the modes solve the same equation. At $a = 8$, $\Lambda = 0.5$ they are
    $0.0399$, $0.3721$ (the saddle, on the lighter side) and $0.9879$; at $a = 56$ ($\kappa = 7$,
    $d = 2$), $\Lambda = 5$ they are $1.026\cdot 10^{-10}$, $0.4038$ and one above $0.9995$.
    (This tests the reading in which the statement is about any interior equilibrium, as its proof
    begins; about the unstable one it is true.)
    """
    a, imbalance = ball(case.a), ball(case.imbalance)
    roots, isolated = isolate(a, imbalance)
    counted = enclosed(lambda: ball("0.5") - abs(ball(len(roots) - len(case.roots))))
    if len(roots) != len(case.roots):
        return all_hold(counted, isolated)
    located = [near(root.p, stated) for root, stated in zip(roots, case.roots, strict=True)]
    ordered = [enclosed(lambda p=p, q=q: q.p - p.p) for p, q in pairwise(roots)]
    above = enclosed(lambda: roots[case.heavier].p - ball("0.5"))
    positive_gap = enclosed(lambda: imbalance)
    return all_hold(isolated, counted, *located, *ordered, above, positive_gap)


def near(value: arb, stated: str) -> Finding:
    """The value is the stated decimal to within 0.05 per cent."""
    return enclosed(lambda: ball("0.0005") * ball(stated) - abs(value - ball(stated)))
