"""The fused sampler: its noise, its twin in torch, `samplers.sample`, and the exact law."""

import math

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import (
    DDIM,
    Ancestral,
    Family,
    GaussianMixture,
    Hybrid,
    Restart,
    VPSchedule,
    _counter,
    clock_dynamics,
    clock_reverse,
    euler_maruyama,
    exact_sampler,
    quadratic_nodes,
    reverse_law,
    sample,
    sample_mixture,
    start_law,
)
from theorylab.diffusion.score import ExactScore
from theorylab.integrate import EULER, EULER_MARUYAMA, BrownianPath, solve_ode, solve_sde
from theorylab.native import library
from theorylab.native import sampler as native

GRID = GaussianMixture.grid()
SCHEDULE = VPSchedule.ddpm()
NODES = quadratic_nodes(20)
HAS_LIBRARY = library() is not None
needs_compiler = pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")
ENGINES = ["torch", *(["compiled"] if HAS_LIBRARY else [])]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(exact_sampler.native, "run", exact_sampler._in_torch)
    return request.param


def starts(n: int) -> Tensor:
    return start_law(GRID, SCHEDULE).sample(n, seed=1)


def run(x: Tensor, rule: object = Ancestral(), **others: object) -> Tensor:
    usual = {"mixture": GRID, "schedule": SCHEDULE, "seed": 3}
    return sample_mixture(x, NODES, rule, **(usual | others)).states


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    """The known answers that are published with Random123."""
    column = [torch.tensor([word], dtype=torch.int64) for word in counter]
    assert tuple(int(w) for w in _counter.philox(column, key)) == expected


@needs_compiler
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8, 19])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_normals_are_those_of_torch(d: int, dtype: torch.dtype) -> None:
    """To 16 roundings of a normal of size 8; another word would move it by some 1."""
    like = torch.zeros(3000, d, dtype=dtype)
    for key, first, step in (
        ((1, 2), 0, 0),
        ((2**32 - 1, 7), 2**33 - 5, 999),
        ((3, 4), 2**64 - 9000, 2**31),
    ):
        found = native.normals(key, first, step, like)
        expected = _counter.normals(key, first, step, like)
        assert float((found - expected).abs().max()) < 16 * torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normals_have_the_moments_and_tails_of_a_normal(dtype: torch.dtype) -> None:
    """2e6 numbers, each average within 6 deviations: a false alarm in 1e8 for each of nine."""
    z = _counter.normals((5, 6), 0, 1, torch.zeros(500_000, 4, dtype=dtype)).double()
    n = z.numel()
    for power, mean, deviation in ((1, 0, 1), (2, 1, 2**0.5), (3, 0, 15**0.5), (4, 3, 96**0.5)):
        assert abs(float((z**power).mean()) - mean) < 6 * deviation / math.sqrt(n)
    for edge in (1.0, 3.0, 4.0):
        share = math.erfc(edge / math.sqrt(2))
        found = float((z.abs() > edge).double().mean())
        assert abs(found - share) < 6 * math.sqrt(share / n)
    correlation = torch.corrcoef(z.T) - torch.eye(4, dtype=torch.float64)
    assert float(correlation.abs().max()) < 6 / math.sqrt(len(z))
    other = _counter.normals((5, 6), 0, 2, torch.zeros(500_000, 4, dtype=dtype)).double()
    assert abs(float((z * other).mean())) < 6 / math.sqrt(n)


@pytest.mark.parametrize(("dtype", "end"), [(torch.float32, 6.76), (torch.float64, 8.65)])
def test_normals_end_where_their_uniforms_do(dtype: torch.dtype, end: float) -> None:
    """The least uniform is half a step of 2^-32 or 2^-53; the angle is 0 as well."""
    uniforms = _counter._uniforms_32 if dtype == torch.float32 else _counter._uniforms_64
    words = [torch.zeros(1, dtype=torch.int64)] * 4
    largest = max(float(z.max()) for z in _counter._box_muller(uniforms(words)))
    assert largest == pytest.approx(end, abs=0.005)


