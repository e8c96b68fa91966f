"""How far from the modes a sample must be to count, when 1e8 are drawn from the data itself."""

import math
from dataclasses import dataclass, replace

import torch
from scipy import integrate, special

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion.line import interior_gaps, mass_between

DRAWN = 1e8


@dataclass(frozen=True)
class Margin:
    """A margin in deviations, the mass beyond it between the modes, and the density there."""

    kappa: float
    mass: float
    density: float
    share: float = 2 / 3
    deviation: float = DEVIATION


@claim(
    source=read_at("Definition of hallucinations (density below a threshold)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Margin(3.0, 1.79987e-3, 2.95457e-2),
        Margin(4.0, 4.22283e-5, 8.92201e-4),
        Margin(5.0, 3.82202e-7, 9.91146e-6),
        Margin(6.0, 1.31545e-9, 4.05059e-8),
        Margin(7.0, 1.70642e-12, 6.08986e-11),
    ],
    must_fail={
        "half of each pair": lambda case: replace(case, share=0.5),
        "modes two per cent wider": lambda case: replace(case, deviation=1.02 * DEVIATION),
        "a mass one per cent larger": lambda case: replace(case, mass=1.01 * case.mass),
        "a density one per cent larger": lambda case: replace(case, density=1.01 * case.density),
    },
)
def only_six_deviations_tell_hallucinations_from_the_tails_in_1e8_samples(
    case: Margin,
) -> Finding:
    r"""A Gaussian mixture has no points outside its support, so a threshold must be fixed. Three
    equal modes at 1, 2, 3 of deviation $s = 0.05$ put themselves into the two gaps, farther than
    $\kappa s$ from both neighbours, the mass

    $$M(\kappa) = 2(w_i + w_{i+1})\,[Q(\kappa) - Q(\Delta/s - \kappa)], \qquad
      w_i + w_{i+1} = 2/3,\ \Delta/s = 20,$$

    equal to $1.80\cdot 10^{-3}$, $4.22\cdot 10^{-5}$, $3.82\cdot 10^{-7}$, $1.315\cdot 10^{-9}$
    and $1.71\cdot 10^{-12}$ for $\kappa = 3, \dots, 7$, where the density is below
    $\varepsilon = 2.95\cdot 10^{-2}$, $8.92\cdot 10^{-4}$, $9.91\cdot 10^{-6}$,
    $4.05\cdot 10^{-8}$ and $6.09\cdot 10^{-11}$. Of $10^8$ samples of the data more than 30 are
    expected there at $\kappa = 5$ and fewer than 0.2 at $\kappa = 6$. (Also by quadrature of the
    density.)
    """
    gap = (1 / case.deviation) - case.kappa
    tails = [special.ndtr(-z) for z in (case.kappa, gap)]
    closed = 2 * case.share * (tails[0] - tails[1])
    margin = case.kappa * DEVIATION
    library = float(mass_between(THREE, *interior_gaps(THREE.means, margin)).sum())
    edge = density_at(1 + margin)
    counts = (
        at_most(30.0, DRAWN * closed, budget=1e-6)
        if case.kappa <= 5
        else at_most(DRAWN * closed, 0.2, budget=1e-6)
    )
    scale = DEVIATION / case.deviation  # of the density at the same number of deviations
    bell = scale * math.exp(-(case.kappa**2) / 2) / (3 * DEVIATION * math.sqrt(2 * math.pi))
    return all_hold(
        equal(closed, case.mass, budget=1e-5),
        equal(closed, library, budget=1e-9),
        equal(closed, by_quadrature(margin), budget=1e-9),
        equal(bell, case.density, budget=1e-5),
        equal(bell, edge, budget=1e-9),
        counts,
    )


def density_at(x: float) -> float:
    """The density of the three modes."""
    return float(THREE.log_prob(torch.tensor([[x]], dtype=torch.float64)).exp())


def by_quadrature(margin: float) -> float:
    """Twice the integral of the density from the left mode's margin to the middle of the gap,
    and as much from there to the next mode.
    """
    half, _ = integrate.quad(density_at, 1 + margin, 1.5, epsabs=0, epsrel=1e-11, limit=200)
    other, _ = integrate.quad(density_at, 1.5, 2 - margin, epsabs=0, epsrel=1e-11, limit=200)
    return float(2 * (half + other))
