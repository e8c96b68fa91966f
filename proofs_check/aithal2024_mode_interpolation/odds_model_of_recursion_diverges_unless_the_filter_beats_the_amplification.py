"""B17: a model of the recursion in odds; not derived from the training."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational, Symbol

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

A = Symbol("A", positive=True)
rho, kappa = Symbol("rho", positive=True), Symbol("kappa", positive=True)
eps = Symbol("epsilon", positive=True)
h = Symbol("h", positive=True)
g = Symbol("g", positive=True)
STATED = [Rational(digits, 10_000) for digits in (1795, 4265, 7060, 8842)]
"""The unfiltered shares of generations 2 to 5, to four digits."""


@dataclass(frozen=True)
class Model:
    """The gain of the odds, and the limit of A stated."""

    gain: Expr = A * (1 - rho) / kappa
    limit: Expr = Rational(96, 5)
    growth: Expr = Integer(3)


def step(share: Expr, gain: Expr) -> Expr:
    """One generation: odds times the gain, then a share eps of fresh hallucinations."""
    odds = gain * share / (1 - share)
    return eps + (1 - eps) * odds / (1 + odds)


@claim(
    source=read_at("Recursive training (exponential growth of hallucinations)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Model()],
    must_fail={
        "the kept share forgotten": lambda case: replace(case, gain=A * (1 - rho)),
        "two per cent more amplification": lambda case: replace(
            case, limit=case.limit * Rational(51, 50)
        ),
        "amplification by 3.06": lambda case: replace(case, growth=Rational(306, 100)),
        "the found share for the missed": lambda case: replace(case, gain=A * rho / kappa),
    },
)
def odds_model_of_recursion_diverges_unless_the_filter_beats_the_amplification(
    case: Model,
) -> Finding:
    r"""A model, not a theorem on training: each generation multiplies the odds of a hallucination
    by $A$, a filter that finds the share $\rho$ of them and keeps the share $\kappa$ of the
    rest by $(1 - \rho)/\kappa$ more, and a share $\varepsilon$ is added afresh,

    $$h' = \varepsilon + (1 - \varepsilon)\frac{o}{1 + o}, \qquad
      o = \frac{A(1 - \rho)}{\kappa}\,\frac{h}{1 - h}.$$

    Besides 1 its fixed point is $\frac{\varepsilon\kappa}{\kappa - A(1 - \rho)}$. At
    $\varepsilon = 0$ the odds after $n$ generations are $g^n$ times the first, $g = A(1 -
    \rho)/\kappa$ (here $n = 3$): logistic growth of $h$ if $g > 1$, decay if $g < 1$. At
    $(\rho, \kappa) = (0.95, 0.96)$ the divide is at $A = 19.2$
    (tried 0.1 per cent below and above). With $A = 3$ and $\varepsilon = 0.05$ the shares are
    without a filter 0.05, 0.1795, 0.4265, 0.7060, 0.8842, and with it they approach
    0.0593 (the fixed point, from which the fourth generation after 0.05 is less than $10^{-5}$).
    """
    stationary = eps * kappa / (kappa - A * (1 - rho))
    share = h
    for _ in range(3):
        share = sympy.together(step(share, g).subs(eps, 0))
    numbers = case.gain.subs({rho: Rational(95, 100), kappa: Rational(96, 100)})
    below = numbers.subs(A, case.limit * Rational(999, 1000))
    above = numbers.subs(A, case.limit * Rational(1001, 1000))
    return all_hold(
        identity(step(stationary, case.gain), stationary),
        identity(share / (1 - share), g**3 * h / (1 - h)),
        positive(1 - below),
        positive(above - 1),
        *iterates(case, stationary),
    )


def iterates(case: Model, stationary: Expr) -> list[Finding]:
    """The shares at A = 3 and eps = 0.05, exactly, against the digits stated."""
    fresh = Rational(5, 100)
    rates = {rho: Rational(95, 100), kappa: Rational(96, 100), A: case.growth}
    limit = stationary.subs({eps: fresh, **rates})
    free, kept = fresh, fresh
    parts = [positive(Rational(1, 20_000) ** 2 - (limit - Rational(593, 10_000)) ** 2)]
    for stated in STATED:
        free = step(free, case.growth).subs(eps, fresh)
        kept = step(kept, case.gain.subs(rates)).subs(eps, fresh)
        parts.append(positive(Rational(1, 20_000) ** 2 - (free - stated) ** 2))
    return [*parts, positive(Rational(1, 100_000) ** 2 - (kept - limit) ** 2)]
