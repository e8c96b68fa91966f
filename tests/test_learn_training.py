"""Networks, objectives, the training loop and the score made of a network."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Generator, Tensor, nn

from theorylab.diffusion import ExactScore, GaussianMixture, VPSchedule, ddim_sample
from theorylab.diffusion.perturbed import directional_slope
from theorylab.learn import (
    Cosine,
    FixedData,
    LearnedScore,
    Linear,
    MixtureData,
    NoisePrediction,
    Plan,
    RawIndices,
    ResidualMLP,
    UniformTimes,
    build,
    constant,
    parameter_count,
    sinusoids,
    train,
)

SCHEDULE = VPSchedule.ddpm()
SINGLE = GaussianMixture([[0.3]], 0.04)


def generator(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def small() -> ResidualMLP:
    return ResidualMLP(1, width=16, blocks=1)


def test_the_network_has_the_size_of_the_paper() -> None:
    assert parameter_count(ResidualMLP(2)) == 29_954
    assert parameter_count(ResidualMLP(1)) == 29_825


def test_the_forward_pass_is_the_stated_formula() -> None:
    net = build(partial(ResidualMLP, 2, width=4, blocks=1), seed=1)
    net = net.double()
    x, t = torch.randn(5, 2, generator=generator()), torch.tensor([0.0, 3.0, 9.0, 500.0, 999.0])

    def norm(h: Tensor, layer: nn.LayerNorm) -> Tensor:
        centred = h - h.mean(-1, keepdim=True)
        scaled = centred / torch.sqrt(h.var(-1, keepdim=True, unbiased=False) + layer.eps)
        return layer.weight * scaled + layer.bias

    def act(h: Tensor) -> Tensor:
        return torch.where(h > 0, h, 0.2 * h)

    angles = t[:, None] * torch.tensor([1.0, 0.01])
    embedded = torch.cat([angles.sin(), angles.cos()], -1)
    h = x @ net.enter.weight.T + net.enter.bias + embedded @ net.time.weight.T + net.time.bias
    block = net.blocks[0]
    inner = act(norm(h, block.norm)) @ block.inner.weight.T + block.inner.bias
    h = h + act(inner) @ block.outer.weight.T + block.outer.bias
    expected = act(norm(h, net.norm)) @ net.leave.weight.T + net.leave.bias
    torch.testing.assert_close(net(x, t), expected)


def test_rows_do_not_see_each_other_and_one_time_serves_all() -> None:
    net = build(small, seed=2).double()
    x = torch.randn(7, 1, generator=generator())
    together = net(x, torch.full((7,), 30.0))
    torch.testing.assert_close(together, net(x, torch.tensor(30.0)))
    torch.testing.assert_close(together[3:4], net(x[3:4], torch.tensor([30.0])))


def test_building_leaves_the_global_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    one, other = build(small, seed=3), build(small, seed=3)
    assert torch.equal(one.enter.weight, other.enter.weight)
    assert torch.equal(before, torch.random.get_rng_state())


def test_mixture_data_have_the_moments_of_the_mixture() -> None:
    mixture = GaussianMixture([[-1.0, 0.0], [2.0, 1.0]], [0.01, 0.25], [0.25, 0.75])
    n = 40_000
    x = MixtureData(mixture)(n, generator(4)).double()
    assert x.shape == (n, 2)
    mean = mixture.weights @ mixture.means
    spread = mixture.weights @ (mixture.variance[:, None] + (mixture.means - mean) ** 2)
    assert torch.allclose(x.mean(0), mean, atol=6 * math.sqrt(float(spread.max()) / n))
    assert torch.allclose(x.var(0), spread, rtol=0.05)


def test_fixed_data_and_times_draw_from_what_they_were_given() -> None:
    rows = FixedData([[1.0], [2.0], [5.0]])(300, generator())
    assert set(rows[:, 0].tolist()) == {1.0, 2.0, 5.0}
    raw = RawIndices(4)(300, generator())
    assert set(raw.tolist()) == {0.0, 1.0, 2.0, 3.0}
    t = UniformTimes(0.25, 0.5)(1000, generator())
    assert bool(((t >= 0.25) & (t <= 0.5)).all())
    assert abs(float(t.mean()) - 0.375) < 0.02


class Perfect(nn.Module):
    """The exact noise predictor of a mixture."""

    def __init__(self, mixture: GaussianMixture) -> None:
        super().__init__()
        self.score = ExactScore(mixture, SCHEDULE)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        sigma = SCHEDULE.sigma(t)
        return -(sigma[..., None] if sigma.ndim else sigma) * self.score(x, t)


def test_the_loss_of_the_exact_predictor_is_the_posterior_variance() -> None:
    """One component: Var(n | x_t) = alpha^2 v / (alpha^2 v + sigma^2), averaged over t."""
    objective = NoisePrediction(MixtureData(SINGLE), SCHEDULE, RawIndices(), 200_000)
    t = torch.arange(1000.0, dtype=torch.float64)
    kept = SCHEDULE.alpha(t) ** 2 * 0.04
    expected = float((kept / (kept + SCHEDULE.sigma(t) ** 2)).mean())
    got = float(objective(Perfect(SINGLE), generator(6)))
    assert got == pytest.approx(expected, rel=0.05)
    worse = float(objective(Perfect(GaussianMixture([[0.0]], 0.04)), generator(6)))
    assert worse > 1.2 * expected


class Recorder(nn.Module):
    """Predicts zero and keeps what it was given."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        self.x, self.t = x, t
        return torch.zeros_like(x)


