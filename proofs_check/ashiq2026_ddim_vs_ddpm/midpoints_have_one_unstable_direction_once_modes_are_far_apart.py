"""Figure E.12: the Jacobian of the sampler's own steps at the midpoints of the mixture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import GRID, RESTATED, Law
from proofs_check.ashiq2026_ddim_vs_ddpm._runs import (
    SCHEDULE,
    Farthest,
    contractions,
    levels,
    nodes,
    shortest,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import ExactScore, GaussianMixture, ddim_step


@dataclass(frozen=True)
class Midpoints:
    """Midpoints of the closest pairs, so many, at the nodes with ell^2 >= 4 kappa d s^2."""

    law: Law | Farthest
    count: int = 40
    kappa: float = 7.0
    shift: float = 0.0
    heavier: float = 1.0
    steeper: float = 1.0


def equal_weights(case: Midpoints) -> bool:
    """All modes have the same weight."""
    return case.heavier == 1.0


@claim(
    source=read_at("Proposition 4.7 (1) and Figure E.12"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Midpoints(GRID), Midpoints(RESTATED), Midpoints(Farthest(4), 57)],
    assumes=[equal_weights],
    must_fail={
        "two per cent steeper": lambda case: replace(case, steeper=1.02),
        "one mode ten per cent heavier": lambda case: replace(case, heavier=1.1),
        "off the midpoint by a fiftieth of the segment": lambda case: replace(case, shift=0.02),
        "long before the modes are far apart": lambda case: replace(case, kappa=0.7),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/flow_jacobian_at_the_midpoint_has_one_eigenvalue_off_minus_one"
    ],
    thorough=[Midpoints(Farthest(8), 60)],
)
def midpoints_have_one_unstable_direction_once_modes_are_far_apart(case: Midpoints) -> Finding:
    r"""Let $J$ be the Jacobian of one DDIM step with the exact score in the coordinates
    $y = x/\sqrt{\bar\alpha}$, by automatic differentiation of the sampler, at the midpoint of a
    closest pair of modes of equal weight, and $c$ the contraction of the step. At every one of
    the 50 nodes with $\ell^2 \ge 28\,d\,s_t^2$ (Assumption 4.4 at $\kappa = 7$) the matrix
    $(J - I)/(1 - c)$, which is the Jacobian of the flow in the clock, has exactly one positive
    eigenvalue,

    $$\lambda_1 \ge \frac{\ell^2}{4 s_t^2} - 1,$$

    and all others lie within $10^{-3}$ of $-1$: at the 40 midpoints of the 25-mode grid and at
    those of the 57 closest pairs of the farthest-point modes in $d = 4$. (From each of these
    midpoints every other mode is farther than the pair by at least $0.49\,\ell^2$ in squared
    distance.)
    """
    mixture = case.law.mixture()
    if case.heavier != 1.0:
        weights = mixture.weights.clone()
        weights[mixture.K // 2] *= case.heavier
        mixture = GaussianMixture(mixture.means, mixture.variance, weights / weights.sum())
    midpoints, along = pairs(mixture)
    ell = shortest(mixture)
    eigenvalues = clock_eigenvalues(mixture, midpoints + case.shift * along)
    a = (ell / levels(mixture.variance)[:-1]) ** 2
    judged = a >= 4 * case.kappa * mixture.d
    positive = eigenvalues[judged, :, -1]
    expected = case.steeper * (a[judged, None] / 4) - 1
    stable = eigenvalues[judged, :, :-1]
    return all_hold(
        equal(len(midpoints), case.count, budget=1e-9),
        at_most(expected / positive, torch.ones_like(positive), budget=1e-8, tight=0.99),
        at_most(stable.abs() - 1, 1e-3 * torch.ones_like(stable), budget=1e-6),
        at_most(stable, torch.full_like(stable, -0.999), budget=1e-6),
    ).with_series(
        left=torch.arange(50, 0, -1),
        highest=eigenvalues[..., -1].amax(1),
        high=eigenvalues[..., -1].amin(1),
        low=eigenvalues[..., 0].amax(1),
        lowest=eigenvalues[..., 0].amin(1),
        predicted=a / 4 - 1,
        last=int(judged.sum()),
        pairs=len(midpoints),
    )


def pairs(mixture: GaussianMixture) -> tuple[Tensor, Tensor]:
    """Midpoints (m, d) of the closest pairs that stand alone, and mu_i - mu_j."""
    apart = torch.cdist(mixture.means, mixture.means)
    ell = shortest(mixture)
    i, j = torch.triu(apart < 1.0001 * ell, 1).nonzero().unbind(1)
    midpoints = (mixture.means[i] + mixture.means[j]) / 2
    nearest = (torch.cdist(midpoints, mixture.means) ** 2).topk(3, largest=False).values
    alone = nearest[:, 2] - nearest[:, 0] >= 0.49 * ell**2
    return midpoints[alone], (mixture.means[i] - mixture.means[j])[alone]


def clock_eigenvalues(mixture: GaussianMixture, y: Tensor) -> Tensor:
    """Eigenvalues of (J - I)/(1 - c), rising, at every node and point, (50, m, d)."""
    times, c = nodes().tolist(), contractions(mixture.variance)
    rows = []
    for step in range(len(c)):
        jacobian = step_jacobian(mixture, y, times[step], times[step + 1])
        scaled = (jacobian - torch.eye(mixture.d)) / (1 - c[step])
        rows.append(torch.linalg.eigvalsh((scaled + scaled.mT) / 2))
    return torch.stack(rows)


def step_jacobian(mixture: GaussianMixture, y: Tensor, now: float, after: float) -> Tensor:
    """The Jacobian of y -> y' at every point, (m, d, d), by reverse differentiation."""
    score = ExactScore(mixture, SCHEDULE)
    y = y.clone().requires_grad_()
    x = ddim_step(SCHEDULE.alpha(now) * y, now, after, schedule=SCHEDULE, score=score)
    out = (x / SCHEDULE.alpha(after)).sum(0)
    rows = [torch.autograd.grad(one, y, retain_graph=True)[0] for one in out]
    return torch.stack(rows, 1)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Both eigenvalues at the 40 midpoints of the grid, against remaining steps."""
    shown = series[0]
    left = shown["left"]
    ax.plot(left, shown["predicted"], color="0.3", linestyle="--", linewidth=0.9,
            label=r"$\ell^2/(4 s_t^2) - 1$")  # fmt: skip
    for low, high, colour, text in (
        ("high", "highest", "C1", "larger eigenvalue"),
        ("lowest", "low", "C0", "smaller eigenvalue"),
    ):
        ax.fill_between(left, shown[low], shown[high], color=colour, alpha=0.35, linewidth=0)
        middle = [(a + b) / 2 for a, b in zip(shown[low], shown[high], strict=True)]
        ax.plot(left, middle, color=colour, marker="o", markersize=2, linewidth=0.9, label=text)
    ax.axvline(shown["last"], color="0.35", linewidth=0.7, linestyle=":")
    ax.annotate(r"$\tau_2$", (shown["last"], 0.98), xycoords=("data", "axes fraction"), va="top",
                ha="right", fontsize=8)  # fmt: skip
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set(xlim=(50, 0), ylim=(-2, 3000))
    ax.set_xlabel("remaining DDIM steps")
    ax.set_ylabel("eigenvalue in the clock")
    ax.set_title(f"exact flow at the {shown['pairs']} midpoints of the grid")
    ax.legend(loc="upper left")
