"""What is true instead of d_perp = |z|: the end caps count."""

from dataclasses import dataclass, replace

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, equal, grid
from theorylab.diffusion import Segment


@dataclass(frozen=True)
class Points:
    """Random points around a random segment."""

    dimension: int
    seed: int
    count: int = 40
    cap: float = 1.0


def shortest_by_search(segment: Segment, y: Tensor) -> float:
    """The distance found by a bounded search along the segment, knowing no formula."""
    found = minimize_scalar(
        lambda q: float((y - segment.b - q * (segment.a - segment.b)).norm()),
        bounds=(0.0, 1.0),
        method="bounded",
        options={"xatol": 1e-12},
    )
    ends = [float((y - end).norm()) for end in (segment.a, segment.b)]
    return min(float(found.fun), *ends)


@claim(
    source=read_at("Theorem 4.2, proof (d_perp as the transverse norm)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=grid(Points, dimension=[2, 3, 16], seed=[1, 2]),
    must_fail={
        "no end caps": lambda case: replace(case, cap=0.0),
        "end caps two per cent short": lambda case: replace(case, cap=0.98),
    },
)
def distance_to_a_segment_is_transverse_norm_and_end_cap(case: Points) -> Finding:
    r"""For every point $y$ with coordinates $p$ and $z$ relative to a segment of length $\ell$,

    $$\operatorname{dist}(y, L)^2 = |z|^2 + \ell^2\,\max(0,\,-p,\,p-1)^2 .$$
    """
    generator = torch.Generator().manual_seed(case.seed)
    a, b = torch.randn(2, case.dimension, generator=generator)
    y = 3 * torch.randn(case.count, case.dimension, generator=generator)
    segment = Segment(a, b)
    p, z = segment.parallel(y), segment.transverse(y)
    beyond = case.cap * segment.length * torch.clamp(torch.maximum(-p, p - 1), min=0)
    searched = [shortest_by_search(segment, point) for point in y]
    return equal(torch.sqrt(z**2 + beyond**2), searched, budget=1e-9)
