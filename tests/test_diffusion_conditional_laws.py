"""The law of the samplers from one start: many trajectories against the exact law at the stop.

Every test refuses a variance 3 % off either way; a sampler of the right law is refused once in
1e9, one that is 3 % off passes once in 1e9, by exact tails of the chi-square law. Shares are
tested by exact binomial tails, shapes by the Dvoretzky-Kiefer-Wolfowitz bound.
"""

import math
from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import Tensor

from theorylab.claims import Verdict, law_equals, rate_equals
from theorylab.diffusion import (
    Ancestral,
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    ReverseLaw,
    VPSchedule,
    euler_maruyama,
    exact_sampler,
    reverse_law,
    sample_exactly,
    sample_mixture,
    take_step,
)
from theorylab.diffusion.steps import Levels
from theorylab.native import library

RARE = {"false_alarm": 1e-9, "miss": 1e-9}
EDM, DDPM, GRID = EDMSchedule(0.0, 80.0), VPSchedule.ddpm(), GaussianMixture.grid()
N = 170_000
ENGINES = ["torch", *(["compiled"] if library() is not None else [])]
WRONG = [1.0, 1.03, 1 / 1.03]
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(exact_sampler.native, "run", exact_sampler._in_torch)
    return request.param


def has_scale_one(z: Tensor, *, reach: float, false_alarm: float, miss: float) -> bool:
    """Whether normals have the mean square 1: sees a variance off by the factor 1 + reach."""
    n, total = z.numel(), float(z.double().square().sum())
    low, high = stats.chi2.ppf(false_alarm / 2, n), stats.chi2.isf(false_alarm / 2, n)
    wider = stats.chi2.cdf(high / (1 + reach), n)
    narrower = stats.chi2.sf(low * (1 + reach), n)
    assert max(wider, narrower) <= miss, "too few draws"
    return bool(low <= total <= high)


def is_centred(z: Tensor, *, reach: float, false_alarm: float, miss: float) -> bool:
    """Whether unit normals have the mean 0 in every column: sees one off by `reach` somewhere."""
    n, d = z.shape
    bound = stats.norm.isf(false_alarm / (2 * d))
    assert stats.norm.cdf(bound - reach * math.sqrt(n)) <= miss, "too few draws"
    return float((z.double().mean(0) * math.sqrt(n)).abs().max()) <= bound


def is_normal(z: Tensor) -> bool:
    """Whether all numbers have the law N(0, 1): sees a distribution function off by 0.012."""
    found = law_equals(z.reshape(-1).double().numpy(), stats.norm.cdf, reach=0.012, **RARE)
    assert found.verdict is not Verdict.UNDECIDED
    return found.verdict is Verdict.HOLDS


def many(start: list[float], dtype: torch.dtype, n: int) -> Tensor:
    return torch.tensor([start], dtype=dtype).expand(n, len(start)).contiguous()


APART = GaussianMixture([[-5.0, 1.0], [5.0, 0.0]], [0.09, 0.04], [0.3, 0.7])
"""Two modes so far apart at the stop that every draw shows its component."""
START = [-3.0, 0.4]


def by_law(x: Tensor) -> Tensor:
    return reverse_law(APART, x, schedule=EDM, start=6.0, stop=0.5).sample(seed=3)


def by_one_step(x: Tensor) -> Tensor:
    return sample_exactly(x, [6.0], mixture=APART, schedule=EDM, seed=4, last=0.5).end


def by_three_steps(x: Tensor) -> Tensor:
    nodes = [1.0, 3.0, 6.0]
    return sample_exactly(x, nodes, mixture=APART, schedule=EDM, seed=5, last=0.5).end


@pytest.mark.parametrize("draw", [by_law, by_one_step, by_three_steps])
@dtypes
def test_exact_transitions_have_the_law_from_one_start(
    draw: Callable[[Tensor], Tensor], dtype: torch.dtype
) -> None:
    """Shares, means and the variance of each component; the shares of other weights are refused.

    One step or three: the transitions compose.
    """
    n = 2 * N
    end = draw(many(START, dtype, n)).double()
    law = reverse_law(APART, [START], schedule=EDM, start=6.0, stop=0.5)
    left = end[:, 0] < 0
    share = float(law.log_shares[0, 0].exp())
    assert 0.4 < share < 0.6
    for rate, verdict in ((share, Verdict.HOLDS), (share * 1.03, Verdict.FAILS)):
        assert rate_equals(int(left.sum()), n, rate, reach=0.03, **RARE).verdict is verdict
    for k, part in enumerate((end[left], end[~left])):
        z = (part - law.means[0, k]) / law.variance[k].sqrt()
        assert is_centred(z, reach=0.04, **RARE)
        for wrong in WRONG:
            assert has_scale_one(z * wrong**0.5, reach=0.03, **RARE) == (wrong == 1.0)


