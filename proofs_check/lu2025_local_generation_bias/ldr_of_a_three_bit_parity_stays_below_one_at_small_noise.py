r"""Theorem 5.3 at finite times: neurons off the axis keep the LDR below 1."""

from dataclasses import dataclass, replace

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._census import followed
from theorylab.claims import Evidence, Finding, Relation, claim, rate_between
from theorylab.parity import HypercubeLaw
from theorylab.parity.posterior import signal_and_noise

POINTS, PART = 100_000, 5_000


@dataclass(frozen=True)
class Run:
    """A parity of d bits at time 40 of the surrogate flow."""

    d: int = 3
    alpha_bar: float = 0.9
    neurons: int = 600
    time: float = 40.0
    bracket: tuple[float, float] = (0.003, 0.03)


@claim(
    source=PAPER.at("Theorem 5.3"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Run()],
    must_fail={
        "more noise": lambda case: replace(case, alpha_bar=0.5),
        "the start of the flow": lambda case: replace(case, time=1e-3),
    },
    given=[
        "lu2025_local_generation_bias/most_neurons_of_a_three_bit_parity_end_off_the_axis_at_small_noise"
    ],
)
def ldr_of_a_three_bit_parity_stays_below_one_at_small_noise(case: Run) -> Finding:
    r"""On $v_1 v_2 v_3 = 1$ at $\bar\alpha = .9$, $.003 \le 1 - LDR(\{1\}) \le .03$ for a balanced
    network of 600 neurons (seed 0), at time 40 of the surrogate flow.

    A point $x$ counts with probability $1 - |J_{11}|^2/|J_1|^2$, so that the count has the mean of
    that defect.
    """
    path = followed(case.d, case.alpha_bar, case.neurons, case.time, 0, True)
    network = path.network(-1)
    law = HypercubeLaw.parity(case.d)
    signal, noise = signal_and_noise(case.alpha_bar)
    generator = torch.Generator().manual_seed(1)
    atoms, masses = law.weighted_vertices(like=network.w)
    counted = 0
    for _ in range(POINTS // PART):
        chosen = torch.multinomial(masses, PART, replacement=True, generator=generator)
        x = signal * atoms[chosen] + noise * torch.randn(PART, case.d, generator=generator)
        energy = network.jacobian(x).square()
        other, total = energy[:, 1:].sum(-1), energy.sum(-1)
        counted += int((torch.rand(PART, generator=generator) * total < other).sum())
    return rate_between(counted, POINTS, case.bracket, reach=0.8, false_alarm=1e-13, miss=1e-13)
