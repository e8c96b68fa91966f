"""Images from the Gaussian denoiser are narrower than its law: sampler gains over eigenvalues."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import (
    GaussianDenoiser,
    euler_gain,
    euler_sample,
    flow_gain,
    heun_gain,
    heun_sample,
    karras_nodes,
)

GRID = (80.0, 42.415, 21.109, 9.7232, 4.0661, 1.5017, 0.46998, 0.11664, 0.020435, 0.002)
VALUES = (1e4, 100.0, 1.0, 0.01)


@dataclass(frozen=True)
class Table:
    """Ratios of deviations at the eigenvalues 1e4, 100, 1, 0.01, and others at 1."""

    euler: tuple[float, ...] = (0.937, 0.816, 0.751, 0.674)
    heun: tuple[float, ...] = (1.007, 1.085, 1.176, 1.357)
    others: tuple[float, ...] = (0.860, 1.045, 1.008)
    rho: float = 7.0
    scale: float = 1.0


def levels(case: Table, steps: int) -> Tensor:
    """The nodes of EDM and the last step to 0."""
    return torch.cat((karras_nodes(steps, rho=case.rho), torch.zeros(1)))


@claim(
    source=PAPER.at("Figures from D_G and the sampler of the released code (10 Euler steps)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Table()],
    must_fail={
        "rho two per cent larger": lambda case: replace(case, rho=7.14),
        "gains two per cent larger": lambda case: replace(case, scale=1.02),
        "Heun's table for Euler": lambda case: replace(case, euler=case.heun),
    },
    given=[
        "li2024_gaussian_structure/steps_of_a_sampler_with_the_gaussian_denoiser_have_closed_gains",
    ],
)
def ten_euler_steps_shrink_every_direction_of_the_gaussian_denoiser(case: Table) -> Finding:
    r"""On the ten levels of EDM ($\rho = 7$: 80, 42.415, 21.109, 9.7232, 4.0661, 1.5017, .46998,
    .11664, .020435, .002) and a last step to 0, the Gaussian denoiser sampled by Euler's method
    gives directions of variance $10^4, 100, 1, 0.01$ the share .937, .816, .751, .674 of the
    deviation that the flow gives them, and Heun's method 1.007, 1.085, 1.176, 1.357. For
    $\lambda = 1$ the shares are .860 with 18 Euler steps and 1.045 and 1.008 with 18 and 40 Heun
    steps. So ten-step images of $D_G$ are no draws of $N(\mu, \Sigma)$. (Gains by the closed
    products; runs of the samplers give the same.)
    """
    values = torch.tensor(VALUES)
    exact = flow_gain(values, 80.0, 0.0)
    ten = levels(case, 10)
    one = torch.tensor([1.0])
    single = flow_gain(one, 80.0, 0.0)
    found = torch.cat(
        (
            euler_gain(one, levels(case, 18)),
            heun_gain(one, levels(case, 18)),
            heun_gain(one, levels(case, 40)),
        )
    )
    denoiser = GaussianDenoiser(torch.arange(4.0), torch.eye(4), values)
    start = denoiser.mean + 1
    ratios = {"euler": euler_gain(values, ten) / exact, "heun": heun_gain(values, ten) / exact}
    runs = [
        case.scale * (run(denoiser, start, ten) - denoiser.mean) / exact
        for run in (euler_sample, heun_sample)
    ]
    return all_hold(
        equal(ten[:-1] / torch.tensor(GRID), torch.ones(10), budget=4e-5),
        equal(torch.stack(runs), torch.stack(tuple(ratios.values())), budget=1e-11),
        equal(ratios["euler"], torch.tensor(case.euler), budget=8e-4),
        equal(ratios["heun"], torch.tensor(case.heun), budget=8e-4),
        equal(found / single, torch.tensor(case.others), budget=8e-4),
    ).with_series(**curves(case))


def curves(case: Table) -> dict[str, Any]:
    """Ratios over the eigenvalues for the figure."""
    values = torch.logspace(-3, 5, 81)
    exact = flow_gain(values, 80.0, 0.0)
    lines = {
        f"{name}, {steps} steps": (gain(values, levels(case, steps)) / exact).tolist()
        for name, gain, steps in (
            ("Euler", euler_gain, 10), ("Euler", euler_gain, 18), ("Euler", euler_gain, 40),
            ("Heun", heun_gain, 10), ("Heun", heun_gain, 18), ("Heun", heun_gain, 40),
        )
    }  # fmt: skip
    return {"eigenvalues": values.tolist(), "names": list(lines), "ratios": list(lines.values())}


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Deviation that a sampler gives a direction over the one that the flow gives."""
    shown = series[0]
    styles = ("C1-", "C1--", "C1:", "C0-", "C0--", "C0:")
    for name, ratio, style in zip(shown["names"], shown["ratios"], styles, strict=True):
        ax.plot(shown["eigenvalues"], ratio, style, label=name)
    ax.axhline(1.0, color="0.5", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xlabel(r"variance $\lambda$ of the direction")
    ax.set_ylabel("deviation / that of the flow")
    ax.legend(ncol=2)
