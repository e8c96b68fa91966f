"""Where the first stair of appendix A.7 leads: to one coordinate's target, or to a line."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._pair_of_neurons import pair
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
)

DIGITS = Fraction(1, 10**9)

P11, P12, P21, P22 = (Fraction(k, 10**4) for k in (27507, -21992, -8616, -6269))
"""The inverse of the Jacobian of (growth_slope, loss_slope) at the root, to four digits."""


@dataclass(frozen=True)
class Threshold:
    """The centre of the box in which the root is claimed, and its half-width."""

    alpha_bar: Fraction
    bias: Fraction
    width: Fraction = DIGITS

    def findings(self) -> list[Finding]:
        """Miranda's conditions on the four sides of the box."""
        low, high = self.alpha_bar - self.width, self.alpha_bar + self.width
        left, right = self.bias - self.width, self.bias + self.width
        return [
            enclosed(lambda d: mixed(ball(high), d)[0], [(left, right)]),
            enclosed(lambda d: -mixed(ball(low), d)[0], [(left, right)]),
            enclosed(lambda a: mixed(a, ball(right))[1], [(low, high)]),
            enclosed(lambda a: -mixed(a, ball(left))[1], [(low, high)]),
        ]


@dataclass(frozen=True)
class Drift:
    """A noise level, an interval that holds D*, and the direction of the drift claimed."""

    alpha_bar: Fraction
    between: tuple[Fraction, Fraction]
    inward: int

    def findings(self) -> list[Finding]:
        """D* lies in the interval, and dL/dD has the sign claimed on all of it."""
        a, (low, high) = ball(self.alpha_bar), self.between
        return [
            enclosed(lambda: growth_slope(a, ball(low))),
            enclosed(lambda: -growth_slope(a, ball(high))),
            enclosed(lambda d: self.inward * loss_slope(a, d), [(low, high)]),
        ]


def growth_slope(alpha_bar: arb, bias: arb) -> arb:
    """The sign of d/dD of G / sqrt(1 + D^2): G' (1 + D^2) - D G."""
    see = pair(alpha_bar, bias)
    return see.g_slope * (1 + bias**2) - bias * see.g


def loss_slope(alpha_bar: arb, bias: arb) -> arb:
    """The sign of dL/dD: Q' G - 2 Q G'."""
    see = pair(alpha_bar, bias)
    return see.q_slope * see.g - 2 * see.q * see.g_slope


def mixed(alpha_bar: arb, bias: arb) -> tuple[arb, arb]:
    """Two combinations of both slopes whose gradients are nearly (1, 0) and (0, 1) at the root."""
    f, g = growth_slope(alpha_bar, bias), loss_slope(alpha_bar, bias)
    return ball(P11) * f + ball(P12) * g, ball(P21) * f + ball(P22) * g


def decimal(text: str) -> Fraction:
    """The decimal that is written."""
    return Fraction(text)


@claim(
    source=PAPER.at("Appendix A.7, first and second stage"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[
        Threshold(decimal("0.5206945596"), decimal("0.6481381640")),
        Drift(decimal("0.3"), (decimal("0.6239"), decimal("0.6240")), inward=1),
        Drift(decimal("0.5"), (decimal("0.6428"), decimal("0.6429")), inward=1),
        Drift(decimal("0.55"), (decimal("0.6580"), decimal("0.6581")), inward=-1),
        Drift(decimal("0.8"), (decimal("1.0713"), decimal("1.0714")), inward=-1),
    ],
    must_fail={
        "a threshold one millionth higher": lambda case: (
            replace(case, alpha_bar=case.alpha_bar + Fraction(1, 10**6))
            if isinstance(case, Threshold)
            else case
        ),
        "a bias two per cent larger": lambda case: (
            replace(
                case,
                between=(case.between[0] * Fraction(51, 50), case.between[1] * Fraction(51, 50)),
            )
            if isinstance(case, Drift)
            else case
        ),
        "the other direction": lambda case: (
            replace(case, inward=-case.inward) if isinstance(case, Drift) else case
        ),
    },
)
def best_pair_of_neurons_turns_outward_at_noise_level_0_5207(
    case: Threshold | Drift,
) -> Finding:
    r"""Let $L(D) = 1 - (2 \nu G(D))^2 / E h_D^2$ be the loss of the best multiple of
    $h_D(x) = \mathrm{relu}(x_i + D) - \mathrm{relu}(-x_i + D)$, $G(D) = P(x_i < D)$, and $D^*$ the
    bias that grows fastest, where $G(D)/\sqrt{1 + D^2}$ is stationary. The equations
    $(G/\sqrt{1 + D^2})' = 0$, $L'(D) = 0$ have a common root with
    $|\bar\alpha - 0.5206945596| < 10^{-9}$ and $|D - 0.6481381640| < 10^{-9}$.

    Below it the pair drifts inward, $L'(D^*) > 0$, checked at $\bar\alpha = 0.3$ and $0.5$; above
    it outward, $L'(D^*) < 0$, towards the best linear function, checked at $0.55$ and $0.8$.
    """
    return all_hold(*case.findings())
