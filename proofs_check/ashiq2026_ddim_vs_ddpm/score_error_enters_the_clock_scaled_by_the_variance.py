"""Definition C.1: the flow of a score with an error, in the clock."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import ExactScore, VPSchedule, clock_dynamics, probability_flow
from theorylab.diffusion.perturbed import PerturbedScore, SmoothField


@dataclass(frozen=True)
class Learned:
    """A law, a smooth error and where they are compared."""

    law: Law
    seed: int = 40
    points: int = 100
    share: float = 1.0
    alpha_power: int = 1
    s_power: int = 2


@claim(
    source=read_at("Definition C.1"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Learned(law) for law in USUAL],
    must_fail={
        "two per cent more error": lambda case: replace(case, share=1.02),
        "abar for sqrt(abar)": lambda case: replace(case, alpha_power=2),
        "s for s^2": lambda case: replace(case, s_power=1),
        "the other sign": lambda case: replace(case, share=-1.0),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean"],
)
def score_error_enters_the_clock_scaled_by_the_variance(case: Learned) -> Finding:
    r"""Let a score be the exact one of a mixture (one variance) plus an error field $\delta$. In
    $y = x/\sqrt{\bar\alpha_t}$ and the clock $u = \ln(s_T/s_t)$ its probability flow is

    $$\frac{dy}{du} = \bar m(y; s_t) - y
      + \sqrt{\bar\alpha_t}\,s_t^2\,\delta(\sqrt{\bar\alpha_t}\,y, t),$$

    so an error of the score is scaled by $\sigma_t^2/\sqrt{\bar\alpha_t}$, with
    $\sigma_t^2 = \bar\alpha_t s_t^2$.
    """
    mixture, schedule = case.law.mixture(), VPSchedule.linear()
    unit = float(mixture.means.abs().max())
    generator = torch.Generator().manual_seed(case.seed)
    parts = []
    for t in (0.05, 0.3, 0.8):
        alpha = float(schedule.alpha(t))
        s = float(schedule.effective_deviation(t, mixture.variance))
        field = SmoothField(case.seed, 5 * unit / (alpha * s**2), unit, mixture.d)
        score = PerturbedScore(ExactScore(mixture, schedule), field)
        y = unit * torch.randn(case.points, mixture.d, generator=generator)
        flow = probability_flow(schedule, score, start=t, stop=0.01)
        time = torch.tensor(t)
        rate = schedule.diffusion_squared(t) / (2 * (alpha * s) ** 2)
        velocity = flow.drift(time, alpha * y) / alpha - schedule.drift_rate(t) * y
        exact = clock_dynamics(mixture, s_start=s).drift(torch.tensor(0.0), y)
        scale = case.share * alpha**case.alpha_power * s**case.s_power
        parts.append(equal(-velocity / rate, exact + scale * field(alpha * y), budget=1e-9))
    return all_hold(*parts)
