"""Theorem 4.2 carried over to the sampler itself: one DDIM step of any length."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_contraction,
    ddim_step,
)
from theorylab.diffusion.convergence import farthest_mode, outsiders_responsibility, segment_bound
from theorylab.diffusion.geometry import Segment, nearest_pair


@dataclass(frozen=True)
class Steps:
    """Steps between random pairs of raw indices, from points near and far."""

    modes: int
    dimension: int
    seed: int
    steps: int = 25
    points: int = 40
    contraction: float = 1.0
    leak: float = 1.0
    width_known: bool = True


def random_mixture(case: Steps) -> GaussianMixture:
    """Modes of unequal weight around the origin, well apart."""
    generator = torch.Generator().manual_seed(case.seed)
    means = torch.randn(case.modes, case.dimension, generator=generator)
    weights = torch.rand(case.modes, generator=generator) + 0.1
    return GaussianMixture(means, 2e-3, weights / weights.sum())


@claim(
    source=read_at("Theorem 4.2"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Steps(3, 2, 1), Steps(5, 3, 2), Steps(9, 8, 3)],
    must_fail={
        "contracts two per cent more": lambda case: replace(case, contraction=0.98),
        "the mode has no width": lambda case: replace(case, width_known=False),
        "half of the leak": lambda case: replace(case, leak=0.5),
    },
    thorough=[Steps(25, 64, 4, 400, 100), Steps(2, 3, 5, 400, 100)],
)
def distance_to_segment_contracts_under_ddim_steps(case: Steps) -> Finding:
    r"""A deterministic DDIM step with the exact score from noise level $v$ to $v' < v$
    ($v = (1-\bar\alpha)/\bar\alpha$), of any length, moves $y$ to
    $y' = \bar m + c\,(y - \bar m)$, and for the two modes nearest to $y$

    $$\operatorname{dist}(y', L) \le c\,\operatorname{dist}(y, L)
      + (1-c)\,\frac{\rho}{1+\rho}\,\Delta,
      \qquad c = \frac{\sigma^2 + \sqrt{v v'}}{\sigma^2 + v},$$

    with $\rho = e^{-\kappa}\max_{n\in\{i,j\}}\sum_{k\ne i,j}\pi_k/\pi_n$, $\kappa$ their
    margin at $y$ and $\Delta = \max_k \operatorname{dist}(\mu_k, L)$. No step has to be small.
    """
    mixture = random_mixture(case)
    schedule = VPSchedule.ddpm()
    generator = torch.Generator().manual_seed(case.seed + 100)
    sides = [one_step(case, mixture, schedule, generator) for _ in range(case.steps)]
    after, bound, moved = (torch.cat(side) for side in zip(*sides, strict=True))
    within = at_most(after / bound, torch.ones_like(bound), budget=1e-9, tight=0.9999)
    return all_hold(within, equal(1 + moved, torch.ones_like(moved), budget=1e-9))


def one_step(
    case: Steps, mixture: GaussianMixture, schedule: VPSchedule, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """After one step between two random raw indices: distances, their bounds, y' off its form."""
    low, high = sorted(torch.randint(0, 999, (2,), generator=generator).tolist())
    low, high = low // 8, high // 4 + 1  # where the modes are apart
    low = min(low, high - 1)
    v, v_next = (schedule.noise_to_signal(raw) ** 2 for raw in (high, low))
    s = torch.sqrt(mixture.variance + v)
    which = torch.randint(0, mixture.K, (case.points,), generator=generator)
    y = mixture.means[which] + s * torch.randn(case.points, mixture.d, generator=generator)
    score = ExactScore(mixture, schedule)
    x_next = ddim_step(schedule.alpha(high) * y, high, low, schedule=schedule, score=score)
    y_next = x_next / schedule.alpha(low)
    width = mixture.variance if case.width_known else torch.tensor(0.0)
    c = case.contraction * ddim_contraction(v, v_next, width)
    pairs = nearest_pair(y, mixture.means)
    distances = [
        pair_distances(case, mixture, (int(i), int(j)), y[n], y_next[n], s, c)
        for n, (i, j) in enumerate(pairs)
    ]
    after, bound = zip(*distances, strict=True)
    mbar = mixture.with_variance(s**2).expected_mean(y)
    moved = (y_next - mbar - c * (y - mbar)).norm(dim=-1)
    return torch.stack(after), torch.stack(bound), moved


def pair_distances(
    case: Steps,
    mixture: GaussianMixture,
    pair: tuple[int, int],
    y: Tensor,
    y_next: Tensor,
    s: Tensor,
    c: Tensor,
) -> tuple[Tensor, Tensor]:
    """The distance of one point to its segment after the step, and the bound."""
    segment = Segment(mixture.means[pair[0]], mixture.means[pair[1]])
    squared = ((y - mixture.means) ** 2).sum(-1)
    inside = squared[list(pair)].min()
    others = [squared[k] for k in range(mixture.K) if k not in pair]
    kappa = (torch.stack(others or [inside]).min() - inside) / (2 * s**2)  # none: rho = 0
    leak = case.leak * outsiders_responsibility(mixture, pair, kappa)
    bound = segment_bound(segment.distance(y), c, leak, farthest_mode(mixture, pair))
    return segment.distance(y_next), bound
