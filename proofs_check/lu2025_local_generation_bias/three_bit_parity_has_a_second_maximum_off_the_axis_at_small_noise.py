r"""What the second point of Theorem A.4 leaves out: other directions that attract neurons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import (
    HypercubeLaw,
    best_axis_bias,
    growth_rate,
    growth_rate_on_sphere,
    growth_rate_sphere_hessian,
)
from theorylab.parity.posterior import signal_and_noise

POINTS = 81


@dataclass(frozen=True)
class Maximum:
    """A noise level, K/nu, |w_perp|/w_1 and b/w_1 of the second maximum."""

    alpha_bar: float
    share: float
    lean: float
    bias: float
    law: HypercubeLaw = field(default_factory=lambda: HypercubeLaw.parity(3), repr=False)
    share_of_best: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Maximum(0.8, 0.5517, 0.44, 0.51),
        Maximum(0.9, 0.5599, 0.56, 0.46),
        Maximum(0.97, 0.5873, 0.57, 0.45),
    ],
    must_fail={
        "independent bits": lambda case: replace(case, law=HypercubeLaw.parity(3, [])),
        "the other parity": lambda case: replace(case, law=HypercubeLaw.parity(3, value=-1)),
        "3 per cent below the best of the axis": lambda case: replace(case, share_of_best=0.97),
        "2 per cent more": lambda case: replace(case, share=1.02 * case.share),
    },
)
def three_bit_parity_has_a_second_maximum_off_the_axis_at_small_noise(case: Maximum) -> Finding:
    r"""On $v_1 v_2 v_3 = 1$ the growth rate $K$ of the first coordinate has further strict local
    maxima on the sphere, at $w \propto (1, \pm\lambda/\sqrt2, \pm\lambda/\sqrt2)$ with opposite
    signs.

    $(K/\nu, \lambda, b/w_1)$ is $(.5517, .44, .51)$ at $\bar\alpha = .8$, $(.5599, .56, .46)$ at
    $.9$ and $(.5873, .57, .45)$ at $.97$, to half a unit of the last digit; the value is below
    that of the axis. So the flow of a direction need not end on the axis. Newton's method finds
    the point; its gradient vanishes and its Hessian on the sphere is negative.
    """
    options: dict[str, Any] = {"law": case.law, "alpha_bar": case.alpha_bar}
    y = torch.tensor([1.0, case.lean / 2**0.5, -case.lean / 2**0.5, case.bias])
    y = y / torch.linalg.vector_norm(y)
    for _ in range(8):
        _, gradient = growth_rate_on_sphere(y, **options)
        hessian = growth_rate_sphere_hessian(y, **options)
        y = y - torch.linalg.lstsq(hessian, gradient[:, None], driver="gelsd").solution[:, 0]
        y = y / torch.linalg.vector_norm(y)
    rate, gradient = growth_rate_on_sphere(y, **options)
    _, noise = signal_and_noise(case.alpha_bar)
    curvature = torch.linalg.eigvalsh(growth_rate_sphere_hessian(y, **options))[:-1]
    best = best_axis_bias(case.alpha_bar)
    lean = torch.linalg.vector_norm(y[1:3]) / y[0]
    values = torch.stack((rate / noise, lean / 100, y[3] / y[0] / 100))
    stated = torch.tensor([case.share, case.lean / 100, case.bias / 100])
    found = [
        equal(1 + gradient, torch.ones(4), budget=1e-12),
        equal(values, stated, budget=5.001e-5, scale=1.0),
        at_most(1 + curvature, torch.full_like(curvature, 0.99), budget=1e-9),
        at_most(rate, case.share_of_best * torch.tensor(best.growth_rate), budget=1e-9),
    ]
    return all_hold(*found).with_series(**drawn(case, y, best.bias))


def drawn(case: Maximum, y: Tensor, bias: float) -> dict[str, Any]:
    """K/nu over the lean and the bias, and the two maxima."""
    lean, offset = torch.linspace(0, 1.2, POINTS), torch.linspace(-0.4, 1.8, POINTS)
    across, up = torch.meshgrid(lean, offset, indexing="ij")
    place = torch.stack((torch.ones_like(across), across / 2**0.5, -across / 2**0.5, up), dim=-1)
    place = place / torch.linalg.vector_norm(place, dim=-1, keepdim=True)
    flat = place.reshape(-1, 4)
    rate = growth_rate(flat[:, :3], flat[:, 3], law=case.law, alpha_bar=case.alpha_bar)
    _, noise = signal_and_noise(case.alpha_bar)
    lean_of = float(torch.linalg.vector_norm(y[1:3]) / y[0])
    return {
        "alpha_bar": case.alpha_bar,
        "lean": lean,
        "bias": offset,
        "share": (rate / noise).reshape(POINTS, POINTS),
        "axis": [0.0, bias],
        "other": [lean_of, float(y[3] / y[0])],
    }


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Level lines of K/nu, and its maxima on and off the axis."""
    shown = next(one for one in series if one["alpha_bar"] == 0.9)
    share = [list(row) for row in zip(*shown["share"], strict=True)]
    lines = ax.contour(shown["lean"], shown["bias"], share, levels=14, cmap="viridis")
    ax.clabel(lines, fontsize=6)
    ax.plot(*shown["axis"], "o", color="C3", label=r"maximum on the axis, $D^*$")
    ax.plot(*shown["other"], "s", color="C1", label="maximum off the axis")
    ax.set_xlabel(r"$|w_\perp| / w_1$")
    ax.set_ylabel(r"bias $b / w_1$")
    ax.set_title(r"$K/\nu$ on the sphere, 3-bit parity, $\bar\alpha = 0.9$")
    ax.legend(loc="upper right")
