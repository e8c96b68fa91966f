"""Figure 2, drawn from certified radii: the tube of a segment, the mode balls, and the rest."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RESTATED, Law
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import shortest
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    Verdict,
    all_hold,
    at_most,
    claim,
    equal,
)
from theorylab.diffusion import GaussianMixture, Segment, clock_dynamics, nearest_pair
from theorylab.integrate import DOPRI5, solve_ode

TIMES = 25
TUBE, BALL, INNER = 0.014835, 0.4614, 0.4033
"""The radii in units of ell = 100 sigma, rounded to the safe side."""

STARTS = ((0.02, 0.3), (0.15, -0.35), (0.3, 0.25), (0.42, 0.4), (0.42, -0.3), (0.49, 0.12),
          (0.51, 0.3), (0.58, -0.35), (0.7, 0.35), (0.8, -0.2), (0.95, -0.4), (1.1, 0.35),
          (-0.15, -0.3), (-0.2, 0.15))  # fmt: skip
"""Starts of the drawn trajectories: coordinate along the segment, offset, in units of ell."""


@dataclass(frozen=True)
class Radii:
    """The grid from ell^2 = 4 kappa d s^2 on, and the radii claimed, in units of ell."""

    law: Law
    kappa: float = 7.0
    tube: float = TUBE
    ball: float = BALL
    inner: float = INNER
    rate: float = 1.0


@claim(
    source=read_at("Figure 2, Corollary 4.3 and Proposition 4.5"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Radii(GRID), Radii(RESTATED)],
    must_fail={
        "a tube two per cent thinner": lambda case: replace(case, tube=0.98 * TUBE),
        "balls two per cent larger": lambda case: replace(case, ball=1.02 * BALL),
        "contraction in balls two per cent larger": lambda case: replace(case, inner=1.02 * INNER),
        "kappa five per cent smaller": lambda case: replace(case, kappa=6.65),
        "two per cent faster to the mode": lambda case: replace(case, rate=1.02),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean",
        "ashiq2026_ddim_vs_ddpm/tube_of_local_radius_is_forward_invariant",
        "ashiq2026_ddim_vs_ddpm/near_a_mode_the_expected_mean_moves_by_little",
    ],
    thorough=[Radii(Law(scale=0.01, turn=3))],
)
def tube_and_mode_balls_leave_a_strip_at_the_bisector(case: Radii) -> Finding:
    r"""On the 25-mode grid from $\ell^2 = 4\kappa d\,s_0^2$ on, $\kappa = 7$, $d = 2$:

    - With $r = 0.014835\,\ell$ and $\rho = 23 e^{-7}$ one has
      $r \ge \rho\sqrt{\ell^2/4 + r^2 + 2\kappa s_0^2}$, and $i, j$ dominate with margin $\kappa$
      everywhere within $r$ of their segment, end caps included: this tube is never left.
    - With $S(\delta) = \max_i \sum_{k\ne i} L_k e^{-(L_k^2 - 2\delta L_k)/(2 s_0^2)}$,
      $L_k = |\mu_k - \mu_i|$, one has $S(\delta) \le \delta$ at $\delta = 0.4614\,\ell$: no ball
      of this radius about a mode is ever left, and in it the distance to the mode falls until it
      is $S$ of itself. Up to $0.4033\,\ell$ moreover
      $\eta = \max_i\sum_{k\ne i} (L_k/s_0)^2 e^{-(L_k^2 - 2\delta L_k)/(2 s_0^2)} \le 1$ (the
      flow contracts there), and

    $$|y - \mu_i| \le \frac{s}{s_0}|y_0 - \mu_i|
      + \Big(1 - \frac{s}{s_0}\Big)\,S(|y_0 - \mu_i|).$$

    So of the tube only the strip $|\xi| < \ell/2 - \sqrt{\delta^2 - r^2} = 0.0388\,\ell$ at the
    bisector is not known to flow to one of the two modes. The flow of the 25 modes, started on
    the boundaries, satisfies all of this.
    """
    mixture = case.law.mixture()
    ell = shortest(mixture)
    s = ell / math.sqrt(4 * case.kappa * mixture.d)
    strip = 0.5 - math.sqrt(case.ball**2 - case.tube**2)
    certified = all_hold(*radii_suffice(case, mixture, ell, s), equal(strip, 0.0388, budget=5e-3))
    if certified.verdict is not Verdict.HOLDS:
        return certified
    observed = [*tube_stays(case, mixture, ell, s), *balls_stay(case, mixture, ell, s)]
    return all_hold(certified, *observed).with_series(
        tube=case.tube,
        ball=case.ball,
        inner=case.inner,
        strip=strip,
        paths=drawn(mixture, ell, s),
    )


def edge(mixture: GaussianMixture, ell: float, outer: bool) -> Segment:
    """A segment at the centre of the grid, or one along its border that ends in a corner."""
    i = 0 if outer else mixture.K // 2
    apart = (mixture.means - mixture.means[i]).norm(dim=-1)
    j = int((apart - ell).abs().argmin())
    return Segment(mixture.means[j], mixture.means[i])


def flow(mixture: GaussianMixture, y: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """States (T, n, 2) of the exact flow to the data, and s / s_0."""
    dynamics = clock_dynamics(mixture, s_start=s)
    times = torch.linspace(0.0, dynamics.stop, TIMES)
    scale = 1e-9 * float(mixture.means.abs().max())
    path = solve_ode(dynamics, y, method=DOPRI5, times=times, rtol=1e-7, atol=scale)
    return path.states, torch.exp(-path.times)


def frame(segment: Segment) -> tuple[Tensor, Tensor]:
    """The direction of the segment and a unit normal, in the plane."""
    e = segment.direction
    return e, torch.stack([-e[1], e[0]])


def boundary(segment: Segment, r: float) -> Tensor:
    """Points at distance r of the segment: both sides and both caps."""
    e, n = frame(segment)
    p, angle = torch.linspace(0, 1, 41)[:, None], torch.linspace(0, torch.pi, 13)[:, None]
    side = segment.b + p * (segment.a - segment.b)
    cap = torch.cos(angle) * n + torch.sin(angle) * e
    return torch.cat([side + r * n, side - r * n, segment.a + r * cap, segment.b - r * cap])


def radii_suffice(case: Radii, mixture: GaussianMixture, ell: float, s: float) -> list[Finding]:
    """The closed-form conditions on the three radii."""
    r, rho = case.tube * ell, (mixture.K - 2) * math.exp(-7.0)
    reach = math.sqrt(ell**2 / 4 + r**2 + 14 * s**2)
    shift, slope = sums(mixture, ell * torch.tensor([case.inner, case.ball]), s)
    return [
        at_most(rho * reach, r, budget=1e-9, tight=0.999),
        at_most(shift[1], case.ball * ell, budget=1e-9, tight=0.99),
        at_most(slope[0], 1.0, budget=1e-9, tight=0.99),
    ]


def sums(mixture: GaussianMixture, delta: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """The largest S and eta over all modes, for every delta (m,)."""
    apart = torch.cdist(mixture.means, mixture.means)[:, :, None]
    weight = torch.exp(-(apart**2 - 2 * delta * apart) / (2 * s**2)) * (apart > 0)
    return (apart * weight).sum(1).amax(0), ((apart / s) ** 2 * weight).sum(1).amax(0)


def tube_stays(case: Radii, mixture: GaussianMixture, ell: float, s: float) -> list[Finding]:
    """The margin on the boundary of the tube and the flow from there, for two segments."""
    r, findings = case.tube * ell, []
    for outer in (False, True):
        segment = edge(mixture, ell, outer)
        start = boundary(segment, r)
        pair = nearest_pair(segment.midpoint, mixture.means).expand(len(start), 2)
        squares = torch.cdist(start, mixture.means) ** 2
        others = squares.scatter(1, pair, torch.inf).amin(1)
        margin = others - squares.gather(1, pair).amin(1)
        states, _ = flow(mixture, start, s)
        distance = torch.stack([segment.distance(one) for one in states])
        findings += [
            at_most(torch.full_like(margin, 14 * s**2), margin, budget=1e-9),
            at_most(distance, torch.full_like(distance, r), budget=1e-6, tight=0.999),
        ]
    return findings


def balls_stay(case: Radii, mixture: GaussianMixture, ell: float, s: float) -> list[Finding]:
    """The flow from circles about a central mode, one at the border and one at a corner."""
    radii = ell * torch.tensor([0.1, 0.2, 0.3, case.inner, case.ball])
    shift, _ = sums(mixture, radii, s)
    circle = torch.linspace(0, 2 * torch.pi, 33)[:-1]
    ring = torch.stack([torch.cos(circle), torch.sin(circle)], -1)
    start = (radii[:, None, None] * ring).reshape(-1, 2)
    modes = mixture.means[[mixture.K // 2, 2, 0]]
    states, passed = flow(mixture, (modes[:, None] + start).reshape(-1, 2), s)
    states = states.reshape(TIMES, len(modes), len(radii), -1, 2)
    far = (states - modes[:, None, None]).norm(dim=-1)
    ratio = passed[:, None, None, None] ** case.rate
    bound = ratio * radii[:, None] + (1 - ratio) * shift[:, None]
    contracts = (far / bound)[:, :, :-1]
    falls = far[1:, :, -1] / far[:-1, :, -1]
    return [
        at_most(contracts, torch.ones_like(contracts), budget=1e-5, tight=0.99),
        at_most(falls, torch.ones_like(falls), budget=1e-6),
    ]


def drawn(mixture: GaussianMixture, ell: float, s: float) -> list[list[list[float]]]:
    """Trajectories about a central segment, (n, 2, T), in units of ell."""
    segment = edge(mixture, ell, outer=False)
    e, n = frame(segment)
    p, z = ell * torch.tensor(STARTS).T[:, :, None]
    states, _ = flow(mixture, segment.b + p * e + z * n, s)
    centred = (states - segment.b) / ell
    return torch.stack([centred @ e, centred @ n]).permute(2, 0, 1).tolist()


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The tube with its caps, the balls, the strip at the bisector, and trajectories."""
    shown = series[0]
    angle = [math.pi * k / 90 for k in range(181)]
    ax.axvspan(0.5 - shown["strip"], 0.5 + shown["strip"], color="C1", alpha=0.2, linewidth=0,
               label="strip left")  # fmt: skip
    for centre in (0.0, 1.0):
        for radius, style in ((shown["ball"], "-"), (shown["inner"], ":")):
            ax.plot([centre + radius * math.cos(t) for t in angle],
                    [radius * math.sin(t) for t in angle], color="C2", linestyle=style,
                    linewidth=0.9)  # fmt: skip
    half = [math.pi * (k / 30 - 0.5) for k in range(31)]
    r = shown["tube"]
    right = [(1 + r * math.cos(t), r * math.sin(t)) for t in half]
    left = [(-r * math.cos(t), -r * math.sin(t)) for t in half]
    ax.fill(*zip(*right, *left, strict=True), color="C3", alpha=0.8, linewidth=0)
    for along, across in shown["paths"]:
        ax.plot(along, across, color="C0", linewidth=0.7)
        ax.plot(along[:1], across[:1], color="C0", marker="o", markersize=1.8)
    ax.plot([0, 1], [0, 0], color="black", marker="*", markersize=6, linestyle="none")
    ax.axvline(0.5, color="0.3", linestyle=":", linewidth=0.7)
    for colour, style, text in (
        ("C2", "-", "invariant ball"),
        ("C2", ":", "contraction"),
        ("C3", "-", "invariant tube"),
        ("C0", "-", "exact flow"),
    ):
        ax.plot([], [], color=colour, linestyle=style, label=text)
    ax.set(xlim=(-0.6, 1.6), ylim=(-0.5, 0.9), xticks=[-0.5, 0, 0.5, 1, 1.5], aspect="equal")
    ax.set_xlabel(r"along the segment / $\ell$")
    ax.set_ylabel(r"across / $\ell$")
    ax.set_title(r"grid from $\ell^2 = 56\, s^2$ on")
    ax.legend(loc="upper center", ncols=2)
