r"""Fourth point of Theorem A.4: the growth rate of a neuron never falls."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    parity_of_three_bits,
    skewed,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    growth_rate,
    growth_rate_on_sphere,
    surrogate_flow,
)

TIME, POINTS = 1.0, 81
STEP = TIME / (POINTS - 1)


@dataclass(frozen=True)
class Flow:
    """A law, a noise level, and 20 balanced neurons of both signs."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    factor: float = field(default=2.0, repr=False)
    signed: bool = field(default=True, repr=False)


@claim(
    source=PAPER.at("Theorem A.4, fourth point"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[Flow(parity_of_three_bits, 0.3), Flow(skewed, 0.8)],
    thorough=[
        Flow(parity_of_three_bits, 0.8),
        Flow(skewed, 0.3),
        Flow(balanced_brackets, 0.3),
        Flow(balanced_brackets, 0.8),
    ],
    must_fail={
        "once the squared slope": lambda case: replace(case, factor=1.0),
        "2 per cent more": lambda case: replace(case, factor=2.04),
        "the sign of a forgotten": lambda case: replace(case, signed=False),
    },
)
def growth_rate_rises_along_the_surrogate_flow_at_its_squared_slope(case: Flow) -> Finding:
    r"""$\frac{d}{d\tau} K(z) = 2\, \mathrm{sgn}(a)\, |\nabla_{S} K(z)|^2$ along the surrogate
    flow.

    $z = (w, b)/|(w, b)|$ is the direction of a balanced neuron, $|a| = |(w, b)|$, and $\nabla_S$
    the gradient on the unit sphere; so $a \frac{d}{d\tau} K \ge 0$, for every law, without
    Assumption 5.1. The left side is a central difference of order four along the integrated
    flow of $(a, w, b)$.
    """
    law = case.law()
    sign, z = followed(case.law, case.alpha_bar)
    flat = z.reshape(-1, law.dimension + 1)
    options: dict[str, Any] = {"law": law, "alpha_bar": case.alpha_bar}
    rate = growth_rate(flat[:, :-1], flat[:, -1], **options).reshape(POINTS, -1)
    slope = (8 * (rate[3:-1] - rate[1:-3]) - (rate[4:] - rate[:-4])) / (12 * STEP)
    _, gradient = growth_rate_on_sphere(z[2:-2].reshape(-1, law.dimension + 1), **options)
    squared = gradient.square().sum(-1).reshape(slope.shape)
    signs = sign if case.signed else torch.ones_like(sign)
    exact = equal(slope, case.factor * signs * squared, budget=1e-4)
    rises = at_most(1 - sign * (rate[1:] - rate[:-1]), torch.ones_like(rate[1:]), budget=1e-10)
    return all_hold(exact, rises)


@cache
def followed(law: Callable[[], HypercubeLaw], alpha_bar: float) -> tuple[Tensor, Tensor]:
    """The signs of a, and the directions (POINTS, 20, d + 1) along the flow."""
    generator = torch.Generator().manual_seed(3)
    y = torch.randn(20, law().dimension + 1, generator=generator)
    sign = torch.where(torch.arange(20) % 2 == 0, 1.0, -1.0)
    network = TwoLayerReLU(sign * torch.linalg.vector_norm(y, dim=-1), y[:, :-1], y[:, -1])
    path = surrogate_flow(
        network, law=law(), alpha_bar=alpha_bar, time=TIME,
        times=torch.linspace(0, TIME, POINTS), rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    y = torch.stack([torch.cat((one.w, one.b[:, None]), -1) for one in path.networks])
    return sign, y / torch.linalg.vector_norm(y, dim=-1, keepdim=True)
