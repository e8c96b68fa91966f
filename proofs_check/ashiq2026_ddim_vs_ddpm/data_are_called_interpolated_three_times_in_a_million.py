"""E23: what the classification says of true samples, in closed form."""

import math
from dataclasses import dataclass, replace

import torch
from scipy.stats import chi2
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import GaussianMixture, Outcome, classify


@dataclass(frozen=True)
class Grid:
    """A square grid, the rule in deviations, and what may be wrong about the formula."""

    side: int = 5
    rule: float = 5.0
    interpolated: float | None = None
    invalid: float | None = None
    claimed_rule: float | None = None
    corners: float = 1.0
    edges: float = 1.0


@claim(
    source=read_at("Equation I.347 (the exact score)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Grid(5, 5.0, 3.394e-6, 3.325e-7), Grid(3, 4.0), Grid(7, 4.5)],
    must_fail={
        "a rule two per cent larger": lambda case: replace(case, claimed_rule=1.02 * case.rule),
        "corners without their quarter": lambda case: replace(case, corners=0.0),
        "edges counted with both tails": lambda case: replace(case, edges=2.0),
        "three per cent fewer edges": lambda case: replace(case, edges=0.97),
    },
)
def data_are_called_interpolated_three_times_in_a_million(case: Grid) -> Finding:
    r"""On an $m \times m$ grid of equal modes, narrow against their spacing, a sample of the data
    itself is farther than $R\sigma$ from every mode with probability $e^{-R^2/2}$. Of that, up to
    terms of the order of $\Phi(-R)^2$, the rule of the two nearest modes calls invalid

    $$p_0(\text{invalid}) = \frac{4(m-1)\,\Phi(-R) + e^{-R^2/2}}{m^2} :$$

    points beyond an edge of the grid whose second nearest mode lies along the edge, and the outer
    quarter of every corner. The rest, $p_0(\text{interpolated})$, is the rate of both samplers
    with the exact score, and not 0: for the 25 modes and $R = 5$ it is $3.394 \cdot 10^{-6}$, and
    $3.325 \cdot 10^{-7}$ are invalid. In $d = 8$ the rule of $5\sigma$ refuses
    $1.5546 \cdot 10^{-3}$ of the data.
    """
    rule = case.rule if case.claimed_rule is None else case.claimed_rule
    beyond = math.exp(-(rule**2) / 2)
    tail = math.erfc(rule / 2**0.5) / 2
    invalid = case.edges * 4 * (case.side - 1) * tail + case.corners * beyond
    invalid /= case.side**2
    counted = by_classification(case)
    # the grid of angles and radii finds the edge of a class to half a cell
    parts = [
        equal(counted[0], beyond - invalid, budget=5e-3),
        equal(counted[1], invalid, budget=5e-3),
        equal(float(chi2.sf(25.0, 8)), 1.5546e-3, budget=1e-4),
    ]
    if case.interpolated is not None and case.invalid is not None:
        parts.append(equal(beyond - invalid, case.interpolated, budget=2e-4))
        parts.append(equal(invalid, case.invalid, budget=2e-4))
    return all_hold(*parts)


def by_classification(case: Grid) -> tuple[float, float]:
    """Masses of the two classes by the library's rule, on rings of equal mass around each mode."""
    mixture = GaussianMixture.grid(side=case.side)
    sigma = float(mixture.variance.sqrt())
    share = (torch.arange(200) + 0.5) / 200
    radii = torch.sqrt(case.rule**2 - 2 * torch.log(share))
    angles = 2 * math.pi * (torch.arange(480) + 0.5) / 480
    ring = radii[:, None, None] * torch.stack([angles.cos(), angles.sin()], -1)
    counts = torch.zeros(2)
    for mode in representatives(case.side, mixture):
        labels = classify(mode[0] + sigma * ring, mixture, radius=case.rule * sigma)
        for place, kind in enumerate((Outcome.INTERPOLATED, Outcome.INVALID)):
            counts[place] += mode[1] * (labels == kind).double().mean()
    interpolated, invalid = (counts * math.exp(-(case.rule**2) / 2)).tolist()
    return interpolated, invalid


def representatives(side: int, mixture: GaussianMixture) -> list[tuple[Tensor, float]]:
    """A corner, an edge and an inner mode, with their shares of all modes."""
    modes = mixture.means.reshape(side, side, 2)
    shares = (4 / side**2, 4 * (side - 2) / side**2, (side - 2) ** 2 / side**2)
    return list(zip((modes[0, 0], modes[0, 1], modes[1, 1]), shares, strict=True))
