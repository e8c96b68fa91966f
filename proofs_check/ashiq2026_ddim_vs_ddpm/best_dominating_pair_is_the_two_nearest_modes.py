"""Assumption 4.1 in its pair form and as a gap between sorted distances."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, for_all, grid


@dataclass(frozen=True)
class Orders:
    """All orders, ties included, of the squared distances to `modes` modes."""

    modes: int
    reference: Callable[..., int] = min
    rank: int = 2


def two_nearest_are_best(case: Orders, squares: Sequence[int]) -> bool:
    """No pair has a wider margin than the two nearest, whose margin is D_(3) - D_(1)."""
    ranked = sorted(squares)
    order = sorted(range(len(squares)), key=lambda k: (squares[k], k))
    for pair in itertools.combinations(range(len(squares)), 2):
        inside = [squares[k] for k in pair]
        outside = [squares[k] for k in range(len(squares)) if k not in pair]
        if min(outside) > ranked[case.rank] or case.reference(inside) < ranked[0]:
            return False
        if set(pair) == set(order[:2]):
            attained = min(outside) - case.reference(inside) == ranked[case.rank] - ranked[0]
            if not attained:
                return False
    return True


@claim(
    source=read_at("Assumption 4.1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.EXHAUSTIVE,
    cases=grid(Orders, modes=[3, 4, 5]),
    must_fail={
        "the gap to the second nearest": lambda case: replace(case, rank=1),
        "measured from the farther of the pair": lambda case: replace(case, reference=max),
        "measured from the mean of the pair": lambda case: replace(
            case, reference=lambda two: Fraction(sum(two), 2)
        ),
    },
)
def best_dominating_pair_is_the_two_nearest_modes(case: Orders) -> Finding:
    r"""For every point and $N \ge 3$ modes with squared distances $D_k$, sorted
    $D_{(1)} \le D_{(2)} \le \dots$,

    $$\max_{i\ne j}\Big(\min_{k\ne i,j} D_k - \min(D_i, D_j)\Big) = D_{(3)} - D_{(1)},$$

    attained by the two nearest modes. So some pair dominates with margin $\kappa$ exactly where
    $D_{(3)} - D_{(1)} \ge 2 s_t^2\kappa$; both sides scale by $\bar\alpha_t$ when $x$ is put
    for $y$. Checked for all orders of up to 5 distances, ties included, through
    $\min_{k\ne i,j} D_k \le D_{(3)}$ and $\min(D_i, D_j) \ge D_{(1)}$ for every pair, which
    depend on the order only.
    """
    every = itertools.product(range(case.modes), repeat=case.modes)
    return for_all(every, lambda squares: two_nearest_are_best(case, squares))
