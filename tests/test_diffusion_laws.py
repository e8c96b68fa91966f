"""Exact laws of the reverse process: Bayes, limits far below the smallest float, and draws."""

import math
from itertools import pairwise

import mpmath
import pytest
import torch
from torch import Tensor

from theorylab._normal import log_normal_between
from theorylab.diffusion import (
    EDMSchedule,
    GaussianMixture,
    ReverseLaw,
    VPSchedule,
    _transition,
    offset_law,
    quadratic_nodes,
    reverse_law,
    sample_exactly,
    start_law,
)
from theorylab.native import library

DDPM, EDM = VPSchedule.ddpm(), EDMSchedule(0.0, 80.0)
MEANS = torch.tensor([[1.0, 0.5], [-0.8, 0.1], [0.2, -1.2]], dtype=torch.float64)
LAW = GaussianMixture(MEANS, [0.2, 0.05, 0.4], [0.5, 0.3, 0.2])
X = torch.tensor([[0.3, -0.2], [1.4, 0.9], [-1.0, 0.4]], dtype=torch.float64)


def density(law: ReverseLaw, x: Tensor) -> Tensor:
    """The log density of each row's law at its own row."""
    squares = ((x[:, None] - law.means) ** 2).sum(-1)
    volume = x.shape[-1] * torch.log(2 * math.pi * law.variance)
    return torch.logsumexp(law.log_shares - (squares / law.variance + volume) / 2, -1)


@pytest.mark.parametrize(("start", "stop"), [(800.0, 20.0), (300.0, -1.0), (21.0, 20.0)])
def test_the_law_is_that_of_bayes(start: float, stop: float) -> None:
    """The posterior p(x') p(x | x') / p(x), with the forward kernel from t' to t."""
    law = reverse_law(LAW, X, schedule=DDPM, start=start, stop=stop)
    after = law.means[:, 1] + 0.3 * law.variance[1].sqrt()
    kept = float(DDPM.alpha(start) / DDPM.alpha(stop))
    kernel = GaussianMixture([[0.0, 0.0]], 1 - kept**2).log_prob(X - kept * after)
    prior = start_law(LAW, DDPM, stop).log_prob(after)
    expected = prior + kernel - start_law(LAW, DDPM, start).log_prob(X)
    torch.testing.assert_close(density(law, after), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("low", "high"), [(-40.0, -38.0), (38.0, 40.0), (-1e4, -1e4 + 1), (-0.3, 0.2), (-60.0, 60.0)]
)
def test_log_mass_of_an_interval_keeps_its_digits(low: float, high: float) -> None:
    with mpmath.workdps(60):
        a, b = (mpmath.mpf(x) for x in (low, high))
        if low > 0:
            a, b = -b, -a
        root = mpmath.sqrt(2)
        exact = mpmath.log((mpmath.erfc(-b / root) - mpmath.erfc(-a / root)) / 2)
    got = log_normal_between(torch.tensor(low), torch.tensor(high))
    assert float(got) == pytest.approx(float(exact), rel=1e-13, abs=1e-13)


def test_masses_add_up_and_agree_with_draws() -> None:
    n = 40_000
    law = reverse_law(LAW, X[:1].expand(n, 2), schedule=DDPM, start=400.0, stop=-1.0)
    drawn = law.sample(seed=5) @ torch.tensor([3.0, -4.0])
    ends = torch.tensor([-20.0, -1.0, 1.0, 4.0, 40.0])
    masses = [float(law.log_mass([3.0, -4.0], low, high)[0].exp()) for low, high in pairwise(ends)]
    assert sum(masses) == pytest.approx(1, abs=1e-12)
    assert sum(masses[:2]) == pytest.approx(float(law.log_below([3.0, -4.0], 1.0)[0].exp()))
    seen = torch.histogram(drawn, ends).hist / n
    for share, mass in zip(seen.tolist(), masses, strict=True):
        assert share == pytest.approx(mass, abs=5 * math.sqrt(mass * (1 - mass) / n))


