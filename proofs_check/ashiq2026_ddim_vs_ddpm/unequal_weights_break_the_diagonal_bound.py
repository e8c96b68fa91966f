"""Proposition D.1 without the hypothesis of equal weights: a counterexample."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Cell:
    """A unit square of modes, the weights of its corners, a point, and s."""

    weights: tuple[str, ...] = ("0.001", "0.001", "0.001", "0.997")
    point: tuple[str, str] = ("0.25", "0.25")
    s: str = "0.27"
    kappa: str = "3.429"
    share: str = "0.4734"


CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


@claim(
    source=read_at("Proposition D.1 (weights)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Cell()],
    must_fail={
        "equal weights": lambda case: replace(case, weights=("0.25",) * 4),
        "the heavy mode is the nearer one": lambda case: replace(case, weights=case.weights[::-1]),
        "half as unequal": lambda case: replace(
            case, weights=("0.0333", "0.0333", "0.0333", "0.9001")
        ),
        "s five per cent smaller": lambda case: replace(case, s="0.2565"),
    },
)
def unequal_weights_break_the_diagonal_bound(case: Cell) -> Finding:
    r"""The bound $\min(w_i, w_j) \le e^{-2\kappa}$ of a dominating diagonal pair needs equal
    weights. On the unit square with the weight 0.997 at $(1, 1)$ and 0.001 at the other corners,
    at $y = (1/4, 1/4)$ and $s = 0.27$, the diagonal $(0,0), (1,1)$ dominates with
    $\kappa = 3.429$, but both of its responsibilities are at least 0.473 and
    $e^{-2\kappa} < 0.0011$.
    (The reading tested is the proposition without a hypothesis on the weights.)
    """
    w = responsibilities(case)
    squared = distances(case)
    nearer = [squared[k] - squared[0] for k in (1, 2)]
    margins = [gap / (2 * ball(case.s) ** 2) for gap in nearer]
    kappa, share = ball(case.kappa), ball(case.share)
    smaller = [enclosed(lambda k=k: w[k] - share + ball("0.0002")) for k in (0, 3)]
    return all_hold(
        enclosed(lambda: squared[3] - squared[0]),
        *(enclosed(lambda m=m: m - kappa) for m in margins),
        *smaller,
        enclosed(lambda: ball("0.0002") - abs(w[0].min(w[3]) - share)),
        enclosed(lambda: w[0].min(w[3]) - 400 * (-2 * margins[0]).exp()),
        enclosed(lambda: ball("0.0011") - (-2 * margins[0]).exp()),
    )


def distances(case: Cell) -> list[arb]:
    """The squared distances of the point to the corners."""
    x, y = (ball(c) for c in case.point)
    return [(x - i) ** 2 + (y - j) ** 2 for i, j in CORNERS]


def responsibilities(case: Cell) -> list[arb]:
    """The responsibilities of the corners."""
    scale = 2 * ball(case.s) ** 2
    terms = [
        ball(weight) * (-d / scale).exp()
        for weight, d in zip(case.weights, distances(case), strict=True)
    ]
    return [term / sum(terms, ball(0)) for term in terms]
