"""Lemma G.3, the identity: what the two modes do exactly, and what the others add."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import GaussianMixture, clock_dynamics

POINTS = 200


@dataclass(frozen=True)
class Split:
    """A law, a pair seen at ell/s, and factors of the terms of the statement."""

    law: Law
    separations: float
    steeper: float = 1.0
    weighted: bool = True
    share: float = 1.0
    across: float = 1.0


@claim(
    source=read_at("Lemma G.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=grid(Split, law=USUAL, separations=[0.7, 2.0, 6.0]),
    must_fail={
        "two per cent steeper": lambda case: replace(case, steeper=1.02),
        "equal weights supposed": lambda case: replace(case, weighted=False),
        "the pair has all responsibility": lambda case: replace(case, share=0.0),
        "outsiders do not pull across": lambda case: replace(case, across=0.0),
        "outsiders pull two per cent more across": lambda case: replace(case, across=1.02),
    },
    given=["ashiq2026_ddim_vs_ddpm/flow_in_the_clock_is_pull_to_the_expected_mean"],
)
def flow_splits_into_two_mode_drift_and_outsiders(case: Split) -> Finding:
    r"""For every mixture of one variance and any weights, every pair $i, j$ and every point
    $y = m + \xi e + z$ with $\langle z, e\rangle = 0$, the probability flow in the clock is, with
    $W = \sum_{k\ne i,j} w_k$,

    $$\frac{d\xi}{du} = -\xi + (1-W)\,\frac{\ell}{2}\tanh\Big(\frac{\ell\xi}{2s^2}
      + \frac12\ln\frac{\pi_i}{\pi_j}\Big) + \sum_{k\ne i,j} w_k\,\langle\mu_k - m, e\rangle,$$

    $$\frac{dz}{du} = -z + \sum_{k\ne i,j} w_k\,P(\mu_k - m),$$

    where $P$ projects across $e$. Nothing is neglected and no margin is needed.
    """
    mixture = case.law.mixture()
    i, j = pair_of(mixture)
    m, edge = (mixture.means[i] + mixture.means[j]) / 2, mixture.means[i] - mixture.means[j]
    ell = float(edge.norm())
    e, s = edge / ell, ell / case.separations
    y = points_about(mixture, m, s)
    flow = clock_dynamics(mixture, s_start=2 * s, s_stop=s)
    velocity = flow.drift(torch.tensor(flow.stop), y)
    w = mixture.with_variance(s**2).responsibilities(y)
    outside = w.clone()
    outside[:, [i, j]] = 0.0
    xi = (y - m) @ e
    lean = 0.5 * torch.log(mixture.weights[i] / mixture.weights[j]) if case.weighted else 0.0
    two = ell / 2 * torch.tanh(case.steeper * ell * xi / (2 * s**2) + lean)
    pull = outside @ (mixture.means - m)
    along = -xi + (1 - case.share * outside.sum(-1)) * two + pull @ e
    z = across(y - m, e)
    apart = -z + case.across * across(pull, e)
    scale = float(mixture.means.norm(dim=-1).max())
    return all_hold(
        equal(velocity @ e, along, budget=1e-12, scale=scale),
        equal(across(velocity, e), apart, budget=1e-12, scale=scale),
    )


def across(vectors: Tensor, e: Tensor) -> Tensor:
    """The part of each vector that is orthogonal to e."""
    return vectors - (vectors @ e)[:, None] * e


def pair_of(mixture: GaussianMixture) -> tuple[int, int]:
    """The two closest modes."""
    apart = torch.cdist(mixture.means, mixture.means).fill_diagonal_(torch.inf)
    i, j = divmod(int(apart.argmin()), mixture.K)
    return i, j


def points_about(mixture: GaussianMixture, m: Tensor, s: float) -> Tensor:
    """Points at the midpoint of the pair and at every mode, spread by s."""
    generator = torch.Generator().manual_seed(23)
    centres = mixture.means[torch.randint(0, mixture.K, (POINTS,), generator=generator)].clone()
    centres[::2] = m
    return centres + s * torch.randn(POINTS, mixture.d, generator=generator)
