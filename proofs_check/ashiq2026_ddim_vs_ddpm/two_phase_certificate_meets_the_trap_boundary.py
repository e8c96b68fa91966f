"""How wide the trap around the midpoint is, and a closed form for nearly all of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.integrate import DOPRI8, Dynamics, solve_ode
from theorylab.symbolic import as_torch, forms

DECADE = math.log(10.0)


@dataclass(frozen=True)
class Trap:
    """A window from a raw step of the paper's schedule to the data, and radii in units of ell."""

    raw: int
    boundary: tuple[float, ...]
    radii: tuple[float, ...] = (0.15, 0.35, 0.45)
    beta_max: float = 0.02
    exponent: float = 1.0
    contraction: float = 1.0
    gap: float = 0.14


@claim(
    source=read_at("Proposition 4.7 (2)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Trap(8, (-252.82, -35.31, -0.68)),
        Trap(20, (-264.53, -47.01, -3.12)),
        Trap(24, (-265.56, -48.05, -4.16)),
    ],
    must_fail={
        "radii two per cent smaller": lambda case: replace(
            case, radii=tuple(0.98 * radius for radius in case.radii)
        ),
        "noise two per cent stronger": lambda case: replace(case, beta_max=0.0204),
        "two per cent less of the eigenvalue": lambda case: replace(case, exponent=0.98),
        "two per cent more of the eigenvalue": lambda case: replace(case, exponent=1.02),
        "no contraction after the first phase": lambda case: replace(case, contraction=0.0),
        "within a tenth of a decade": lambda case: replace(case, gap=0.1),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/midpoint_offset_grows_at_most_by_the_integrated_eigenvalue",
    ],
)
def two_phase_certificate_meets_the_trap_boundary(case: Trap) -> Finding:
    r"""Two modes of equal weight, $\ell = 100\sigma$, the flow from a raw step of the paper's
    schedule ($s_0$) down to $s = \sigma$. For every $s_1 \in [\sigma, s_0]$ with
    $\xi_1 = \frac{\ell}{2} - (\frac{\ell}{2} - \theta)\frac{s_1}{\sigma} \ge 0$,

    $$|\xi_0| \le \xi_1 \exp\Big(-\int_{s_1}^{s_0}\lambda\,\frac{dr}{r}\Big)
      \quad\text{implies}\quad |\xi(\sigma)| \le \theta,$$

    because the drift is at most $\lambda\xi$ and at most $\frac{\ell}{2} - \xi$. The best $s_1$
    is within 0.14 decades of the largest such $|\xi_0|$, which an integration backwards gives:
    $\log_{10}(|\xi_0|/\ell)$ for $\theta/\ell = 0.15,\ 0.35,\ 0.45$ is $-252.82, -35.31, -0.68$
    from raw step 8, $-264.53, -47.01, -3.12$ from 20 and $-265.56, -48.05, -4.16$ from 24.
    """
    mixture = GaussianMixture.grid()
    schedule = VPSchedule.ddpm(beta_max=case.beta_max)
    ell = float(mixture.means[1, 1] - mixture.means[0, 1])
    s_end = float(mixture.variance.sqrt())
    s_start = float(schedule.effective_deviation(case.raw, mixture.variance))
    radii = ell * torch.tensor(case.radii)
    exact, error = boundary(radii, ell, s_start, s_end)
    s1 = torch.logspace(math.log10(s_end), math.log10(s_start), 20_001)[:, None]
    every = certificate(case, radii, s1, ell, s_start, s_end)
    best = every.amax(0)
    stated = equal(exact / DECADE, torch.tensor(case.boundary), budget=0.005, scale=1.0)
    accurate = at_most(error, torch.full_like(error, 1e-4), budget=1e-9)
    sound = at_most(torch.exp(every - exact), torch.ones(()), budget=1e-4)
    close = at_most((exact - best) / DECADE, torch.full_like(best, case.gap), budget=1e-9)
    return all_hold(stated, accurate, sound, close).with_series(
        raw=case.raw, radii=radii / ell, exact=exact / DECADE, certificate=best / DECADE
    )


def boundary(radii: Tensor, ell: float, s_start: float, s_end: float) -> tuple[Tensor, Tensor]:
    """ln(xi_0/ell) of the flow that ends at the radii, integrated backwards, and its error."""

    def growth(u: Tensor, log_xi: Tensor) -> Tensor:
        half = 0.5 * ell * torch.exp(-log_xi)
        return half * torch.tanh(0.25 * ell**2 / half / (s_start * torch.exp(-u)) ** 2) - 1

    backwards = Dynamics(growth, (math.log(s_start / s_end), 0.0))
    path = solve_ode(
        backwards,
        torch.log(radii)[:, None],
        method=DOPRI8,
        rtol=1e-8,
        atol=1e-6,
        measure_error=True,
    )
    return path.end[:, 0] - math.log(ell), torch.as_tensor(path.error)


def certificate(
    case: Trap, radii: Tensor, s1: Tensor, ell: float, s_start: float, s_end: float
) -> Tensor:
    """ln(|xi_0|/ell) of the implication for every s1 (rows) and radius; -inf where xi_1 <= 0."""
    form = as_torch(forms.integrated_eigenvalue(), forms.ell, forms.s0, forms.s1)
    contraction = (s1 / s_end) ** case.contraction
    xi1 = ell / 2 - (ell / 2 - radii) * contraction
    return torch.log(xi1.clamp(min=0) / ell) - case.exponent * form(ell, s_start, s1)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The exact trap and the certificate, in decades, against the radius."""
    for colour, shown in zip(("C0", "C1", "C2"), series, strict=True):
        ax.plot(shown["radii"], shown["exact"], color=colour, marker="o", markersize=4,
                label=f"from raw step {shown['raw']}")  # fmt: skip
        ax.plot(shown["radii"], shown["certificate"], color=colour, linestyle="none", marker="x")
    ax.plot([], [], color="grey", linestyle="none", marker="x", label="two-phase certificate")
    ax.set_xlabel(r"radius $\theta/\ell$ at the end")
    ax.set_ylabel(r"$\log_{10}$ of the half-width of the trap / $\ell$")
    ax.set_title(r"flow of two modes, $\sigma = \ell/100$")
    ax.legend()
