"""Laws that several claims of this paper run on, named like what they are.

This module checks nothing.
"""

from collections.abc import Iterable
from fractions import Fraction

import torch

from theorylab.parity import FiniteLaw, HypercubeLaw, cube


def law_of(table: Iterable[Fraction]) -> FiniteLaw:
    """The law with these probabilities at the vertices in the cube's order; zeros are left out."""
    probabilities = list(table)
    rows = cube.vertices(len(probabilities).bit_length() - 1, dtype=torch.int64).tolist()
    atoms = [(tuple(row), p) for row, p in zip(rows, probabilities, strict=True) if p]
    vertices, masses = zip(*atoms, strict=True)
    return FiniteLaw(len(rows[0]), vertices, masses)


def parity_by_enumeration(d: int, members: tuple[int, ...], value: int) -> FiniteLaw:
    """Uniform on the vertices with that product over the members, found one by one."""
    rows = cube.vertices(d, dtype=torch.int64)
    kept = rows[rows[:, list(members)].prod(dim=-1) == value]
    return FiniteLaw.uniform(tuple(tuple(row) for row in kept.tolist()))


def are_independent(law: HypercubeLaw, i: int, j: int) -> bool:
    """Whether P(v_i = a, v_j = b) = P(v_i = a) P(v_j = b) for all signs a, b, from the atoms."""
    joint = {(a, b): Fraction(0) for a in (1, -1) for b in (1, -1)}
    for vertex, probability in law.atoms():
        joint[vertex[i], vertex[j]] += probability
    first = {a: joint[a, 1] + joint[a, -1] for a in (1, -1)}
    second = {b: joint[1, b] + joint[-1, b] for b in (1, -1)}
    return all(p == first[a] * second[b] for (a, b), p in joint.items())


def parity_of_two_bits() -> HypercubeLaw:
    """Two equal bits."""
    return HypercubeLaw.parity(2)


def parity_of_three_bits() -> HypercubeLaw:
    """Three bits with product 1."""
    return HypercubeLaw.parity(3)


def odd_parity_beside_a_free_bit() -> HypercubeLaw:
    """Four bits, three of which have product -1."""
    return HypercubeLaw.parity(4, [0, 1, 3], value=-1)


def balanced_brackets() -> HypercubeLaw:
    """The balanced bracket words of length 4."""
    return HypercubeLaw.dyck(4)


def skewed() -> HypercubeLaw:
    """Three bits without any symmetry."""
    tenths = [Fraction(k, 10) for k in (4, 0, 1, 2, 0, 1, 0, 2)]
    return law_of(tenths)
