"""B16: the worst hallucination of a deterministic sampler has no trajectory variance at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, HALF, PAIR
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import DDIM, sample
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.smoothing import Inflate, SmoothedScore

TOP = 300
STARTS = torch.logspace(-6.0, 0.3, 120, dtype=torch.float64)
"""Starts whose ends reach from the midpoint to a mode, on one side."""


@dataclass(frozen=True)
class Blind:
    """A window, the power of the distance claimed, and the point that is called blind."""

    last: float = 9.0
    power: float = 2.0
    centre: float = 0.0
    added: float = 0.05


@claim(
    source=read_at("Trajectory variance (hallucinations have a high variance)"),
    relation=Relation.REFUTES,
    evidence=Evidence.NUMERIC,
    cases=[Blind(), Blind(last=49.0), Blind(added=0.1)],
    must_fail={
        "linear in the distance": lambda case: replace(case, power=1.0),
        "two per cent off the midpoint": lambda case: replace(case, centre=0.02 * HALF),
        "order 2.05": lambda case: replace(case, power=2.05),
    },
)
def trajectory_variance_vanishes_at_the_midpoint_of_a_deterministic_run(case: Blind) -> Finding:
    r"""A high trajectory variance does not mark every hallucination. Deterministic DDIM under a
    smoothed score of two modes $\pm h$, started at the midpoint, stays there, since $\hat x_0 =
    0$ by symmetry: it ends ten deviations from both modes with $\mathrm{Hal} = 0$, the least
    possible, in every window. Near it Hal falls like the square of the distance of the end to
    the midpoint. Samples that end in a mode with the median Hal of those that do are
    above every hallucination within 0.01 of the midpoint. (Inflated by 0.05 and 0.1, windows of
    the last 10 and 50 steps, the released betas from raw index 300.)
    """
    score = SmoothedScore(PAIR, CHAIN, Inflate(case.added))
    ends, hal = runs(score, torch.tensor([case.centre]), case.last)
    near_ends, near = runs(score, STARTS, case.last)
    distance = near_ends.abs()
    close = (distance > 1e-5) & (distance < 2e-3)
    x, y = torch.log(distance[close]), torch.log(near[close])
    power = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    in_mode = (near_ends.abs() - HALF).abs() < 3 * DEVIATION
    typical = near[in_mode].median()
    blind = near[distance < 0.01].max()
    return all_hold(
        at_most(hal, 1e-20 * torch.ones(1), budget=1e-3),
        at_most(ends.abs(), 1e-9 * torch.ones(1), budget=1e-3),
        equal(power, case.power, budget=5e-3),
        at_most(blind, typical, budget=1e-9),
    ).with_series(distance=distance, hal=near, typical=float(typical), window=case.last + 1)


@cache
def _path(score: SmoothedScore, starts: tuple[float, ...]) -> Any:
    x = torch.tensor(starts, dtype=torch.float64)[:, None]
    return sample(x, list(range(TOP + 1)), DDIM(), schedule=CHAIN, score=score, keep_path=True)


def runs(score: SmoothedScore, starts: Tensor, last: float) -> tuple[Tensor, Tensor]:
    """The ends and Hal of the runs over the raw indices 0..last."""
    path = _path(score, tuple(starts.tolist()))
    hal = trajectory_variance(path, score=score, schedule=CHAIN, window=(0.0, last))
    return path.end[:, 0], hal


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Hal against the distance of the end to the midpoint, for two windows."""
    for index, one in enumerate(series[:2]):
        ax.plot(one["distance"], one["hal"], color=f"C{index}", marker=".", markersize=4,
                label=f"last {one['window']:.0f} steps")  # fmt: skip
        ax.axhline(one["typical"], color=f"C{index}", linestyle="--", linewidth=0.8,
                   label=f"median in a mode, {one['window']:.0f} steps")  # fmt: skip
    ax.axvspan(1e-5, 0.2, color="0.9", label="farther than 6 deviations from the modes")
    ax.set(xscale="log", yscale="log", xlim=(1e-5, 1), ylim=(1e-19, 1))
    ax.set_xlabel("distance of the end to the midpoint (mode at 0.5)")
    ax.set_ylabel("trajectory variance Hal")
    ax.set_title("DDIM, score inflated by 0.05")
    ax.legend(loc="lower right", fontsize=7)
