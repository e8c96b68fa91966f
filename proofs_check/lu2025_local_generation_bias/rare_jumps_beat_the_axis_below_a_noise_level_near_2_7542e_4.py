r"""The second point of Theorem A.4 for many bits: rare jumps pay up to a noise level."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import (
    activation,
    ascent,
    below,
    density,
)
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
)

HALVINGS = 200


@dataclass(frozen=True)
class Root:
    """Values of 1 - abar where Gamma is positive and negative, and -Y, where the far jumps begin.

    `moment` is the second moment of the jump given v_1 = -1, at most 2; `length` weighs what the
    longer vector costs.
    """

    positive: str = "0.00027542189101"
    negative: str = "0.00027542189102"
    far: int = -30
    moment: Fraction = Fraction(2)
    length: Fraction = Fraction(1)

    def gamma(self, one_minus: arb, best_gain: arb, up: arb, down: arb, D: arb) -> arb:
        """Gamma with the gain of a jump per second moment."""
        bend = (density(up) * up + density(down) * down) / 4
        cost = ball(self.length) * activation(D, one_minus) / (2 * (1 + D**2))
        return ball(self.moment) / 2 * (1 - one_minus) / one_minus * best_gain - bend - cost


@claim(
    source=PAPER.at("Theorem A.4, second point, infinitely many bits"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[Root(), Root("0.0001", "0.0003"), Root("0.000275123", "0.01", far=-8)],
    must_fail={
        "the root lies higher": lambda case: replace(case, positive="0.01"),
        "the root lies lower": lambda case: replace(case, negative="0.0001"),
        "a tenth less jump": lambda case: replace(case, moment=Fraction(9, 5)),
        "the length is free": lambda case: replace(case, length=Fraction(0)),
        "jumps beyond 130 deviations only": lambda case: replace(case, far=-130),
    },
    given=["lu2025_local_generation_bias/axis_growth_has_one_global_maximiser"],
)
def rare_jumps_beat_the_axis_below_a_noise_level_near_2_7542e_4(case: Root) -> Finding:
    r"""The coefficient by which a bounded rare jump changes the best growth rate is positive at
    $1-\bar\alpha = 2.7542189101 \cdot 10^{-4}$ and negative at $2.7542189102 \cdot 10^{-4}$.

    Let $w = (1, h, \dots)$ add $h J$ to $v_1$, where $E[J | v_1] = 0$ and
    $E[J^2 | v_1 = 1] + E[J^2 | v_1 = -1] = 2$, all that Assumption 5.1 asks of the sum of many
    other bits. With the axis' best $D^*$, $z_\pm = (D^* \pm s)/\nu$ and $G(D) = (\Phi(z_+) +
    \Phi(z_-))/2$, the largest rate at the bias $D^*$ is $(G(D^*) + \Gamma h^2)/\sqrt{1 + D^{*2}}$
    up to higher orders of $h$, where

    $$\Gamma = \max_\pm \sup_y \frac{s^2}{\nu^2} \frac{\Phi(y) - \Phi(z_\pm) - \phi(z_\pm)(y -
    z_\pm)}{(y - z_\pm)^2} - \frac{\phi(z_+) z_+ + \phi(z_-) z_-}{4} - \frac{G(D^*)}{2(1 +
    D^{*2})} .$$

    The supremum is over jumps to $y$. On $y \ge 0$ the fraction is at most 0, for $\Phi$ is
    concave there; on $[-Y, 0]$ its numerator is enclosed below 0; and for $y \le -Y$ it is at most
    $\phi(z)^2 / (4 (\Phi(z) - \Phi(-Y)))$, which a jump of $2\Phi(z)/\phi(z)$, some 120 deviations
    or $|J h| = 2$, attains up to $\Phi(-Y) \approx 10^{-197}$. For $z_+$ it is at most
    $\phi(z_+)/z_+$. So $\Gamma$ has a root between the two levels. What is checked are its signs
    there; that no law of many bits does better than the limit is not.
    """
    parts = [_positive(case), *_negative(case)]
    return all_hold(*parts)


def _positive(case: Root) -> Finding:
    """Gamma is at least what one jump gives, of twice Phi / phi below z_-."""

    def value() -> arb:
        one_minus, D, up, down = _places(case.positive)
        y = (down - 2 * below(down) / density(down)).mid()
        gain = (below(y) - below(down) - density(down) * (y - down)) / (y - down) ** 2
        return case.gamma(one_minus, gain, up, down, D)

    return enclosed(value, bits=256)


def _negative(case: Root) -> list[Finding]:
    """Gamma is at most what the bound for far jumps gives, and near ones lose."""

    def far() -> arb:
        one_minus, D, up, down = _places(case.negative)
        gain = density(down) ** 2 / (4 * (below(down) - below(ball(case.far))))
        return -case.gamma(one_minus, gain, up, down, D)

    def near(y: arb) -> arb:
        _, _, _, down = _places(case.negative)
        return below(down) - below(y) + density(down) * (y - down)

    def other_side() -> arb:
        _, _, up, down = _places(case.negative)
        return density(down) ** 2 / (4 * below(down)) - density(up) / up

    return [
        enclosed(far, bits=256),
        enclosed(near, [(case.far, 0)], bits=256),
        enclosed(other_side, bits=256),
    ]


def _places(level: str) -> tuple[arb, arb, arb, arb]:
    """1 - abar, D*, z_+ and z_-; D* in [1, 2] by bisection on the certified sign of the slope."""
    one_minus = ball(level)
    low, high = Fraction(1), Fraction(2)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        value = ascent(ball(middle), one_minus)
        if value > 0:
            low = middle
        elif value < 0:
            high = middle
        else:
            break
    D = ball(low).union(ball(high))
    s, nu = (1 - one_minus).sqrt(), one_minus.sqrt()
    return one_minus, D, (D + s) / nu, (D - s) / nu
