"""E24: the radius experiment with the exact processes, from the same start for both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from scipy.special import roots_laguerre
from scipy.stats import ncx2
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._chains import ELL, GRID, SCHEDULE, SIGMA, start_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import clock_dynamics
from theorylab.integrate import DOPRI5, solve_ode

RADII = (0.0, 0.05, 0.15, 0.25)
SHOWN = torch.linspace(0.02, 0.48, 47, dtype=torch.float64)
TRIED = torch.cat([SHOWN, torch.tensor([0.2111, 0.2113], dtype=torch.float64)])


@dataclass(frozen=True)
class Start:
    """A raw step, the rates of the SDE at four radii, and the radius of the flow (None: none)."""

    raw: int
    sde: tuple[float, float, float, float]
    flow: float | None
    most: float
    power: int = 2
    wider: float = 1.0
    rule: float = 5.0


@claim(
    source=read_at("Figure 5 and Figure E.11 (radius experiment)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Start(8, (3.588e-4, 2.100e-4, 6.889e-5, 2.172e-5), 0.2112, 3.6e-4),
        Start(20, (7.429e-6, 6.576e-6, 5.171e-6, 4.248e-6), None, 7.5e-6),
    ],
    must_fail={
        "the SDE shrinks as the flow": lambda case: replace(case, power=1),
        "noise half a per cent wider": lambda case: replace(case, wider=1.005),
        "a rule of 4.98 sigma": lambda case: replace(case, rule=4.98),
        "one raw step earlier": lambda case: replace(case, raw=case.raw - 1),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/reverse_sde_ends_in_the_posterior_mixture",
        "ashiq2026_ddim_vs_ddpm/hallucination_radius_of_the_flow_is_half_less_five_deviations",
    ],
)
def matched_starts_differ_at_raw_8_and_agree_at_raw_20(case: Start) -> Finding:
    r"""The label $\tau_3 = 9$ of the radius experiment starts DDIM at raw 8 and DDPM at raw 20.
    With the exact score of the 25-mode grid, run both exact processes from the same start on a
    segment, at the distance $r\ell$ from its midpoint. The reverse SDE ends farther than
    $5\sigma$ from every mode with probability

    $$\sum_k r_k\,P\Big(\chi^2_2(\nu_k) > \frac{25}{1-\kappa}\Big), \qquad
      \kappa = \frac{\sigma^2}{s_0^2}, \qquad
      \nu_k = \frac{\kappa^2\,|y_0 - \mu_k|^2}{\sigma^2(1-\kappa)} .$$

    From raw 8 that is $3.588 \cdot 10^{-4}$, $2.100 \cdot 10^{-4}$, $6.889 \cdot 10^{-5}$ and
    $2.172 \cdot 10^{-5}$ at $r = 0, 0.05, 0.15, 0.25$, while the flow from there always ends so
    for $0 < r < 0.2112$. From raw 20 it is $7.429 \cdot 10^{-6}$, $6.576 \cdot 10^{-6}$,
    $5.171 \cdot 10^{-6}$ and $4.248 \cdot 10^{-6}$, and the flow never does for $r \ge 0.02$. So
    the flow from 8 against the SDE from 20, the comparison of the experiment, measures the start
    as well as the process.
    """
    radii = torch.tensor(RADII)
    formula = by_chi_square(case, radii)
    flow = flow_misses(case)
    radius = 0.0 if case.flow is None else case.flow
    return all_hold(
        equal(formula / torch.tensor(case.sde), torch.ones(4), budget=5e-4),
        # Gauss-Laguerre in the squared radius, and the trapezoidal rule in the angle
        equal(by_bayes(case.raw, radii) / formula, torch.ones(4), budget=1e-6),
        at_most(formula, torch.full((4,), case.most), budget=1e-9),
        equal(1 + flow, 1 + (radius > TRIED).double(), budget=1e-9),
    ).with_series(
        raw=case.raw,
        s=deviation(case.raw) / ELL,
        radii=SHOWN,
        flow=flow[: len(SHOWN)],
        sde=by_chi_square(case, SHOWN),
    )


def deviation(raw: int) -> float:
    """The effective deviation s0."""
    return float(SCHEDULE.effective_deviation(raw, GRID.variance))


def by_chi_square(case: Start, radii: Tensor) -> Tensor:
    """The sum of the statement, over all modes."""
    s0 = deviation(case.raw)
    kept = (SIGMA / s0) ** case.power
    spread = case.wider**2 * SIGMA**2 * (1 - (SIGMA / s0) ** 2)
    y = start_at(case.raw, radii, 1) / SCHEDULE.alpha(float(case.raw))
    shares = GRID.with_variance(s0**2).responsibilities(y)
    nu = kept**2 * torch.cdist(y, GRID.means) ** 2 / spread
    tails = ncx2.sf(case.rule**2 * SIGMA**2 / spread, 2, nu.numpy())
    return (shares * torch.from_numpy(tails)).sum(-1)


def by_bayes(raw: int, radii: Tensor) -> Tensor:
    """The integral of p_0(x) N(y; x, v) / p_v(y) over all x farther than 5 sigma from every mode.

    Around each mode of the pair in polar coordinates; the density of the other modes there, and
    what lies around them, is below the smallest float.
    """
    v = float(SCHEDULE.noise_to_signal(float(raw))) ** 2
    y = start_at(raw, radii, 1) / SCHEDULE.alpha(float(raw))
    nodes, weights = (torch.from_numpy(x) for x in roots_laguerre(40))
    rings = SIGMA * torch.sqrt(25 + 2 * nodes)
    angles = 2 * torch.pi * (torch.arange(120) + 0.5) / 120
    offsets = rings[:, None, None] * torch.stack([angles.cos(), angles.sin()], -1)
    evidence = GRID.with_variance(float(GRID.variance) + v).log_prob(y)
    total = torch.zeros(len(radii))
    for mode in GRID.means[12:14]:
        squares = ((y[:, None, None] - mode - offsets) ** 2).sum(-1)
        density = torch.exp(-squares / (2 * v) - evidence[:, None, None]) / (2 * torch.pi * v)
        total += density.mean(2) @ weights * torch.exp(torch.tensor(-12.5)) / 25
    return total


def flow_misses(case: Start) -> Tensor:
    """Whether the exact flow from each tried start ends beyond 5 sigma of all modes."""
    return (torch.cdist(flow_ends(case.raw), GRID.means).amin(-1) > case.rule * SIGMA).double()


@cache
def flow_ends(raw: int) -> Tensor:
    """The ends of the exact flow from each tried start."""
    dynamics = clock_dynamics(GRID, s_start=deviation(raw))
    y = start_at(raw, TRIED, 1) / SCHEDULE.alpha(float(raw))
    return solve_ode(dynamics, y, method=DOPRI5, rtol=1e-7).end


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Both processes from raw 8 and from raw 20, matched and mismatched."""
    for one, line in zip(series, ("-", "--"), strict=True):
        place = rf"raw {one['raw']}, $s = {one['s']:.3f}\,\ell$"
        ax.plot(one["radii"], one["flow"], color="C1", linestyle=line, label=f"ODE from {place}")
        ax.plot(one["radii"], one["sde"], color="C0", linestyle=line, label=f"SDE from {place}")
    ax.set_yscale("symlog", linthresh=1e-6)
    ax.set_ylim(-4e-7, 20)
    ax.set_xlabel(r"distance of the start from the midpoint / $\ell$")
    ax.set_ylabel(r"share ending beyond $5\sigma$ of all modes")
    ax.set_title("exact processes of the 25-mode grid")
    ax.legend(loc="upper right")
