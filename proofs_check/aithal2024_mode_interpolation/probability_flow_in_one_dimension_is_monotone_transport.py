"""In one dimension the probability flow has a closed form: it preserves quantiles."""

from dataclasses import dataclass, replace

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, equal
from theorylab.diffusion import EDMSchedule, ExactScore, GaussianMixture
from theorylab.diffusion.line import log_variance_flow, quantile_map
from theorylab.integrate import DOPRI8, solve_ode


@dataclass(frozen=True)
class Line:
    """Modes on a line, and the noise at which the flow starts."""

    modes: tuple[float, ...]
    weights: tuple[float, ...]
    start: float
    score_share: float = 1.0
    stretched: float = 1.0
    deviation: float = 0.05


def mixture_of(case: Line) -> GaussianMixture:
    """The law of the data."""
    return GaussianMixture(
        torch.tensor(case.modes)[:, None], case.deviation**2, torch.tensor(case.weights)
    )


@claim(
    source=read_at("Gaussian experiments in one dimension"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Line((1.0, 2.0, 3.0), (1 / 3, 1 / 3, 1 / 3), 80.0),
        Line((1.0, 2.0, 4.0), (0.2, 0.5, 0.3), 10.0),
    ],
    must_fail={
        "a score one per cent flatter": lambda case: replace(case, score_share=0.99),
        "a start two per cent off": lambda case: replace(case, stretched=1.02),
    },
    thorough=[Line((1.0, 2.0, 4.0, 5.0), (0.25, 0.25, 0.25, 0.25), 80.0)],
)
def probability_flow_in_one_dimension_is_monotone_transport(case: Line) -> Finding:
    r"""In one dimension the probability flow from noise $\sigma_T$ down to the data maps
    $y \mapsto F_0^{-1}(F_{\sigma_T}(y))$: it keeps every quantile where it is. So masses
    between modes need two preimages and no sample. (To $10^{-10}$ at 41 points within two and a
    half $\sigma_T$ of 2, the flow integrated in $\ln(s^2 + \sigma^2)$, where it is smooth down to
    $\sigma = 0$.)
    """
    y = torch.linspace(-2.5, 2.5, 41) * case.start + 2.0
    law = mixture_of(case)
    exact = ExactScore(law, EDMSchedule(0.0, case.start))
    flow = log_variance_flow(
        lambda x, t: case.score_share * exact(x, t), (case.start, 0.0), width=case.deviation
    )
    path = solve_ode(flow, case.stretched * y[:, None], method=DOPRI8, rtol=1e-12, atol=1e-13)
    expected = quantile_map(law.noised(1.0, case.start), law, y)
    return equal(path.end[:, 0], expected, budget=1e-10)