def test_exact_runs_do_not_know_their_batch_and_have_the_marginals() -> None:
    n, nodes = 20_000, quadratic_nodes(6)
    x = start_law(LAW, DDPM, 800).sample(n, seed=1)
    path = sample_exactly(x, nodes, mixture=LAW, schedule=DDPM, seed=3, keep_path=True)
    part = sample_exactly(
        x[700:1900], nodes, mixture=LAW, schedule=DDPM, seed=3, first_trajectory=700
    )
    assert torch.equal(part.end, path.end[700:1900])
    mean = LAW.weights @ LAW.means
    spread = (LAW.weights @ (LAW.variance[:, None] + LAW.means**2) - mean**2).sqrt()
    assert bool(((path.end.mean(0) - mean).abs() < 5 * spread / n**0.5).all())
    assert bool((path.end.std(0) / spread - 1).abs().max() < 0.03)


def exactly(x: Tensor, law: GaussianMixture = LAW, **others: object) -> Tensor:
    usual = {"schedule": DDPM, "seed": 3, "keep_path": True} | others
    return sample_exactly(x, quadratic_nodes(6), mixture=law, **usual).states


@pytest.fixture(params=["torch", "compiled"] if library() is not None else ["torch"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(_transition.compiled, "serves", lambda _: False)
    return request.param


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_do_not_depend_on_the_budget_of_memory(dtype: torch.dtype) -> None:
    x = start_law(LAW, DDPM, 800).sample(999, seed=1).to(dtype)
    whole = exactly(x)
    for budget in (1, 5000, 40_000):
        few = slice(0, 40) if budget == 1 else slice(None)
        assert torch.equal(exactly(x[few], budget=budget), whole[:, few])
    assert torch.equal(exactly(x, keep_path=False), whole[[0, -1]])


@pytest.mark.skipif(library() is None, reason="no C compiler on this machine")
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_transitions_are_those_of_torch(d: int, dtype: torch.dtype) -> None:
    """Up to rounding, where the same component is drawn: a share moves by some roundings only.

    Of 5000 uniforms, six times, some eps * 30,000 fall where two shares differ: none in float64
    (a false alarm in 1e10), at most 3 of the trajectories in float32, which may then part.
    """
    generator = torch.Generator().manual_seed(2)
    means = torch.randn(7, d, generator=generator, dtype=torch.float64)
    law = GaussianMixture(means, torch.linspace(0.05, 0.4, 7, dtype=torch.float64))
    x = start_law(law, DDPM, 800).sample(5000, seed=1).to(dtype)
    found = exactly(x, law)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_transition.compiled, "serves", lambda _: False)
        expected = exactly(x, law)
    apart = (found - expected).abs().amax((0, 2)) > 200 * torch.finfo(dtype).eps
    assert int(apart.sum()) <= (3 if dtype == torch.float32 else 0)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_largest_uniform_draws_no_component_without_share(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 a uniform may round to 1: the last mode, of share exp(-1e4), is not drawn."""
    monkeypatch.setattr(
        "theorylab.noise.TrajectoryNoise.uniforms", lambda *_, like: torch.ones_like(like[:, 0])
    )
    far = GaussianMixture([[5.0], [5.1], [1e3]], 1e-2)
    x = torch.linspace(4, 6, 101, dtype=dtype)[:, None]
    end = sample_exactly(x, [1.0], mixture=far, schedule=EDM, seed=1, last=0.0).end
    assert float((end - 5).abs().max()) < 1


def test_two_transitions_make_one_in_the_mean() -> None:
    """E[x_0 | x] is the posterior mean, whatever the stop between."""
    law = reverse_law(LAW, X, schedule=EDM, start=2.0, stop=0.0)
    mean = (law.log_shares.exp()[..., None] * law.means).sum(1)
    torch.testing.assert_close(mean, LAW.posterior_mean(X, 2.0))


def test_offsets_of_a_component_follow_its_two_laws() -> None:
    """At k = 1 the offset law is that of `reverse_law` for one mode; s^2 is always preserved."""
    mode = GaussianMixture([[0.7]], 0.09)
    law = reverse_law(mode, [[2.0]], schedule=EDM, start=1.0, stop=0.2)
    s, after = (0.09 + 1.0) ** 0.5, (0.09 + 0.04) ** 0.5
    factor, variance = offset_law(1.0, s, after)
    assert float(law.means) == pytest.approx(0.7 + float(factor) * 1.3)
    assert float(law.variance) == pytest.approx(float(variance))
    for k in (0.0, 0.3, 2.0):
        factor, variance = offset_law(k, s, after)
        assert float(factor**2 * s**2 + variance) == pytest.approx(after**2)
