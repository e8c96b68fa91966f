"""The fused sampler with any score: `sample`, `sample_mixture`, its law, blocks, and its noise."""

import math

import pytest
import torch
from scipy import stats
from torch import Tensor

from theorylab.diffusion import (
    DDIM,
    Ancestral,
    Blocked,
    EDMSchedule,
    EulerMaruyama,
    ExactScore,
    Family,
    GaussianMixture,
    Hybrid,
    Restart,
    VPSchedule,
    _counter,
    network_sampler,
    quadratic_nodes,
    sample,
    sample_mixture,
    sample_network,
    start_law,
)
from theorylab.integrate import EULER_MARUYAMA, BrownianPath, Dynamics, solve_sde
from theorylab.native import library

GRID, SCHEDULE = GaussianMixture.grid(), VPSchedule.ddpm()
NODES = quadratic_nodes(20)
SCORE = ExactScore(GRID, SCHEDULE)
RULES = [
    DDIM(0.4),
    Ancestral(),
    Family(0.5),
    EulerMaruyama(0.7),
    Hybrid(3),
    Restart(NODES[3], NODES[9], 2),
]
HAS_LIBRARY = library() is not None


@pytest.fixture(params=["torch", *(["compiled"] if HAS_LIBRARY else [])])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(network_sampler.compiled, "takes", lambda _: False)
    return request.param


def starts(n: int) -> Tensor:
    return start_law(GRID, SCHEDULE).sample(n, seed=1)


def run(x: Tensor, rule: object = EulerMaruyama(), **others: object) -> Tensor:
    usual = {"schedule": SCHEDULE, "score": SCORE, "seed": 3, "keep_path": True} | others
    return sample_network(x, NODES, rule, **usual).states


