"""Why the third stage of appendix A.7 is out of reach for long parities."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity.escape import escape_exponent, escape_rate

KAPPA = {0.1: 1.6169, 0.25: 1.1025, 0.5: 0.6471, 0.64: 0.4522, 0.8: 0.2475, 0.9: 0.1234}


@dataclass(frozen=True)
class Length:
    """A noise level and an odd number of bits; the power law claimed in front."""

    alpha_bar: float
    size: int
    factor: float = field(default=1.0, repr=False)
    power: int = field(default=1, repr=False)


@claim(
    source=PAPER.at("Section 5.4 (a long time to escape the neighborhood of M); appendix A.7"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=grid(Length, alpha_bar=list(KAPPA), size=[79]),
    must_fail={
        "exponent 2 per cent larger": lambda case: replace(case, factor=1.02),
        "no power in front": lambda case: replace(case, power=0),
        "the inverse square of n in front": lambda case: replace(case, power=2),
    },
)
def escape_rate_falls_exponentially_in_the_number_of_bits(case: Length) -> Finding:
    r"""For odd $r$ and $n = r - 1 \to \infty$ the escape rate falls like
    $\Lambda \sim C\, n^{-1} e^{-\kappa n}$ with $\kappa = \omega^2/(2 \gamma) - \ln \sin \omega$,
    $\omega \tan \omega = \gamma$, by Laplace's method for the sine integral.

    Asked of $\Lambda_{81} / \Lambda_{79} = \frac{78}{80} e^{-2 \kappa}$ to $2 \cdot 10^{-3}$
    (the next term is of order $n^{-2}$), with $\kappa$ the smallest value of
    $t^2/(2 \gamma) - \ln \sin t$ on a grid;
    $\kappa = 1.6169, 1.1025, 0.6471, 0.4522, 0.2475, 0.1234$
    at $\bar\alpha = 0.1, 0.25, 0.5, 0.64, 0.8, 0.9$.
    """
    a, n = case.alpha_bar, case.size - 1
    gamma = a / (1 - a)
    t = np.linspace(1e-4, math.pi / 2, 200_001)
    kappa = case.factor * float(np.min(t**2 / (2 * gamma) - np.log(np.sin(t))))
    ratio = escape_rate(case.size + 2, alpha_bar=a) / escape_rate(case.size, alpha_bar=a)
    claimed = (n / (n + 2)) ** case.power * math.exp(-2 * kappa)
    return all_hold(
        equal(ratio, claimed, budget=2e-3),
        equal(case.factor * escape_exponent(alpha_bar=a), kappa, budget=1e-8),
        equal(kappa, KAPPA[a], budget=5.1e-5, scale=1.0),
    )
