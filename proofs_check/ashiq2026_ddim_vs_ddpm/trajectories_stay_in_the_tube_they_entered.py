"""Corollary 4.3: a tube that is wide enough for the outsiders' pull is never left."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._dominated import (
    Dominated,
    closest_modes,
    distance,
    nearest,
    points_about,
    project,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.diffusion import EDMSchedule, ExactScore, clock_dynamics, ddim_step
from theorylab.integrate import DOPRI5, solve_ode

THREE = Law("random", 3, 2, seed=9)
POINTS = 1500
STARTS = 60


@dataclass(frozen=True)
class Entered:
    """A law seen at ell/s; factors of the radius, which `tight` laws need."""

    law: Law
    separations: float
    tight: float | None = None
    size: float = 1.0
    overstated: float = 0.0
    weighted: bool = True
    far: bool = True


@claim(
    source=read_at("Corollary 4.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Entered(THREE, 5.0, tight=0.99),
        Entered(replace(THREE, scale=0.01, turn=4), 5.0, tight=0.99),
        *[Entered(law, 4.0) for law in USUAL],
    ],
    must_fail={
        "two per cent narrower": lambda case: replace(case, size=0.98),
        "the margin overstated by a twentieth": lambda case: replace(case, overstated=0.05),
        "equal weights supposed": lambda case: replace(case, weighted=False),
        "ell instead of Delta": lambda case: replace(case, far=False),
    },
)
def trajectories_stay_in_the_tube_they_entered(case: Entered) -> Finding:
    r"""While $i, j$ dominate with margin $\kappa$, the expected mean lies in the tube

    $$\operatorname{dist}(\bar m(y), L) \le \frac{\rho}{1+\rho}\,\Delta =: r_0$$

    about the plain segment (attained to 1 % by three modes). So for every $r \ge r_0$ a
    trajectory with $\operatorname{dist}(y_{t^*}, L) \le r$ has
    $\operatorname{dist}(y_t, L) \le r$ as long as the pair
    dominates: under the flow, and under DDIM steps of any length, ends included. In $x$ the
    radius is $\sqrt{\bar\alpha_t}\,r$.
    """
    mixture = case.law.mixture()
    s = closest_modes(mixture) / case.separations
    at = nearest(mixture, s, points_about(mixture, s, POINTS, seed=47))
    r = radii(case, at)
    a, b = at.ends
    relative = (distance(at.mbar, a, b) / r)[r > 1e-9 * at.ell]
    entered = on_the_boundary(at, r, a, b)
    score, noise = ExactScore(mixture, EDMSchedule()), (s**2 - float(mixture.variance)) ** 0.5
    steps = []
    for share in (0.9, 0.1):
        after = ddim_step(entered.y, noise, share * noise, schedule=EDMSchedule(), score=score)
        steps.append(distance(after, a, b))
    allowed = torch.maximum(radii(case, entered), r)
    return all_hold(
        at_most(relative, torch.ones_like(relative), budget=1e-6, tight=case.tight),
        *[at_most(step, allowed, budget=1e-9) for step in steps],
        along_the_flow(case, entered, r),
    )


def radii(case: Entered, at: Dominated) -> torch.Tensor:
    """r_0 of every point, at its own margin."""
    rho = at.rho(at.kappa + case.overstated, weighted=case.weighted)
    return case.size * rho / (1 + rho) * (at.delta if case.far else at.ell)


def on_the_boundary(at: Dominated, r: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> Dominated:
    """The points moved to the distance r of their segment."""
    foot = project(at.y, a, b)
    outward = (at.y - foot) / (at.y - foot).norm(dim=-1, keepdim=True)
    return replace(at, y=foot + r[:, None] * outward)


def along_the_flow(case: Entered, entered: Dominated, r: torch.Tensor) -> Finding:
    """Trajectories from the boundary against the widest r_0 that they meet."""
    start = Dominated(entered.mixture, entered.s, entered.y[:STARTS], entered.pair[:STARTS])
    flow = clock_dynamics(start.mixture, s_start=start.s, s_stop=start.s / 2.5)
    times = torch.linspace(0.0, flow.stop, 9)
    path = solve_ode(flow, start.y, method=DOPRI5, times=times, rtol=1e-9, atol=1e-11 * start.s)
    states = [
        replace(start, y=y, s=start.s * float(torch.exp(-u)))
        for u, y in zip(path.times, path.states, strict=True)
    ]
    widest = torch.stack([r[:STARTS], *[radii(case, one) for one in states]]).cummax(0).values[1:]
    gone = torch.stack([distance(one.y, *one.ends) for one in states])
    return at_most(1 + gone / start.ell, 1 + widest / start.ell, budget=1e-7)
