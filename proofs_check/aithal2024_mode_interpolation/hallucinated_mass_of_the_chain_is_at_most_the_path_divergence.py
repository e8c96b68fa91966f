"""B15: an upper bound on hallucinations from the denoiser's error, linear in it."""

import math
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import ExactScore
from theorylab.diffusion.chain import ChainStep, LastLaw, propagate
from theorylab.diffusion.smoothing import Inflate, SmoothedScore, Smoothing

START = 320
SPACING = 0.006


@dataclass(frozen=True)
class Smoothed:
    """A smoothing, the divergence and the mass stated, and what the bound is scaled by."""

    smoothing: Smoothing
    divergence: float
    mass: float
    share: float = 1.0
    kappa: float = 6.0


@claim(
    source=read_at("Smooth approximation of the score (how many samples hallucinate)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Smoothed(Inflate(0.01), 2.2e-3, 1.840e-6), Smoothed(Inflate(0.05), 4.8e-2, 1.350e-3)],
    must_fail={
        "a fiftieth of the divergence": lambda case: replace(case, share=0.02),
        "margin of 5.9 deviations": lambda case: replace(case, kappa=5.9),
        "a mass two per cent larger": lambda case: replace(case, mass=1.02 * case.mass),
    },
)
def hallucinated_mass_of_the_chain_is_at_most_the_path_divergence(case: Smoothed) -> Finding:
    r"""Two ancestral chains that differ in the denoiser only have the path divergence

    $$K = \sum_{t \ge 1} \frac{c_{1,t}^2}{2\tau_t}\, E\big(D_\theta(x_t) - D_*(x_t)\big)^2,$$

    the mean under the chain of $D_*$. With $M_0$ and $M_\theta$ the probabilities that $x_0$ lies
    where $D_\theta$ reads off a hallucination, data processing gives $\mathrm{kl}(M_0\|M_\theta)
    \le K$, hence

    $$M_\theta \le 1 - \exp\Big(-\frac{K + H(M_0)}{1 - M_0}\Big), \qquad
      H(m) = -m\ln m - (1 - m)\ln(1 - m),$$

    linear in $K$ where Pinsker's inequality has $\sqrt{K/2}$; here $M_0 < 10^{-6}$. On the
    released betas from raw index 320, for modes 1, 2, 3 of deviation 0.05 and margins of $6s$:
    inflated by 0.01, $K = 2.2\cdot 10^{-3}$ and $M_\theta = 1.84\cdot 10^{-6}$; by 0.05, $K =
    4.8\cdot 10^{-2}$ and $M_\theta = 1.350\cdot 10^{-3}$.
    """
    divergence, exact = path_divergence(case.smoothing)
    smoothed = smoothed_law(case.smoothing)
    mass = between(smoothed, smoothed, case.kappa)
    bare = between(smoothed, exact, 6.0)
    bernoulli = bare * math.log(bare / mass) + (1 - bare) * math.log((1 - bare) / (1 - mass))
    entropy = -bare * math.log(bare) - (1 - bare) * math.log1p(-bare)
    bound = case.share * divergence
    return all_hold(
        at_most(bernoulli, bound, budget=1e-6),
        at_most(bare, 1e-6, budget=1e-6),
        at_most(mass, 1 - math.exp(-(bound + entropy) / (1 - bare)), budget=1e-6),
        equal(mass, case.mass, budget=5e-4),
        at_most(abs(divergence / case.divergence - 1), 0.03, budget=1e-6),
    )


@cache
def smoothed_law(smoothing: Smoothing) -> LastLaw:
    """The law of the chain under the smoothed score."""
    score = SmoothedScore(THREE, CHAIN, smoothing)
    return propagate(score, CHAIN, last=START, spacing=SPACING)


@cache
def path_divergence(smoothing: Smoothing) -> tuple[float, LastLaw]:
    """K, and the law of the exact chain."""
    other, total = SmoothedScore(THREE, CHAIN, smoothing), []
    exact = ExactScore(THREE, CHAIN)

    def watch(move: ChainStep, x: Tensor, density: Tensor) -> None:
        t, alpha = torch.tensor(float(move.t)), float(CHAIN.alpha(float(move.t)))
        noise = float(CHAIN.sigma(float(move.t))) ** 2
        error = noise / alpha * (other(x[:, None], t) - exact(x[:, None], t))[:, 0]
        mean = float((density * error**2).sum() * (x[1] - x[0]))
        total.append(move.clean**2 * mean / (2 * move.variance))

    law = propagate(exact, CHAIN, last=START, spacing=SPACING, watch=watch)
    return sum(total), law


def between(reader: LastLaw, law: LastLaw, kappa: float) -> float:
    """The probability under `law` of states from which `reader` reads off a hallucination."""
    margin, found = kappa * DEVIATION, 0.0
    for place in (1.0, 2.0):
        read = replace(law, clean=reader.clean)
        found += float(read.masses([place + margin, place + 1 - margin])[0])
    return found
