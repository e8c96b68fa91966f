"""B5: how much a smoothed score puts exactly halfway between two modes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import (
    EDM,
    HALF,
    PAIR,
    TOP,
    VARIANCE,
    centred,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion.line import flow_preimages, mass_between
from theorylab.diffusion.midpoint import log_midpoint_density
from theorylab.diffusion.smoothing import (
    Floor,
    Inflate,
    SmoothedScore,
    Smoothing,
    Temper,
    lipschitz_cap,
)

START = VARIANCE + TOP**2
NEAR = 1e-4
SHOWN = torch.linspace(-0.5, 0.5, 81, dtype=torch.float64)


@dataclass(frozen=True)
class Smoothed:
    """A smoothing, and the density at the midpoint that is stated for it."""

    smoothing: Smoothing
    stated: float
    half: float = HALF
    share: float = 1.0


@claim(
    source=read_at("Smoothed score (mechanism of mode interpolation)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Smoothed(Temper(0.2), 3.62240e-4),
        Smoothed(Temper(0.1), 5.37611e-2),
        Smoothed(Inflate(0.025), 4.95433e-5),
        Smoothed(Inflate(0.05), 3.94821e-3),
        Smoothed(Inflate(0.1), 7.69075e-2),
        Smoothed(Floor(0.05), 3.66132e-4),
        Smoothed(Floor(0.1), 2.27251e-2),
        Smoothed(lipschitz_cap(4.0, HALF), 1.727745e-3),
    ],
    must_fail={
        "modes two per cent closer": lambda case: replace(case, half=0.98 * HALF),
        "deficit two per cent smaller": lambda case: replace(case, share=0.98),
        "tempering for inflating": lambda case: replace(case, smoothing=Temper(0.2)),
    },
)
def midpoint_density_under_smoothing_is_the_integral_of_one_over_both_variances(
    case: Smoothed,
) -> Finding:
    r"""Two equal modes $\pm h$ of variance $s^2$; let the responsibilities see $v_{\rm eff}(v)$
    in place of $v = s^2 + \sigma^2$ and start the flow $2v\,y' = y - h\tanh(hy/v_{\rm eff})$ from
    $N(0, V)$. For every $v_{\rm eff}$ its law has at the midpoint the density

    $$p(0) = \frac{1}{\sqrt{2\pi s^2}}
      \exp\Big(-\frac{h^2}{2}\int_{s^2}^{V}\frac{dv}{v\,v_{\rm eff}(v)}\Big),$$

    for $h = 0.5$, $s = 0.05$ and $V = s^2 + 80^2$ equal to $3.6224\cdot 10^{-4}$ when tempered
    ($v_{\rm eff} = v/\gamma$) by $\gamma = 0.2$, $3.9482\cdot 10^{-3}$ when inflated by 0.05,
    $3.6613\cdot 10^{-4}$ with the floor 0.05 and $1.7278\cdot 10^{-3}$ with the Lipschitz constant
    4. (Against the masses of $\pm 10^{-4}$ and $\pm 2\cdot 10^{-4}$, extrapolated to 0, by
    preimages under an eighth-order integration of the flow.)
    """
    kept = (2 * math.pi * VARIANCE) ** -0.5
    logarithm = log_midpoint_density(
        case.smoothing, half=case.half, variance=VARIANCE, start=START
    )
    closed = kept * math.exp(case.share * (logarithm - math.log(kept)))
    measured, shape = integrated(case.smoothing)
    found = [equal(closed, measured, budget=1e-7), equal(closed, case.stated, budget=3e-6)]
    return all_hold(*found).with_series(
        name=str(case.smoothing), y=(SHOWN[1:] + SHOWN[:-1]) / 2, density=shape, closed=closed
    )


@cache
def integrated(smoothing: Smoothing) -> tuple[float, torch.Tensor]:
    """The density at 0, extrapolated, and mean densities between the points shown."""
    ends = torch.cat([torch.tensor([-2 * NEAR, -NEAR, NEAR, 2 * NEAR]), SHOWN])
    score = SmoothedScore(PAIR, EDM, smoothing)
    found = flow_preimages(score, ends, stop=0.0, start=TOP, rtol=1e-9)
    law = centred(START)
    wide, narrow = (float(mass_between(law, found[i], found[3 - i])) for i in (0, 1))
    shown = mass_between(law, found[4:-1], found[5:]) / SHOWN.diff()
    return (4 * narrow / (2 * NEAR) - wide / (4 * NEAR)) / 3, shown


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Densities of the smoothed flow between two modes, with the closed form at the midpoint."""
    for index, one in enumerate(series[place] for place in (0, 3, 5, 7)):
        ax.plot(one["y"], one["density"], color=f"C{index}", label=one["name"])
        ax.plot([0], [one["closed"]], color=f"C{index}", marker="o", markersize=5)
    ax.set(yscale="log", ylim=(1e-4, 20))
    ax.set_xlabel("y (modes at -0.5 and 0.5, deviation 0.05)")
    ax.set_ylabel("density of the flow's law")
    ax.set_title("dots: closed form at the midpoint")
    ax.legend()
