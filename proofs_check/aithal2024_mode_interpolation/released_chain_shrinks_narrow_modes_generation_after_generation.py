"""The collapse that the sampler alone causes: exact scores, infinitely many data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import ExactScore, GaussianMixture
from theorylab.diffusion.affine_chain import fixed_deviation, generations, output_deviation
from theorylab.diffusion.chain import propagate

GRID = 0.05 / (8 + 0.0025) ** 0.5
"""The deviation of a mode of the released 25-mode grid."""


@dataclass(frozen=True)
class Mode:
    """A deviation, the ratios after successive generations, and one step with either variance."""

    deviation: float
    ratios: tuple[float, ...]
    small: float
    wrong: float = 1.0
    large: bool = True
    fixed: tuple[float, float] = (0.104012, 0.911255)


@claim(
    source=read_at("Recursive training (2-D grid, five generations)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Mode(GRID, (0.622918, 0.270670, 0.0546973, 0.00227032, 3.91410e-6), 0.469039),
        Mode(0.05, (0.941797, 0.877864, 0.807134, 0.728245, 0.639476), 0.771410),
    ],
    must_fail={
        "modes two per cent wider": lambda case: replace(case, wrong=1.02),
        "the posterior's variance": lambda case: replace(case, large=False),
        "fixed points two per cent off": lambda case: replace(case, fixed=(0.1061, 0.911255)),
    },
)
def released_chain_shrinks_narrow_modes_generation_after_generation(case: Mode) -> Finding:
    r"""Let every generation learn the last one's law exactly and sample it by the chain of the
    released code ($\beta$ from $10^{-3}$ to 0.2, 1000 steps, variance $\beta_t$). A mode of
    deviation $s$ comes out with $s_{\rm out}(s)$, the affine recursion of one Gaussian:

    - on their 25-mode grid, $s = 0.01767$ (below the smallest noise, 0.0316), with 0.622918,
      0.270670, 0.0546973, 0.00227032 and $3.9141\cdot 10^{-6}$ times $s$ after one to five
      generations (0.469039 after one with the posterior's variance);
    - on the line, $s = 0.05$, with 0.941797, 0.877864, 0.807134, 0.728245, 0.639476 times $s$
      (0.771410 with the posterior's variance).

    The map has an unstable fixed point at $s = 0.104012$ and a stable one at $0.911255$; narrower
    modes collapse without any error of the network. (One step also by propagating the density
    on a line.)
    """
    path = generations(case.wrong * case.deviation, CHAIN, len(case.ratios), large=case.large)
    ratios = torch.tensor(path[1:]) / path[0]
    small = output_deviation(case.deviation, CHAIN, large=False) / case.deviation
    lower, upper = fixed_deviation(CHAIN, 0.08, 0.3), fixed_deviation(CHAIN, 0.3, 1.5)
    inside = output_deviation(0.9 * lower, CHAIN) / (0.9 * lower)
    beyond = output_deviation(1.1 * lower, CHAIN) / (1.1 * lower)
    shown = torch.logspace(-2.2, 0.2, 25).tolist()
    return all_hold(
        equal(ratios / torch.tensor(case.ratios), torch.ones(len(case.ratios)), budget=1e-5),
        equal(small, case.small, budget=2e-6),
        equal(torch.tensor([lower, upper]) / torch.tensor(case.fixed), torch.ones(2), budget=1e-5),
        at_most(inside, 0.998, budget=1e-9),
        at_most(1.002, beyond, budget=1e-9),
        equal(propagated(case.deviation), case.ratios[0], budget=1e-5),
    ).with_series(
        deviations=shown,
        output=[output_deviation(s, CHAIN, last=400) for s in shown],
        path=path,
        fixed=[lower, upper],
    )


@cache
def propagated(deviation: float) -> float:
    """Output over input deviation of one step, by propagating the density of one mode."""
    mixture = GaussianMixture([[0.5]], deviation**2)
    law = propagate(ExactScore(mixture, CHAIN), CHAIN, last=320, spacing=0.004)
    return law.moments(-3.0, 3.0)[2] / deviation


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The map of deviations, its fixed points, and the way of two modes."""
    first = series[0]
    ax.plot(first["deviations"], first["output"], color="C0", label="the chain, exact score")
    ax.plot(
        first["deviations"], first["deviations"], color="0.6", linewidth=0.8, label="unchanged"
    )
    ax.plot(first["fixed"], first["fixed"], color="C3", marker="o", linestyle="none",
            label="fixed points 0.104, 0.911")  # fmt: skip
    for index, one in enumerate(series):
        kept = [s for s in one["path"] if s > 0.004]
        ax.plot(kept[:-1], kept[1:], color=f"C{index + 1}", marker="x", linestyle="--",
                label=f"generations from s = {kept[0]:.4f}")  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel("deviation of a mode in the data")
    ax.set_ylabel("deviation in the samples")
    ax.set_title("released schedule, fixed-large variance")
    ax.legend()
