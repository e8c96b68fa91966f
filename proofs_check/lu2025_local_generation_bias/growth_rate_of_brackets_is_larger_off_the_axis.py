r"""Where Assumption 5.1 is violated: balanced brackets, whose neighbours are dependent."""

from dataclasses import dataclass, field, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity import HypercubeLaw, growth_rate, growth_rate_on_sphere
from theorylab.parity.posterior import signal_and_noise

STEPS, STEP = 250, 0.8


@dataclass(frozen=True)
class Maximum:
    """A noise level; w_2/|w| at a maximum, and how far K/nu exceeds the axis there."""

    alpha_bar: float
    own: float
    excess: float
    law: HypercubeLaw = field(default_factory=lambda: HypercubeLaw.dyck(4), repr=False)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Maximum(0.1, 0.981, 0.0126), Maximum(0.5, 0.911, 0.0762), Maximum(0.8, 0.861, 0.1651)],
    must_fail={
        "a law that satisfies it": lambda case: replace(case, law=HypercubeLaw.parity(4)),
        "an excess of 2 per cent more": lambda case: replace(case, excess=1.02 * case.excess),
    },
)
def growth_rate_of_brackets_is_larger_off_the_axis(case: Maximum) -> Finding:
    r"""On the balanced bracket words of length 4, where Assumption 5.1 is violated, $K/\nu$ of the
    second position exceeds its largest value on the axis by .0126, .0762 and .1651 at
    $\bar\alpha = .1, .5$ and $.8$ in a stationary direction with $w_2/|w| = .981$, $.911$ and
    $.861$, to half a unit of the last digit.
    """
    settings: dict[str, Any] = {"law": case.law, "coordinate": 1, "alpha_bar": case.alpha_bar}
    _, noise = signal_and_noise(case.alpha_bar)
    y = torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    for _ in range(STEPS):
        y = y / torch.linalg.vector_norm(y, dim=-1, keepdim=True)
        rate, gradient = growth_rate_on_sphere(y, **settings)
        y = y + STEP * gradient
    best = int(rate.argmax())
    bias = torch.linspace(-4, 4, 8001)
    axis = torch.eye(4)[1].expand(len(bias), -1)
    on_axis = (growth_rate(axis, bias, **settings) / torch.sqrt(1 + bias**2)).max()
    own = y[best, 1] / torch.linalg.vector_norm(y[best, :-1])
    return all_hold(
        equal((rate[best] - on_axis) / noise, torch.tensor(case.excess), budget=5.001e-5, scale=1),
        equal(own, torch.tensor(case.own), budget=5.001e-4, scale=1),
        equal(1 + gradient[best], torch.ones(5), budget=1e-9),
    )
