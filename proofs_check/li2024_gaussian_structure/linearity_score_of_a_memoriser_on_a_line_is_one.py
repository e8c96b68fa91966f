"""Two maps on which the linearity scores and affinity disagree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    GaussianDenoiser,
    GaussianMixture,
    MultiDeltaDenoiser,
    lattice_rule,
    linearity_defect,
    linearity_score,
    mixture_moments,
    nonlinearity,
)

LEVELS = (0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SPACING = 0.2
WEIGHTS = torch.tensor([0.95, 0.05], dtype=torch.float64)


@dataclass(frozen=True)
class Contrast:
    """The first point, the nonlinearity to be exceeded, the limit of the defect."""

    offset: float = 1.0
    least: float = 0.5
    limit: float = 2**0.5 - 1
    plane: bool = False


def denoisers(case: Contrast) -> tuple[MultiDeltaDenoiser, GaussianDenoiser]:
    """Those of two points of weights 0.95 and 0.05."""
    data = case.offset + torch.tensor([[0.0], [1.0]])
    if case.plane:
        data = torch.cat((data, 1 - data), -1)
    memory = MultiDeltaDenoiser(data, WEIGHTS)
    law = GaussianMixture(data, 1e-30, WEIGHTS)
    return memory, GaussianDenoiser.from_moments(*mixture_moments(law))


def nonlinearities(case: Contrast) -> tuple[list[float], list[float]]:
    """NL of the memoriser and of its Gaussian denoiser over the levels."""
    memory, gaussian = denoisers(case)
    found: tuple[list[float], list[float]] = ([], [])
    for sigma in LEVELS:
        law = GaussianMixture(memory.points, sigma**2, WEIGHTS)
        y, p = lattice_rule(law, spacing=SPACING)
        found[0].append(nonlinearity(y, memory(y, sigma), p))
        found[1].append(nonlinearity(y, gaussian(y, sigma), p))
    return found


@claim(
    source=PAPER.at("Section 3 (linearity score)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Contrast()],
    must_fail={
        "a memoriser in the plane": lambda case: replace(case, plane=True),
        "centred data": lambda case: replace(case, offset=-0.05),
        "a nonlinearity above 0.9": lambda case: replace(case, least=0.9),
        "a limit of 0.40": lambda case: replace(case, limit=0.40),
    },
    given=["li2024_gaussian_structure/linearity_score_charges_an_affine_denoiser_for_its_bias"],
)
def linearity_score_of_a_memoriser_on_a_line_is_one(case: Contrast) -> Finding:
    r"""The linearity score $|\cos(D(\alpha x + \beta z), \alpha D(x) + \beta D(z))|$ is no measure
    of how affine a denoiser is:

    - on a line it is 1 for every continuous $D$ that vanishes nowhere ($\alpha, \beta > 0$), such
      as the memoriser of the points 1 and 2 with weights 0.95 and 0.05, whose nonlinearity
      $\mathrm{NL} = E|D - D_L|^2/E|D - ED|^2$ on its own noisy law exceeds 0.5 at some noise;
    - the normalised defect $|D(\alpha x + \beta z) - \alpha D(x) - \beta D(z)|/|D(\alpha x +
      \beta z)|$ of the exactly affine $D_G$ of the same points at fixed points is $\sqrt 2 - 1$ to
      0.9 per cent at $\sigma = 30$, while $\mathrm{NL}(D_G) < 10^{-12}$ at every noise.
    """
    generator = torch.Generator().manual_seed(4)
    memory, gaussian = denoisers(case)
    pairs = memory.points[torch.randint(2, (2, 200), generator=generator)]
    noise = torch.randn(pairs.shape, generator=generator)
    scores = torch.stack(
        [linearity_score(memory, a, b, s) for s in LEVELS for a, b in [pairs + s * noise]]
    )
    first, second = pairs + noise
    defect = linearity_defect(gaussian, first, second, LEVELS[-1])
    curved, straight = nonlinearities(case)
    return all_hold(
        equal(scores, torch.ones_like(scores), budget=1e-12),
        equal(defect, torch.full_like(defect, case.limit), budget=9e-3),
        at_most(case.least, max(curved), budget=1e-9),
        equal(1 + torch.tensor(straight), torch.ones(len(LEVELS)), budget=1e-12),
    ).with_series(sigma=list(LEVELS), memoriser=curved, gaussian=straight)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Nonlinearity over sigma where the linearity score is 1 throughout."""
    shown = series[0]
    ax.plot(shown["sigma"], shown["memoriser"], "o-", label=r"memoriser $D_M$ (score: 1)")
    ax.plot(shown["sigma"], shown["gaussian"], "s-", label=r"Gaussian $D_G$")
    ax.set_xscale("log")
    ax.set_xlabel(r"noise $\sigma$")
    ax.set_ylabel("nonlinearity NL")
    ax.legend()
