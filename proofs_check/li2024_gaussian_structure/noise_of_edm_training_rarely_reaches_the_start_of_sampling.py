"""How often training sees the noise levels at which sampling begins and ends."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Levels:
    """ln sigma ~ N(mean, deviation^2)."""

    mean: str = "-1.2"
    deviation: str = "1.2"


def share_above(case: Levels, sigma: str) -> arb:
    """P(sigma' > sigma)."""
    z = (ball(sigma).log() - ball(case.mean)) / ball(case.deviation)
    return (z / arb(2).sqrt()).erfc() / 2


@claim(
    source=PAPER.at("Section 3 (training of EDM)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[Levels()],
    must_fail={
        "two per cent more deviation": lambda case: replace(case, deviation="1.224"),
        "mean -1.18": lambda case: replace(case, mean="-1.18"),
    },
)
def noise_of_edm_training_rarely_reaches_the_start_of_sampling(case: Levels) -> Finding:
    r"""EDM trains on $\ln\sigma \sim N(-1.2, 1.2^2)$ and samples from $\sigma = 80$ down to 0.002.
    Of its training noise 2.35 to 2.37 in ten thousand exceed 20, 1.64 to 1.65 in a million
    exceed 80, 17.90 to 17.91 per cent are below 0.1 and 1.46 to 1.47 in a hundred thousand are
    below 0.002. So what a trained denoiser does at both ends of sampling is extrapolation.
    """
    bounds = (
        (share_above(case, "20"), "2.35e-4", "2.37e-4"),
        (share_above(case, "80"), "1.64e-6", "1.65e-6"),
        (1 - share_above(case, "0.1"), "0.1790", "0.1791"),
        (1 - share_above(case, "0.002"), "1.46e-5", "1.47e-5"),
    )
    return all_hold(
        *(enclosed(lambda v=v, low=low: v - ball(low)) for v, low, _ in bounds),
        *(enclosed(lambda v=v, high=high: ball(high) - v) for v, _, high in bounds),
    )
