"""Beyond the paper: on a product grid the flow, DDIM and DDPM act on each coordinate by itself."""

from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_dynamics,
    ddim_step,
    ddpm_step,
)

STEPS = ((800, 736), (120, 108), (24, 21), (21, 20), (8, 5), (2, 0), (0, -1))
"""Pairs of raw indices between which both samplers are compared."""


@dataclass(frozen=True)
class Grid:
    """A product grid: "paper" is 5 x 5 with equal weights, "user" 3 x 4 x 2 with product weights.

    `heavier` multiplies the weight of one mode, `moved` shifts it by a share of the spacing,
    `turn` rotates the law in the first two coordinates by an angle in degrees.
    """

    name: str
    scale: float = 1.0
    seed: int = 0
    points: int = 400
    heavier: float = 1.0
    moved: float = 0.0
    turn: float = 0.0


def coordinates(case: Grid) -> list[GaussianMixture]:
    """The one-dimensional laws."""
    if case.name == "paper":
        plain = GaussianMixture.grid()
        places = [plain.means[::5, :1]] * 2
        weights: list[Tensor | None] = [None, None]
        variance = float(plain.variance)
    else:
        generator = torch.Generator().manual_seed(case.seed)
        places = [1.5 * torch.randn(n, 1, generator=generator).cumsum(0) for n in (3, 4, 2)]
        drawn = [torch.rand(n, generator=generator) + 0.2 for n in (3, 4, 2)]
        weights = [w / w.sum() for w in drawn]
        variance = 1e-3
    return [
        GaussianMixture(case.scale * p, case.scale**2 * variance, w)
        for p, w in zip(places, weights, strict=True)
    ]


def whole(case: Grid, parts: list[GaussianMixture]) -> GaussianMixture:
    """The law in the plane or in space, built mode by mode and spoilt as the case says."""
    means = torch.tensor(list(product(*(part.means[:, 0].tolist() for part in parts))))
    shares = product(*(part.weights.tolist() for part in parts))
    weights = torch.tensor([float(torch.tensor(share).prod()) for share in shares])
    middle = len(weights) // 2
    weights[middle] *= case.heavier
    means[middle, 0] += case.moved * float(parts[0].means[1, 0] - parts[0].means[0, 0])
    angle = torch.deg2rad(torch.tensor(case.turn))
    turn = torch.eye(len(parts))
    turn[:2, :2] = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    return GaussianMixture(means @ turn.T, parts[0].variance, weights / weights.sum())


@claim(
    source=read_at("Section 5"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Grid("paper"), Grid("paper", scale=100.0), Grid("user", seed=4)],
    must_fail={
        "one weight two per cent larger": lambda case: replace(case, heavier=1.02),
        "one mode moved by a millionth": lambda case: replace(case, moved=1e-6),
        "turned by a hundredth of a degree": lambda case: replace(case, turn=0.01),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/mixture_with_product_weights_on_a_grid_is_a_product_law",
    ],
)
def scores_and_samplers_of_a_product_grid_split_by_coordinate(case: Grid) -> Finding:
    r"""On a grid of modes with product weights (the 25-mode grid among them) component $i$ of the
    score, of the velocity of the probability flow, and of one step of DDIM and of DDPM (with the
    same noise) at $x$ are those of the one-dimensional law of coordinate $i$ at $x_i$. So the
    coordinates of every sampler run with the exact score are independent, and five modes on a
    line are enough for every exact computation on the grid.
    """
    parts = coordinates(case)
    law = whole(case, parts)
    generator = torch.Generator().manual_seed(case.seed + 1)
    together, apart = [], []
    for t, t_next in STEPS:
        s = VPSchedule.ddpm().effective_deviation(t, law.variance)
        which = torch.randint(0, law.K, (case.points,), generator=generator)
        y = law.means[which] + 1.5 * s * torch.randn(case.points, law.d, generator=generator)
        noise = case.scale * torch.randn(y.shape, generator=generator)
        together.append(answers(law, y, noise, t, t_next))
        columns = zip(parts, y.split(1, dim=1), noise.split(1, dim=1), strict=True)
        one_by_one = [answers(part, yi, zi, t, t_next) for part, yi, zi in columns]
        apart.append([torch.cat(column, dim=1) for column in zip(*one_by_one, strict=True)])
    return all_hold(
        *(
            equal(torch.cat(lhs), torch.cat(rhs), budget=1e-12)
            for lhs, rhs in zip(zip(*together, strict=True), zip(*apart, strict=True), strict=True)
        )
    )


def answers(law: GaussianMixture, y: Tensor, noise: Tensor, t: int, t_next: int) -> list[Tensor]:
    """Score (times the variance), velocity of the flow, and a step of DDIM and DDPM at y."""
    schedule = VPSchedule.ddpm()
    score = ExactScore(law, schedule)
    x = schedule.alpha(t) * y
    s = schedule.effective_deviation(t, law.variance)
    velocity = clock_dynamics(law, s_start=2 * float(s), s_stop=float(s))
    ddim = ddim_step(x, t, t_next, schedule=schedule, score=score)
    ddpm = ddpm_step(x, t, t_next=t_next, schedule=schedule, score=score, noise=noise)
    return [
        score(x, torch.tensor(float(t))) * schedule.alpha(t) * s**2,
        velocity.drift(torch.tensor(velocity.stop), y),
        ddim / schedule.alpha(t_next),
        ddpm / schedule.alpha(t_next),
    ]
