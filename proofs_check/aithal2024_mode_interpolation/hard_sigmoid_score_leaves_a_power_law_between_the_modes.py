"""B7: a score with a straight line between the modes has a closed map."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import EDM, HALF
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.line import log_variance_flow, mass_between
from theorylab.diffusion.midpoint import HardSigmoidLaw
from theorylab.diffusion.smoothing import HardSigmoidScore
from theorylab.integrate import RK4, solve_ode


@dataclass(frozen=True)
class Line:
    """A width, the masses stated at six and four deviations, and what the formula is given."""

    width: float
    stated: tuple[float, float]
    deviation: float = 0.05
    formula_width: float = 1.0
    power: float = 0.0


@claim(
    source=read_at("Smoothed score (mechanism of mode interpolation)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Line(0.05, (2.066755e-6, 7.94790e-5)),
        Line(0.1, (2.314288e-4, 1.17185e-3)),
        Line(0.2, (9.093447e-3, 1.67214e-2)),
        Line(0.3, (4.582785e-2, 6.89046e-2)),
        Line(0.1, (2.314288e-4, 1.17185e-3), deviation=0.03),
    ],
    must_fail={
        "two per cent wider": lambda case: replace(case, formula_width=1.02),
        "exponent h/delta - 0.02": lambda case: replace(case, power=-0.02),
        "a mass one per cent larger": lambda case: replace(
            case, stated=(1.01 * case.stated[0], case.stated[1])
        ),
    },
)
def hard_sigmoid_score_leaves_a_power_law_between_the_modes(case: Line) -> Finding:
    r"""Let the denoiser of the centres $\pm h$ be exact while $v > v_c = h\delta$ and
    $h\,\mathrm{clip}(y/\delta, -1, 1)$ below, $s^2 < v_c$, and start from the exact law. With
    $p = \tfrac12(h/\delta - 1)$ the flow brings to $y$, $\delta \le y \le h -
    (h - \delta)\sqrt{s^2/v_c}$, the point $y_c = \delta\,(s^2/v_c)^p
    \big(\frac{h - \delta}{h - y}\big)^{2p}$ of level $v_c$, so that

    $$p_{\rm out}(y) = p_{v_c}(y_c)\,\frac{2p\,y_c}{h - y},$$

    and as $y_c \to 0$ it is proportional to $(h - y)^{-h/\delta}$: between $y = \delta$ and
    $2\delta$ at $\delta = 0.05$ the exponent is $h/\delta$ to 0.1 per cent. The mass farther than
    $\kappa s$ from both modes depends on $\kappa$ but not on $s$ if $h - \kappa s \ge \delta$. For
    $h = 0.5$ it is at $\kappa = 6$ and 4, for $s = 0.05$ (and, at $\delta = 0.1$, for 0.03):
    $2.0668\cdot 10^{-6}$, $7.948\cdot 10^{-5}$ ($\delta = 0.05$); $2.3143\cdot 10^{-4}$,
    $1.1719\cdot 10^{-3}$ ($\delta = 0.1$); $9.0934\cdot 10^{-3}$,
    $1.6721\cdot 10^{-2}$ ($\delta = 0.2$). At $\delta = 0.3$ the first end is inside the line, and
    for $s = 0.05$ the masses are $4.5828\cdot 10^{-2}$, $6.8905\cdot 10^{-2}$. (Against the
    integrated flow, from $v_c$ down.)
    """
    law = HardSigmoidLaw(HALF, case.deviation**2, case.formula_width * case.width)
    ends = HALF - case.deviation * torch.tensor([6.0, 4.0])
    closed = law.mass_within(ends)
    heights = torch.linspace(0.02, 0.98 * law.farthest, 16)
    density = law.density(heights)
    masses, measured = integrated(case.width, case.deviation, heights, ends)
    stated = torch.tensor(case.stated)
    parts = [
        equal(closed / masses, torch.ones(2), budget=5e-5),
        equal(closed / stated, torch.ones(2), budget=3e-6),
        equal(density / measured, torch.ones(16), budget=4e-3),
    ]
    if case.width == 0.05:
        pair = law.density([case.width, 2 * case.width])
        exponent = torch.log(pair[1] / pair[0]) / torch.log(
            torch.tensor((HALF - case.width) / (HALF - 2 * case.width))
        )
        parts.append(equal(exponent, HALF / case.width + case.power, budget=1e-3))
    return all_hold(*parts).with_series(
        width=case.width, y=heights, density=density, measured=measured
    )


def integrated(
    width: float, deviation: float, heights: Tensor, ends: Tensor
) -> tuple[Tensor, Tensor]:
    """Masses within `ends` and densities at `heights`, by preimages under the flow."""
    step, top = 1e-3, math.sqrt(HALF * width - deviation**2)
    exact = GaussianMixture.pair(2 * HALF, deviation**2).noised(1.0, top)
    score = HardSigmoidScore(HALF, deviation**2, width, EDM)
    flow = log_variance_flow(score, (0.0, top * (1 - 1e-12)), width=deviation)
    asked = torch.cat([-ends, ends, heights - step, heights + step, heights - 2 * step,
                       heights + 2 * step])  # fmt: skip
    found = solve_ode(flow, asked[:, None], method=RK4, step=0.008).end[:, 0]
    masses = mass_between(exact, found[:2], found[2:4])
    a, b, c, d = found[4:].reshape(4, -1)
    narrow, wide = mass_between(exact, a, b) / (2 * step), mass_between(exact, c, d) / (4 * step)
    return masses, (4 * narrow - wide) / 3


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Closed densities between the centre and a mode, with the integrated flow."""
    for index, one in enumerate(series[:4]):
        ax.plot(one["y"], one["density"], color=f"C{index}", label=f"closed, width {one['width']}")
        ax.plot(one["y"], one["measured"], color=f"C{index}", marker="o", markersize=3,
                linestyle="none")  # fmt: skip
    ax.set(yscale="log")
    ax.set_xlabel("y (the mode is at 0.5, the midpoint at 0)")
    ax.set_ylabel("density of the flow's law")
    ax.set_title("hard sigmoid; dots: integrated flow")
    ax.legend()
