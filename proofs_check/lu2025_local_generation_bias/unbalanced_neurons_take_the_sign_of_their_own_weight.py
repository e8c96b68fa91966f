"""Appendix A.7 starts from unbalanced neurons, a = |w|^2, b = 0; Lemma A.5 for them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import parity_of_three_bits, skewed
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.integrate import DOPRI8
from theorylab.parity import HypercubeLaw, TwoLayerReLU, direction_flow, surrogate_flow


@dataclass(frozen=True)
class Start:
    """A law, a noise level; which exponents are claimed of a + n and a - n."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    rates: tuple[float, float] = field(default=(2.0, -2.0), repr=False)
    time: float = field(default=2.0, repr=False)
    sign: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Appendix A.7, initialisation; Lemma A.5"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(Start, law=[parity_of_three_bits, skewed], alpha_bar=[0.5]),
    thorough=grid(Start, law=[parity_of_three_bits, skewed], alpha_bar=[0.2, 0.9]),
    must_fail={
        "exponent 2 per cent larger": lambda case: replace(case, rates=(2.04, -2.04)),
        "both grow": lambda case: replace(case, rates=(2.0, 2.0)),
        "the opposite sign": lambda case: replace(case, sign=-1.0),
    },
)
def unbalanced_neurons_take_the_sign_of_their_own_weight(case: Start) -> Finding:
    r"""With $n = |(w, b)|$ and $I(s) = \int_0^s K(z)$ along the surrogate flow,
    $a + n = (a_0 + n_0) e^{2 I}$ and $a - n = (a_0 - n_0) e^{-2 I}$, while the direction
    $z = (w, b)/n$ moves by $z' = 2 (a/n) \nabla_S K(z)$, for every law and noise level.

    From $|a_0| \ll n_0$ therefore $a \approx n_0 \sinh 2 I$: since $K$ has the sign of $w_i$, so
    has $a$ after a while, whatever the sign of $a_0$. From the start of appendix A.7,
    $a_0 = |w|^2$, $b = 0$, of size $10^{-3}$, the flow in the weights agrees with the flow of the
    directions, and at time 2 every one of twelve neurons has
    $\mathrm{sgn}(a) = \mathrm{sgn}(w_i)$.
    """
    law = case.law()
    start = TwoLayerReLU.without_bias(12, law.dimension, scale=1e-3, seed=6)
    setting: dict[str, Any] = {"law": law, "coordinate": 1, "alpha_bar": case.alpha_bar}
    setting["time"] = case.time
    end = surrogate_flow(start, method=DOPRI8, rtol=1e-8, atol=1e-12, **setting).end
    polar = direction_flow(start, method=DOPRI8, rtol=1e-8, atol=1e-10, **setting)
    total = polar.growth[-1]
    first, last = (torch.sqrt(net.w.square().sum(-1) + net.b**2) for net in (start, end))
    up, down = (torch.exp(rate * total) for rate in case.rates)
    direction = torch.cat((end.w, end.b[:, None]), dim=-1) / last[:, None]
    return all_hold(
        equal(end.a + last, (start.a + first) * up, budget=1e-6),
        equal(end.a - last, (start.a - first) * down, budget=1e-6),
        equal(direction, polar.directions[-1], budget=1e-6),
        equal(torch.sign(end.a), case.sign * torch.sign(end.w[:, 1]), budget=1e-9),
    )
