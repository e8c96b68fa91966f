"""The ablations of sigma and of ell are one family: the data are normalised."""

from dataclasses import dataclass, replace

import torch

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    ddim_sample,
    quadratic_nodes,
)


@dataclass(frozen=True)
class Setting:
    """A spacing and a deviation before normalisation, their ratio, and another spacing."""

    spacing: float
    std: float
    ratio: float
    other: float = 2.0
    wider: float = 1.0
    normalise: bool = True


@claim(
    source=read_at("Figure E.16 (ablations of the variance and of the distance of the modes)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Setting(2.0, 0.01, 200.0, other=1.0),
        Setting(2.0, 0.02, 100.0, other=1.0),
        Setting(2.0, 0.05, 40.0, other=3.0),
        Setting(2.0, 0.10, 20.0, other=1.5),
        Setting(1.0, 0.02, 50.0),
        Setting(1.5, 0.02, 75.0),
        Setting(3.0, 0.02, 150.0),
    ],
    must_fail={
        "deviation two per cent off": lambda case: replace(case, wider=1.02),
        "data not normalised": lambda case: replace(case, normalise=False),
        "ratio of the main experiment": lambda case: replace(case, ratio=100.0),
    },
)
def normalised_grid_is_known_by_the_ratio_of_spacing_and_deviation(case: Setting) -> Finding:
    r"""The 25-mode grid divided by its root mean square is a function of $\ell/\sigma$ alone: two
    grids with one ratio are the same law, with $\sigma = (2r^2 + 1)^{-1/2}$ for the ratio $r$,
    and DDIM-50 with the exact score gives the same samples. So the deviations 0.01, 0.02, 0.05,
    0.10 at distance 2 and the distances 1, 1.5, 2, 3 at deviation 0.02 are seven settings of one
    family, with ratios 200, 100, 40, 20 and 50, 75, 100, 150.
    """
    r = case.ratio
    grids = [
        GaussianMixture.grid(5, spacing, case.wider**index * std, normalise=case.normalise)
        for index, (spacing, std) in enumerate(
            [(case.spacing, case.std), (case.other, case.other / r)]
        )
    ]
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    schedule = VPSchedule.ddpm()
    samples = [
        ddim_sample(x, quadratic_nodes(50), schedule=schedule, score=ExactScore(grid, schedule))
        for grid in grids
    ]
    # the mean of |mu|^2 over the 5 x 5 grid is 4 ell^2, and half of it enters per coordinate
    return all_hold(
        equal(grids[0].means[24], grids[1].means[24], budget=1e-12),
        equal(grids[0].variance, grids[1].variance, budget=1e-12),
        equal(grids[0].variance.sqrt(), (2 * r**2 + 1) ** -0.5, budget=1e-12),
        equal(samples[0].end, samples[1].end, budget=1e-6),
    )