NEAR = GaussianMixture([[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]], [0.2, 0.05, 0.4], [0.5, 0.3, 0.2])


@dtypes
def test_exact_transitions_have_the_shape_of_overlapping_components(dtype: torch.dtype) -> None:
    """The law along a direction: sees a distribution function off by 0.0125, once in 1e9 each."""
    n, direction = 300_000, torch.tensor([3.0, -4.0], dtype=torch.float64)
    start, nodes = [0.3, -0.2], [200.0, 400.0]
    x = many(start, dtype, n)
    end = sample_exactly(x, nodes, mixture=NEAR, schedule=DDPM, seed=6, last=20.0).end
    wider = GaussianMixture(NEAR.means, NEAR.variance * 1.2, NEAR.weights)
    for mixture, verdict in ((NEAR, Verdict.HOLDS), (wider, Verdict.FAILS)):
        law = reverse_law(mixture, x.double(), schedule=DDPM, start=400.0, stop=20.0)

        def below(points: object, law: ReverseLaw = law) -> Tensor:
            return law.log_below(direction, points).exp().clamp(max=1.0)  # 1 + rounding

        drawn = (end.double() @ direction).numpy()
        assert law_equals(drawn, below, reach=0.0125, **RARE).verdict is verdict


def assert_standard(z: Tensor) -> None:
    """Unit normals, and not those of a variance 3 % off."""
    assert is_centred(z, reach=0.04, **RARE)
    assert is_normal(z)
    for wrong in WRONG:
        assert has_scale_one(z * wrong**0.5, reach=0.03, **RARE) == (wrong == 1.0)


@pytest.mark.usefixtures("engine")
@dtypes
@pytest.mark.parametrize("k", [0.5, 1.0])
def test_one_step_of_euler_and_maruyama_is_the_gaussian(dtype: torch.dtype, k: float) -> None:
    """Given y, one step is N(y + (1+k) h (mbar - y), 2 k h s^2 I)."""
    y = many([0.7, -0.4], dtype, N)
    end = euler_maruyama(GRID, y, steps=1, s_start=0.9, s_stop=0.6, k=k, seed=7)
    at, h = y[:1].double(), math.log(1.5)
    mean = at + (1 + k) * h * (GRID.with_variance(0.81).expected_mean(at) - at)
    assert_standard((end.double() - mean) / math.sqrt(2 * k * h * 0.81))


@pytest.mark.usefixtures("engine")
@dtypes
def test_one_ancestral_step_is_the_gaussian(dtype: torch.dtype) -> None:
    """Given x, one step is alpha' (x0 + w eps + b Z), by `take_step` without noise."""
    x = many([0.7, -0.4], dtype, N)
    law = {"mixture": GRID, "schedule": DDPM}
    end = sample_mixture(x, [400.0], Ancestral(), **law, seed=8, last=200.0).end
    score, still = ExactScore(GRID, DDPM), torch.zeros(1, 2, dtype=torch.float64)
    mean = take_step(
        Ancestral(), x[:1].double(), 400.0, 200.0, schedule=DDPM, score=score, noise=still
    )
    drawn = Ancestral().drawn(Levels.of(DDPM, 400.0, 200.0)) * DDPM.alpha(200.0)
    assert_standard((end.double() - mean) / drawn)


@pytest.mark.usefixtures("engine")
@dtypes
def test_many_steps_with_one_mode_are_the_gaussian(dtype: torch.dtype) -> None:
    """With one mode every step is linear: mean and variance follow their own recursion.

    The noises of the steps would show in the variance if they were not independent.
    """
    y, mode = many([0.7, -0.4], dtype, N), GaussianMixture([[0.2, 0.3]], 0.01)
    steps, k = 12, 1.0
    end = euler_maruyama(mode, y, steps=steps, s_start=0.9, s_stop=0.1, k=k, seed=9)
    h, offset, variance = math.log(9) / steps, y[0].double() - mode.means[0], 0.0
    for step in range(steps):
        factor, s = 1 - (1 + k) * h, 0.9 * math.exp(-step * h)
        offset, variance = factor * offset, factor**2 * variance + 2 * k * h * s**2
    assert_standard((end.double() - mode.means - offset) / math.sqrt(variance))
