"""Figure 4 with what is proved: whole runs of DDIM-50 against the bound, nothing filtered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RANDOM, RESTATED, WIDE, Law
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import (
    Farthest,
    Run,
    contractions,
    ddim,
    reverse_sde,
    shortest,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, undecided
from theorylab.diffusion import GaussianMixture, Segment, distance_to_nearest_segment
from theorylab.diffusion.assumptions import dominance_along, separated_level
from theorylab.diffusion.convergence import segment_bound

FILTER = 5.0
UNIT = replace(WIDE, scale=1.0)
"""In d = 64; at the scale 0.01 its modes are never apart on this schedule."""


@dataclass(frozen=True)
class Whole:
    """Runs of DDIM-50 on a mixture, followed from where two modes dominate by kappa for good."""

    law: Law | Farthest
    kappa: float
    n: int
    seed: int = 4
    faster: float = 1.0
    width: float = 1.0
    leak: float = 1.0


@claim(
    source=read_at("Theorem 4.2 and Figure 4"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Whole(RESTATED, 7.0, 500),
        Whole(GRID, 7.0, 4000),
        Whole(RANDOM, 5.0, 500),
        Whole(UNIT, 5.0, 200),
        Whole(Farthest(4), 7.0, 500),
    ],
    must_fail={
        "two per cent faster": lambda case: replace(case, faster=1.02),
        "as fast as the SDE contracts": lambda case: replace(case, faster=2.0),
        "the mode has five per cent less variance": lambda case: replace(case, width=0.95),
        "nothing leaks to other modes": lambda case: replace(case, leak=0.0),
    },
    given=["ashiq2026_ddim_vs_ddpm/distance_to_segment_contracts_under_ddim_steps"],
    thorough=[Whole(GRID, 3.0, 20_000, 5), Whole(Farthest(64), 7.0, 1000, 6)],
)
def ddim_runs_obey_the_segment_bound_without_any_filter(case: Whole) -> Finding:
    r"""Run DDIM with 50 quadratically spaced steps and the exact score from any start. Let
    $\tau$ be the state from which on two modes dominate with margin at least $\kappa$ and are
    the same two. Then at every later state, with $C$ the product of the contractions
    $c = (\sigma^2 + \sqrt{v v'})/(\sigma^2 + v)$ of the steps from $\tau$ to it,

    $$dist(y, L) \le C\,dist(y_\tau, L) + (1 - C)\,\frac{\rho}{1+\rho}\,\Delta,$$

    $\rho = e^{-\kappa}\max_{n\in\{i,j\}}\sum_{k\ne i,j}\pi_k/\pi_n$. Checked with more than is
    said: $\kappa$ is the smallest margin that the run itself keeps from $\tau$ on. It is a
    statement about each run that has a $\tau$, whatever its distance (at least four fifths of the
    runs from $N(0, I)$ here), so it holds for their mean: on the grid that bound of the mean is
    compared too, from the first node on at which the modes are far apart.
    """
    run = ddim(case.law, case.n, case.seed)
    mixture = run.mixture
    found = dominance_along(run.y, mixture.means, run.s, case.kappa)
    place = torch.maximum(found.lasting[0], found.last_change)
    settled = place < len(run.y) - 1
    if settled.double().mean() < 0.8:
        return undecided(Evidence.NUMERIC, f"only {int(settled.sum())} runs ever settle")
    place, pair = place[settled], found.pairs[-1, settled]
    later = torch.arange(len(run.y))[:, None] > place
    distance = distance_to_nearest_segment(run.y[:, settled], mixture.means)
    onward = found.margins[:, settled].masked_fill(
        torch.arange(len(run.y))[:, None] < place, torch.inf
    )
    leak = case.leak * leaks(mixture, pair, onward.amin(0))
    c = contractions(case.width * mixture.variance) ** case.faster
    passed = torch.cat([torch.ones(1), torch.cumprod(c, 0)])[:, None]
    at_start = distance.gather(0, place[None])
    bound = segment_bound(at_start, passed / passed[place, 0], leak, 1.0)
    finding = at_most(distance[later], bound[later], budget=1e-9, tight=0.99)
    if case.law != GRID:
        return finding.with_series(kappa=case.kappa)
    curves = drawn(case, run)
    late = curves["ddim_mean"][-len(curves["own"]) :]
    mean = at_most(late, curves["own"], budget=1e-9, tight=0.99)
    return all_hold(finding, mean).with_series(**curves)


def leaks(mixture: GaussianMixture, pair: Tensor, kappa: Tensor) -> Tensor:
    """rho / (1 + rho) times Delta for every run, (n,), from tables over all pairs."""
    inside = mixture.weights[pair]
    rho = torch.exp(-kappa) * (1 - inside.sum(-1)) / inside.amin(-1)
    table = {key: farthest(mixture, *key) for key in set(map(tuple, pair.tolist()))}
    return rho / (1 + rho) * torch.tensor([table[tuple(key)] for key in pair.tolist()])


def farthest(mixture: GaussianMixture, i: int, j: int) -> float:
    """Delta of a pair."""
    return float(Segment(mixture.means[i], mixture.means[j]).distance(mixture.means).max())


def drawn(case: Whole, run: Run) -> dict[str, Any]:
    """The curves of Figure 4 in VP coordinates, from 40 remaining steps on."""
    ell, d = shortest(run.mixture), run.d
    needed = float(separated_level(ell, case.kappa, d))
    apart = int((run.s[:-1] <= needed).sum())
    sde = reverse_sde(case.law, case.n, case.seed + 1)
    curves: dict[str, Any] = {"left": run.left, "noise": run.alpha * run.s, "kappa": case.kappa}
    for name, one in (("ddim", run), ("sde", sde)):
        far = one.alpha[:, None] * distance_to_nearest_segment(one.y, one.mixture.means)
        kept = far <= FILTER * (one.alpha * one.s)[:, None] / d**0.5
        found = dominance_along(one.y, one.mixture.means, one.s, case.kappa)
        curves |= {
            f"{name}_mean": far.mean(1),
            f"{name}_low": far.quantile(0.05, dim=1),
            f"{name}_high": far.quantile(0.95, dim=1),
            f"{name}_filtered": (far * kept).sum(1) / kept.sum(1),
            f"{name}_removed": (~kept).sum(1),
            f"{name}_dominates": float((50 - found.lasting[0]).double().mean()),
        }
    return curves | {"apart": apart} | mean_bounds(case, run, apart)


def mean_bounds(case: Whole, run: Run, apart: int) -> dict[str, Tensor]:
    """The mean of the bounds in VP coordinates from `apart` remaining steps on, (apart + 1).

    Once with the margin kappa for every run, and once with the margin that each run keeps.
    """
    first = len(run.y) - 1 - apart
    found = dominance_along(run.y, run.mixture.means, run.s, case.kappa)
    start = distance_to_nearest_segment(run.y[first], run.mixture.means)
    c = torch.cumprod(contractions(run.mixture.variance)[first:], 0)
    ratio = torch.cat([torch.ones(1), c])[:, None]
    bounds = {}
    own = found.margins[first:].amin(0)
    for name, kappa in (("stated", torch.full_like(own, case.kappa)), ("own", own)):
        leak = leaks(run.mixture, found.pairs[first], kappa)
        bounds[name] = run.alpha[first:] * segment_bound(start, ratio, leak, 1.0).mean(1)
    return bounds


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Mean distance against remaining steps, the proved bound, and the two times."""
    shown = next(one for one in series if "ddim_mean" in one)
    left = shown["left"]
    for name, text, colour in (("ddim", "DDIM-50", "C0"), ("sde", "reverse SDE", "C1")):
        ax.plot(left, shown[f"{name}_mean"], color=colour, label=text)
    ax.fill_between(left, shown["ddim_low"], shown["ddim_high"], color="C0", alpha=0.15,
                    linewidth=0, label="DDIM-50, 5 to 95 %")  # fmt: skip
    ax.plot(left[::3], shown["ddim_filtered"][::3], color="C0", linestyle="none", marker="o",
            markersize=2.5, markerfacecolor="white", label="DDIM-50, filtered")  # fmt: skip
    late = left[-len(shown["own"]) :]
    ax.plot(late, shown["stated"], color="C2", linestyle="--",
            label=rf"mean bound, $\kappa = {shown['kappa']:g}$")  # fmt: skip
    ax.plot(late, shown["own"], color="C3", linestyle="-.", label="mean bound, own margins")
    for at, text in ((shown["ddim_dominates"], r"$\tau_1$"), (shown["apart"], r"$\tau_2$")):
        ax.axvline(at, color="0.35", linewidth=0.7, linestyle=":")
        ax.annotate(text, (at, 0.98), xycoords=("data", "axes fraction"), va="top", ha="right",
                    fontsize=8)  # fmt: skip
    ax.set(yscale="log", xlim=(50, -0.5), ylim=(1e-4, 6))
    ax.set_xlabel("remaining steps")
    ax.set_ylabel("distance to the nearest segment")
    ax.set_title("exact score of the 25-mode grid, VP coordinates")
    ax.legend(loc="lower left")
