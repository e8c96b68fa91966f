"""Proposition C.5 as an identity, and the two bounds that follow from it."""

import math
from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._score_errors import PAIRS, Errors, Pair, nearest_zero
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion.perturbed import PerturbedScore, directional_slope

CURVATURE = 4 / (3 * math.sqrt(3))
"""sup |f''| = (ell^3/4 s^4) 2/(3 sqrt 3), times the natural unit 2 s^2/ell, over lambda + 1."""


@dataclass(frozen=True)
class Field:
    """Random errors; `steep` is the largest slope of one, in units of lambda / sigma_t^2."""

    pair: Pair
    seed: int
    fields: int = 400
    steep: float = 1.6
    slope: float = 1.0
    bend: float = 1.0
    rescaled: bool = False
    lipschitz: float = 1.0


@claim(
    source=read_at("Proposition C.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Field(*each) for each in PAIRS],
    must_fail={
        "two per cent more of the error's slope": lambda case: replace(case, slope=1.02),
        "two per cent more of the remainder": lambda case: replace(case, bend=1.02),
        "the saddle is not displaced": lambda case: replace(case, bend=0.0),
        "s^2 for sigma_t^2": lambda case: replace(case, rescaled=True),
        "Lipschitz constant two per cent smaller": lambda case: replace(case, lipschitz=0.98),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/score_error_displaces_the_saddle_by_at_most_its_size_over_the_slope"
    ],
)
def eigenvalue_under_score_error_is_the_exact_one_plus_the_slope_of_the_error(
    case: Field,
) -> Finding:
    r"""At a zero $\xi^*$ of the drift along the segment of two equal modes under a score with
    the error $\delta$, whose Jacobian is $J$, the drift has the slope

    $$\lambda^\delta = \sigma_t^2\langle e, J_{score}\,e\rangle
      = \lambda - (\lambda + 1)\tanh^2\frac{\ell\xi^*}{2 s_t^2}
      + \sigma_t^2\langle e, J e\rangle,$$

    measured by differentiating the score alone. Hence, with
    $|f''| \le \frac{\ell^3}{4 s_t^4}\frac{2}{3\sqrt 3}$ and a Lipschitz constant $K$ of $\delta$,

    $$|\lambda^\delta - \lambda| \le \sigma_t^2 K + \sup|f''|\,|\xi^*|,$$

    and the perturbed saddle is stable if $\langle e, J e\rangle < -\lambda/\sigma_t^2$. The
    displacement enters in second order only; the bound is attained by an error that vanishes at
    the midpoint and is steepest there.
    """
    pair = case.pair
    natural = 2 * pair.s**2 / pair.ell
    generator = torch.Generator().manual_seed(case.seed)
    length = pair.alpha * natural * (0.3 + 3 * torch.rand(case.fields, generator=generator))
    total = (1.0 if case.rescaled else pair.alpha**2) * pair.s**2
    steepest = case.steep * torch.rand(case.fields, generator=generator)
    lipschitz = steepest * pair.eigenvalue / (pair.alpha * pair.s) ** 2
    lipschitz[-3:-1] = 0.3 * pair.eigenvalue * natural / (length[-3:-1] * pair.alpha * pair.s**2)
    errors = Errors.random(pair, lipschitz * length, length, seed=case.seed)
    score = PerturbedScore(pair.score, errors)
    reach = torch.full((case.fields,), 1.5 * natural)
    zero = nearest_zero(pair, score, reach)
    found = zero.abs() < reach
    x, e, t = pair.states(zero), pair.segment.direction, torch.tensor(float(pair.raw))
    measured = (pair.alpha * pair.s) ** 2 * directional_slope(score, x, e, t)
    own = case.slope * total * directional_slope(errors, x, e, t)
    bend = (pair.eigenvalue + 1) * torch.tanh(zero / natural) ** 2
    formula = pair.eigenvalue - case.bend * bend + own
    identity = equal(measured[found], formula[found], budget=1e-7)
    change = (measured - pair.eigenvalue).abs()
    remainder = (pair.eigenvalue + 1) * CURVATURE * zero.abs() / natural
    bound = case.lipschitz * (pair.alpha * pair.s) ** 2 * errors.lipschitz + remainder
    within = at_most((change / bound)[found], torch.ones(()), budget=1e-7, tight=0.999)
    return all_hold(identity, within)
