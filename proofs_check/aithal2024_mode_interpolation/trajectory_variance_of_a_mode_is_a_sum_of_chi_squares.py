"""B12: the law of the trajectory variance without hallucinations, and thresholds from it."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from proofs_check.aithal2024_mode_interpolation._line import CHAIN, DEVIATION
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, rate_equals
from theorylab.diffusion import FIXED_LARGE, Ancestral, ExactScore, GaussianMixture, sample
from theorylab.diffusion.affine_chain import prediction_covariance, trajectory_variance_law
from theorylab.diffusion.detection import trajectory_variance

CHANCE = 1e-13
DRAWS = 40_000
START = 40


@dataclass(frozen=True)
class Window:
    """The last raw index of the window, E Hal and the quantiles stated (95, 96, 99 per cent)."""

    last: int = 9
    mean: float = 3.11398e-4
    quantiles: tuple[float, ...] = (8.83593e-4, 9.56869e-4, 1.428873e-3)
    dimension: int = 1
    deviation: float = DEVIATION
    stretched: float = 1.0
    seed: int = 40


@claim(
    source=read_at("Trajectory variance (detection metric)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Window()],
    must_fail={
        "modes two per cent wider": lambda case: replace(case, deviation=1.02 * DEVIATION),
        "1/(n-1) for 1/n": lambda case: replace(case, stretched=10 / 9),
        "one step less": lambda case: replace(case, last=8),
    },
)
def trajectory_variance_of_a_mode_is_a_sum_of_chi_squares(case: Window) -> Finding:
    r"""For one Gaussian mode of deviation $s$ and the exact score the predicted clean samples of
    the ancestral chain are Gaussian, with a covariance $C$ from $e_{t-1} = (c_1 k_t + c_2)e_t +
    \sqrt{\beta_t}Z$, so $\mathrm{Hal} \sim \sum_j \lambda_j\chi^2_1$ with $\lambda$ the
    eigenvalues of $PCP/n$, $P = I - 11^\top/n$. For $s = 0.05$ and the last ten steps of the
    released chain $E\,\mathrm{Hal} = 3.1140\cdot 10^{-4}$, and a threshold that keeps 95, 96 and
    99 per cent is $8.836\cdot 10^{-4}$, $9.569\cdot 10^{-4}$ and $1.4289\cdot 10^{-3}$. (The law
    by inverting its Laplace transform; sampled from raw index 40, where the
    chain has its stationary law, at the three thresholds.)
    """
    covariance = prediction_covariance(case.deviation, CHAIN, window=(0, case.last))
    law = trajectory_variance_law(case.stretched * covariance, dimension=case.dimension)
    keep = (0.95, 0.96, 0.99)
    quantiles = [law.quantile(level) for level in keep]
    parts = [
        equal(law.mean, case.mean, budget=5e-6),
        equal(torch.tensor(quantiles) / torch.tensor(case.quantiles), torch.ones(3), budget=2e-5),
    ]
    hal = sampled(case.seed)
    for level, threshold in zip(keep, quantiles, strict=True):
        above = int((hal > threshold).sum())
        parts.append(
            rate_equals(above, DRAWS, 1 - level, reach=1.2, false_alarm=CHANCE, miss=CHANCE)
        )
    return all_hold(*parts)


@cache
def sampled(seed: int) -> Tensor:
    """Hal over the last ten steps, from the chain's own law at `START`."""
    mixture = GaussianMixture([[0.0]], DEVIATION**2)
    variance = start_variance()
    x = GaussianMixture([[0.0]], variance).sample(DRAWS, seed=seed)
    score = ExactScore(mixture, CHAIN)
    path = sample(
        x, list(range(START + 1)), Ancestral(FIXED_LARGE), schedule=CHAIN, score=score,
        seed=seed + 1, keep_path=True,
    )  # fmt: skip
    return trajectory_variance(path, score=score, schedule=CHAIN, window=(0, 9))


def start_variance() -> float:
    """The variance of the chain's state at `START`."""
    covariance = prediction_covariance(DEVIATION, CHAIN, window=(START - 1, START))
    alpha, noise = CHAIN.alpha(float(START)), CHAIN.sigma(float(START))
    gain = alpha * DEVIATION**2 / (alpha**2 * DEVIATION**2 + noise**2)
    return float(covariance[1, 1] / gain**2)
