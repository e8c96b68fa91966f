"""The radius condition of Proposition 4.7 (2), as reconstructed, against the radii in use."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import effective_deviation
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Condition:
    """theta <= factor lambda / M over a window; the radii of the experiments, and the table."""

    kappa: int = 7
    dimension: int = 2
    small: str = "0.15"
    large: str = "0.35"
    factor: str = "2"
    raw: int = 24
    deviation: str = "0.01"
    with_largest: str = "5.194e-4"
    with_smallest: str = "2.826e-6"
    ceiling: str = "0.0862"


@claim(
    source=read_at("Proposition 4.7 (2) (radius condition)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Condition()],
    must_fail={
        "curvature two per cent weaker": lambda case: replace(case, factor="2.04"),
        "curvature two per cent stronger": lambda case: replace(case, factor="1.96"),
        "modes less far apart, kappa = 3": lambda case: replace(case, kappa=3),
        "the dimension forgotten": lambda case: replace(case, dimension=1),
        "window from one raw step earlier in the run": lambda case: replace(case, raw=25),
        "modes two per cent wider": lambda case: replace(case, deviation="0.0102"),
        "a radius of 0.08": lambda case: replace(case, small="0.08"),
        "a radius of 0.32": lambda case: replace(case, large="0.32"),
    },
)
def taylor_radius_of_the_trap_excludes_the_radii_of_the_experiments(case: Condition) -> Finding:
    r"""The reconstructed condition on the radius of Proposition 4.7 (2) is
    $\theta \le 2\lambda/M$ in units of $\ell$, in its most generous form, with
    $M = a^2/(6\sqrt 3)$ the largest curvature of $g(p) = \mathrm{logistic}(a(p - 1/2)) - p$ and
    $a = \ell^2/s^2$ (attained at $|p - 1/2| = \ln(2+\sqrt 3)/a$, inside the radii for $a \ge 56$).
    The radii 0.15 and 0.35 of the experiments do not meet it:

    at one instant, $2\lambda/M = 12\sqrt 3\,(a/4-1)/a^2$ is below 0.35 for every $a > 0$, and
    below 0.0862 for every $a \ge 4\kappa d = 56$ (Assumption 4.4 with $\kappa = 7$, $d = 2$);
    hence also with $\lambda$ the largest and $M$ the largest over any window in it. On the window
    from raw step 24 to $s = \sigma = \ell/100$ it is $5.194\cdot 10^{-4}$ with the largest
    $\lambda$ and $2.826\cdot 10^{-6}$ with the smallest. (Whether the paper's formula has the
    factor 2 or 1 could not be read; a smaller one excludes more.)
    """
    least = 4 * case.kappa * case.dimension
    far = (0, Fraction(4, least))
    last = 1 / ball(case.deviation) ** 2
    first = 1 / effective_deviation(case.raw) ** 2
    return all_hold(
        enclosed(lambda: ball(first) - least),
        enclosed(lambda x: ball(case.large) - in_reciprocal(case, x), [(0, 1)]),
        enclosed(lambda x: ball(case.small) - in_reciprocal(case, x), [far]),
        enclosed(lambda x: ball(case.ceiling) - in_reciprocal(case, x), [far]),
        enclosed(lambda: ball(case.small) * least - (2 + ball(3).sqrt()).log()),
        about(radius(case, last, last), case.with_largest),
        about(radius(case, first, last), case.with_smallest),
    )


def radius(case: Condition, slope_at: arb, curvature_at: arb) -> arb:
    """The bound 2 lambda / M, with lambda at one separation a and M at another."""
    eigenvalue = slope_at / 4 - 1
    return ball(case.factor) * eigenvalue * 6 * ball(3).sqrt() / curvature_at**2


def in_reciprocal(case: Condition, x: arb) -> arb:
    """The bound at one instant as a function of x = 4/a (negative for x > 1, that is a < 4)."""
    return ball(case.factor) * (1 - x) * x * 6 * ball(3).sqrt() / 16


def about(value: arb, stated: str) -> Finding:
    """The value is the stated decimal to within 0.03 per cent."""
    return enclosed(lambda: ball("0.0003") * ball(stated) - abs(value - ball(stated)))
