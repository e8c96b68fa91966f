"""Figure 4 in closed form: what its curve must show for every sampler with the exact marginals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RESTATED, Law
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import Run, ddim, levels, reverse_sde
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import GaussianMixture, distance_to_nearest_segment

ANGLES, SHELLS, FARTHEST = 12, 48, 11.0
"""Gauss nodes for an octant and for the radius, and the radius in units of s."""


@dataclass(frozen=True)
class Share:
    """The grid at `left` remaining steps; how many modes have four and three neighbours."""

    left: int
    budget: float
    law: Law = GRID
    inner: int = 9
    border: int = 12
    louder: float = 1.0


@claim(
    source=read_at("Figure 4"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Share(9, 1e-8),
        Share(8, 1e-12),
        Share(4, 1e-12),
        Share(1, 1e-12),
        Share(0, 1e-12),
        Share(6, 1e-12, RESTATED),
    ],
    must_fail={
        "two per cent more noise": lambda case: replace(case, louder=1.02),
        "every mode has four neighbours": lambda case: replace(case, inner=25, border=0),
        "a border mode taken for an inner one": lambda case: replace(case, inner=10, border=11),
        "from three remaining steps earlier": lambda case: replace(case, left=case.left + 3),
    },
)
def mean_distance_to_a_segment_is_a_fixed_share_of_the_noise(case: Share) -> Finding:
    r"""Under the exact law of $x_t$ on the 25-mode grid, which the probability flow and the
    reverse SDE have in common, the mean distance to the segment of the two nearest modes is

    $$E\,d_\perp(x_t) = c\,\sigma_t, \qquad c = \frac{1}{25}\Big(16\,\frac{2(\sqrt2-1)}{\sqrt\pi}
      + 8\sqrt{\frac{2}{\pi}} + \sqrt{\frac{\pi}{2}}\Big) = 0.60459,$$

    to a relative error of $10^{-8}$ at 9 remaining steps of DDIM-50 ($\tau_2$ at $\kappa = 7$)
    and of $10^{-12}$ from 8 on. So from then on a curve of this mean shows the noise level, and
    cannot tell the two apart. (An offset of law $N(0, s^2 I)$ leaves the smaller of
    its two coordinates, unless there is no neighbour on its side.)
    """
    mixture = case.law.mixture()
    plain = float(levels(GRID.mixture().variance)[50 - case.left])
    s = case.law.scale * plain
    share = share_of(case.inner, case.border) * case.louder
    measured = mean_distance(mixture, s, case.law.rotation(2)) / s
    return all_hold(
        equal(measured, share, budget=case.budget), equal(share, 0.60459, budget=1e-5)
    ).with_series(**drawn(case, share))


def share_of(inner: int, border: int) -> float:
    """c for a grid with so many modes of four and of three neighbours, the rest with two."""
    smaller = 2 * (math.sqrt(2) - 1) / math.sqrt(math.pi)
    one, both = math.sqrt(2 / math.pi), math.sqrt(math.pi / 2)
    total = inner * smaller + border * (smaller + one) / 2
    return (total + (25 - inner - border) * (smaller + 2 * one + both) / 4) / 25


def mean_distance(mixture: GaussianMixture, s: float, turn: Tensor) -> float:
    """The mean over all modes of the distance at mu_k + s g, by Gauss quadrature in octants."""
    x, weight_x = np.polynomial.legendre.leggauss(ANGLES)
    r, weight_r = np.polynomial.legendre.leggauss(SHELLS)
    octant = math.pi / 4
    angle = torch.from_numpy((x[None] + 1) / 2 * octant + octant * np.arange(8)[:, None])
    angle, radius = angle.reshape(-1), torch.from_numpy((r + 1) / 2 * FARTHEST)
    by_angle = torch.from_numpy(np.tile(weight_x, 8)) * octant / 2 / (2 * math.pi)
    by_radius = torch.from_numpy(weight_r) * FARTHEST / 2 * radius * torch.exp(-(radius**2) / 2)
    ring = torch.stack([torch.cos(angle), torch.sin(angle)], -1) @ turn.T
    y = mixture.means[:, None, None] + s * radius[:, None, None] * ring
    distance = distance_to_nearest_segment(y, mixture.means)
    return float((distance.mean(0) * by_radius[:, None] * by_angle).sum())


def drawn(case: Share, share: float) -> dict[str, Any]:
    """The share itself, and with the first case that of two samplers."""
    curves: dict[str, Any] = {"share": share, "left": torch.arange(50, -1, -1)}
    if case.left == 9:
        curves["ddim"] = shares_along(ddim(GRID, 4000, 4))
        curves["sde"] = shares_along(reverse_sde(GRID, 4000, 5))
    return curves


def shares_along(run: Run) -> Tensor:
    """The mean distance of a run over s, (51)."""
    return distance_to_nearest_segment(run.y, run.mixture.means).mean(1) / run.s


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The mean distance in units of the noise for both samplers."""
    shown = series[0]
    ax.axhline(shown["share"], color="0.3", linestyle="--", linewidth=0.9,
               label=f"$c = {shown['share']:.4f}$")  # fmt: skip
    ax.plot(shown["left"], shown["ddim"], color="C0", label="DDIM-50 (4000 runs)")
    ax.plot(shown["left"], shown["sde"], color="C1", label="reverse SDE (4000 runs)")
    ax.axvline(9, color="0.35", linewidth=0.7, linestyle=":")
    ax.annotate(r"$\tau_2$", (9, 0.98), xycoords=("data", "axes fraction"), va="top", ha="right",
                fontsize=8)  # fmt: skip
    ax.set(xlim=(50, -0.5), ylim=(0, 1.3))
    ax.set_xlabel("remaining steps")
    ax.set_ylabel(r"mean distance / $\sigma_t$")
    ax.set_title("distance to the nearest segment, grid")
    ax.legend(loc="lower left")
