"""The zeroth-order estimator as the library runs it, against its exact law."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, law_equals
from theorylab.parity import local_dependency_ratio, zeroth_order_ratios

CHANCE = 1e-12


@dataclass(frozen=True)
class Probe:
    """d entries, the first r the region, k draws a ratio, n ratios; a claimed factor."""

    d: int = 40
    r: int = 10
    k: int = 5
    n: int = 60_000
    factor: float = 1.0
    degrees: int = 5
    seed: int = 11


@claim(
    source=PAPER.at("Appendix A.6, zeroth-order approximation"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Probe(), Probe(d=8, r=2, seed=12)],
    must_fail={
        "times d / d_R as printed": lambda case: replace(case, factor=case.d / case.r),
        "times d_R / d": lambda case: replace(case, factor=case.r / case.d),
        "one degree of freedom less": lambda case: replace(case, degrees=4),
        "10 per cent larger": lambda case: replace(case, factor=1.1),
    },
    given=["lu2025_local_generation_bias/zeroth_order_estimate_needs_no_dimension_factor"],
)
def zeroth_order_estimate_of_a_linear_map_is_its_ratio_times_f(case: Probe) -> Finding:
    r"""For $f(x) = u (g \cdot x)$ the zeroth-order ratio of $k$ draws is LDR times $F_{k, k}$.

    Its numerator is $|u_R|^2 \sum (g \cdot \epsilon_2)^2$, its denominator
    $|u_R|^2 \sum (g \cdot \epsilon_1)^2$, $k = 5$ independent draws each, so that their ratio is
    $\mathrm{LDR}(R) = |g_R|^2 / |g|^2$ times a ratio of two chi-squares. Regions of 10 of 40 and
    of 2 of 8 entries. With the printed factor $d / d_R = 4$ the law is another.
    """
    exact, ratio, drawn = probed(replace(case, factor=1.0, degrees=5))

    def cdf(value: np.ndarray) -> np.ndarray:
        law = stats.f(case.degrees, case.degrees)
        return np.asarray(law.cdf(value / (case.factor * exact)))

    return all_hold(
        equal(ratio, exact, budget=1e-13),
        law_equals(drawn, cdf, reach=0.033, false_alarm=CHANCE, miss=CHANCE),
    )


@cache
def probed(case: Probe) -> tuple[float, Tensor, Tensor]:
    """LDR by its formula, LDR by automatic differentiation, and n zeroth-order ratios."""
    generator = torch.Generator().manual_seed(case.seed)
    u, g = torch.randn(2, case.d, generator=generator)

    def network(x: Tensor) -> Tensor:
        return (x @ g)[:, None] * u

    x = torch.zeros(case.n, case.d)
    exact = (g[: case.r].square().sum() / g.square().sum()).item()
    ratio = local_dependency_ratio(network, x[:1], range(case.r))
    drawn = zeroth_order_ratios(network, x, range(case.r), scale=1.0, draws=case.k, seed=case.seed)
    return exact, ratio, drawn
