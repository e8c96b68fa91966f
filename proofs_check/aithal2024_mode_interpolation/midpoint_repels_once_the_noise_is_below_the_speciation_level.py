"""B10: from which step on the chain of the released code has chosen a mode."""

from dataclasses import dataclass, replace

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture
from theorylab.diffusion.midpoint import speciation_noise


@dataclass(frozen=True)
class Pair:
    """Half the gap, the deviation, and the raw index at or below which the midpoint repels."""

    half: float
    deviation: float
    noise: float
    index: int
    share: float = 1.0
    subtracted: float = 1.0


@claim(
    source=read_at("Trajectory variance (the window)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Pair(0.5, 0.05, 0.49749, 41),
        Pair(0.353497, 0.0176749, 0.35306, 29),
        Pair(0.25, 0.0176749, 0.24937, 19),
    ],
    must_fail={
        "three per cent more noise": lambda case: replace(case, share=1.03),
        "the variance not subtracted": lambda case: replace(case, noise=case.half, subtracted=0.0),
        "one step later": lambda case: replace(case, index=case.index - 1),
    },
)
def midpoint_repels_once_the_noise_is_below_the_speciation_level(case: Pair) -> Finding:
    r"""Between two equal modes $\pm h$ of variance $s^2$ the exact flow $2v\,y' = y - m(y, v)$,
    run down, attracts to the midpoint while $\sigma > \sigma_{sp} = \sqrt{h^2 - s^2}$ and repels
    below: $\partial_y m = h^2/v$ at the midpoint crosses 1 there (it is above 1.01 at one per cent
    less noise and below 0.99 at one per cent more). On the betas of the released code ($10^{-3}$
    to 0.2 in 1000 steps) that is $\sigma_{sp} = 0.4975$, from raw index 41 down, for modes at a
    distance of 1 with $s = 0.05$; 0.3531 and 29 on their 25-mode grid; 0.2494 and 19 at half a
    unit with the deviation of the grid. A window of the trajectory variance that begins above
    that index sees the choice of a mode itself.
    """
    mixture = GaussianMixture.pair(2 * case.half, case.deviation**2)
    own = case.deviation**2
    # a variance of 1e-12 in place of s^2 is the level that forgets to subtract it
    noise = case.share * speciation_noise(
        half=case.half, variance=own if case.subtracted else 1e-12
    )
    slopes = torch.tensor([slope_at(mixture, own + (f * noise) ** 2) for f in (0.99, 1.0, 1.01)])
    at, above = (float(CHAIN.noise_to_signal(float(case.index + i))) for i in (0, 1))
    return all_hold(
        equal(slopes[1], 1.0, budget=1e-6),
        at_most(1.01, slopes[0], budget=1e-9),
        at_most(slopes[2], 0.99, budget=1e-9),
        equal(noise, case.noise, budget=2e-5),
        equal(float(at < noise), 1.0, budget=1e-9),
        equal(float(above > noise), 1.0, budget=1e-9),
    )


def slope_at(mixture: GaussianMixture, v: float) -> float:
    """dm/dy at the midpoint by a central difference."""
    near = torch.tensor([[-1e-5], [1e-5]])
    low, high = mixture.with_variance(v).expected_mean(near)[:, 0].tolist()
    return float((high - low) / 2e-5)
