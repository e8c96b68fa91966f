"""Proposition B.1 (1) with the condition under which its equilibrium exists."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._folds import Root, fold, isolate
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Weights:
    """Separation a = ell^2/s^2 > 4, and ln(pi_i/pi_j) as a share of the fold threshold."""

    a: str
    share: str
    threshold: str = "1"
    edge: str = "1"
    mirrored: bool = False


@claim(
    source=read_at("Proposition B.1 (1)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Weights("4.1", "0.98"),
        Weights("4.1", "1.02"),
        Weights("8", "-0.99"),
        Weights("8", "1.01"),
        Weights("56", "0.99"),
        Weights("56", "-1.01"),
        Weights("3333", "0.999"),
        Weights("3333", "1.001"),
        Weights("56", "0"),
    ],
    must_fail={
        "fold at three per cent less": lambda case: replace(case, threshold="0.97"),
        "fold at three per cent more": lambda case: replace(case, threshold="1.03"),
        "unstable from p (1-p) > 1/(2 a) on": lambda case: replace(case, edge="0.5"),
        "towards the heavier mode": lambda case: replace(case, mirrored=True),
    },
    given=["ashiq2026_ddim_vs_ddpm/fold_threshold_is_the_peak_of_the_log_odds_gap"],
)
def unequal_weights_leave_a_saddle_exactly_below_the_fold(case: Weights) -> Finding:
    r"""Two modes with weights $\pi_i, \pi_j$, $\Lambda = \ln(\pi_i/\pi_j)$ and
    $a = \ell^2/s^2 > 4$. The equilibria of the parallel drift solve
    $\ln\frac{p}{1-p} = \Lambda + a(p - \tfrac12)$, an equilibrium is unstable exactly if
    $p(1-p) > 1/a$, and there is an unstable one exactly if

    $$|\Lambda| < \Lambda_c(a) = \frac{a}{2}\,q - 2\,\mathrm{artanh}\,q, \qquad
      q = \sqrt{1 - 4/a}.$$

    Then there are three, the middle one is the only unstable one, and it lies on the side of the
    lighter mode ($p < 1/2$ for $\Lambda > 0$). Beyond the fold one stable equilibrium is left, on
    the side of the heavier mode. Each root is isolated by ball arithmetic, on both sides of the
    fold at $a = 4.1, 8, 56, 3333$.
    """
    a = ball(case.a)
    imbalance = ball(case.share) * fold(a)
    inside = abs(float(case.share)) < float(case.threshold)
    roots, isolated = isolate(a, imbalance)
    expected = [-1, 1, -1] if inside else [-1]
    counted = enclosed(lambda: ball("0.5") - abs(ball(len(roots) - len(expected))))
    signs = [] if len(roots) != len(expected) else [
        enclosed(lambda root=root, sign=sign: sign * (a * root.p * (1 - root.p) - ball(case.edge)))
        for root, sign in zip(roots, expected, strict=True)
    ]  # fmt: skip
    return all_hold(counted, isolated, *signs, *sides(case, roots))


def sides(case: Weights, roots: list[Root]) -> list[Finding]:
    """On which side of 1/2 the saddle (of three roots) or the only root lies."""
    share = float(case.share)
    if share == 0:
        return []
    heavier = 1 if share > 0 else -1
    side = -heavier if len(roots) == 3 else heavier
    side = -side if case.mirrored else side
    decisive: arb = roots[len(roots) // 2].p
    return [enclosed(lambda: side * (decisive - ball("0.5")))]
