"""X5: with the exact score there is no unconditional gap between the flow and the reverse SDE."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import EDMSchedule, GaussianMixture, VPSchedule, reverse_law
from theorylab.integrate import DOPRI8, Dynamics, solve_ode

SCHEDULE = EDMSchedule(0.0, 1000.0)


@dataclass(frozen=True)
class Slab:
    """A raw step of the start, the half-widths of slabs, and what may be wrong."""

    raw: int
    drift: float = 1.0
    spread: float = 1.0
    start: float = 1.0
    thetas: tuple[float, ...] = (0.45, 0.46, 0.48, 0.5)


@claim(
    source=read_at("Equation I.347 (the exact score)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Slab(8), Slab(20), Slab(100), Slab(800)],
    must_fail={
        "the drift doubled, without noise": lambda case: replace(case, drift=2.0),
        "one per cent more drift": lambda case: replace(case, drift=1.01),
        "the law of the start one per cent wider": lambda case: replace(case, start=1.01),
        "noise of the SDE half a per cent wider": lambda case: replace(case, spread=1.005),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/reverse_family_has_the_marginals_of_the_forward_process",
        "ashiq2026_ddim_vs_ddpm/mixture_with_product_weights_on_a_grid_is_a_product_law",
    ],
)
def flow_and_reverse_sde_leave_the_mass_of_the_data_between_the_modes(case: Slab) -> Finding:
    r"""Let $H$ be the event that the coordinate along a row of the 25-mode grid ends within
    $\theta$ of a midpoint. Started from the exact law $p_\tau$ at raw step 8, 20, 100 or 800 and
    with the exact score, the flow and the reverse SDE have the same $P(H)$, that of the data:

    $$p_\tau\big(\text{preimage of } H \text{ under the flow}\big)
      = E_{y \sim p_\tau}\,P(H\,|\,y) = p_0(H) .$$

    The left side is found by the flow run backward from the ends of the slab, the middle by
    quadrature of the exact posterior, for $\theta = 0.45\,\ell$ (where $p_0(H)$ is
    $1.147 \cdot 10^{-7}$), $0.46$, $0.48$ and $0.5\,\ell$. So for every event $M$ of the path
    $P(H\,|\,M) \le p_0(H)/P(M)$, for both: what a sampler does worse than the other in total it
    does by its score or by its steps.
    """
    plain = GaussianMixture.grid()
    row = GaussianMixture(plain.means[10:15, 1:], float(plain.variance))
    ell = float(row.means[3] - row.means[2])
    s0 = float(VPSchedule.ddpm().effective_deviation(case.raw, row.variance))
    theta = torch.tensor(case.thetas)
    low, high = ((0.5 - theta) * ell, (0.5 + theta) * ell)
    start = row.with_variance((case.start * s0) ** 2)
    data = mass(row, low, high)
    flow = mass(start, *preimages(case, row, torch.stack([low, high]), s0))
    sde = averaged(case, row, start, s0, low, high)
    # the left slope of the flow at raw 20 is 1e-3, so 1e-9 in y is 1e-6 in the mass
    return all_hold(
        equal(flow / data, torch.ones_like(data), budget=1e-6),
        equal(sde / data, torch.ones_like(data), budget=1e-6),
        equal(data[0], 1.147e-7, budget=1e-3),
    )


def mass(law: GaussianMixture, low: Tensor, high: Tensor) -> Tensor:
    """The masses of intervals of the line, without cancellation of close tails."""
    root = law.variance.sqrt()
    a, b = ((end[..., None] - law.means[:, 0]) / root for end in (low, high))
    flip = a + b > 0
    a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
    parts = torch.special.erfc(-b / 2**0.5) - torch.special.erfc(-a / 2**0.5)
    return (law.weights * parts).sum(-1) / 2


def preimages(case: Slab, row: GaussianMixture, ends: Tensor, s0: float) -> Tensor:
    """Where the flow must start at s0 to end in `ends`; the equation is run upward in ln s."""

    def drift(log_s: Tensor, y: Tensor) -> Tensor:
        mean = row.with_variance(torch.exp(2 * log_s)).expected_mean(y)
        return case.drift * (y - mean)

    span = (float(row.variance.log()) / 2, float(torch.tensor(s0).log()))
    path = solve_ode(Dynamics(drift, span), ends.reshape(-1, 1), method=DOPRI8, rtol=1e-11,
                     atol=1e-13)  # fmt: skip
    return path.end.reshape(ends.shape)


def averaged(
    case: Slab, row: GaussianMixture, start: GaussianMixture, s0: float, low: Tensor, high: Tensor
) -> Tensor:
    """The mean of P(slab | y) over the law of the start, by the trapezoidal rule."""
    v0 = s0**2 - float(row.variance)
    reach = float(row.means.max()) + 12 * s0
    y = torch.linspace(-reach, reach, 12_001)
    law = reverse_law(row, y[:, None], schedule=SCHEDULE, start=v0**0.5, stop=0.0)
    law = replace(law, variance=case.spread**2 * law.variance)
    weight = start.log_prob(y[:, None])
    parts = [
        torch.exp(weight + law.log_mass([1.0], float(a), float(b))).sum()
        for a, b in zip(low, high, strict=True)
    ]
    return torch.stack(parts) * float(y[1] - y[0])
