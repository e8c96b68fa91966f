"""The nearest-mode claim: with unequal gaps hallucinations lie in the smallest."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import DEVIATION, EDM, TOP, modes_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion.line import flow_gap_masses, interior_gaps
from theorylab.diffusion.smoothing import Floor, SmoothedScore, Smoothing


@dataclass(frozen=True)
class Modes:
    """Places, a smoothing, the masses stated, and the margin."""

    places: tuple[float, ...]
    smoothing: Smoothing
    stated: tuple[float, ...]
    margin: float = 6.0
    share: float = 1.0


@claim(
    source=read_at("Interpolation between nearest modes (modes 1, 2, 4)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Modes((1.0, 2.0, 4.0), Floor(0.1), (8.187e-3, 1.991e-6)),
        Modes((1.0, 2.0, 4.0, 5.0), Floor(0.1), (6.140e-3, 1.492e-6, 6.140e-3)),
    ],
    must_fail={
        "margin of 5.9 deviations": lambda case: replace(case, margin=5.9),
        "two per cent more than the pair's share": lambda case: replace(case, share=1.02),
        "half as much in the wide gap": lambda case: replace(
            case, stated=(case.stated[0], case.stated[1] / 2, *case.stated[2:])
        ),
    },
)
def smoothing_fills_the_narrow_gap_and_not_the_wide_one(case: Modes) -> Finding:
    r"""Equal modes of deviation 0.05 with gaps 1 and 2: under the score with the floor 0.1 the
    flow from the exact law at $\sigma = 80$ leaves farther than $6s$ from two neighbours

    - at 1, 2, 4: $8.187\cdot 10^{-3}$ in the gap of 1 and $1.991\cdot 10^{-6}$ in that of 2;
    - at 1, 2, 4, 5: $6.140\cdot 10^{-3}$ in either gap of 1 and $1.49\cdot 10^{-6}$ in that of 2.

    The wide gap has less than $3\cdot 10^{-4}$ of what a narrow one has: hallucinations lie
    between the nearest modes. A gap has what the pair of its modes has alone, times the share
    of the pair: $2/3$ of $1.22806\cdot 10^{-2}$ and of $2.989\cdot 10^{-6}$ for three modes, half
    of these for four (to 0.3 per cent).
    """
    masses = found(case.places, case.smoothing, case.margin)
    stated = torch.tensor(case.stated)
    share = case.share * 2 / len(case.places)
    gaps = torch.tensor(case.places).diff()
    alone = [float(found((0.0, float(gap)), case.smoothing, 6.0)) for gap in gaps]
    pairs = share * torch.tensor(alone)
    narrow, wide = masses[gaps < 1.5], masses[gaps > 1.5]
    return all_hold(
        equal(masses / stated, torch.ones(len(masses)), budget=2e-3),
        equal(masses / pairs, torch.ones(len(masses)), budget=3e-3),
        equal(
            torch.tensor(alone[:2]) / torch.tensor([1.22806e-2, 2.989e-6]),
            torch.ones(2),
            budget=1e-3,
        ),
        at_most(wide, 3e-4 * narrow.min().expand(wide.shape), budget=1e-6),
    )


@cache
def found(places: tuple[float, ...], smoothing: Smoothing, margin: float) -> Tensor:
    """The masses of all gaps."""
    mixture = modes_at(*places)
    return flow_gap_masses(
        SmoothedScore(mixture, EDM, smoothing), mixture.noised(1.0, TOP),
        interior_gaps(mixture.means, margin * DEVIATION), stop=0.0, start=TOP, rtol=1e-10,
    )  # fmt: skip
