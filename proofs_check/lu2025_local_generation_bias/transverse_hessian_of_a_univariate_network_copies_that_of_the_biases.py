"""Section 5.4 calls M a saddle set; what the loss looks like across M."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._hessians import blocks
from proofs_check.lu2025_local_generation_bias._laws import parity_of_three_bits
from proofs_check.lu2025_local_generation_bias._networks import univariate_network
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity import HypercubeLaw, TwoLayerReLU


def parity_of_four_bits() -> HypercubeLaw:
    """Four bits with product 1."""
    return HypercubeLaw.parity(4)


def odd_parity_of_four_bits_beside_a_free_bit() -> HypercubeLaw:
    """Five bits, four of which have product -1."""
    return HypercubeLaw.parity(5, [0, 1, 2, 4], value=-1)


@dataclass(frozen=True)
class Curvature:
    """A law, a noise level, a univariate network of three neurons on coordinate 0."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    factor: float = field(default=1.0, repr=False)
    tilt: float = field(default=0.0, repr=False)


@claim(
    source=PAPER.at("Section 5.4 (the saddle set M); Theorem 5.2"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Curvature(parity_of_four_bits, 0.5),
        Curvature(odd_parity_of_four_bits_beside_a_free_bit, 0.8),
    ],
    must_fail={
        "three bits": lambda case: replace(case, law=parity_of_three_bits),
        "the biases' Hessian 2 per cent larger": lambda case: replace(case, factor=1.02),
        "a network that sees another bit": lambda case: replace(case, tilt=0.2),
    },
)
def transverse_hessian_of_a_univariate_network_copies_that_of_the_biases(
    case: Curvature,
) -> Finding:
    r"""At every $\theta \in M' = \{(I - e_i e_i^\top) w_j = 0\}$ with $w_{ji} \ne 0$, the Hessian
    of $L$ in the other weights $p_j$ is $\mathrm{Hess}_{pp} = \mathrm{Hess}_{bb} \otimes I_{d-1}$,
    and $\mathrm{Hess}_{p,(a, c, b)} = 0$, if Assumption 5.1 holds and $E[v_i v_k v_l] = 0$ for all
    $k \ne l$ other than $i$, as on parities of four and more bits.

    For $E[g(x_i) x_k x_l] = \delta_{kl} E[g(x_i)]$ then. Hence a network that is a second-order
    minimum among univariate ones is a second-order stationary point of the whole loss: no
    direction of negative curvature leaves $M$. By differences of the exact gradient, to $10^{-7}$
    of the largest entry.
    """
    law = case.law()
    network = univariate_network(law.dimension, 0, 3, seed=8)
    tilted = network.w.clone()
    tilted[0, 1] += case.tilt
    network = TwoLayerReLU(network.a, tilted, network.b)
    found = blocks(network, law, 0, case.alpha_bar)
    size = float(found["bb"].abs().max())
    eye = torch.eye(law.dimension - 1)
    copies = case.factor * torch.einsum("jm,kl->jkml", found["bb"], eye)
    zeros = torch.zeros_like(found["pu"])
    return all_hold(
        equal(found["pp"], copies, budget=1e-7, scale=size),
        equal(found["pu"], zeros, budget=1e-7, scale=size),
    )