@pytest.mark.usefixtures("engine")
def test_the_two_fused_samplers_share_their_noise_at_equal_seed() -> None:
    """With one mode and one step: both residuals are the same normals."""
    mode, y = GaussianMixture([[0.2, 0.3]], 0.01), torch.zeros(50, 2, dtype=torch.float64)
    at, after = (float(SCHEDULE.noise_to_signal(t)) ** 2 for t in (400, 200))
    law = {"mixture": mode, "schedule": SCHEDULE}
    path = sample_mixture(y, [400], Ancestral(), **law, seed=3, last=200)
    kept = (0.01 + after) / (0.01 + at)
    mean = mode.means + kept * (y - mode.means)
    drawn = math.sqrt((at - after) * after / at)
    other = euler_maruyama(mode, y, steps=1, s_start=0.9, s_stop=0.6, seed=3)
    h = math.log(1.5)
    z = (other - y - 2 * h * (mode.means - y)) / (math.sqrt(2 * h) * 0.9)
    torch.testing.assert_close((path.end / SCHEDULE.alpha(200) - mean) / drawn, z)


RULES = [DDIM(), DDIM(0.4), Ancestral(), Family(0.5), Hybrid(3), Restart(NODES[3], NODES[9], 2)]


@needs_compiler
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_compiled_run_is_that_of_torch(rule: object) -> None:
    found = run(starts(200), rule, keep_path=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_sampler.native, "run", exact_sampler._in_torch)
        expected = run(starts(200), rule, keep_path=True)
    # rounding grows on the way through the neighbourhood of a separatrix
    assert float((found - expected).abs().max()) < 1e-8
    assert float((found - expected).abs().median()) < 1e-14


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_is_sample_with_the_same_noise(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """`samplers.sample`, handed the normals of this module, takes the same steps."""
    key = _counter.key_of(3)

    def normals(_: object, number: int, like: Tensor) -> Tensor:
        return _counter.normals(key, 0, number, like)

    monkeypatch.setattr("theorylab.diffusion.samplers._normals", normals)
    x, score = starts(100), ExactScore(GRID, SCHEDULE)
    expected = sample(x, NODES, rule, schedule=SCHEDULE, score=score, seed=3, keep_path=True)
    path = sample_mixture(x, NODES, rule, mixture=GRID, schedule=SCHEDULE, seed=3, keep_path=True)
    assert torch.equal(path.times, expected.times)
    assert path.evaluations == expected.evaluations
    torch.testing.assert_close(path.states, expected.states, rtol=1e-7, atol=1e-7)


@needs_compiler
def test_neighbours_threads_and_storage_change_no_bit() -> None:
    x = starts(1000)
    whole = run(x, keep_path=True)
    assert torch.equal(run(x)[-1], whole[-1])
    assert torch.equal(run(x[130:333], first_trajectory=130)[-1], whole[-1, 130:333])
    assert not torch.equal(run(x[130:333])[-1], whole[-1, 130:333])
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert torch.equal(run(x)[-1], whole[-1])
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("wrong", [1.0, 1.03])
def test_the_law_of_one_mode_is_exact(wrong: float) -> None:
    """One Gaussian: ancestral steps are exact, so the end has the moments of `reverse_law`.

    20,000 runs from one point to a noised time; a mean or a variance off by 6 deviations, a false
    alarm in 1e8 for each of four. A deviation 3 % too large moves the variance by 8.5 of them.
    """
    law = GaussianMixture([[0.5, -0.2]], 0.3)
    n, stop, nodes = 20_000, 200, list(range(200, 801, 100))
    x = torch.tensor([[0.9, 0.1]], dtype=torch.float64).expand(n, 2)
    exact = reverse_law(law, x[:1], schedule=SCHEDULE, start=800, stop=stop)
    with pytest.MonkeyPatch.context() as patch:
        usual = exact_sampler.coefficients
        patch.setattr(
            exact_sampler,
            "coefficients",
            lambda *a: usual(*a)._replace(deviation=wrong * usual(*a).deviation),
        )
        usual_nodes = nodes[1:]
        path = sample_mixture(
            x, usual_nodes, _Exact(0.3), mixture=law, schedule=SCHEDULE, seed=8, last=stop
        )
    mean, variance = exact.means[0, 0], float(exact.variance[0])
    off = (path.end.mean(0) - mean).abs() / math.sqrt(variance / n)
    spread = (path.end.var(0) / variance - 1).abs() / math.sqrt(2 / n)
    assert float(off.max()) < 6
    assert (float(spread.max()) < 6) == (wrong == 1.0)


def _steps(y: Tensor, steps: int, **others: object) -> Tensor:
    usual = {"s_start": 3.0, "s_stop": 0.05, "seed": 4} | others
    return euler_maruyama(GRID, y, steps=steps, **usual)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("k", [0.0, 0.5, 1.0])
def test_steps_of_euler_and_maruyama_term_by_term(k: float) -> None:
    y = GRID.noised(1.0, 3.0).sample(50, seed=1)
    expected, h, key = y, math.log(60) / 30, _counter.key_of(4)
    for step in range(30):
        s = 3 * math.exp(-step * h)
        pull = GRID.with_variance(s**2).expected_mean(expected) - expected
        noise = _counter.normals(key, 0, step, y)
        expected = expected + (1 + k) * h * pull + math.sqrt(2 * k * h) * s * noise
    torch.testing.assert_close(_steps(y, 30, k=k), expected, rtol=1e-9, atol=1e-9)


def test_without_noise_it_is_eulers_method_of_torchdiffeq() -> None:
    y = GRID.noised(1.0, 3.0).sample(50, seed=1)
    dynamics = clock_dynamics(GRID, s_start=3.0, s_stop=0.05)
    path = solve_ode(dynamics, y, method=EULER, step=math.log(60) / 30)
    torch.testing.assert_close(_steps(y, 30, k=0.0), path.end, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("wrong", [1.0, 1.06])
def test_it_has_the_law_of_torchsde(wrong: float) -> None:
    """20,000 runs of each from one point, 12 steps: means and variances of both coordinates.

    Means within 6 deviations of their difference, a false alarm in 1e8 for each. The mean log
    ratio of the two variances has the deviation 0.01, and its bound 0.06 is 6 of them; ends that
    are 6 % farther from their mean move it by 0.117 and pass once in 1e8.
    """
    n, law = 20_000, GaussianMixture([[0.4, 0.0], [-0.3, 0.2]], 0.2)
    y = torch.tensor([[0.5, -0.5]], dtype=torch.float64).expand(n, 2).contiguous()
    dynamics = clock_reverse(law, 1.0, s_start=2.0, s_stop=0.5)
    step = math.log(4) / 12
    other = solve_sde(dynamics, y, method=EULER_MARUYAMA, step=step, noise=BrownianPath(7)).end
    own = euler_maruyama(law, y, steps=12, s_start=2.0, s_stop=0.5, seed=5)
    own = own.mean(0) + wrong * (own - own.mean(0))
    spread = other.var(0)
    off = (own.mean(0) - other.mean(0)).abs() / torch.sqrt(2 * spread / n)
    wider = float((own.var(0) / spread).log().mean().abs())
    assert float(off.max()) < 6
    assert (wider < 0.06) == (wrong == 1.0)


class _Exact(Ancestral):
    """The step of the reverse SDE of one Gaussian, exact in law: both moments from conjugacy."""

    def __init__(self, spread: float) -> None:
        super().__init__()
        object.__setattr__(self, "spread", spread)

    def kept(self, levels):
        v, after, _ = levels
        # y' - mu = (s'^2 / s^2)(y - mu), and here y - mu = (s^2 / sqrt v) eps
        return torch.sqrt(v) * (1 - (v - after) / v)

    def drawn(self, levels):
        v, after, _ = levels
        return torch.sqrt((self.spread + after) * (v - after) / (self.spread + v))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed must be at least 0"),
        ({"first_trajectory": -1}, "first_trajectory must be at least 0"),
        ({"rule": "ddim"}, "rule must be a Step or a Plan"),
        ({"x": torch.zeros(2)}, r"y must have shape \(n, d\)"),
        ({"nodes": [5, 3]}, "nodes must"),
        ({"mixture": GRID.with_variance(torch.rand(25) + 1)}, "variance must be shared"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    usual = {"x": starts(2), "nodes": NODES, "rule": DDIM(), "mixture": GRID}
    arguments = usual | {"schedule": SCHEDULE, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        sample_mixture(
            arguments.pop("x"), arguments.pop("nodes"), arguments.pop("rule"), **arguments
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"k": -1.0}, "k must"),
        ({"s_stop": 4.0}, "s_stop must be below s_start"),
        ({"s_stop": 1e-9}, "s_stop must be at least"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"first_trajectory": -1}, "first_trajectory must be at least 0"),
    ],
)
def test_bad_steps_are_refused(change: dict[str, object], message: str) -> None:
    usual = {"steps": 3, "s_start": 3.0, "s_stop": 0.5, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        euler_maruyama(GRID, starts(2), **usual)
