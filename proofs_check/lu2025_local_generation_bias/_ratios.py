"""Local dependency ratios of given Jacobians, in exact arithmetic.

This module checks nothing.
"""

from collections.abc import Sequence
from fractions import Fraction

Matrix = tuple[tuple[int, ...], ...]


def energies(matrix: Matrix, region: Sequence[int]) -> tuple[int, int]:
    """|J_RR|_F^2 and |J_R.|_F^2."""
    inner = sum(matrix[i][k] ** 2 for i in region for k in region)
    return inner, sum(x**2 for i in region for x in matrix[i])


def ldr(matrices: Sequence[Matrix], region: Sequence[int]) -> Fraction:
    """The mean over equally likely Jacobians of the ratio of the energies; 0/0 counts as 1."""
    total = Fraction(0)
    for matrix in matrices:
        inner, whole = energies(matrix, region)
        total += Fraction(inner, whole) if whole else 1
    return total / len(matrices)
