"""X9: the two differences between DDPM and the flow, its doubled drift and its noise, apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._chains import (
    ELL,
    GRID,
    SCHEDULE,
    missed,
    start_at,
    stuck,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_equals
from theorylab.diffusion import (
    DDIM,
    FIXED_LARGE,
    Ancestral,
    DriftAndNoise,
    ExactScore,
    Family,
    Step,
    sample,
)

CHANCE = 2e-13
RADII = (0.0, 0.05, 0.15, 0.25)
SHOWN = torch.linspace(0, 0.48, 25, dtype=torch.float64)
FLOW, DDPM, QUIET = DDIM(), Ancestral(), DriftAndNoise(Ancestral())


@dataclass(frozen=True)
class Start:
    """A raw step, the rates at the four radii, and draws: (radius, n, reach) of the mixed rule."""

    raw: int
    mixed: tuple[float, float, float, float]
    ddpm: tuple[float, float, float, float]
    flow: tuple[int, int, int, int]
    quiet: tuple[int, int, int, int]
    draws: tuple[tuple[int, int, float], ...]
    seed: int = 40
    rule: Step = DriftAndNoise(FLOW, DDPM)
    beyond: float = 5.0


CASES = [
    Start(
        2, (1, 1, 0.99998, 0.4753), (1, 0.8837, 0.0468, 2.75e-6), (1, 1, 1, 0), (1, 1, 0, 0),
        ((3, 20_000, 0.12),),
    ),
    Start(
        4, (1, 0.9951, 0.5949, 0.01784), (0.1475, 2.31e-5, 0, 0), (1, 1, 1, 0), (1, 0, 0, 0),
        ((2, 20_000, 0.1),),
    ),
    Start(
        8, (0.6372, 0.2477, 0.0275, 0.000818), (0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0),
        ((0, 20_000, 0.12), (1, 20_000, 0.22), (2, 20_000, 0.85)),
    ),
    Start(
        20, (0.00935, 0.00523, 0.00113, 0.00021), (0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0),
        ((0, 50_000, 0.97),),
    ),
]  # fmt: skip


@claim(
    source=read_at("Section 5 and Figure 5 (noise as the cause of the advantage of DDPM)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=CASES,
    must_fail={
        "one raw step later": lambda case: replace(case, raw=case.raw + 1),
        "the large variance as noise": lambda case: replace(
            case, rule=DriftAndNoise(FLOW, Ancestral(FIXED_LARGE))
        ),
        "the drift of the member k = 0.05": lambda case: replace(
            case, rule=DriftAndNoise(Family(0.05), DDPM)
        ),
        "a rule of 4.9 sigma": lambda case: replace(case, beyond=4.9),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate",
        "ashiq2026_ddim_vs_ddpm/ddpm_from_the_same_start_hallucinates_by_a_chi_square_tail",
    ],
)
def noise_on_the_drift_of_the_flow_hallucinates_where_ddpm_does_not(case: Start) -> Finding:
    r"""DDPM differs from the flow by a doubled drift and by noise. Take them apart, with the exact
    score of the 25-mode grid, all raw steps and starts on a segment at the distance $r\ell$ from
    its midpoint, and count the ends farther than $5\sigma$ from every mode at
    $r = 0, 0.05, 0.15, 0.25$ (to 0.3 % of each number):

    from raw 8 the drift of the flow with the noise of DDPM ends so with probability 0.6372,
    0.2477, 0.0275, 0.000818, while the steps of the flow alone and the doubled drift without
    noise do so at $r = 0$ only, and DDPM with probability below $10^{-6}$;

    from raw 20 the four are 0.00935, 0.00523, 0.00113, 0.00021 against the same;

    from raw 4: 1, 0.9951, 0.5949, 0.01784; the flow 1, 1, 1, 0; the doubled drift 1, 0, 0, 0;
    DDPM 0.1475, $2.31 \cdot 10^{-5}$, 0, 0 (below $10^{-6}$);

    from raw 2: 1, 1, 0.99998, 0.4753; the flow 1, 1, 1, 0; the doubled drift 1, 1, 0, 0; DDPM 1,
    0.8837, 0.0468, $2.75 \cdot 10^{-6}$.

    So from raw 8 and 20 the doubled drift alone does off $r = 0$ what DDPM does, and the noise
    alone makes the flow worse. The values with noise are those of kernels on the line;
    sampling in the plane agrees. A start at $r = 0$ exactly stays there without noise by symmetry.
    """
    radii = torch.tensor(RADII)
    every = torch.cat([radii, SHOWN])
    mixed, ddpm = (stuck(rule, case.raw, every, beyond=case.beyond) for rule in (case.rule, DDPM))
    kernels = [as_stated(mixed[:4], case.mixed), as_stated(ddpm[:4], case.ddpm)]
    quiet = [
        equal(1 + ended(rule, case, radii, 1), 1 + torch.tensor(expected), budget=1e-9)
        for rule, expected in ((FLOW, case.flow), (QUIET, case.quiet))
    ]
    draws = []
    for index, n, reach in case.draws:
        k = int(ended(case.rule, case, radii[[index]], n).sum() * n)
        rate = case.mixed[index]
        draws.append(rate_equals(k, n, rate, reach=reach, false_alarm=CHANCE, miss=CHANCE))
    return all_hold(
        *kernels, *quiet, *draws
    ).with_series(
        raw=case.raw,
        s=float(SCHEDULE.effective_deviation(case.raw, GRID.variance)) / ELL,
        radii=SHOWN,
        mixed=mixed[4:].clamp(min=0),  # a rate below the rounding of 1 minus it may be negative
        ddpm=ddpm[4:].clamp(min=0),
        flow=ended(FLOW, case, SHOWN, 1),
        quiet=ended(QUIET, case, SHOWN, 1),
    )


def as_stated(rates: Tensor, stated: tuple[float, ...]) -> Finding:
    """Each rate to 0.3 % of itself; a stated 0 is a rate below 1e-6."""
    wanted = torch.tensor(stated)
    ratios = torch.where(wanted > 0, rates / wanted.clamp(min=1e-9), 1 + (rates > 1e-6).double())
    return equal(ratios, torch.ones_like(ratios), budget=3e-3)


def ended(rule: Step, case: Start, radii: Tensor, n: int) -> Tensor:
    """The share of n runs from each radius that ends so."""
    ends = sample(
        start_at(case.raw, radii, n),
        range(case.raw + 1),
        rule,
        schedule=SCHEDULE,
        score=ExactScore(GRID, SCHEDULE),
        seed=case.seed + case.raw,
    ).end
    return missed(ends).reshape(len(radii), n).double().mean(-1)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The four rules from raw 8, and the mixed one from raw 20."""
    by_raw = {one["raw"]: one for one in series}
    shown = by_raw[8]
    place = rf"raw 8, $s = {shown['s']:.3f}\,\ell$"
    for name, colour, line, text in (
        ("mixed", "C3", "-", "drift of the flow, noise of DDPM"),
        ("flow", "C1", "-", "steps of the flow"),
        ("quiet", "C2", "--", "doubled drift, no noise"),
        ("ddpm", "C0", ":", "DDPM"),
    ):
        style = "steps-pre" if name in ("flow", "quiet") else "default"
        ax.plot(shown["radii"], shown[name], color=colour, linestyle=line, drawstyle=style,
                label=f"{text} ({place})")  # fmt: skip
    late = by_raw[20]
    ax.plot(late["radii"], late["mixed"], color="C3", linestyle="-.", linewidth=0.9,
            label=rf"the first rule (raw 20, $s = {late['s']:.3f}\,\ell$)")  # fmt: skip
    ax.set_yscale("symlog", linthresh=1e-6)
    ax.set_ylim(-4e-7, 1e3)
    ax.set_xlabel(r"distance of the start from the midpoint / $\ell$")
    ax.set_ylabel(r"share ending beyond $5\sigma$ of all modes")
    ax.set_title("exact score of the 25-mode grid, all raw steps")
    ax.legend(fontsize=6, loc="upper right")
