"""The exact denoiser of the Dyck grammar, in the square of its length."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.parity import FiniteLaw, HypercubeLaw

LONGEST_LIST = 16


@dataclass(frozen=True)
class Brackets:
    """Words of length L seen at a noise level; what is claimed of their weights."""

    length: int
    alpha_bar: float
    slope: float = 1.0
    lowest: int = 0
    last: int = 0
    seed: int = 6


@claim(
    source=PAPER.at("Appendix A.3, Dyck"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(Brackets, length=[2, 4, 8, 12, 16], alpha_bar=[0.1, 0.5, 0.9]),
        *grid(Brackets, length=[40, 64], alpha_bar=[0.1, 0.5, 0.9]),
    ],
    must_fail={
        "log odds 2 per cent larger": lambda case: replace(case, slope=1.02),
        "heights down to -1": lambda case: replace(case, lowest=-1),
        "ends at height 2": lambda case: replace(case, last=2, length=max(case.length, 4)),
    },
)
def posterior_mean_of_brackets_is_a_walk_over_heights(case: Brackets) -> Finding:
    r"""For balanced words, $E[v_t | x]$ is a ratio of sums over paths, $O(L^2)$ in all.

    $$\frac{1 + E[v_t | x]}{1 - E[v_t | x]} =
      \frac{\sum_h F_t(h) e^{\lambda_t} B_{t+1}(h+1)}{\sum_h F_t(h) e^{-\lambda_t} B_{t+1}(h-1)},
      \qquad \lambda_t = s x_t / \nu^2,$$

    $F_t(h)$ the sum of $\prod_{k < t} e^{\lambda_k v_k}$ over the paths from height 0 to $h$ that
    stay at 0 or above, $B_t(h)$ the same from $h$ back to 0 at the end. Compared with the same
    sums in fractions up to $L = 64$, and with Bayes' rule over the list up to $L = 16$.
    """
    law = HypercubeLaw.dyck(case.length)
    generator = torch.Generator().manual_seed(case.seed)
    noise = torch.randn(3, case.length, generator=generator)
    word = torch.tensor([1.0, -1.0]).repeat(case.length // 2)
    x = math.sqrt(case.alpha_bar) * word + math.sqrt(1 - case.alpha_bar) * noise
    library = law.posterior_mean(x, alpha_bar=case.alpha_bar)
    lam = case.slope * math.sqrt(case.alpha_bar) * x / (1 - case.alpha_bar)
    walked = torch.tensor([walk(row, case) for row in lam.tolist()])
    parts = [equal(library, walked, budget=1e-12)]
    if case.length <= LONGEST_LIST:
        listed = FiniteLaw.uniform(tuple(vertex for vertex, _ in law.atoms()))
        parts.append(
            equal(library, listed.posterior_mean(x, alpha_bar=case.alpha_bar), budget=1e-12)
        )
    return all_hold(*parts)


def walk(lam: list[float], case: Brackets) -> list[float]:
    """The means of the statement; v_t = 1 weighs e^(2 lam_t), v_t = -1 weighs 1."""
    odds = [Fraction(math.exp(2 * each)) for each in lam]
    forward = [{0: Fraction(1)}]
    for odd in odds:
        forward.append(moved(forward[-1], {1: odd, -1: Fraction(1)}, case.lowest))
    backward = [{case.last: Fraction(1)}]
    for odd in reversed(odds):
        backward.append(moved(backward[-1], {-1: odd, 1: Fraction(1)}, case.lowest))
    means = []
    for t, odd in enumerate(odds):
        after = backward[len(odds) - t - 1]
        up = sum(weight * odd * after.get(h + 1, 0) for h, weight in forward[t].items())
        down = sum(weight * after.get(h - 1, 0) for h, weight in forward[t].items())
        means.append(float((up - down) / (up + down)))
    return means


def moved(
    heights: dict[int, Fraction], weights: dict[int, Fraction], lowest: int
) -> dict[int, Fraction]:
    """One more symbol, at heights from `lowest` on."""
    reached: dict[int, Fraction] = {}
    for h, weight in heights.items():
        for step, factor in weights.items():
            if h + step >= lowest:
                reached[h + step] = reached.get(h + step, Fraction(0)) + weight * factor
    return reached
