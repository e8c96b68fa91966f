"""The samplers of EDM against the closed map of one dimension."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, order
from theorylab.diffusion.gains import euler_sample, heun_sample, karras_nodes
from theorylab.diffusion.line import interior_gaps, quantile_map
from theorylab.diffusion.transport import normal_mass, preimages

TOP = 80.0
Method = Callable[..., Tensor]
EULER_MASSES = {18: 1.73e-3, 40: 1.25e-4, 80: 8.7e-6}
HEUN_MASSES = {40: 1.04e-6, 80: 6.7e-8}


@dataclass(frozen=True)
class Orders:
    """The orders of the methods, the map they are compared with, and the margin."""

    euler: float = 1.0
    heun: float = 2.6
    margin: float = 6.0
    stop: float = 0.0


@claim(
    source=read_at("Sampling (probability flow of EDM)"),
    relation=Relation.BEYOND,
    evidence=Evidence.TREND,
    cases=[Orders()],
    must_fail={
        "Euler of second order": lambda case: replace(case, euler=2.0),
        "Heun of first order": lambda case: replace(case, heun=1.0),
        "margin of 5.9 deviations": lambda case: replace(case, margin=5.9),
    },
)
def euler_is_of_first_order_on_the_edm_grid_and_heun_skips_to_the_floor(case: Orders) -> Finding:
    r"""On the noises of EDM ($\rho = 7$ from 80 to 0.002, then one Euler step to 0) with the exact
    score of three modes on a line, the mean error against $F_0^{-1}\circ F_{80}$ at 201 points of
    $[-200, 200]$ falls with the first power of the step between 160 and 1280 steps for Euler and
    with a power between 2.2 and 3 between 10 and 80 steps for Heun, before the last step's own
    error. The masses farther than $6s$ from two neighbours, by preimages, are
    $1.73\cdot 10^{-3}$, $1.25\cdot 10^{-4}$, $8.7\cdot 10^{-6}$ for Euler with 18, 40, 80
    steps and $1.04\cdot 10^{-6}$, $6.7\cdot 10^{-8}$ for Heun with 40 and 80
    (to one per cent), where the data have $1.32\cdot 10^{-9}$.
    """
    y = torch.linspace(-200, 200, 201)
    exact = quantile_map(THREE.noised(1.0, TOP), THREE, y)
    euler = torch.tensor([160, 320, 640, 1280])
    heun = torch.tensor([10, 20, 40, 80])
    errors = [
        torch.stack([(ends(method, n, y) - exact).abs().mean() for n in counts.tolist()])
        for method, counts in ((euler_sample, euler), (heun_sample, heun))
    ]
    parts = [
        order(1 / euler, errors[0], expected=case.euler, tol=0.3, floor=1e-6),
        order(1 / heun, errors[1], expected=case.heun, tol=0.4, floor=1e-6),
    ]
    for method, stated in ((euler_sample, EULER_MASSES), (heun_sample, HEUN_MASSES)):
        found = [mass(method, n, case.margin) / value for n, value in stated.items()]
        parts.append(equal(torch.tensor(found), torch.ones(len(found)), budget=9e-3))
    return all_hold(*parts)


def ends(method: Method, count: int, y: Tensor) -> Tensor:
    """Where a method with so many noises takes the points."""
    nodes = torch.cat([karras_nodes(count), torch.zeros(1)])
    return method(THREE.posterior_mean, y[..., None], nodes)[..., 0]


@cache
def mass(method: Method, count: int, margin: float) -> float:
    """The mass in both gaps from the exact law at noise 80."""
    gaps = torch.stack(interior_gaps(THREE.means, margin * DEVIATION))
    start = preimages(lambda x: ends(method, count, x), gaps, low=-600.0, high=600.0, sections=64)
    law = THREE.noised(1.0, TOP)
    z = (start[..., None] - law.means[:, 0]) / law.variance.sqrt()
    return float((law.weights * normal_mass(z[0], z[1])).sum())
