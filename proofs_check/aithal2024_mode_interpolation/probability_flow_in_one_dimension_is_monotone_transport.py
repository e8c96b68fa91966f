"""In one dimension the probability flow has a closed form: it preserves quantiles."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, equal
from theorylab.diffusion import EDMSchedule, ExactScore, GaussianMixture, probability_flow
from theorylab.diffusion.transport import normal_mass, preimages
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


def quantile_map(case: Line, y: Tensor, *, stop: float) -> Tensor:
    """F_stop^{-1}(F_start(y)), in the tail that is the smaller one."""
    law = mixture_of(case)
    low, high = (law.noised(1.0, noise) for noise in (stop, case.start))
    upper = tail(high, y) < 0.5
    target = torch.where(upper, tail(high, y), tail(high, y, sign=-1))

    def increasing(x: Tensor) -> Tensor:
        return torch.where(upper, -tail(low, x), tail(low, x, sign=-1))

    wanted = torch.where(upper, -target, target)
    return preimages(increasing, wanted, low=-40.0, high=40.0)


def tail(law: GaussianMixture, x: Tensor, *, sign: float = 1.0) -> Tensor:
    """P(X > x), or P(X < x) with sign -1."""
    z = sign * (law.means[:, 0] - x[:, None]) / law.variance.sqrt()
    return (law.weights * normal_mass(torch.full_like(z, -torch.inf), z)).sum(-1)


@claim(
    source=read_at("Gaussian experiments in one dimension"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Line((1.0, 2.0, 3.0), (1 / 3, 1 / 3, 1 / 3), 10.0),
        Line((1.0, 2.0, 4.0), (0.2, 0.5, 0.3), 80.0),
    ],
    must_fail={
        "a score one per cent flatter": lambda case: replace(case, score_share=0.99),
        "a start two per cent off": lambda case: replace(case, stretched=1.02),
    },
    thorough=[Line((1.0, 2.0, 4.0, 5.0), (0.25, 0.25, 0.25, 0.25), 80.0)],
)
def probability_flow_in_one_dimension_is_monotone_transport(case: Line) -> Finding:
    r"""In one dimension the probability flow from noise $\sigma_T$ down to $\sigma_0$ maps
    $y \mapsto F_{\sigma_0}^{-1}(F_{\sigma_T}(y))$: it keeps every quantile where it is. So masses
    between modes need two preimages and no sample.
    """
    stop = 0.002
    y = torch.linspace(-2.5, 2.5, 41) * case.start + 2.0
    schedule = EDMSchedule(stop, case.start)
    exact = ExactScore(mixture_of(case), schedule)
    flow = probability_flow(schedule, lambda x, t: case.score_share * exact(x, t))
    path = solve_ode(flow, case.stretched * y[:, None], method=DOPRI8, rtol=1e-11, atol=1e-12)
    return equal(path.end[:, 0], quantile_map(case, y, stop=stop), budget=1e-7)
