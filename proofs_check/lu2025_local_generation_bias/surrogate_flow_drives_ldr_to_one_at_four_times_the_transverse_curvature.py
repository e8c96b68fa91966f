r"""What happens instead of Theorem 5.3's growth race: directions turn towards the axis."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, decay
from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    direction_flow,
    transverse_curvature,
)

POINTS = 2000
FIRST, LAST, STEPS = 3.0, 6.0, 13


@dataclass(frozen=True)
class Run:
    """A parity of d bits, a noise level, and a width."""

    d: int = 8
    alpha_bar: float = 0.5
    width: int = 400
    seed: int = 0
    factor: float = field(default=4.0, repr=False)


@claim(
    source=PAPER.at("Theorem 5.3"),
    relation=Relation.BEYOND,
    evidence=Evidence.TREND,
    cases=[Run()],
    thorough=[Run(seed=1), Run(d=6, width=800), Run(alpha_bar=0.3, seed=2)],
    must_fail={
        "twice the curvature": lambda case: replace(case, factor=2.0),
        "a fifth more": lambda case: replace(case, factor=4.8),
    },
    given=[
        "lu2025_local_generation_bias/curvature_at_the_best_direction_is_split_by_the_three_bit_moments"
    ],
)
def surrogate_flow_drives_ldr_to_one_at_four_times_the_transverse_curvature(case: Run) -> Finding:
    r"""Along the surrogate flow of a balanced network $1 - LDR(\{i\}) \sim C e^{-4 |H_\perp|
    \tau}$.

    $H_\perp$ is the second derivative of $K$ across the axis at its maximum. A direction near the
    axis turns towards it at the rate $2 |H_\perp|$, and the LDR defect is quadratic in the angle.
    On the parity of 8 bits at $\bar\alpha = .5$, for 400 neurons with $w, b \sim N(0, \sigma^2)$,
    the slope of $\ln(1 - LDR)$ over $3 \le \tau \le 6$ is within a tenth of it. No neuron has to
    start near the best direction.
    """
    times, defect = followed(replace(case, factor=1.0))
    rate = case.factor * abs(transverse_curvature(case.alpha_bar))
    late = times >= FIRST
    found = decay(times[late], defect[late], rate=rate, tol=0.1 * rate)
    return found.with_series(times=times, defect=defect, rate=rate)


@cache
def followed(case: Run) -> tuple[torch.Tensor, torch.Tensor]:
    """Times, and 1 - LDR along the flow."""
    law = HypercubeLaw.parity(case.d)
    generator = torch.Generator().manual_seed(case.seed)
    y = torch.randn(case.width, case.d + 1, generator=generator)
    size = torch.linalg.vector_norm(y, dim=-1)
    sign = torch.where(torch.arange(case.width) % 2 == 0, 1.0, -1.0)
    start = TwoLayerReLU(sign * size, y[:, :-1], y[:, -1])
    times = torch.cat((torch.linspace(0, 2.5, 11), torch.linspace(FIRST, LAST, STEPS)))
    path = direction_flow(
        start, law=law, alpha_bar=case.alpha_bar, time=LAST, times=times, rtol=1e-7, atol=1e-9
    )
    x = draws(law, case.alpha_bar, generator)
    return times, torch.stack([defect_of(path.network(k), x) for k in range(len(times))])


def draws(law: HypercubeLaw, alpha_bar: float, generator: torch.Generator) -> torch.Tensor:
    """Points of p_t."""
    atoms, masses = law.weighted_vertices(like=torch.zeros(1))
    chosen = atoms[torch.multinomial(masses, POINTS, replacement=True, generator=generator)]
    noise = torch.randn(chosen.shape, generator=generator)
    return alpha_bar**0.5 * chosen + (1 - alpha_bar) ** 0.5 * noise


def defect_of(network: TwoLayerReLU, x: torch.Tensor) -> torch.Tensor:
    """1 - LDR of the first coordinate, without cancellation; 0/0 counts as LDR 1."""
    active = (x @ network.w.T + network.b > 0).to(x)
    energy = (active @ (network.a[:, None] * network.w)).square()
    total = energy.sum(-1)
    ratio = torch.where(total > 0, energy[:, 1:].sum(-1) / total, torch.zeros_like(total))
    return ratio.mean()


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The decay of the LDR defect."""
    shown = series[0]
    ax.semilogy(shown["times"], shown["defect"], "o-", markersize=3, label="surrogate flow")
    start = shown["times"].index(FIRST)
    anchor = shown["defect"][start]
    line = [anchor * 2.718281828459045 ** (-shown["rate"] * (t - FIRST)) for t in shown["times"]]
    ax.semilogy(shown["times"][start - 4 :], line[start - 4 :], "--", color="k",
                label=r"slope $-4|H_\perp|$")  # fmt: skip
    ax.set_xlabel(r"time $\tau$ of the surrogate flow")
    ax.set_ylabel(r"$1 - LDR(\{1\})$")
    ax.set_title(r"8-bit parity, $\bar\alpha = 0.5$")
    ax.legend()
