"""Other modes can only add to the instability along a pair (beyond Proposition 4.7)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture

APART = 0.1
"""The deviation, relative to the closest pair, at which the bound must be attained."""


@dataclass(frozen=True)
class Slopes:
    """Points around the pairs of a law, at deviations s relative to the closest pair's ell."""

    law: Law
    points: int = 300
    seed: int = 12
    share: float = 1.0
    transverse: float = 1.0
    extra: float = 0.0


@claim(
    source=read_at("Proposition 4.7 (1)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Slopes(law) for law in USUAL],
    must_fail={
        "five per cent more of the pair's share": lambda case: replace(case, share=1.05),
        "w_i for w_i w_j": lambda case: replace(case, share=0.0),
        "two per cent less attraction": lambda case: replace(case, transverse=0.98),
        "a sum over all pairs and five per cent": lambda case: replace(case, extra=0.05),
    },
    thorough=[Slopes(law, 3000, 13) for law in USUAL],
)
def exact_slope_along_a_pair_is_at_least_its_own_share(case: Slopes) -> Finding:
    r"""For every mixture with one variance, every pair of modes with direction $e$ and distance
    $\ell$, and every point $y$: the slope of the exact flow field along $e$ is

    $$\langle e, D(\bar m(y) - y)\,e\rangle = \frac{Var_w\langle\mu, e\rangle}{s^2} - 1
      = \sum_{k<l} \frac{\langle\mu_k - \mu_l, e\rangle^2}{s^2}\,w_k w_l - 1
      \ge \frac{\ell^2}{s^2}\,w_i w_j - 1,$$

    with $w$ the responsibilities at $y$. So an exact equilibrium with $w_i w_j > s^2/\ell^2$ is
    unstable: with $w_i = w_j = 1/2$ this is $\lambda > 0$. Equality where all other modes have
    no weight.
    """
    mixture = case.law.mixture()
    pairs = torch.combinations(torch.arange(mixture.K))
    apart = torch.pdist(mixture.means)
    closest = pairs[apart.argsort()[:20]]
    generator = torch.Generator().manual_seed(case.seed)
    findings = []
    for ratio in (APART, 0.3, 0.8):
        s = ratio * float(apart.min())
        wide = mixture.with_variance(s**2)
        y, e, length, ends = starts(case, wide, closest, generator)
        slope = ((wide.expected_mean_jacobian(y) @ e[..., None])[..., 0] * e).sum(-1)
        w = wide.responsibilities(y)
        own = torch.gather(w, -1, ends)
        product = own[:, 0] * (own[:, 1] if case.share else 1.0)
        bound = (case.share or 1.0) * (length / s) ** 2 * product
        findings.append(
            at_most(bound, slope, budget=1e-10, tight=0.99 if ratio == APART else None)
        )
        along = mixture.means @ e.T
        gaps = (along[:, None] - along[None]) ** 2 / (2 * s**2)
        every = (1 + case.extra) * torch.einsum("nk,nl,kln->n", w, w, gaps)
        findings.append(equal(slope, every, budget=1e-9))
        findings.append(equal(flow_slope(wide, y, e), slope - case.transverse, budget=1e-6))
    return all_hold(*findings)


def starts(
    case: Slopes, wide: GaussianMixture, pairs: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Points near the middle of random pairs, the directions, the lengths and the pairs."""
    ends = pairs[torch.randint(len(pairs), (case.points,), generator=generator)]
    a, b = wide.means[ends[:, 0]], wide.means[ends[:, 1]]
    length = torch.linalg.vector_norm(a - b, dim=-1)
    noise = torch.randn(case.points, wide.d, generator=generator) * wide.variance.sqrt()
    noise[::2] = 0.0
    q = torch.rand(case.points, 1, generator=generator)
    q[::2] = 0.5 + 0.1 * (q[::2] - 0.5)
    return b + q * (a - b) + noise, (a - b) / length[:, None], length, ends


def flow_slope(wide: GaussianMixture, y: Tensor, e: Tensor) -> Tensor:
    """The slope of mbar(y) - y along e by central differences, another route."""
    h = 1e-4 * wide.variance.sqrt()
    ahead, behind = y + h * e, y - h * e
    change = wide.expected_mean(ahead) - ahead - wide.expected_mean(behind) + behind
    return (change * e).sum(-1) / (2 * h)
