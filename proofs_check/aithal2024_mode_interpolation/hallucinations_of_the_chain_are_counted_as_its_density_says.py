"""The quadrature of the chain's law against samples of the chain."""

from dataclasses import dataclass, replace

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._detection import START, WINDOWS, Runs, sampled
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, claim, rate_equals
from theorylab.diffusion.chain import propagate
from theorylab.diffusion.smoothing import Floor, SmoothedScore, Smoothing

CHANCE = 1e-12


@dataclass(frozen=True)
class Count:
    """What is sampled, and what the quadrature is told instead."""

    runs: Runs = Runs(Floor(0.1), 40_000)
    smoothing: Smoothing = Floor(0.1)
    share: float = 1.0
    kappa: float = 6.0


@claim(
    source=read_at("Gaussian experiments in one dimension (samples outside the support)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Count()],
    must_fail={
        "a floor of 0.2": lambda case: replace(case, smoothing=Floor(0.2)),
        "every gap counted twice": lambda case: replace(case, share=2.0),
        "margin of three deviations": lambda case: replace(case, kappa=3.0),
    },
)
def hallucinations_of_the_chain_are_counted_as_its_density_says(case: Count) -> Finding:
    r"""Of 40 000 runs of the released ancestral chain under the score with the floor 0.1, from
    the exact law at raw index 120, as many end farther than $6s$ from two neighbouring modes as
    the propagated density says.
    """
    found = sampled(case.runs, WINDOWS)
    law = propagate(
        SmoothedScore(THREE, CHAIN, case.smoothing), CHAIN, last=START,
        start=THREE.noised(float(CHAIN.alpha(float(START))), float(CHAIN.sigma(float(START)))),
    )  # fmt: skip
    margin = case.kappa * DEVIATION
    rate = case.share * sum(float(law.masses([a + margin, a + 1 - margin])[0]) for a in (1.0, 2.0))
    k = int(found.hallucinated.sum())
    return rate_equals(k, case.runs.n, rate, reach=0.9, false_alarm=CHANCE, miss=CHANCE)
