"""The orders of the SDE methods on the reverse SDE of a mixture, whose noise is additive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, order
from theorylab.diffusion import GaussianMixture, clock_reverse
from theorylab.integrate import EULER_MARUYAMA, MILSTEIN, SRK, BrownianPath, SDEMethod, solve_sde

COUNTS = (16, 32, 64, 128)
FINEST = 512


@dataclass(frozen=True)
class Method:
    """A method, its strong and weak order on additive noise (None: not claimed)."""

    method: SDEMethod
    strong: float
    weak: float | None = None
    k: float = 1.0
    n: int = 2000
    seed: int = 5
    slope: float = 1.0


@claim(
    source=read_at("Equation 2"),
    relation=Relation.BEYOND,
    evidence=Evidence.TREND,
    cases=[
        Method(EULER_MARUYAMA, 1.0, 1.0),
        Method(MILSTEIN, 1.0, 1.0),
        Method(SRK, 1.5),
    ],
    must_fail={
        "half an order less": lambda case: replace(case, strong=case.strong - 0.5),
        "half an order more": lambda case: replace(case, strong=case.strong + 0.5),
        "a drift three per cent too strong": lambda case: replace(case, slope=1.03),
    },
)
def reverse_sde_is_integrated_at_the_strong_and_weak_order(case: Method) -> Finding:
    r"""On the reverse family in the clock, whose noise $\sqrt{2k}\,s$ depends on time only, the
    root mean square error of Euler-Maruyama and Milstein shrinks with the step to the power 1,
    that of SRK to the power 1.5, and the error of $E\,y^2$ of the first two to the power 1.
    (Fitted to within 0.2 on 16 to 128 steps with one Brownian path each, against SRK at 512
    steps, for two modes of unequal weight.)
    """
    plain = replace(case, method=SRK, strong=0.0, weak=None, slope=1.0)
    reference = ends(plain, SRK, FINEST, 1.0)
    strong, weak = [], []
    for count in COUNTS:
        end = ends(plain, case.method, count, case.slope)
        strong.append((end - reference).square().mean().sqrt())
        weak.append((end.square() - reference.square()).mean().abs())
    steps = 1 / torch.tensor(COUNTS)
    parts = [order(steps, torch.stack(strong), expected=case.strong, tol=0.2, floor=1e-6)]
    if case.weak is not None:
        parts.append(order(steps, torch.stack(weak), expected=case.weak, tol=0.2, floor=1e-6))
    return all_hold(*parts).with_series(
        name=case.method.name, steps=list(COUNTS), strong=torch.stack(strong)
    )


@cache
def ends(case: Method, method: SDEMethod, count: int, slope: float) -> Tensor:
    """The ends of n runs with `count` steps on the Brownian paths of the finest run."""
    mixture = GaussianMixture([[-0.8], [0.7]], 0.04, [0.4, 0.6])
    dynamics = clock_reverse(mixture, case.k, s_start=1.2, s_stop=0.4)
    plain = dynamics.drift
    dynamics = replace(dynamics, drift=lambda u, y: slope * plain(u, y))
    start = mixture.with_variance(1.2**2).sample(case.n, seed=case.seed)
    # a step a hair longer than the exact share: rounding must not add a step
    step = dynamics.length / count * (1 + 1e-9)
    noise = BrownianPath(case.seed, substeps=FINEST // count)
    return solve_sde(dynamics, start, method=method, step=step, noise=noise).end


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The root mean square errors against the number of steps."""
    for index, one in enumerate(series):
        ax.loglog(one["steps"], one["strong"], marker="os^"[index % 3], markersize=8 - 2 * index,
                  color=f"C{index}", label=one["name"])  # fmt: skip
    ax.set_xticks(series[0]["steps"], [str(count) for count in series[0]["steps"]])
    ax.minorticks_off()
    ax.set_xlabel("steps")
    ax.set_ylabel("root mean square error")
    ax.set_title("reverse SDE with the exact score of two modes")
    ax.legend()
