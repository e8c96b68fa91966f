"""B2: the wrong start of an exact flow cannot make interpolations."""

from dataclasses import dataclass, replace

import torch

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import DEVIATION, EDM, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import ExactScore, GaussianMixture
from theorylab.diffusion.line import flow_preimages, interior_gaps, mass_between, quantile_map

TOP = 2.0
HALF_WIDTH = 1e-4


@dataclass(frozen=True)
class Start:
    """A normal start: mean and deviation; which ratio is taken."""

    mean: float = 2.3
    deviation: float = 1.9
    inverse: bool = False
    power: float = 1.0


@claim(
    source=read_at("Sampling from the prior"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Start(), Start(1.8, 2.1)],
    must_fail={
        "the ratio upside down": lambda case: replace(case, inverse=True),
        "the ratio to the power 1.02": lambda case: replace(case, power=1.02),
    },
)
def mismatched_start_multiplies_the_exact_law_by_its_density_ratio(case: Start) -> Finding:
    r"""The flow of the exact score from a start of density $\rho\, p_T$ ends with the density
    $q(x)\,\rho(T(x))$, $T = F_T^{-1}\circ F_0$ the way up. So a mismatched start puts at most
    $\sup_I \rho(T)$ times the data's mass into a gap $I$: it cannot interpolate. (Modes 1, 2, 3
    of deviation 0.05, normal starts at $\sigma_T = 2$: small intervals at nine points within
    two deviations of a mode, and both gaps with margins of $2s$; preimages under the
    integrated flow, $T$ by quantiles.)
    """
    start = GaussianMixture([[case.mean]], case.deviation**2)
    exact = THREE.noised(1.0, TOP)
    points = torch.tensor([0.9, 0.97, 1.08, 1.93, 2.0, 2.05, 2.9, 3.04, 3.1])
    low, high = interior_gaps(THREE.means, 2 * DEVIATION)
    asked = torch.cat([points - HALF_WIDTH, points + HALF_WIDTH, low, high])
    found = flow_preimages(ExactScore(THREE, EDM), asked, stop=0.0, start=TOP, rtol=1e-10)
    small = mass_between(start, found[:9], found[9:18])
    gaps = mass_between(start, found[18:20], found[20:])
    shares = torch.linspace(0, 1, 41)[:, None]
    inside = (low + shares * (high - low)).T.flatten()
    where = torch.cat([points, inside])
    up = quantile_map(THREE, exact, where)
    logs = start.log_prob(up[:, None]) - exact.log_prob(up[:, None])
    ratio = torch.exp(case.power * (-logs if case.inverse else logs))
    own = mass_between(THREE, points - HALF_WIDTH, points + HALF_WIDTH)
    largest = ratio[9:].reshape(2, 41).amax(-1)
    return all_hold(
        equal(small / (own * ratio[:9]), torch.ones(9), budget=1e-4),
        at_most(gaps / (largest * mass_between(THREE, low, high)), torch.ones(2), budget=1e-4),
    )