def test_the_noisy_points_are_alpha_x_plus_sigma_n() -> None:
    """Against a prediction of zero the loss is the mean of n^2, and n is (x_t - alpha x)/sigma."""
    net = Recorder()
    data = FixedData(torch.tensor([[2.0, -1.0]]))
    loss = NoisePrediction(data, SCHEDULE, RawIndices(), 500)(net, generator(9))
    t = net.t.double()
    assert len(set(t.tolist())) > 300
    clean = SCHEDULE.alpha(t)[:, None] * torch.tensor([2.0, -1.0])
    n = (net.x.double() - clean) / SCHEDULE.sigma(t)[:, None]
    assert float(n.square().mean()) == pytest.approx(float(loss), rel=1e-4)
    assert float(n.square().mean()) == pytest.approx(1.0, abs=0.2)


def test_training_is_a_function_of_the_seed_and_lowers_the_loss() -> None:
    objective = NoisePrediction(MixtureData(SINGLE), SCHEDULE, RawIndices(), 64)
    plan = Plan(150, Cosine(1e-2, 1e-3))
    one, other = (train(small, objective, plan, seed=7) for _ in range(2))
    assert torch.equal(one.losses, other.losses)
    assert torch.equal(one.network.leave.weight, other.network.leave.weight)
    assert not torch.equal(one.losses, train(small, objective, plan, seed=8).losses)
    assert float(one.losses[-30:].mean()) < 0.5 * float(one.losses[:5].mean())
    assert len(one.stretches(10)) == 10
    assert not one.network.training


class Slope(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([3.0, 4.0]))


def test_clip_decay_and_average_are_adams() -> None:
    """One step by hand: the first step of Adam has length rate in every coordinate."""

    def loss(net: nn.Module, _: Generator) -> Tensor:
        return (net.w * torch.tensor([1.0, -1.0])).sum()

    stepped = train(Slope, loss, Plan(1, constant(0.1)), seed=0).network.w.double()
    torch.testing.assert_close(stepped.detach(), torch.tensor([2.9, 4.1]), rtol=1e-6, atol=0)
    averaged = train(Slope, loss, Plan(1, constant(0.1), ema=0.75), seed=0).network.w.double()
    torch.testing.assert_close(averaged.detach(), torch.tensor([2.975, 4.025]), rtol=1e-6, atol=0)
    decayed = train(
        Slope, loss, Plan(1, constant(0.1), weight_decay=1.0), seed=0
    ).network.w.double()
    torch.testing.assert_close(decayed.detach(), torch.tensor([2.9, 3.9]), rtol=1e-6, atol=0)
    still = train(Slope, loss, Plan(1, constant(0.1), clip=1e-12), seed=0).network.w.double()
    assert float((still.detach() - torch.tensor([3.0, 4.0])).abs().max()) < 1e-4


def test_learning_rates_run_from_first_to_last() -> None:
    for rate in (Linear(1e-2, 1e-4), Cosine(1e-2, 1e-4)):
        assert rate.at(0.0) == pytest.approx(1e-2)
        assert rate.at(0.5) == pytest.approx(5.05e-3)
        assert rate.at(1.0) == pytest.approx(1e-4)
    assert Cosine(1.0, 0.5).at(0.25) > Linear(1.0, 0.5).at(0.25)
    assert constant(0.3).at(0.7) == pytest.approx(0.3)


def test_the_score_of_an_exact_predictor_is_exact() -> None:
    mixture = GaussianMixture.grid()
    score, exact = LearnedScore(Perfect(mixture), SCHEDULE), ExactScore(mixture, SCHEDULE)
    x = torch.randn(9, 2, generator=generator(), dtype=torch.float64)
    for t in (torch.tensor(40.0), torch.arange(9.0) * 100):
        torch.testing.assert_close(score(x, t), exact(x, t.double()))


