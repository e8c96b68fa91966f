"""Proposition C.4 with its constant and its radius."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._score_errors import PAIRS, Errors, Pair, nearest_zero
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.diffusion.perturbed import PerturbedScore


@dataclass(frozen=True)
class Field:
    """Random errors as large as the radius allows; `size` scales what is claimed."""

    pair: Pair
    seed: int
    fields: int = 400
    size: float = 1.0
    first_order: bool = False
    overload: float = 1.0


@claim(
    source=read_at("Proposition C.4"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[Field(*each) for each in PAIRS],
    must_fail={
        "five per cent smaller displacement": lambda case: replace(case, size=0.95),
        "first order without a remainder": lambda case: replace(case, first_order=True),
        "errors beyond the radius": lambda case: replace(case, overload=2.5),
    },
    thorough=[Field(Pair(20, dimension=2), 9000, 4000)],
)
def score_error_displaces_the_saddle_by_at_most_its_size_over_the_slope(case: Field) -> Finding:
    r"""Let a score differ from the exact one by $|\delta| \le \epsilon$ on the segment of two
    equal modes, and let $\tilde\epsilon = \sqrt{\bar\alpha_t}\,s_t^2\,\epsilon
    = \sigma_t^2\epsilon/\sqrt{\bar\alpha_t}$. If the exact drift has a slope
    $f' \ge c > 0$ on $|\xi| \le r$ and $\tilde\epsilon \le c\,r$, the drift of the perturbed score
    along the segment has a zero with

    $$|\xi^*| \le \tilde\epsilon / c .$$

    Here $c = f'(r) = (\lambda + 1)/\cosh^2\frac{\ell r}{2 s_t^2} - 1$ is the smallest slope. The
    first-order form $\tilde\epsilon/\lambda$ alone is exceeded; as $r \to 0$ it is attained.
    """
    pair = case.pair
    natural = 2 * pair.s**2 / pair.ell
    generator = torch.Generator().manual_seed(case.seed)
    rho = 0.02 + 0.8 * torch.rand(case.fields, generator=generator)
    length = pair.alpha * natural * (0.3 + 3 * torch.rand(case.fields, generator=generator))
    findings = []
    for worst in (0.02, 0.8):
        rho[-3:] = worst
        slope = (pair.eigenvalue + 1) / torch.cosh(rho) ** 2 - 1
        size = case.overload * slope * rho * natural
        epsilon = size / (pair.alpha * pair.s**2)
        errors = Errors.random(pair, epsilon, length, seed=case.seed)
        zero = nearest_zero(pair, PerturbedScore(pair.score, errors), 4 * rho * natural)
        bound = case.size * size / (pair.eigenvalue if case.first_order else slope)
        tight = 0.99 if worst == 0.02 else None
        findings.append(at_most(zero.abs() / bound, torch.ones(()), budget=1e-6, tight=tight))
    return all_hold(*findings)
