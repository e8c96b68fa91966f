"""X4: the law of the reverse SDE from any point, against Bayes and against a stop in between."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion import EDMSchedule, GaussianMixture, ReverseLaw, reverse_law

SCHEDULE = EDMSchedule(0.0, 80.0)


@dataclass(frozen=True)
class Mixture:
    """A random mixture, three noise levels in turn, and what may be wrong about its law."""

    modes: int
    dimension: int
    per_mode: bool
    noise: tuple[float, float, float] = (1.5, 0.7, 0.2)
    seed: int = 0
    shrink: float = 1.0
    wider: float = 1.0
    common: bool = False

    def mixture(self) -> GaussianMixture:
        """Unequal weights, and a variance per mode if so."""
        generator = torch.Generator().manual_seed(100 + self.seed)
        means = torch.randn(self.modes, self.dimension, generator=generator)
        weights = torch.rand(self.modes, generator=generator) + 0.2
        variance = torch.rand(self.modes, generator=generator) * 0.4 + 0.02
        own = variance if self.per_mode else variance[0]
        return GaussianMixture(means, own, weights / weights.sum())


@claim(
    source=read_at("Equation 2"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Mixture(5, 1, False),
        Mixture(4, 1, True, seed=1),
        Mixture(9, 6, True, seed=2),
        Mixture(3, 1, True, noise=(0.4, 0.1, 0.0), seed=3),
        Mixture(12, 64, False, noise=(3.0, 1.0, 0.0), seed=4),
    ],
    must_fail={
        "shrinks as the flow": lambda case: replace(case, shrink=0.5),
        "two per cent wider": lambda case: replace(case, wider=1.02),
        "one variance for all modes": lambda case: replace(case, common=True),
        "shrinks two per cent too much": lambda case: replace(case, shrink=1.02),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/reverse_sde_reverses_the_joint_law_of_the_forward_process",
    ],
)
def reverse_sde_ends_in_the_posterior_mixture(case: Mixture) -> Finding:
    r"""For every Gaussian mixture, with one variance or a variance $V_k$ per mode, the reverse
    SDE with the exact score leads from $Y$ at the noise level $v_0$ to the noise level $v_1$ with
    the law

    $$\sum_k r_k(Y)\; N\Big(\mu_k + \frac{s_{1k}^2}{s_{0k}^2}(Y - \mu_k),\;
      s_{1k}^2\Big(1 - \frac{s_{1k}^2}{s_{0k}^2}\Big) I\Big), \qquad s_{jk}^2 = V_k + v_j,$$

    $r_k$ the responsibilities at $Y$ (in the coordinates $y = x/\alpha$). Its density is
    $p_{v_1}(y)\,N(Y; y, (v_0 - v_1)I)/p_{v_0}(Y)$, and a stop between does not change it: the
    density at $v_2$, averaged over the law at $v_1$ by quadrature, is that of one transition
    (on the line).
    """
    mixture = case.mixture()
    generator = torch.Generator().manual_seed(200 + case.seed)
    first = mixture.noised(1.0, case.noise[0]).sample(40, seed=case.seed)
    law = told(case, mixture, first, case.noise[0], case.noise[1])
    which = torch.randint(0, mixture.K, (40,), generator=generator)
    rows = torch.arange(40)
    unit = torch.randn(first.shape, generator=generator)
    after = law.means[rows, which] + law.variance[which, None].sqrt() * unit
    gap = case.noise[0] ** 2 - case.noise[1] ** 2
    kernel = GaussianMixture(torch.zeros(1, mixture.d), gap).log_prob(first - after)
    prior, evidence = (
        mixture.noised(1.0, noise).log_prob(y)
        for noise, y in ((case.noise[1], after), (case.noise[0], first))
    )
    bayes = equal(log_density(law, after), prior + kernel - evidence, budget=1e-10)
    if mixture.d > 1:
        return bayes
    return all_hold(bayes, tower(case, mixture, first))


def tower(case: Mixture, mixture: GaussianMixture, first: Tensor) -> Finding:
    """One transition against two, integrated over the stop by the trapezoidal rule.

    The integrand is analytic and vanishes at the ends, so the rule is exact to rounding.
    """
    stops = torch.linspace(-8, 8, 2001)[:, None]
    ends = torch.linspace(-2.5, 2.5, 41)[:, None]
    one = told(case, mixture, first[:1], case.noise[0], case.noise[2])
    before = told(case, mixture, first[:1], case.noise[0], case.noise[1])
    later = told(case, mixture, stops, case.noise[1], case.noise[2])
    weight = torch.exp(log_density(widened(before, len(stops)), stops))
    step = float(stops[1] - stops[0])
    two = [
        float((weight * torch.exp(log_density(later, end.expand(len(stops), 1)))).sum() * step)
        for end in ends
    ]
    return equal(torch.tensor(two), log_density(widened(one, len(ends)), ends).exp(), budget=1e-9)


def widened(law: ReverseLaw, n: int) -> ReverseLaw:
    """The law of one start for n rows."""
    return ReverseLaw(law.log_shares.expand(n, -1), law.means.expand(n, -1, -1), law.variance)


def told(
    case: Mixture, mixture: GaussianMixture, y: Tensor, start: float, stop: float
) -> ReverseLaw:
    """The library's law, spoilt as the case says."""
    spoilt = mixture.with_variance(mixture.variance.mean()) if case.common else mixture
    law = reverse_law(spoilt, y, schedule=SCHEDULE, start=start, stop=stop)
    own = spoilt.variance.expand(mixture.K)
    kept = ((own + stop**2) / (own + start**2))[:, None]
    offset = y[:, None] - mixture.means
    means = law.means + (kept**case.shrink - kept) * offset
    return ReverseLaw(law.log_shares, means, case.wider * law.variance)


def log_density(law: ReverseLaw, y: Tensor) -> Tensor:
    """The log density of each row's law at the same row of y."""
    squares = ((y[:, None] - law.means) ** 2).sum(-1)
    volume = y.shape[-1] * torch.log(2 * math.pi * law.variance)
    return torch.logsumexp(law.log_shares - (squares / law.variance + volume) / 2, dim=-1)
