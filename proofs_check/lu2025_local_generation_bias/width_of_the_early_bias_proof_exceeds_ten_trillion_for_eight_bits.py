r"""The size of the constants of Theorem 5.3, with K_max in the place of nu."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import (
    HypercubeLaw,
    axis_curvature,
    best_axis_bias,
    growth_rate,
    transverse_curvature,
)

DIRECTIONS = 1000
RISK = 0.05
"""eta."""


@dataclass(frozen=True)
class Constants:
    """A parity of d bits, a noise level, 1 - c, and what is claimed."""

    d: int
    c: float
    largest: float
    outside: float
    width: float
    alpha_bar: float = 0.5
    angle_factor: float = field(default=1.0, repr=False)
    largest_factor: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Proof of Theorem 5.3"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Constants(8, 0.5, 0.42697, 0.42628, 1.5e13)],
    must_fail={
        "an angle 10 per cent larger": lambda case: replace(case, angle_factor=1.1),
        "K_max 0.01 per cent larger": lambda case: replace(case, largest_factor=1.0001),
        "four times the width": lambda case: replace(case, width=4 * case.width),
    },
    given=[
        "lu2025_local_generation_bias/only_the_axis_grows_fastest_under_every_pairwise_independent_law"
    ],
)
def width_of_the_early_bias_proof_exceeds_ten_trillion_for_eight_bits(case: Constants) -> Finding:
    r"""On the parity of 8 bits at $\bar\alpha = 1/2$, with $c = 1/2$ and $\delta$ half of the gap,
    the proof of Theorem 5.3 needs some $1.5 \cdot 10^{13}$ neurons, to within a tenth.

    $K_{max} = .42697$ is the largest growth rate, $K_0 = .42628$ the largest with $|w_\perp| >
    \frac c8 w_i$. With $\delta = (K_{max} - K_0)/2$, p the share of the sphere where $K >
    K_{max} - \delta$ and $\eta = .05$ the risk, neurons of both signs start there with probability
    $1 - \eta$ if $m \ge \frac2p \ln\frac2\eta$. The share p is integrated along 1000 random
    directions from the maximum; the ellipsoid of the Hessian there has the same volume to one
    per cent.
    """
    law = HypercubeLaw.parity(case.d)
    best = best_axis_bias(case.alpha_bar)
    generator = torch.Generator().manual_seed(0)
    top = case.largest_factor * best.growth_rate
    outside = largest_outside(case, law, generator)
    depth = (top - outside) / 2
    share = share_above(case, law, top - depth, generator)
    width = 2 / share * math.log(2 / RISK)
    determinant = abs(transverse_curvature(case.alpha_bar)) ** (case.d - 1)
    determinant *= abs(axis_curvature(case.alpha_bar))
    ellipsoid = (2 * depth) ** (case.d / 2) / math.sqrt(determinant)
    ellipsoid *= ball_volume(case.d) / sphere_area(case.d)
    stated = torch.tensor([case.largest, case.outside])
    return all_hold(
        equal(torch.tensor([best.growth_rate, outside]), stated, budget=5.001e-6, scale=1.0),
        equal(torch.tensor(share / ellipsoid) / 2, torch.tensor(0.5), budget=9e-3),
        at_most(torch.tensor(width), torch.tensor(1.1 * case.width), budget=1e-6),
        at_most(torch.tensor(0.9 * case.width), torch.tensor(width), budget=1e-6),
    ).with_detail(f"gap {top - outside:.4e}, share {share:.4e}, width {width:.4e}")


def largest_outside(case: Constants, law: HypercubeLaw, generator: torch.Generator) -> float:
    """The largest K with |w_perp| >= (c/8) w_1 over leans, biases and directions; else K <= 0."""
    across = torch.randn(40, case.d - 1, generator=generator)
    special = torch.eye(case.d - 1).cumsum(0)
    across = torch.cat((across, special, -special))
    across = across / torch.linalg.vector_norm(across, dim=-1, keepdim=True)
    least = case.angle_factor * case.c / 8
    lean = least * torch.tensor([1.0, 1.02, 1.1, 1.5, 3.0, 8.0, 20.0])
    bias = best_axis_bias(case.alpha_bar).bias + torch.linspace(-0.05, 0.05, 21)
    w = (lean[:, None, None, None] * across[:, None, :]).expand(-1, -1, len(bias), -1)
    w = torch.cat((torch.ones_like(w[..., :1]), w), dim=-1)
    b = bias.expand(w.shape[:-1]).reshape(-1)
    return float(on_sphere(torch.cat((w.reshape(len(b), -1), b[:, None]), -1), case, law).max())


def share_above(
    case: Constants, law: HypercubeLaw, level: float, generator: torch.Generator
) -> float:
    """The share of the sphere around the maximum where K exceeds the level."""
    y = torch.zeros(case.d + 1)
    y[0], y[-1] = 1.0, best_axis_bias(case.alpha_bar).bias
    y = y / torch.linalg.vector_norm(y)
    omega = torch.randn(DIRECTIONS, case.d + 1, generator=generator)
    omega = omega - (omega @ y)[:, None] * y
    omega = omega / torch.linalg.vector_norm(omega, dim=-1, keepdim=True)
    low, high = torch.zeros(DIRECTIONS), torch.full((DIRECTIONS,), 0.2)
    for _ in range(24):
        middle = (low + high) / 2
        place = torch.cos(middle)[:, None] * y + torch.sin(middle)[:, None] * omega
        inside = on_sphere(place, case, law) > level
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return (
        float((torch.sin(low) ** case.d).mean() / case.d)
        * sphere_area(case.d - 1)
        / sphere_area(case.d)
    )


def on_sphere(y: Tensor, case: Constants, law: HypercubeLaw) -> Tensor:
    """K of the directions."""
    settings: dict[str, Any] = {"law": law, "alpha_bar": case.alpha_bar}
    y = y / torch.linalg.vector_norm(y, dim=-1, keepdim=True)
    return growth_rate(y[:, :-1], y[:, -1], **settings)


def sphere_area(n: int) -> float:
    """The area of the unit sphere of dimension n."""
    return 2 * math.pi ** ((n + 1) / 2) / math.gamma((n + 1) / 2)


def ball_volume(n: int) -> float:
    """The volume of the unit ball of dimension n."""
    return sphere_area(n - 1) / n
