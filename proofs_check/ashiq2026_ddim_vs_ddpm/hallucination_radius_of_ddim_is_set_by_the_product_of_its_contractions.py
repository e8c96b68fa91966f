"""The radius experiment for the sampler itself, in closed form and on the grid."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_dynamics,
    ddim_contraction,
    ddim_sample,
    quadratic_nodes,
)
from theorylab.integrate import DOPRI5, solve_ode

RADII = torch.linspace(0.01, 0.49, 49)


@dataclass(frozen=True)
class Start:
    """The raw step of the start (a node of DDIM-50), and the radius claimed (None: no start)."""

    raw: int
    discrete: float | None
    flow: float | None
    rule: float = 5.0
    width: float = 1.0
    last_step: bool = True


@claim(
    source=read_at("Figure 5 and Figure E.15 (radius experiment)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Start(2, 0.2474, 0.3568),
        Start(3, 0.2017, 0.3312),
        Start(8, None, 0.2112),
        Start(21, None, None),
    ],
    must_fail={
        "rule of 4.9 sigma": lambda case: replace(case, rule=4.9),
        "rule of 5.1 sigma": lambda case: replace(case, rule=5.1),
        "modes five per cent wider": lambda case: replace(case, width=1.05**2),
        "the last step forgotten": lambda case: replace(case, last_step=False),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/hallucination_radius_of_the_flow_is_half_less_five_deviations",
    ],
)
def hallucination_radius_of_ddim_is_set_by_the_product_of_its_contractions(
    case: Start,
) -> Finding:
    r"""On the 25-mode grid a deterministic DDIM run with the exact score, started on a segment at
    the distance $r\ell$ from its midpoint, ends more than $5\sigma$ from every mode exactly if

    $$r < \frac12 - \frac{5\sigma}{\ell\,\prod_n c_n}, \qquad
      c_n = \frac{\sigma^2 + \sqrt{v_n v_{n+1}}}{\sigma^2 + v_n},$$

    ($r \ge 0.01$) and the exact flow if $r < \frac12 - 5 s_0/\ell$. From raw step 2 that is
    0.2474 for DDIM (nodes 2, 1, 0, then the data) and 0.3568 for the flow, from 3 it is 0.2017
    and 0.3312; from 8 no start for DDIM and 0.2112 for the flow, from 21 none for either. Runs of
    both from both sides of each radius agree.
    """
    mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
    by_formula = radii_by_formula(case, mixture, schedule)
    edges = [radius + shift for radius in by_formula.values() if radius > 0.01
             for shift in (-1e-3, 1e-3)]  # fmt: skip
    r = torch.cat([RADII, torch.tensor(edges)])
    findings, rates = [], {}
    for name, end in ends_by_run(case, mixture, schedule, starts(mixture, r)).items():
        away = torch.cdist(end, mixture.means).amin(-1) > 5 * mixture.variance.sqrt()
        rates[name] = away.double().reshape(len(r), -1).mean(-1)
        predicted = (r < by_formula[name]).double()
        findings.append(equal(1 + rates[name], 1 + predicted, budget=1e-9))
        findings.append(as_stated(by_formula[name], getattr(case, name)))
    return all_hold(*findings).with_series(
        raw=case.raw,
        radii=RADII,
        ddim=rates["discrete"][: len(RADII)],
        flow=rates["flow"][: len(RADII)],
    )


def as_stated(radius: float, stated: float | None) -> Finding:
    """The radius is the stated one; None states that there is none, so that it is not positive."""
    if stated is None:
        return at_most(1 + radius, torch.tensor(1.0), budget=1e-9)
    return equal(radius, stated, budget=1e-4, scale=1.0)


def nodes_of(case: Start) -> list[int]:
    """The nodes of DDIM-50 that are left from the raw step of the case on."""
    return [node for node in quadratic_nodes(50) if node <= case.raw]


def radii_by_formula(
    case: Start, mixture: GaussianMixture, schedule: VPSchedule
) -> dict[str, float]:
    """The two radii of the statement."""
    ell = float(mixture.means[1, 1] - mixture.means[0, 1])
    sigma = float(mixture.variance.sqrt())
    v = torch.stack([schedule.noise_to_signal(float(raw)) ** 2 for raw in [-1, *nodes_of(case)]])
    factors = ddim_contraction(v[1:], v[:-1], case.width * sigma**2)
    contraction = factors[0 if case.last_step else 1 :].prod()
    s0 = float(schedule.effective_deviation(case.raw, mixture.variance))
    return {
        "discrete": 0.5 - case.rule * sigma / (float(contraction) * ell),
        "flow": 0.5 - case.rule * s0 / ell,
    }


def ends_by_run(
    case: Start, mixture: GaussianMixture, schedule: VPSchedule, y: Tensor
) -> dict[str, Tensor]:
    """Where DDIM and the exact flow lead the starts y."""
    score = ExactScore(mixture, schedule)
    x = float(schedule.alpha(float(case.raw))) * y
    s0 = float(schedule.effective_deviation(case.raw, mixture.variance))
    flow = clock_dynamics(mixture, s_start=s0)
    return {
        "discrete": ddim_sample(x, nodes_of(case), schedule=schedule, score=score).end,
        "flow": solve_ode(flow, y, method=DOPRI5, rtol=1e-7).end,
    }


def starts(mixture: GaussianMixture, r: Tensor) -> Tensor:
    """Both points at distance r ell from the midpoint of each edge, r running slowest."""
    pairs = torch.combinations(torch.arange(mixture.K))
    apart = torch.pdist(mixture.means)
    edges = pairs[apart < 1.01 * apart.min()]
    a, b = mixture.means[edges[:, 0]], mixture.means[edges[:, 1]]
    sides = torch.stack([a - b, b - a])
    return ((a + b) / 2 + r[:, None, None, None] * sides).reshape(-1, mixture.d)
