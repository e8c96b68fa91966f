"""A rank-deficient Gaussian denoiser at zero noise: what it misses, and the law of that."""

from dataclasses import dataclass, replace

import torch
from scipy.stats import chi2
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, law_equals
from theorylab.diffusion import GaussianDenoiser

CHANCE = 1e-12


@dataclass(frozen=True)
class Few:
    """N points in R^d, fewer than d + 1, and as many fresh ones as are drawn."""

    count: int
    d: int
    n: int = 4000
    seed: int = 7
    noise: float = 0.0
    freedom: int = 0
    between: bool = True


def nearest(data: Tensor, x: Tensor) -> Tensor:
    """The nearest points of the affine spans, by least squares on x_i - x_1; (n, N, d), (n, d)."""
    sides = (data[:, 1:] - data[:, :1]).mT
    share = torch.linalg.lstsq(sides, (x - data[:, 0])[..., None]).solution
    return data[:, 0] + (sides @ share)[..., 0]


@claim(
    source=PAPER.at("Section 4 (memorisation, small noise)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Few(4, 9), Few(12, 16)],
    must_fail={
        "a noise of 0.3": lambda case: replace(case, noise=0.3),
        "one degree of freedom less": lambda case: replace(case, freedom=-1),
        "the mean of the data known": lambda case: replace(case, between=False),
    },
)
def zero_noise_gap_of_few_points_is_the_distance_to_their_span(case: Few) -> Finding:
    r"""Let $D_G$ be the Gaussian denoiser of $N \le d$ points in $R^d$ in general position. At
    $\sigma = 0$ it is the projection on their affine span: it returns the points themselves, and
    misses a held-out $x$ by its distance from the span. If all are drawn from $N(\mu, s^2 I)$,

    $$\frac{|x - D_G(x, 0)|^2}{s^2 (1 + 1/N)} \sim \chi^2_{d - N + 1},$$

    which is a gap of $\sqrt{(1 + 1/N)(1 - (N-1)/d)}\,s$ in root mean square per coordinate, going
    to 0 at $N = d + 1$. (4 points in 9 and 12 in 16 dimensions, 4000 draws of points and $x$; a
    distribution function off by 0.12 is seen. The projection is compared in 50 of them.)
    """
    generator = torch.Generator().manual_seed(case.seed)
    data = 1.5 * torch.randn(case.n, case.count, case.d, generator=generator) + 2
    x = 1.5 * torch.randn(case.n, case.d, generator=generator) + 2
    feet = nearest(data, x)
    denoisers = [GaussianDenoiser.from_data(points) for points in data[:50]]
    found = [denoiser(at, case.noise) for denoiser, at in zip(denoisers, x, strict=False)]
    own = [denoiser(p, case.noise) for denoiser, p in zip(denoisers, data, strict=False)]
    parts = [
        equal(torch.stack(found), feet[:50], budget=1e-9),
        equal(torch.stack(own), data[:50], budget=1e-9),
    ]
    squares = (x - feet).square().sum(-1) / 1.5**2
    scale = 1 + 1 / case.count if case.between else 1.0
    freedom = case.d - case.count + 1 + case.freedom
    law = law_equals(
        squares / scale, lambda q: chi2.cdf(q, freedom), reach=0.12,
        false_alarm=CHANCE, miss=CHANCE,
    )  # fmt: skip
    return all_hold(law, *parts)