class Network(torch.nn.Module):
    """A small network with random weights: a row of the output knows its own row only."""

    def __init__(self, d: int, width: int = 16, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(4)
        first = torch.randn(width, d + 1, generator=generator, dtype=torch.float64) / 3
        last = torch.randn(d, width, generator=generator, dtype=torch.float64) / 3
        self.first, self.last = (torch.nn.Parameter(w.to(dtype)) for w in (first, last))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        beside = torch.cat([x, (t / 1000).expand(len(x), 1)], dim=-1)
        return torch.tanh(beside @ self.first.T) @ self.last.T


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_is_sample_with_the_same_noise(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """`samplers.sample`, handed the normals of this module, takes the same steps."""
    key, x = _counter.key_of(3), starts(100)
    found = run(x, rule, rows=33)
    monkeypatch.setattr(
        "theorylab.diffusion.samplers._normals",
        lambda _, m, like: _counter.normals(key, 0, m, like),
    )
    expected = sample(x, NODES, rule, schedule=SCHEDULE, score=SCORE, seed=3, keep_path=True)
    torch.testing.assert_close(found, expected.states, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_with_the_exact_score_it_is_sample_mixture(rule: object) -> None:
    """At equal seed, trajectory numbers and moves: the noise is the same."""
    law = {"mixture": GRID, "schedule": SCHEDULE, "seed": 3, "keep_path": True}
    expected = sample_mixture(starts(100), NODES, rule, **law, first_trajectory=2**40)
    found = run(starts(100), rule, first_trajectory=2**40)
    torch.testing.assert_close(found, expected.states, rtol=1e-8, atol=1e-8)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("k", [0.0, 0.4, 1.0])
def test_the_step_is_that_of_the_reverse_equation(k: float) -> None:
    """For the schedule of EDM: x' = x + (1+k) (v - v') / 2 score + sqrt(k (v - v')) Z, v = t^2."""
    schedule = EDMSchedule(0.0, 10.0)
    x, score = starts(20), ExactScore(GRID, schedule)
    options = {"schedule": schedule, "score": score, "last": 1.7}
    end = sample_network(x, [2.0], EulerMaruyama(k), **options, seed=1).end
    passed = 2.0**2 - 1.7**2
    noise = math.sqrt(k * passed) * _counter.normals(_counter.key_of(1), 0, 0, x)
    at = torch.tensor(2.0, dtype=torch.float64)
    torch.testing.assert_close(end, x + (1 + k) / 2 * passed * score(x, at) + noise)


def test_the_last_step_draws_noise_and_ancestral_steps_do_not() -> None:
    end = {"seed": 1, "schedule": SCHEDULE, "score": SCORE}
    x = starts(50)
    drawn = [sample_network(x, [0], rule, **end).end for rule in (EulerMaruyama(), Ancestral())]
    v = float(SCHEDULE.noise_to_signal(0)) ** 2
    z = _counter.normals(_counter.key_of(1), 0, 0, x)
    torch.testing.assert_close(drawn[0], drawn[1] + math.sqrt(v) * z)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 2, 7, 30])
def test_blocks_change_the_rounding_of_the_products_at_most(d: int, dtype: torch.dtype) -> None:
    x = torch.randn(150, d, generator=torch.Generator().manual_seed(1), dtype=dtype)
    network = Network(d, dtype=dtype)
    error = 1e3 * torch.finfo(dtype).eps
    whole = run(x, score=network, rows=150)
    torch.testing.assert_close(run(x, score=network, rows=37), whole, rtol=error, atol=error)
    one_by_one = run(x[:3], score=network, rows=1)
    torch.testing.assert_close(one_by_one, whole[:, :3], rtol=error, atol=error)
    blocked = Blocked(network, 32)
    whole = run(x, score=blocked, rows=160)
    assert torch.equal(run(x, score=blocked, rows=32), whole)
    part = run(x[64:110], score=blocked, rows=32, first_trajectory=64)
    assert torch.equal(part, whole[:, 64:110])
    assert torch.equal(run(x, score=blocked, rows=32, keep_path=False), whole[[0, -1]])


@pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 3, 19])
def test_compiled_pass_is_that_of_torch(d: int, dtype: torch.dtype) -> None:
    """One pass, on whole and broken blocks of lanes; a score may also return its own argument."""
    generator = torch.Generator().manual_seed(1)
    for n in (1, 64, 200):
        x = torch.randn(n, d, generator=generator, dtype=dtype)
        pull = torch.randn(n, d, generator=generator, dtype=dtype)
        for given in (pull, None, "itself"):
            for row in ((0.9, 0.3, 0.2), (1.1, -0.5, 0.0)):
                one, two = x.clone(), x.clone()
                ends = [(one, network_sampler.native.advance), (two, _counter.advance)]
                for end, advance in ends:
                    advance(end, end if given == "itself" else given, row, (1, 2), 2**40, 5)
                error = 16 * torch.finfo(dtype).eps
                torch.testing.assert_close(one, two, rtol=error, atol=error)


