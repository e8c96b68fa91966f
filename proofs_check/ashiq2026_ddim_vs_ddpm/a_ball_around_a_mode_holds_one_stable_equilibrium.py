"""Proposition 4.5 in the full space with explicit radii: the mode ball certificate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._balls import END, SIDE
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import RANDOM, RESTATED, WIDE, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

Modes = Sequence[tuple[arb, arb]]
"""For every other mode: its weight over the weight of the mode, and its squared distance."""


@dataclass(frozen=True)
class Certificate:
    """Around one mode: it holds at `radius` for all levels a from `level` on, up to `end`.

    Levels are a = ell^2/s^2 and radii shares of ell, ell the distance of the nearest mode;
    `beyond` is a radius at which the certificate does not hold at the first level any more,
    `none_at` a level at which it holds with no radius up to ell/2.
    """

    law: Law | None
    mode: tuple[int, ...]
    radius: str
    level: str = "56"
    end: str | None = None
    beyond: str | None = None
    none_at: str | None = None
    spread: str = "1"


def others(case: Certificate) -> Modes:
    """The other modes in units of the nearest distance: exact on the grid, else as given."""
    if case.law is None:
        squares = [(j - case.mode[0]) ** 2 + (k - case.mode[1]) ** 2 for j in SIDE for k in SIDE]
        return [(ball(1), ball(square)) for square in squares if square]
    law, own = case.law.mixture(), case.mode[0]
    centre = law.means[own].tolist()
    squared = [
        sum(((ball(a) - ball(b)) ** 2 for a, b in zip(mean, centre, strict=True)), arb(0))
        for mean in law.means.tolist()
    ]
    weights = law.weights.tolist()
    kept = [k for k in range(law.K) if k != own]
    nearest = min((squared[k] for k in kept), key=float)
    return [(ball(weights[k]) / ball(weights[own]), squared[k] / nearest) for k in kept]


def sums(modes: Modes, radius: arb, a: arb, spread: arb) -> tuple[arb, arb]:
    """S / ell and eta."""
    shift, slope = arb(0), arb(0)
    for weight, squared in modes:
        length = squared.sqrt()
        share = weight * (-(a / 2) * (squared - 2 * radius * length) / spread).exp()
        shift += length * share
        slope += a * squared * share
    return shift, slope


@claim(
    source=read_at("Proposition 4.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Certificate(None, (0, 0), "0.4033", end=str(END), beyond="0.4034"),
        Certificate(None, (2, 2), "0.4157", end=str(END), beyond="0.4158"),
        Certificate(None, (2, 0), "0.4085", end=str(END), beyond="0.4086"),
        Certificate(None, (0, 0), "0.107", level="9.267", end=str(END), none_at="9.26"),
        Certificate(None, (2, 2), "0.1327", level="7.455", end=str(END), none_at="7.45"),
        Certificate(None, (0, 0), "0.1", level="56", end=str(END), none_at="8"),
        Certificate(RESTATED, (12,), "0.4033", beyond="0.4034"),
        Certificate(RANDOM, (3,), "0.3"),
        Certificate(WIDE, (5,), "0.3"),
    ],
    must_fail={
        "a radius of two per cent more": lambda case: replace(
            case, radius=f"{1.02 * float(case.radius):.6f}"
        ),
        "two per cent less separation": lambda case: replace(
            case, level=f"{0.98 * float(case.level):.6f}"
        ),
        "kappa = 1 at the centre": lambda case: replace(case, level="8", radius="0.1"),
        "twice the exponent's variance": lambda case: replace(case, spread="2"),
        "not the weakest separation": lambda case: replace(
            case, none_at=case.none_at and f"{float(case.none_at) + 0.01:.2f}"
        ),
        "not the largest radius": lambda case: replace(
            case, beyond=case.beyond and f"{float(case.radius) - 0.001:.6f}"
        ),
    },
    given=["ashiq2026_ddim_vs_ddpm/near_a_mode_the_expected_mean_moves_by_little"],
)
def a_ball_around_a_mode_holds_one_stable_equilibrium(case: Certificate) -> Finding:
    r"""For mode $i$ let $L_k = |\mu_k - \mu_i|$ and

    $$S(\delta) = \sum_{k\ne i} \frac{\pi_k}{\pi_i} L_k\, e^{-\frac{L_k^2 - 2\delta L_k}{2s^2}},
      \qquad \eta(\delta) = \sum_{k\ne i} \frac{\pi_k}{\pi_i} \frac{L_k^2}{s^2}\,
      e^{-\frac{L_k^2 - 2\delta L_k}{2s^2}}.$$

    If $S(\delta) < \delta$ and $\eta(\delta) < 1$ (the certificate), then at this level $s$ the
    ball of radius $\delta$ around $\mu_i$ holds exactly one equilibrium of $\bar m(y) - y$, it
    lies within $S(\delta)$ of $\mu_i$, every eigenvalue there is at most $-(1-\eta)$, and the
    velocity points into the ball on its sphere: $\bar m$ maps the ball into itself and contracts.
    With $a = \ell^2/s^2$, on the 25-mode grid:

    - it holds for all levels $56 \le a \le 10^4$, that is from Assumption 4.4 at $\kappa = 7$ to
      the end, with $\delta = 0.4033\,\ell$ at the centre, $0.4157\,\ell$ at a corner and
      $0.4085\,\ell$ in the middle of a side; at $a = 56$ it does not hold with a radius of
      $0.0001\,\ell$ more;
    - it holds for all $9.267 \le a \le 10^4$ at the centre and $7.455 \le a \le 10^4$ at a
      corner, for $\delta = 0.107\,\ell$ and $0.1327\,\ell$, and at $a = 9.26$ and $7.45$ with no
      radius up to $\ell/2$ (nor at the centre at $\kappa = 1$, $a = 8$);
    - at $a = 56$ the same radius comes out of the grid in other units and rotated, and it holds
      with $\delta = 0.3\,\ell$ for two laws with unequal weights in 6 and 64 dimensions.

    On the grid the balls are forward invariant, since the certificate holds at all later levels.
    """
    modes, radius = others(case), ball(case.radius)

    def room(part: int, at: arb) -> Callable[..., arb]:
        def function(octaves: arb) -> arb:
            a = ball(case.level) * arb(2) ** octaves
            shift, slope = sums(modes, at, a, ball(case.spread))
            return 1 - shift / at if part == 0 else 1 - slope

        return function

    octaves = 0 if case.end is None else 11
    found = [enclosed(room(part, radius), [(0, octaves)], bits=64) for part in (0, 1)]
    if case.beyond is not None:
        more = ball(case.beyond)
        shift, slope = sums(modes, more, ball(case.level), ball(case.spread))
        larger = shift / more if shift / more > slope else slope
        found.append(enclosed(lambda: larger - 1))
    if case.none_at is not None:
        found.append(enclosed(excess(modes, ball(case.none_at)), [(0, "0.5")], bits=64))
    return all_hold(*found)


def excess(modes: Modes, a: arb) -> Callable[[arb], arb]:
    """Positive at a radius with which the certificate does not hold."""

    def function(radius: arb) -> arb:
        shift, slope = sums(modes, radius, a, ball(1))
        return (shift - radius).max(slope - 1)

    return function
