"""Figure 24 (a): "each stage represents a saddle point"; the second stage is none."""

from dataclasses import dataclass, field, replace
from functools import cache

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._hessians import (
    blocks,
    embedded,
    univariate_minimum,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.parity import HypercubeLaw


@dataclass(frozen=True)
class Minimum:
    """A parity of all d bits, a noise level, and the lowest curvature claimed across M."""

    d: int
    alpha_bar: float
    at_least: float
    at_most: float
    width: int = field(default=4, repr=False)
    seed: int = field(default=1, repr=False)


@claim(
    source=PAPER.at("Appendix A.7, the three stages as saddle points; section 5.4, saddle set M"),
    relation=Relation.REFUTES,
    evidence=Evidence.NUMERIC,
    cases=[
        Minimum(4, 0.5, at_least=-1e-6, at_most=1.0),
        Minimum(3, 0.5, at_least=-0.5, at_most=-0.05),
    ],
    thorough=[
        Minimum(5, 0.5, at_least=-1e-6, at_most=1.0),
        Minimum(4, 0.8, at_least=-1e-6, at_most=1.0),
    ],
    must_fail={
        "three bits have none either": lambda case: replace(case, d=3, at_least=-1e-6),
        "four bits have one as well": lambda case: replace(case, d=4, at_most=-0.05),
        "another width for three bits": lambda case: replace(case, d=3, width=3, at_least=-1e-6),
    },
)
def best_univariate_network_is_no_strict_saddle_of_four_or_more_bits(case: Minimum) -> Finding:
    r"""A univariate network that is a local minimum of $L$ among the univariate ones, on a parity
    of $d \ge 4$ bits, has no direction of negative curvature that leaves them, so it is not a
    strict saddle; on the parity of 3 bits such a network is one, of curvature below $-0.05$.

    A stationary network of four neurons at $\bar\alpha = 1/2$, found by descent of the exact loss
    and Gauss-Newton: for four bits the smallest eigenvalue of the Hessian in all weights off $i$
    is above $-10^{-6}$, the accuracy to which it is stationary.
    """
    lowest = lowest_curvature(case.d, case.alpha_bar, case.width, case.seed)
    return all_hold(
        at_most(1.0 + case.at_least, 1.0 + lowest, budget=1e-9),
        at_most(1.0 + lowest, 1.0 + case.at_most, budget=1e-9),
    ).with_detail(f"lowest curvature {lowest:.3e}")


@cache
def lowest_curvature(d: int, alpha_bar: float, width: int, seed: int) -> float:
    """The smallest eigenvalue of the Hessian in the weights off i."""
    network = embedded(univariate_minimum(alpha_bar, width, seed), d)
    found = blocks(network, HypercubeLaw.parity(d), 0, alpha_bar)["pp"]
    matrix = found.reshape(width * (d - 1), width * (d - 1))
    return float(torch.linalg.eigvalsh((matrix + matrix.T) / 2)[0])
