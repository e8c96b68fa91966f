"""The stochastic half of the radius experiment: ancestral DDPM with the exact score."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from scipy.stats import ncx2
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_equals
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_sample,
    quadratic_nodes,
)

CHANCE = 1e-12
GRID, SCHEDULE = GaussianMixture.grid(), VPSchedule.ddpm()
SHOWN = (0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.45)


@dataclass(frozen=True)
class Start:
    """A raw step, radii r at which rates are compared, their predictions and reaches."""

    raw: int = 2
    radii: tuple[float, ...] = (0.05, 0.1, 0.15)
    stated: tuple[float, ...] = (0.8840, 0.4049, 0.04685)
    reach: tuple[float, ...] = (0.04, 0.12, 0.22)
    n: tuple[int, ...] = (30_000, 30_000, 100_000)
    seed: int = 515
    power: float = 1.0
    true_noise: bool = False
    rule: float = 5.0


@claim(
    source=read_at("Figure 5 and Figure E.15 (radius experiment)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Start()],
    must_fail={
        "contracts as the flow": lambda case: replace(case, power=0.5),
        "noise of the true conditional law": lambda case: replace(case, true_noise=True),
        "rule of 4.9 sigma": lambda case: replace(case, rule=4.9),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/hallucination_radius_of_ddim_is_set_by_the_product_of_its_contractions",
    ],
)
def ddpm_from_the_same_start_hallucinates_by_a_chi_square_tail(case: Start) -> Finding:
    r"""Ancestral DDPM with the exact score of the 25-mode grid, started on a segment at the
    distance $r\ell$ from its midpoint where one mode has all the responsibility. It ends more than
    $5\sigma$ from the modes with the probability $P(\chi^2_2(\nu) > 25\sigma^2/V)$,

    $$\nu = \frac{1}{V}\Big(\frac{\sigma^2}{s_0^2}\big(\tfrac12 - r\big)\ell\Big)^2, \qquad
      V = \sum_n \frac{\sigma^4}{s_{n+1}^4}\,\frac{(v_n - v_{n+1})\,v_{n+1}}{v_n} .$$

    From raw step 2 that is 0.884, 0.405 and 0.0469 at $r = 0.05$, $0.1$
    and $0.15$, where DDIM from the same start always ends there (its radius is 0.2474). The figure
    adds DDIM from raw 8 and DDPM from raw 20, the starts that carry the same label in the paper's
    experiment: no run drawn there (one and 250 at each radius) ends so.
    """
    predicted = tail(case, torch.tensor(case.radii))
    parts = []
    for index, radius in enumerate(case.radii):
        k = ended_away(case.raw, radius, n=case.n[index], seed=case.seed + index)
        for told in (float(predicted[index]), case.stated[index]):
            reach = case.reach[index]
            parts.append(
                rate_equals(k, case.n[index], told, reach=reach, false_alarm=CHANCE, miss=CHANCE)
            )
    drawn = curves(case)
    always, never = torch.ones(len(case.radii)), torch.ones(2 * len(SHOWN))
    parts.append(equal(drawn["ddim_from_2"][: len(case.radii)], always, budget=1e-9))
    others = torch.tensor(drawn["ddim_from_8"] + drawn["ddpm_from_20"])
    parts.append(equal(1 + others, never, budget=1e-9))
    return all_hold(*parts).with_series(**drawn)


def tail(case: Start, r: Tensor) -> Tensor:
    """The probability of the statement at the radii r."""
    sigma2 = float(GRID.variance)
    raws = range(-1, case.raw + 1)
    v = torch.stack([SCHEDULE.noise_to_signal(float(t)) ** 2 for t in raws])
    shrink = ((sigma2 + v[:-1]) / (sigma2 + v[1:])) ** case.power
    after = torch.cumprod(shrink, 0) / shrink
    noise = (v[1:] - v[:-1]) * v[:-1] / v[1:]
    if case.true_noise:
        noise = (v[1:] - v[:-1]) * (sigma2 + v[:-1]) / (sigma2 + v[1:])
    added = float((after**2 * noise).sum())
    ell = float(GRID.means[1, 1] - GRID.means[0, 1])
    offset = float(shrink.prod()) * (0.5 - r) * ell
    bound = case.rule**2 * sigma2 / added
    return torch.as_tensor(ncx2.sf(bound, GRID.d, (offset**2 / added).numpy()))


@cache
def ended_away(raw: int, radius: float, *, n: int, seed: int, eta: float = 1.0) -> int:
    """How many of n runs from `radius` on one edge end beyond 5 sigma; eta = 0 is DDIM."""
    a, b = GRID.means[12], GRID.means[13]
    y = (a + b) / 2 + radius * (b - a)
    nodes = list(range(raw + 1)) if eta else [t for t in quadratic_nodes(50) if t <= raw]
    path = ddim_sample(
        (float(SCHEDULE.alpha(float(raw))) * y).expand(n, -1), nodes, schedule=SCHEDULE,
        score=ExactScore(GRID, SCHEDULE), eta=eta, seed=seed,
    )  # fmt: skip
    nearest = torch.cdist(path.end, GRID.means).amin(-1)
    return int((nearest > 5 * GRID.variance.sqrt()).sum())


def curves(case: Start) -> dict[str, Any]:
    """Rates for the figure, by runs: 250 of DDPM at each radius, one of DDIM."""

    def rates(raw: int, n: int, eta: float) -> list[float]:
        return [
            ended_away(raw, r, n=n, seed=case.seed + 50 + index, eta=eta) / n
            for index, r in enumerate(SHOWN)
        ]

    fine = torch.linspace(0.05, 0.49, 89)
    return {
        "radii": list(SHOWN),
        "ddim_from_2": rates(2, 1, 0.0),
        "ddim_from_8": rates(8, 1, 0.0),
        "ddpm_from_2": rates(2, 250, 1.0),
        "ddpm_from_20": rates(20, 250, 1.0),
        "fine": fine,
        "predicted": tail(case, fine),
    }


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The radius experiment under the exact score: matched and mismatched starts."""
    shown = series[0]
    ax.plot(shown["fine"], shown["predicted"], color="C0", label="DDPM from raw 2, chi-square")
    for name, colour, marker, text in (
        ("ddpm_from_2", "C0", "o", "DDPM from raw 2, sampled"),
        ("ddim_from_2", "C1", "s", "DDIM from raw 2 (same start)"),
        ("ddpm_from_20", "C2", "^", "DDPM from raw 20"),
        ("ddim_from_8", "C3", "x", "DDIM from raw 8 (same label)"),
    ):
        ax.plot(shown["radii"], shown[name], color=colour, marker=marker, markersize=4,
                linestyle="none", label=text)  # fmt: skip
    ax.axvline(0.2474, color="C1", linewidth=0.8, linestyle="--", label="DDIM radius 0.2474")
    ax.set_xlabel(r"distance of the start from the midpoint / $\ell$")
    ax.set_ylabel(r"share ending beyond $5\sigma$ of all modes")
    ax.set_title("exact score of the 25-mode grid")
    ax.legend()