def test_the_score_keeps_dtype_and_tracks_gradients_only_in_x() -> None:
    net = build(small, seed=5)
    score = LearnedScore(net, SCHEDULE)
    for dtype in (torch.float32, torch.float64):
        x = torch.randn(6, 1, generator=generator(), dtype=dtype)
        value = score(x, torch.tensor(20.0))
        assert value.dtype == dtype
        assert not value.requires_grad
    path = ddim_sample(x, [0, 20], schedule=SCHEDULE, score=score)
    assert path.end.dtype == torch.float64
    got = directional_slope(LearnedScore(net.double(), SCHEDULE), x, [1.0], 20.0)
    h = 1e-5
    ahead, back = (score(x + step, torch.tensor(20.0)) for step in (h, -h))
    torch.testing.assert_close(got, (ahead - back)[:, 0] / (2 * h), rtol=1e-6, atol=1e-6)


class Wide(nn.Module):
    def forward(self, x: Tensor, t: Tensor) -> Tensor:  # noqa: ARG002
        return torch.cat([x, x], -1)


DATA = MixtureData(SINGLE)
PLAN = Plan(2, constant(1e-3))
BAD = [
    (lambda: ResidualMLP(0), "d must be at least 1, got 0"),
    (lambda: ResidualMLP(1, width=7), "width must be even, got 7"),
    (lambda: ResidualMLP(1, blocks=-1), "blocks must be at least 0, got -1"),
    (lambda: ResidualMLP(1, time_scale=0.0), "time_scale must be positive, got 0.0"),
    (lambda: small()(torch.zeros(3, 2), torch.tensor(0.0)), r"x must have shape \(\*n, 1\)"),
    (lambda: small()(torch.zeros(3, 1), torch.zeros(2)), r"t must have shape \(\) or \(3,\)"),
    (lambda: sinusoids(torch.zeros(2), 4, period=0.0), "period must be positive, got 0.0"),
    (lambda: build(3, seed=0), "factory must be callable without arguments, got 3"),
    (lambda: build(dict, seed=0), "factory must give a torch.nn.Module"),
    (lambda: build(small, seed=-1), "seed must be at least 0, got -1"),
    (lambda: MixtureData([1.0]), "mixture must be a GaussianMixture"),
    (lambda: FixedData([1.0]), r"points must have shape \(m, ...\)"),
    (lambda: FixedData([[float("inf")]]), "points must be finite"),
    (lambda: RawIndices(0), "steps must be at least 1, got 0"),
    (lambda: UniformTimes(1.0, 1.0), "high must exceed low = 1.0, got 1.0"),
    (lambda: NoisePrediction(3, SCHEDULE, RawIndices(), 4), "data must be callable"),
    (lambda: NoisePrediction(DATA, SCHEDULE, 3, 4), "times must be callable"),
    (lambda: NoisePrediction(DATA, 3, RawIndices(), 4), "schedule must be a Schedule, got 3"),
    (lambda: NoisePrediction(DATA, SCHEDULE, RawIndices(), 0), "batch must be at least 1"),
    (lambda: Linear(0.0, 1.0), "first must be positive, got 0.0"),
    (lambda: Cosine(1.0, -1.0), "last must be positive, got -1.0"),
    (lambda: Plan(0, constant(1.0)), "steps must be at least 1, got 0"),
    (lambda: Plan(1, 0.1), "rate must be a LearningRate, got 0.1"),
    (lambda: Plan(1, constant(1.0), weight_decay=-1.0), "weight_decay must be non-negative"),
    (lambda: Plan(1, constant(1.0), clip=0.0), "clip must be positive, got 0.0"),
    (lambda: Plan(1, constant(1.0), ema=1.0), r"ema must be in the open interval \(0, 1\)"),
    (lambda: train(small, 3, PLAN, seed=0), "objective must be callable"),
    (lambda: train(small, lambda *_: torch.ones(2), PLAN, seed=0), "must give a finite scalar"),
    (lambda: train(small, lambda *_: torch.tensor(math.nan), PLAN, seed=0), "finite scalar"),
    (lambda: train(small, lambda *_: 0, 3, seed=0), "plan must be a Plan, got 3"),
    (lambda: train(small, lambda *_: 0, PLAN, seed=0, every=0), "every must be at least 1"),
    (lambda: LearnedScore(3, SCHEDULE), "network must be a torch.nn.Module, got 3"),
    (lambda: LearnedScore(small(), 3), "schedule must be a Schedule, got 3"),
    (
        lambda: LearnedScore(small(), SCHEDULE)(torch.zeros(1, 1), torch.tensor(-1.0)),
        "t must be a time with noise, got -1.0",
    ),
    (
        lambda: LearnedScore(Wide(), SCHEDULE)(torch.zeros(1, 1), torch.tensor(1.0)),
        "network must return the shape",
    ),
]


@pytest.mark.parametrize(("call", "match"), BAD)
def test_bad_input_is_refused(call: Callable[[], object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
