"""B9: how steep the exact score is, and so how steep a network must be."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

H = Symbol("H", positive=True)
u = Symbol("u", positive=True)
MORE = Symbol("w", positive=True)


@dataclass(frozen=True)
class Slope:
    """Where the slope is largest, and its value there."""

    place: Expr = (H + 1) / (2 * H)
    largest: Expr = (H + 1) ** 2 / (4 * H)
    share: Expr = Integer(1)


@claim(
    source=read_at("Smooth approximation of a step-like score"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Slope()],
    must_fail={
        "two per cent steeper": lambda case: replace(case, share=Rational(51, 50)),
        "at the data, s^2/v = 1": lambda case: replace(case, place=Integer(1)),
        "a quarter of H": lambda case: replace(case, largest=H / 4),
    },
)
def denoiser_at_a_midpoint_is_steepest_at_a_finite_noise(case: Slope) -> Finding:
    r"""Let $H = h^2/s^2 > 1$ for two equal modes $\pm h$ of variance $s^2$. At the midpoint the
    exact denoiser has the slope $\partial_y D = u + (1 - u)\,uH$ with $u = s^2/v$, which is
    largest at $u = \frac{H + 1}{2H}$, a noise $\sigma > 0$, where it is

    $$\max_\sigma \partial_y D = \frac{(H + 1)^2}{4H},$$

    more than $H/4 + 1/2$. The score is smooth for every $s > 0$; the step is its limit as
    $s \to 0$.
    """
    y, sigma, s, h = (sympy.Symbol(name, positive=True) for name in ("y", "sigma", "s", "h"))
    v = s**2 + sigma**2
    denoiser = s**2 / v * y + sigma**2 / v * h * sympy.tanh(h * y / v)
    slope = sympy.diff(denoiser, y).subs(y, 0)
    own = slope.subs({h: s * sympy.sqrt(H), sigma: s * sympy.sqrt(1 / u - 1)})
    formula = u + (1 - u) * u * H
    room = sympy.expand(case.largest - formula)
    parts = [
        identity(sympy.simplify(own), formula),
        identity(formula.subs(u, case.place), case.share * case.largest),
        identity(room, H * (u - case.place) ** 2),
        positive((1 - case.place).subs(H, 1 + MORE)),
        positive(sympy.simplify(case.largest - H / 4 - Rational(1, 2))),
    ]
    return all_hold(*parts)
