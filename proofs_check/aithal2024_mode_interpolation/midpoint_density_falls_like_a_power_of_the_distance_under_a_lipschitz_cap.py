"""B8: how the density between two modes depends on their distance tells mechanisms apart."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

h, s, L = (Symbol(name, positive=True) for name in ("h", "s", "L"))
eta, v = Symbol("eta", positive=True), Symbol("v", positive=True)
gap = Symbol("Delta", positive=True)
delta, c = Symbol("delta", positive=True), Symbol("c", positive=True)


@dataclass(frozen=True)
class Laws:
    """The exponent of the distance under a cap, and shares of the stated exponents."""

    power: Expr = -L
    inflated: Expr = Integer(1)
    lined: Expr = Integer(1)


@claim(
    source=read_at("Dependence on the distance between modes"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Laws()],
    must_fail={
        "exponent L/2": lambda case: replace(case, power=-L / 2),
        "two per cent more when inflated": lambda case: replace(case, inflated=Rational(51, 50)),
        "two per cent less on a line": lambda case: replace(case, lined=Rational(49, 50)),
    },
)
def midpoint_density_falls_like_a_power_of_the_distance_under_a_lipschitz_cap(
    case: Laws,
) -> Finding:
    r"""Let $\ell = \ln p(0) + \tfrac12\ln(2\pi s^2) = -\frac{h^2}{2}\int_{s^2}^\infty
    \frac{dv}{v\,v_{\rm eff}(v)}$ at the midpoint of two modes at the distance $\Delta = 2h$, with
    floors of at least $s^2$.

    - Exact score: $\ell = -\Delta^2/8s^2$.
    - Inflated by $\eta$: $\ell = -\frac{\Delta^2}{8\eta}\ln(1 + \eta/s^2)$, still linear in
      $\Delta^2$.
    - A line of width $\delta$ (floor $h\delta$): $\ell = -\frac{\Delta}{4\delta}\big(1 +
      \ln\frac{\Delta\delta}{2s^2}\big)$.
    - Lipschitz constant at most $L$ (floor $h^2/L$): $\ell = -\frac L2\big(1 +
      \ln\frac{\Delta^2}{4Ls^2}\big)$, so $p(0)$ falls like $\Delta^{-L}$ only.
    """
    exact = -(h**2) / 2 * sympy.integrate(1 / v**2, (v, s**2, sympy.oo))
    primitive = sympy.log(v / (v + eta)) / eta
    inflated = -(h**2) / 2 * (0 - primitive.subs(v, s**2))
    floor = -(h**2) / 2 * (sympy.log(c / s**2) / c + 1 / c)
    flat = sympy.integrate(1 / (v * c), (v, s**2, c)) + sympy.integrate(1 / v**2, (v, c, sympy.oo))
    half = {h: gap / 2}
    capped = floor.subs(c, h**2 / L).subs(half)
    stated_inflated = -(gap**2) / (8 * eta) * sympy.log(1 + eta / s**2)
    stated_line = -gap / (4 * delta) * (1 + sympy.log(gap * delta / (2 * s**2)))
    return all_hold(
        identity(sympy.diff(primitive, v), 1 / (v * (v + eta))),
        identity(floor, -(h**2) / 2 * flat),
        identity(sympy.limit(inflated, eta, 0), exact * (s + 1) ** 2 / (s**2 + 2 * s + 1)),
        identity(case.inflated * inflated.subs(half), stated_inflated),
        identity(case.lined * floor.subs(c, h * delta).subs(half), stated_line),
        identity(capped, -L / 2 * (1 + sympy.log(gap**2 / (4 * L * s**2)))),
        identity(gap * sympy.diff(capped, gap), case.power),
    )
