r"""How sharp the maximum of Theorem A.4's second point is."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    odd_parity_beside_a_free_bit,
    parity_of_three_bits,
)
from theorylab.claims import Evidence, Finding, Relation, claim, equal, grid
from theorylab.parity import (
    HypercubeLaw,
    axis_curvature,
    best_axis_bias,
    growth_rate,
    transverse_curvature,
)


def parity_of_five_bits() -> HypercubeLaw:
    """Five bits with product 1."""
    return HypercubeLaw.parity(5)


@dataclass(frozen=True)
class Level:
    """A law and a noise level."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    sign: int = field(default=1, repr=False)
    factor: float = field(default=1.0, repr=False)
    bias: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(
        Level,
        law=[parity_of_three_bits, odd_parity_beside_a_free_bit, parity_of_five_bits],
        alpha_bar=[0.1, 0.5, 0.9],
    ),
    must_fail={
        "the other sign of the moments": lambda case: replace(case, sign=-1),
        "no three-bit moments": lambda case: replace(case, sign=0),
        "2 per cent more": lambda case: replace(case, factor=1.02),
        "2 per cent off the best bias": lambda case: replace(case, bias=1.02),
    },
    assumes=[lambda case: case.law().is_pairwise_independent_with_zero_mean()],
)
def curvature_at_the_best_direction_is_split_by_the_three_bit_moments(case: Level) -> Finding:
    r"""The Hessian of $K$ on the unit sphere at $(e_i, D^*)/\sqrt{1 + D^{*2}}$ under 5.1.

    Across the axis it is, on an eigenvector of $M = (E[v_i v_k v_l])_{k \ne l}$ with the
    eigenvalue $T$, and with $z_\pm = (D^* \pm s)/\nu$, $\gamma = s^2/\nu^2$,

    $$H_\perp(T) = -\frac{\nu}{\sqrt{1 + D^{*2}}} \Big[G(D^*) + \frac{1 + D^{*2}}{2} \sum_\pm
      z_\pm \phi(z_\pm) \big(1 + \gamma (1 \pm T)\big)\Big],$$

    and along it $\nu (1 + D^{*2})^{3/2} [G''(D^*) - G(D^*)/(1 + D^{*2})^2]$. On the parity of
    three bits $T = \pm 1$; without three-bit moments $T = 0$. The other side is the second
    derivative of the closed form of $K$ along great circles, by automatic differentiation.
    """
    law = case.law()
    d = law.dimension
    bias = case.bias * best_axis_bias(case.alpha_bar).bias
    moments = torch.tensor(
        [
            [float(law.moment([0, k, j])) if k != j else 0.0 for j in range(1, d)]
            for k in range(1, d)
        ]
    )
    values, vectors = torch.linalg.eigh(moments)
    pole = torch.tensor([1.0, *[0.0] * (d - 1), bias]) / math.hypot(1, bias)
    found, expected = [], []
    for T, vector in zip(values.tolist(), vectors.T, strict=True):
        across = torch.cat((torch.zeros(1), vector, torch.zeros(1)))
        found.append(second_derivative(law, case.alpha_bar, pole, across))
        expected.append(transverse_curvature(case.alpha_bar, third_moment=case.sign * T))
    along = torch.tensor([-bias, *[0.0] * (d - 1), 1.0]) / math.hypot(1, bias)
    found.append(second_derivative(law, case.alpha_bar, pole, along))
    expected.append(axis_curvature(case.alpha_bar))
    return equal(torch.stack(found), case.factor * torch.tensor(expected), budget=1e-10)


def second_derivative(law: HypercubeLaw, alpha_bar: float, at: Tensor, towards: Tensor) -> Tensor:
    """Of K along the great circle from `at` in the direction `towards`."""
    angle = torch.zeros((), requires_grad=True)
    place = torch.cos(angle) * at + torch.sin(angle) * towards
    rate = growth_rate(place[:-1], place[-1], law=law, alpha_bar=alpha_bar)
    (first,) = torch.autograd.grad(rate, angle, create_graph=True)
    (second,) = torch.autograd.grad(first, angle)
    return second
