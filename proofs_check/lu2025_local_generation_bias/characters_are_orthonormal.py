"""Section 5.1.1: the characters are an orthonormal basis over the uniform law."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, for_all_equal, grid
from theorylab.parity import cube


def all_vertices(d: int) -> Tensor:
    """Every vertex once: the uniform law."""
    return cube.vertices(d, dtype=torch.int64)


def all_but_one(d: int) -> Tensor:
    """The uniform law without its last vertex."""
    return all_vertices(d)[:-1]


def biased_coin(d: int) -> Tensor:
    """v_1 = 1 with probability 51/100, the other coordinates fair."""
    rows = all_vertices(d)
    return rows.repeat_interleave(50 + rows[:, 0], dim=0)


def zeros_and_ones(d: int) -> Tensor:
    """Bits written 0 and 1 instead of -1 and 1."""
    return (all_vertices(d) + 1) // 2


@dataclass(frozen=True)
class Cube:
    """A dimension, and the points over which the average runs."""

    d: int
    points: Callable[[int], Tensor] = field(default=all_vertices, repr=False)


@claim(
    source=PAPER.at("Section 5.1.1"),
    relation=Relation.AS_STATED,
    evidence=Evidence.EXHAUSTIVE,
    cases=grid(Cube, d=[1, 2, 3, 4, 5, 6]),
    thorough=grid(Cube, d=[7, 8]),
    must_fail={
        "a coin biased by 2 per cent": lambda case: replace(case, points=biased_coin),
        "one vertex missing": lambda case: replace(case, points=all_but_one),
        "bits 0 and 1": lambda case: replace(case, points=zeros_and_ones),
    },
)
def characters_are_orthonormal(case: Cube) -> Finding:
    r"""The characters $x_I = \prod_{i \in I} x_i$ are orthonormal over the uniform law.

    For all $I, J \subset [d]$: $E_{x \sim D}\, x_I x_J = 1[I = J]$ with $D$ uniform on
    $\{-1, 1\}^d$; being $2^d$ many, they are a basis.
    """
    points = case.points(case.d)
    subsets = [[i for i in range(case.d) if number >> i & 1] for number in range(2**case.d)]
    characters = torch.stack([points[:, subset].prod(dim=-1) for subset in subsets])
    sums = (characters @ characters.T).tolist()

    def sides(pair: tuple[int, int]) -> tuple[Fraction, int]:
        a, b = pair
        return Fraction(sums[a][b], len(points)), int(a == b)

    return for_all_equal(product(range(len(subsets)), repeat=2), sides)
