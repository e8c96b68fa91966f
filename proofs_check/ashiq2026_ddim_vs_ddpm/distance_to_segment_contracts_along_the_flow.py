"""Theorem 4.2 with an explicit constant, for the plain segment, end caps included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, at_most, claim, undecided
from theorylab.diffusion import GaussianMixture, Segment, clock_dynamics
from theorylab.diffusion.convergence import (
    farthest_mode,
    outsiders_responsibility,
    segment_bound,
)
from theorylab.integrate import DOPRI5, solve_ode

TIMES = 49


@dataclass(frozen=True)
class Tube:
    """Starts around one edge of a mixture, and the constants of the bound."""

    law: str
    kappa: float
    seed: int
    separations: float
    starts: int = 400
    exponent: float = 1.0
    overstated: float = 0.0
    leak: float = 1.0


def mixture_of(case: Tube) -> GaussianMixture:
    """The 25-mode grid of the paper, three modes with one outsider, or nine unequal modes."""
    if case.law == "grid":
        return GaussianMixture.grid()
    if case.law == "three":
        means = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 5.0]])
        return GaussianMixture(means, 1e-3, torch.tensor([0.3, 0.3, 0.4]))
    generator = torch.Generator().manual_seed(case.seed)
    means = torch.randn(9, 6, generator=generator)
    weights = torch.rand(9, generator=generator) + 0.2
    return GaussianMixture(means, 1e-3, weights / weights.sum())


def pair_of(case: Tube, mixture: GaussianMixture) -> tuple[int, int]:
    """The dominating pair: the two closest modes, but the two far ones where there are three."""
    if case.law == "three":
        return 0, 1
    apart = torch.cdist(mixture.means, mixture.means).fill_diagonal_(torch.inf)
    i, j = divmod(int(apart.argmin()), mixture.K)
    return i, j


def starts_around(segment: Segment, case: Tube) -> Tensor:
    """Points along the segment and a little beyond it, half of them exactly on it."""
    generator = torch.Generator().manual_seed(case.seed + 1)
    q = 1.3 * torch.rand(case.starts, 1, generator=generator) - 0.15
    off = torch.randn(case.starts, len(segment.a), generator=generator)
    off[::2] = 0.0
    return segment.b + q * (segment.a - segment.b) + 0.12 * segment.length * off


@claim(
    source=read_at("Theorem 4.2"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Tube("grid", 3.0, 1, 3.5),
        Tube("grid", 7.0, 2, 8.0),
        Tube("three", 3.0, 3, 5.0),
        Tube("nine", 2.0, 5, 4.0),
    ],
    must_fail={
        "two per cent faster": lambda case: replace(case, exponent=1.02),
        "as fast as the SDE contracts": lambda case: replace(case, exponent=2.0),
        "nothing leaks to other modes": lambda case: replace(case, leak=0.0),
        "the margin is overstated": lambda case: replace(case, overstated=0.5),
    },
    given=["ashiq2026_ddim_vs_ddpm/clock_is_log_of_effective_deviation"],
    thorough=[Tube("grid", 5.0, 11, 6.0, 4000), Tube("nine", 3.0, 12, 5.0, 4000)],
)
def distance_to_segment_contracts_along_the_flow(case: Tube) -> Finding:
    r"""Let the modes $i, j$ dominate with margin $\kappa$ along a trajectory of the probability
    flow: $|y_t-\mu_k|^2 - \min(|y_t-\mu_i|^2, |y_t-\mu_j|^2) \ge 2 s_t^2\kappa$ for every other
    mode $k$, at all times from $\tau$ down to $t$. Then

    $$\operatorname{dist}(y_t, L) \le \frac{s_t}{s_\tau}\,\operatorname{dist}(y_\tau, L)
      + \Big(1 - \frac{s_t}{s_\tau}\Big)\,\frac{\rho}{1+\rho}\,\Delta,$$

    where $L$ is the plain segment (its ends are not extended),
    $\rho = e^{-\kappa}\max_{n\in\{i,j\}}\sum_{k\ne i,j}\pi_k/\pi_n$ and
    $\Delta = \max_k \operatorname{dist}(\mu_k, L)$.
    """
    mixture, (i, j), segment, y, ratio = run(
        replace(case, exponent=1.0, overstated=0.0, leak=1.0)  # the twins change only the bound
    )
    s = segment.length / case.separations * ratio
    others = [k for k in range(mixture.K) if k not in (i, j)]
    margin = margins(y, mixture, (i, j), others, s).amin(0)
    dominated = margin >= case.kappa
    kept, kappa = y[:, dominated], margin[dominated] + case.overstated
    if kept.shape[1] < 30:
        return undecided(Evidence.NUMERIC, f"only {kept.shape[1]} trajectories to compare")
    distance = torch.stack([segment.distance(state) for state in kept])
    bound = bound_of(case, mixture, (i, j), distance[0], ratio, kappa)
    finding = at_most(distance[1:], bound[1:], budget=1e-8, tight=0.99)
    off = distance[0] > 0.02 * segment.length
    farthest = distance[0].argmax()
    stated = torch.full_like(kappa, case.kappa)
    return finding.with_series(
        law=case.law,
        kappa=case.kappa,
        ratio=ratio,
        distance=distance[:, off][:, :40].T / segment.length,
        own=bound[:, farthest] / segment.length,
        stated=bound_of(case, mixture, (i, j), distance[0], ratio, stated)[:, farthest]
        / segment.length,
    )


def bound_of(
    case: Tube,
    mixture: GaussianMixture,
    pair: tuple[int, int],
    start: Tensor,
    ratio: Tensor,
    kappa: Tensor,
) -> Tensor:
    """The right-hand side for every trajectory, (T, n), at its margin kappa."""
    leak = case.leak * outsiders_responsibility(mixture, pair, kappa)
    return segment_bound(
        start, ratio[:, None] ** case.exponent, leak, farthest_mode(mixture, pair)
    )


@cache
def run(case: Tube) -> tuple[GaussianMixture, tuple[int, int], Segment, Tensor, Tensor]:
    """The mixture, its pair, the segment, and the trajectories from around it."""
    mixture = mixture_of(case)
    i, j = pair_of(case, mixture)
    segment = Segment(mixture.means[i], mixture.means[j])
    starts = starts_around(segment, case)
    return (
        mixture,
        (i, j),
        segment,
        *trajectories(mixture, starts, segment.length / case.separations),
    )


def trajectories(mixture: GaussianMixture, y: Tensor, s_start: float) -> tuple[Tensor, Tensor]:
    """States (T, n, d) of the flow from `s_start` to the end, and s_t / s_start."""
    flow = clock_dynamics(mixture, s_start=s_start)
    times = torch.linspace(0.0, flow.stop, TIMES)
    path = solve_ode(flow, y, method=DOPRI5, times=times, rtol=1e-10, atol=1e-12)
    return path.states, torch.exp(-path.times)


def margins(
    y: Tensor, mixture: GaussianMixture, pair: tuple[int, int], others: list[int], s: Tensor
) -> Tensor:
    """The margin kappa of the pair over the nearest other mode, at each time and trajectory."""
    squared = torch.cdist(y, mixture.means.expand(len(y), -1, -1)) ** 2
    nearest = squared[..., list(pair)].amin(-1)
    return (squared[..., others].amin(-1) - nearest) / (2 * s[:, None] ** 2)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Trajectories collapsing onto a segment, with the proved bound of the farthest one."""
    shown = series[1]
    for distance in shown["distance"]:
        ax.plot(shown["ratio"], distance, color="C0", linewidth=0.6, alpha=0.5)
    ax.plot([], [], color="C0", linewidth=0.8, label="trajectories")
    ax.plot(shown["ratio"], shown["own"], color="C1", label="bound, own margin", linestyle="--")
    ax.plot(
        shown["ratio"],
        shown["stated"],
        color="C1",
        label=rf"bound, $\kappa = {shown['kappa']:g}$",
    )
    ax.set(xscale="log", yscale="log", ylim=(1e-3, 1))
    ax.invert_xaxis()
    ax.set_xlabel(r"$s_t / s_\tau$ (the run goes to the right)")
    ax.set_ylabel(r"distance to the segment / $\ell$")
    ax.set_title("flow on the 25-mode grid")
    ax.legend(loc="lower left")
