"""Small capacity and Gaussian structure: an ordering that depends on the noise."""

from dataclasses import dataclass, replace

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._digits import gap, gaussian, network, probe
from theorylab.claims import Evidence, Finding, Relation, claim, rate_at_most

CHANCE = 1e-12


@dataclass(frozen=True)
class Width:
    """A noise level, and which of the two networks should be the nearer one."""

    sigma: float
    nearer: str
    other: str
    n: int = 1000
    bound: float = 0.25
    seed: int = 61


@claim(
    source=PAPER.at("Section 5 (small capacity)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Width(2.4, "digits_20_narrow", "digits_20_a"),
        Width(0.15, "digits_20_a", "digits_20_narrow"),
    ],
    must_fail={
        "networks exchanged": lambda case: replace(case, nearer=case.other, other=case.nearer),
        "one order at both levels": lambda case: replace(
            case, nearer="digits_20_narrow", other="digits_20_a"
        ),
    },
)
def narrow_network_is_nearer_to_the_gaussian_denoiser_at_high_noise_only(case: Width) -> Finding:
    r"""Of two networks trained alike for 2000 steps on the same 20 digits, the one with hidden
    layers of 8 is nearer to the Gaussian denoiser of the 20 than the one with layers of 80 at
    $\sigma = 2.4$, and farther at $\sigma = 0.15$: each for at least 75 in 100 fresh images and
    draws of noise. So small capacity can keep a network near $D_G$ where it would memorise, and
    can keep it from reaching $D_G$ where that has to be learned. (Shipped weights
    `digits_20_narrow` and `digits_20_a`, seed 0: one network of each width.)
    """
    y, target = probe(case.sigma, case.n, seed=case.seed), gaussian(20, 0)
    first, second = (
        gap(network(name), target, y, case.sigma) for name in (case.nearer, case.other)
    )
    k = int((first >= second).sum())
    return rate_at_most(k, case.n, case.bound, reach=1.2, false_alarm=CHANCE, miss=CHANCE)
