"""Figure 4, the filter of the released code: what it does to points that do not move at all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RESTATED, Law
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import ddim, levels, shortest
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import GaussianMixture, distance_to_nearest_segment

SHOWN_RUNS, SHOWN_SEED = 1000, 4
STATED = (0.1179, 0.0212, 0.0123)


@dataclass(frozen=True)
class Frozen:
    """Points spread evenly over the hull of the modes, and a filter at `reach` s / sqrt(d)."""

    law: Law
    reach: float = 5.0
    points: int = 2**17
    finite: bool = True
    power: float = 1.0
    gap: float = 1.0


@claim(
    source=read_at("Figure 4 (the filter in the released code)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Frozen(GRID), Frozen(RESTATED)],
    must_fail={
        "a filter two per cent narrower": lambda case: replace(case, reach=4.9),
        "half of the filter": lambda case: replace(case, finite=False),
        "s squared for s": lambda case: replace(case, power=2.0),
        "modes two per cent farther apart": lambda case: replace(case, gap=1.02),
    },
    thorough=[Frozen(GRID, points=2**20)],
)
def filtered_mean_distance_falls_even_if_nothing_moves(case: Frozen) -> Finding:
    r"""Spread points $y$ uniformly over the hull of the grid and leave them where they are. Their
    mean distance to the nearest segment is $\ell/6$ at all times. But leave out at every time
    those farther than $f = 5 s_t/\sqrt d$, $d = 2$ (the filter read as $d_\perp(x_t) \le
    5\sigma_t/\sqrt d$), and the mean of the others is

    $$\frac{\ell}{2}\,q\,\frac{1 - 2q/3}{2 - q}, \qquad q = \min(1, 2f/\ell),$$

    which falls with $s_t$: from $\ell/6 = 0.1179$ early on to $0.0212$ at raw index 0 and
    $0.0123$ at the data, about half of $f$. So the decrease of a mean that is filtered
    anew at every step shows no convergence of the samples. (To a relative error of 0.4 %, by a
    quasi-random sequence.)
    """
    mixture = case.law.mixture()
    y, ell = spread(case, mixture), shortest(mixture)
    s = case.law.scale * levels(GRID.mixture().variance)
    distance = distance_to_nearest_segment(y, mixture.means)
    measured = filtered_means(distance, 5.0 * s / math.sqrt(2))
    f = case.reach * s**case.power / math.sqrt(2)
    predicted = closed_form(f, case.gap * ell, finite=case.finite)
    findings = [
        equal(measured / predicted, torch.ones_like(s), budget=4e-3),
        equal(distance.mean(), case.gap * ell / 6, budget=4e-3),
    ]
    if case.law == GRID:
        stated = torch.tensor([ell / 6, measured[-2], measured[-1]])
        findings.append(equal(stated / torch.tensor(STATED), torch.ones(3), budget=5e-3))
    return all_hold(*findings).with_series(**drawn(case, measured, ell, s))


def spread(case: Frozen, mixture: GaussianMixture) -> Tensor:
    """Points of a quasi-random sequence in the hull, turned as the law is."""
    unit = SobolEngine(2, scramble=True, seed=7).draw(case.points, dtype=torch.float64)
    side = 4 * shortest(mixture)
    return side * (unit - 0.5) @ case.law.rotation(2).T


def filtered_means(distance: Tensor, limits: Tensor) -> Tensor:
    """The mean of the distances up to each limit, by sorting once."""
    ordered = distance.sort().values
    count = torch.searchsorted(ordered, limits, right=True)
    return torch.cumsum(ordered, 0)[count - 1] / count


def closed_form(f: Tensor, ell: float, *, finite: bool) -> Tensor:
    """E[min(a, b) | min(a, b) <= f] for (a, b) uniform on [0, ell/2]^2; f/2 if not finite."""
    if not finite:
        return torch.minimum(f, torch.tensor(ell / 3)) / 2
    q = (2 * f / ell).clamp(max=1)
    return ell / 2 * q * (1 - 2 * q / 3) / (2 - q)


def drawn(case: Frozen, measured: Tensor, ell: float, s: Tensor) -> dict[str, Any]:
    """The curves of the figure, and for comparison runs that do move."""
    curves: dict[str, Any] = {"left": torch.arange(50, -1, -1), "filtered": measured / ell}
    curves |= {"limit": 5 * s / math.sqrt(2) / ell, "still": 1 / 6}
    if case.law == GRID:
        run = ddim(GRID, SHOWN_RUNS, SHOWN_SEED)
        curves["moving"] = distance_to_nearest_segment(run.y, run.mixture.means).mean(1) / ell
    return curves


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The filtered mean of points that stand still, beside DDIM."""
    shown = series[0]
    left = shown["left"]
    ax.plot(left, shown["limit"], color="0.4", linewidth=0.8, linestyle=":", label="filter")
    ax.axhline(shown["still"], color="C1", linestyle="--", label="still points, all")
    ax.plot(left, shown["filtered"], color="C1", label="still points, filtered")
    ax.plot(left, shown["moving"], color="C0", label="DDIM-50, all")
    ax.set(yscale="log", xlim=(25, -0.3), ylim=(3e-3, 2))
    ax.set_xlabel("remaining steps")
    ax.set_ylabel(r"mean distance to a segment / $\ell$")
    ax.set_title("the filter of Figure 4 on the 25-mode grid")
    ax.legend(loc="lower left")
