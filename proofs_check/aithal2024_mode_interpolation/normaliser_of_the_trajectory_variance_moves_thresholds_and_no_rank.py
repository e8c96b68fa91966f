"""The summary divides by |T2 - T1|, the released code by the number of terms, one more."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION, THREE
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import FIXED_LARGE, Ancestral, ExactScore, sample
from theorylab.diffusion.affine_chain import prediction_covariance, trajectory_variance_law
from theorylab.diffusion.detection import predictions, trajectory_variance
from theorylab.path import Path

START = 120


@dataclass(frozen=True)
class Window:
    """The last raw index T2 (T1 = 0), and the share kept by the threshold of the other metric."""

    last: int
    kept: float
    terms: int = 1
    level: float = 0.96


@claim(
    source=read_at("Trajectory variance (normaliser of the metric)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Window(7, 0.942406), Window(9, 0.946435), Window(19, 0.953690)],
    must_fail={
        "both divide by the number of terms": lambda case: replace(case, terms=0),
        "two terms less": lambda case: replace(case, terms=2),
        "a threshold for 95 per cent": lambda case: replace(case, level=0.95),
    },
)
def normaliser_of_the_trajectory_variance_moves_thresholds_and_no_rank(case: Window) -> Finding:
    r"""Over raw indices $T_1..T_2$ the sum of squared deviations of the predicted clean samples
    divided by $|T_2 - T_1|$ is $\frac{n}{n-1}$ times the population variance of the released
    code, $n = |T_2 - T_1| + 1$: samples are ranked alike, and a threshold for one metric is none
    for the other. The one that keeps 96 per cent of a mode of deviation 0.05 by the population
    variance of the last 8, 10 or 20 steps (exact score, released chain) keeps 94.24, 94.64 and
    95.37 per cent by the other. (The factor on 50 runs of the chain on three modes, the shares by
    the null law.)
    """
    n = case.last + 1
    path = runs()
    score = ExactScore(THREE, CHAIN)
    window = (0.0, float(case.last))
    found = predictions(path, score=score, schedule=CHAIN, window=window)[..., 0]
    divided = torch.stack([squares(run) for run in found.T]) / (n - case.terms)
    code = trajectory_variance(path, score=score, schedule=CHAIN, window=window)
    law = trajectory_variance_law(
        prediction_covariance(DEVIATION, CHAIN, window=(0, case.last), last=START)
    )
    threshold = law.quantile(case.level)
    kept = 1 - law.above(threshold * (n - case.terms) / n)
    return all_hold(
        equal(divided / code, torch.full((50,), n / (n - 1)), budget=1e-8),
        equal(kept, case.kept, budget=2e-6),
        equal(divided.argsort().double(), code.argsort().double(), budget=1e-12),
    )


def squares(run: Tensor) -> Tensor:
    """The sum of squared deviations from the mean, by pairs of terms."""
    pairs = (run[:, None] - run[None, :]).square().sum()
    return pairs / (2 * len(run))


@cache
def runs() -> Path:
    """Fifty runs of the chain from raw index 120, from the exact law there."""
    law = THREE.noised(float(CHAIN.alpha(float(START))), float(CHAIN.sigma(float(START))))
    return sample(
        law.sample(50, seed=10), list(range(START + 1)), Ancestral(FIXED_LARGE), schedule=CHAIN,
        score=ExactScore(THREE, CHAIN), seed=11, keep_path=True,
    )  # fmt: skip
