"""Assumption 4.4 at the end of the run: how large kappa can ever be."""

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    ball,
    claim,
    enclosed,
    for_all_equal,
)


@dataclass(frozen=True)
class Cap:
    """A grid of spacing 2 with a raw deviation; the largest kappa at raw 0 and at the data."""

    deviation: str
    first: tuple[str, str]
    cap: Fraction
    dimension: int = 2
    beta_min: str = "0.0001"
    root: bool = False


@claim(
    source=read_at("Assumption 4.4"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Cap("0.02", ("416.62", "416.63"), Fraction(1250)),
        Cap("0.1", ("46.29", "46.30"), Fraction(50)),
        Cap("0.5", ("1.993", "1.994"), Fraction(2)),
    ],
    must_fail={
        "cap two per cent smaller": lambda case: replace(case, cap=case.cap * Fraction(49, 50)),
        "three dimensions": lambda case: replace(case, dimension=3),
        "the first step two per cent noisier": lambda case: replace(case, beta_min="0.000102"),
        "ell over sigma not squared": lambda case: replace(case, root=True),
    },
)
def margin_of_far_modes_is_capped_by_their_relative_separation(case: Cap) -> Finding:
    r"""As $s_t \ge \sigma$, the inequality $\ell^2 \ge 4\kappa d\,s_t^2$ can hold at some time
    only if

    $$\kappa \le \frac{1}{4d}\Big(\frac{\ell}{\sigma}\Big)^2,$$

    with equality in the limit $s_t \to \sigma$. On the normalised 25-mode grid ($d = 2$,
    spacing 2) the cap is $1250$ for the deviation $0.02$, and $50$ and $2$ for $0.1$ and $0.5$;
    the last raw step, $t = 0$ with $\beta_0 = 10^{-4}$, allows $416.62$, $46.29$ and $1.993$.
    """
    relative = 2 / Fraction(case.deviation)
    attained = (relative if case.root else relative**2) / (4 * case.dimension)
    return all_hold(
        for_all_equal([case], lambda one: (attained, one.cap)),
        enclosed(lambda: largest_at_first(case) - ball(case.first[0])),
        enclosed(lambda: ball(case.first[1]) - largest_at_first(case)),
        enclosed(lambda: ball(case.cap) - largest_at_first(case)),
    )


def largest_at_first(case: Cap) -> arb:
    """The largest kappa at the raw step 0."""
    sigma, beta = ball(case.deviation), ball(case.beta_min)
    squared_scale = (ball(16) + 2 * sigma**2) / 2
    variance = sigma**2 / squared_scale + beta / (1 - beta)
    return ball(4) / squared_scale / variance / (4 * case.dimension)
