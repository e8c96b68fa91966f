"""A score of novelty that a shift of the grey values changes at will."""

from dataclasses import dataclass, replace

import torch

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import generalisation_score
from theorylab.learn.digits import images


@dataclass(frozen=True)
class Shift:
    """Fresh digits against so many known ones; a factor and a shift of the pixels."""

    known: int = 400
    fresh: int = 300
    factor: float = 3.0
    shift: float = 20.0
    power: float = 0.0
    over: float = 1.0


@claim(
    source=PAPER.at("Section 3 (generalisation score)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Shift(), Shift(1000, 300, 0.125, 20.0)],
    must_fail={
        "a shift that does nothing": lambda case: replace(case, shift=0.0),
        "a score that grows with the scale": lambda case: replace(case, power=1.0),
        "distances two per cent larger": lambda case: replace(case, over=1.02),
    },
)
def generalisation_score_depends_on_the_origin_of_the_pixels(case: Shift) -> Finding:
    r"""The generalisation score $\mathrm{GL} = E\,|x - \mathrm{NN}(x)|/|x|$ of samples does not
    change if all grey values are multiplied by one number, but tends to 0 if they are shifted:

    $$\mathrm{GL}(c) = E\,\frac{|x - \mathrm{NN}(x)|}{|x + c\mathbf 1|}
      \le \frac{E|x - \mathrm{NN}(x)|}{c\sqrt d - \max|x|}
      \quad\text{for } c\sqrt d > \max|x| .$$

    For handwritten digits of scikit-learn that are new to the 400 (or 1000) known ones it is above
    0.4 in units in which the mean image is 0 and the grey range 2, and below 0.02 after a shift by
    20. So a threshold such as 0.6 belongs to one choice of units and of data.
    """
    data = images()
    known, fresh = data[: case.known], data[-case.fresh :]
    score = generalisation_score(fresh, known)
    scaled = generalisation_score(case.factor * fresh, case.factor * known)
    moved = generalisation_score(fresh + case.shift, known + case.shift)
    distance = torch.cdist(fresh, known).amin(-1)
    told = case.over * distance / (fresh + case.shift).norm(dim=-1)
    room = case.shift * 8 - float(fresh.norm(dim=-1).max())
    parts = [
        equal(scaled, case.factor**case.power * score, budget=1e-9),
        equal(moved, told, budget=1e-9),
        at_most(0.4, score.mean(), budget=1e-9),
        at_most(moved.mean(), 0.02, budget=1e-9),
    ]
    if room > 0:
        parts.append(at_most(moved.mean(), distance.mean() / room, budget=1e-9))
    return all_hold(*parts)
