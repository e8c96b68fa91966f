"""Lemma A.5: the surrogate flow of a balanced neuron, in amplitude and direction."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import parity_of_three_bits, skewed
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.integrate import DOPRI8
from theorylab.parity import HypercubeLaw, TrainingPath, TwoLayerReLU, growth_rate, surrogate_flow

TIME = 1.0


@dataclass(frozen=True)
class Growth:
    """A law, a noise level, balanced neurons of both signs; the exponent claimed."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    factor: float = field(default=2.0, repr=False)
    signed: bool = field(default=True, repr=False)
    normalised: bool = field(default=True, repr=False)


@claim(
    source=PAPER.at("Lemma A.5; Theorem A.4, first display"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=grid(Growth, law=[parity_of_three_bits, skewed], alpha_bar=[0.5]),
    thorough=grid(Growth, law=[parity_of_three_bits, skewed], alpha_bar=[0.2, 0.9]),
    must_fail={
        "exponent 2 per cent larger": lambda case: replace(case, factor=2.04),
        "the factor 2 lost": lambda case: replace(case, factor=1.0),
        "the sign of a forgotten": lambda case: replace(case, signed=False),
        "K of the weights, not of their direction": lambda case: replace(case, normalised=False),
    },
)
def output_weight_grows_by_the_integral_of_the_growth_rate(case: Growth) -> Finding:
    r"""Along the surrogate flow a balanced neuron obeys
    $|a(s)| = |a(0)| \exp\big(2\, \mathrm{sgn}(a(0)) \int_0^s K(w/|a|, b/|a|)\, d\tau\big)$ with
    $K(w, b) = E[y_i(x)\, \mathrm{relu}(w \cdot x + b)]$.

    For every law and noise level. The flow $a' = 2 K(w, b)$, $(w, b)' = 2 a \nabla K(w, b)$ is
    integrated in the weights themselves, from four random balanced neurons, over one unit of
    time, and the integral is taken by Gauss-Legendre along it.
    """
    flow = followed(case.law, case.alpha_bar)
    start, weights = flow.networks[0], np.polynomial.legendre.leggauss(8)[1]
    setting: dict[str, Any] = {"law": case.law(), "coordinate": 1, "alpha_bar": case.alpha_bar}
    rates = torch.stack([rate(net, case, setting) for net in flow.networks[1:-1]])
    exponent = case.factor * TIME / 2 * torch.tensor(weights) @ rates
    sign = torch.sign(start.a) if case.signed else torch.ones(4)
    claimed = start.a.abs() * torch.exp(sign * exponent)
    return all_hold(
        equal(flow.end.a.abs(), claimed, budget=1e-7),
        equal(torch.sign(flow.end.a), torch.sign(start.a), budget=1e-9),
    )


@cache
def followed(law: Callable[[], HypercubeLaw], alpha_bar: float) -> TrainingPath:
    """The flow at the Gauss-Legendre times and both ends."""
    start = TwoLayerReLU.balanced(4, law().dimension, scale=0.1, seed=2)
    times = TIME / 2 * (np.polynomial.legendre.leggauss(8)[0] + 1)
    return surrogate_flow(
        start, law=law(), coordinate=1, alpha_bar=alpha_bar, time=TIME,
        times=torch.tensor([0.0, *times, TIME]), method=DOPRI8, rtol=1e-8, atol=1e-11,
    )  # fmt: skip


def rate(net: TwoLayerReLU, case: Growth, setting: dict) -> Tensor:
    """K at (w, b) / |a|."""
    size = net.a.abs() if case.normalised else torch.ones_like(net.a)
    return growth_rate(net.w / size[:, None], net.b / size, **setting)