@pytest.mark.usefixtures("engine")
def test_the_points_given_stay_as_they_are_and_strides_do_not_matter() -> None:
    x = starts(60)
    before = x.clone()
    turned = x.T.contiguous().T
    assert torch.equal(run(turned), run(x))
    assert torch.equal(x, before)
    scaled = run(x, score=lambda y, t: (SCORE(y, t).T.contiguous()).T)
    assert torch.equal(scaled, run(x))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_many_steps_with_a_linear_score_have_the_gaussian_law(dtype: torch.dtype) -> None:
    """One mode: every step is linear, so mean and variance follow their own recursion.

    340,000 numbers: the right law is refused once in 1e9, a variance 3 % off either way passes
    once in 1e9, by exact tails of the chi-square law; the mean is tested to 6 deviations.
    """
    n, k, schedule = 170_000, 0.8, EDMSchedule(0.0, 10.0)
    mode, nodes = GaussianMixture([[0.2, 0.3]], 0.25), [0.5, 1.0, 1.5, 2.0]
    x = torch.tensor([[0.7, -0.4]], dtype=dtype).expand(n, 2)
    law = {"schedule": schedule, "score": ExactScore(mode, schedule)}
    end = sample_network(x, nodes, EulerMaruyama(k), **law, seed=9, last=0.25).end
    offset, variance = x[0].double() - mode.means[0], 0.0
    for t, after in ((2.0, 1.5), (1.5, 1.0), (1.0, 0.5), (0.5, 0.25)):
        factor = 1 - (1 + k) / 2 * (t**2 - after**2) / (0.25 + t**2)
        offset, variance = factor * offset, factor**2 * variance + k * (t**2 - after**2)
    z = (end.double() - mode.means - offset) / math.sqrt(variance)
    assert float(z.mean(0).abs().max()) * math.sqrt(n) < 6
    low, high = stats.chi2.ppf(5e-10, 2 * n), stats.chi2.isf(5e-10, 2 * n)
    assert stats.chi2.cdf(high / 1.03, 2 * n) < 1e-9
    assert stats.chi2.sf(low * 1.03, 2 * n) < 1e-9
    for wrong in (1.0, 1.03, 1 / 1.03):
        assert (low <= wrong * float(z.square().sum()) <= high) == (wrong == 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "seed must be an integer for a rule that draws noise, got None"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"first_trajectory": -1}, "first_trajectory must be at least 0"),
        ({"rows": 0}, "rows must be at least 1, got 0"),
        ({"rule": "ddim"}, "rule must be a Step or a Plan"),
        ({"x": torch.zeros(2)}, r"x must have shape \(n, d\) with n, d >= 1 and be float32"),
        ({"x": torch.zeros(2, 2).half()}, "be float32 or float64, got shape"),
        ({"nodes": [5, 3]}, "nodes must"),
        ({"score": None}, r"score must be callable as score\(x, t\), got None"),
        ({"score": lambda x, t: x[: int(t > 9)]}, "score must return a tensor of shape"),
        ({"schedule": None}, "schedule must be a Schedule, got None"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    usual = {"x": starts(2), "nodes": NODES, "rule": EulerMaruyama()}
    given = usual | {"schedule": SCHEDULE, "score": SCORE, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        sample_network(given.pop("x"), given.pop("nodes"), given.pop("rule"), **given)


def test_without_noise_no_seed_is_needed() -> None:
    found = run(starts(5), EulerMaruyama(0.0), seed=None)
    assert torch.equal(found, run(starts(5), EulerMaruyama(0.0), seed=7))
    with pytest.raises(ValueError, match="k must be non-negative, got -1"):
        EulerMaruyama(-1.0)


@pytest.mark.parametrize("wrong", [1.0, 1.06])
def test_it_has_the_law_of_torchsde(wrong: float) -> None:
    """20,000 runs of each from one point, 12 equal steps in v: means and variances.

    The bounds, and what they let pass, are those of the test of this name in
    tests/test_diffusion_exact_sampler.py: a false alarm in 1e8 for each, ends 6 % farther from
    their mean once in 1e8.
    """
    n, law = 20_000, GaussianMixture([[0.4, 0.0], [-0.3, 0.2]], 0.2)
    x = torch.tensor([[0.5, -0.5]], dtype=torch.float64).expand(n, 2).contiguous()
    score, high, low = ExactScore(law, EDMSchedule()), 4.0, 0.25
    dynamics = Dynamics(
        lambda v, y: -score(y, torch.sqrt(v)), (high, low), lambda _, y: torch.ones_like(y)
    )
    step = (high - low) / 12
    other = solve_sde(dynamics, x, method=EULER_MARUYAMA, step=step, noise=BrownianPath(7)).end
    nodes = [math.sqrt(low + step * i) for i in range(1, 13)]
    known = {"schedule": EDMSchedule(), "score": score, "seed": 5, "last": math.sqrt(low)}
    own = sample_network(x, nodes, EulerMaruyama(1.0), **known).end
    own = own.mean(0) + wrong * (own - own.mean(0))
    spread = other.var(0)
    off = (own.mean(0) - other.mean(0)).abs() / torch.sqrt(2 * spread / n)
    wider = float((own.var(0) / spread).log().mean().abs())
    assert float(off.max()) < 6
    assert (wider < 0.06) == (wrong == 1.0)
