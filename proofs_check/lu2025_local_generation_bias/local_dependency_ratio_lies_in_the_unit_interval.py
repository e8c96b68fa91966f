"""What Section 4.3 says of the range of the LDR, on maps of every kind and region."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import HypercubeLaw, local_dependency_ratio

Map = Callable[[Tensor], Tensor]


def target_of_a_parity(d: int) -> Map:
    """The exact noise prediction."""
    law = HypercubeLaw.parity(d)
    return lambda x: law.noise_mean(x, alpha_bar=0.5)


def target_of_brackets(d: int) -> Map:
    """The exact noise prediction of another law."""
    law = HypercubeLaw.dyck(d)
    return lambda x: law.noise_mean(x, alpha_bar=0.4)


def relu_network(d: int) -> Map:
    """50 random neurons an output."""
    generator = torch.Generator().manual_seed(d)
    w = torch.randn(50, d, generator=generator)
    a = torch.randn(d, 50, generator=generator)
    return lambda x: torch.relu(x @ w.T + 0.3) @ a.T


def own_entry(d: int) -> Map:  # noqa: ARG001
    """Every output depends on its own entry: as local as can be."""
    return torch.sin


def next_entry(d: int) -> Map:  # noqa: ARG001
    """Every output depends on the entry before it: no singleton is local."""
    return lambda x: x.roll(1, -1)


MAPS = (target_of_a_parity, target_of_brackets, relu_network, own_entry, next_entry)


@dataclass(frozen=True)
class Probe:
    """A map, a region of d entries; a factor on the ratio, and what it is at the extremes."""

    name: str
    network: Callable[[int], Map] = field(repr=False)
    region: tuple[int, ...]
    d: int = 6
    factor: float = 1.0
    rows: bool = True
    own: float = 1.0


@claim(
    source=PAPER.at("Equation (2)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.NUMERIC,
    cases=[
        Probe(network.__name__, network, region)
        for network in (
            target_of_a_parity,
            target_of_brackets,
            relu_network,
            own_entry,
            next_entry,
        )
        for region in ((0,), (1, 2), (5, 0, 3), tuple(range(6)))
    ],
    must_fail={
        "times d / d_R": lambda case: replace(case, factor=case.d / len(case.region)),
        "rows outside R in the denominator": lambda case: replace(case, rows=False),
        "2 per cent above 1": lambda case: replace(case, factor=1.02),
    },
)
def local_dependency_ratio_lies_in_the_unit_interval(case: Probe) -> Finding:
    r"""$0 \le \mathrm{LDR}(\theta, R) \le 1$, and $\mathrm{LDR}(\theta, [d]) = 1$.

    With 0/0 read as 1. On exact noise predictions of a parity and of balanced words, a ReLU
    network, a map of each entry alone, which attains 1 for every region, and a shift, which
    attains 0 for single entries. The library's ratio is compared with the traces of Equation (2)
    taken from whole Jacobians.
    """
    network = case.network(case.d)
    x = torch.randn(8, case.d, generator=torch.Generator().manual_seed(17))
    ratio = case.factor * local_dependency_ratio(network, x, case.region)
    parts = [
        at_most(ratio, 1.0, budget=1e-12),
        at_most(-ratio, 0.0 * ratio + 1e-9, budget=1e-12),
        equal(1 + ratio, 1 + mean_of_traces(network, x, case), budget=1e-13),
    ]
    whole = len(case.region) == case.d or case.network is own_entry
    if whole:
        parts.append(equal(ratio, case.own, budget=1e-12))
    if case.network is next_entry and len(case.region) == 1:
        parts.append(equal(1 + ratio, 1.0, budget=1e-12))
    return all_hold(*parts)


def mean_of_traces(network: Map, x: Tensor, case: Probe) -> Tensor:
    """Equation (2) with the matrices written out."""
    p = torch.eye(case.d)[:, list(case.region)]
    ratios = []
    for point in x:
        whole = torch.autograd.functional.jacobian(network, point[None])[0, :, 0]
        j = p.T @ whole if case.rows else whole
        local = torch.trace(p.T @ j.T @ j @ p)
        total = torch.trace(j.T @ j)
        ratios.append(local / total if total > 0 else torch.ones(()))
    return torch.stack(ratios).mean()
