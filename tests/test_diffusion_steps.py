"""The rules of the samplers: textbook formulas, limits, and the noise of a trajectory."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import (
    DDIM,
    FIXED_LARGE,
    FIXED_SMALL,
    Ancestral,
    Blocked,
    DriftAndNoise,
    EDMSchedule,
    EulerMaruyama,
    ExactScore,
    Family,
    GaussianMixture,
    Hybrid,
    Restart,
    Step,
    VPSchedule,
    ddim_sample,
    ddim_step,
    linear_nodes,
    quadratic_nodes,
    sample,
    take_step,
    with_final_steps,
)
from theorylab.diffusion.samplers import Plan
from theorylab.diffusion.steps import Levels
from theorylab.noise import TrajectoryNoise

DDPM = VPSchedule.ddpm()
GRID = GaussianMixture.grid()
SCORE = ExactScore(GRID, DDPM)
PAIRS = [(800, 768), (21, 16), (5, 3), (1, 0), (0, -1)]
RULES: list[Step | Plan] = [
    DDIM(0.5),
    Ancestral(),
    Ancestral(FIXED_LARGE),
    Family(0.3),
    EulerMaruyama(0.4),
    Hybrid(4),
    Restart(5, 12, 2),
    DriftAndNoise(DDIM(), Ancestral()),
]


def start(n: int, seed: int = 3) -> Tensor:
    return TrajectoryNoise(seed).normals(0, like=torch.zeros(n, 2))


def levels(t: float, t_next: float) -> Levels:
    return Levels.of(DDPM, t, t_next)


@pytest.mark.parametrize(("t", "t_next"), PAIRS)
@pytest.mark.parametrize(
    ("one", "other"),
    [(Ancestral(), DDIM(1.0)), (Ancestral(), Family(1.0)), (DDIM(), Family(0.0))],
)
def test_rules_that_are_the_same(one: Step, other: Step, t: float, t_next: float) -> None:
    torch.testing.assert_close(one.kept(levels(t, t_next)), other.kept(levels(t, t_next)))
    torch.testing.assert_close(one.drawn(levels(t, t_next)), other.drawn(levels(t, t_next)))


@pytest.mark.parametrize("variance", [FIXED_SMALL, FIXED_LARGE])
@pytest.mark.parametrize("t", [999, 20, 1, 0])
def test_the_ancestral_step_is_the_textbook_one(variance: object, t: int) -> None:
    """x' = (x - beta eps / sqrt(1 - abar)) / sqrt(alpha) + sigma_t z, z = 0 at the last step."""
    x, z = start(7), start(7, seed=4)
    beta = DDPM.betas[t]
    kept = torch.cumprod(1 - DDPM.betas, 0)
    before = kept[t - 1] if t > 0 else torch.tensor(1.0)
    epsilon = -torch.sqrt(1 - kept[t]) * SCORE(x, torch.tensor(float(t)))
    mean = (x - beta / torch.sqrt(1 - kept[t]) * epsilon) / torch.sqrt(1 - beta)
    small = (1 - before) / (1 - kept[t]) * beta
    chosen = (small if variance is FIXED_SMALL else beta) * (t > 0)
    expected = mean + torch.sqrt(chosen) * z
    got = take_step(Ancestral(variance), x, t, t - 1, schedule=DDPM, score=SCORE, noise=z)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("k", [0.0, 0.25, 1.0, 2.0])
def test_two_steps_of_the_family_make_one(k: float) -> None:
    """With a fixed denoiser the offset y - x0 is a Markov chain, whatever the nodes between."""

    def offset(t: float, t_next: float) -> tuple[Tensor, Tensor]:
        at = levels(t, t_next)
        return Family(k).kept(at) / torch.sqrt(at.now), Family(k).drawn(at) ** 2

    (a, b), (c, d), (e, f) = offset(30, 12), offset(12, 4), offset(30, 4)
    torch.testing.assert_close(a * c, e)
    torch.testing.assert_close(c**2 * b + d, f)


@pytest.mark.parametrize("k", [0.25, 1.0, 2.0])
def test_a_short_step_of_the_family_has_the_rates_of_its_equation(k: float) -> None:
    """dy = (1 + k)(x0 - y) du + sqrt(2 k v) dB, u = -ln sqrt(v)."""
    at = Levels.of(EDMSchedule(), 2.0, 2.0 * math.exp(-1e-6))
    shrink = float(Family(k).kept(at)) / 2.0
    assert (1 - shrink) / 1e-6 == pytest.approx(1 + k, rel=1e-5)
    assert float(Family(k).drawn(at)) ** 2 / 1e-6 == pytest.approx(2 * k * 4.0, rel=1e-5)


def test_an_ablation_takes_its_drift_and_its_noise_where_it_is_told() -> None:
    at = levels(21, 16)
    mixed, quiet = DriftAndNoise(DDIM(), Ancestral()), DriftAndNoise(Ancestral())
    assert (mixed.kept(at), mixed.drawn(at)) == (DDIM().kept(at), Ancestral().drawn(at))
    assert (quiet.kept(at), quiet.drawn(at)) == (Ancestral().kept(at), 0)


@pytest.mark.parametrize("rule", [r for r in RULES if r != EulerMaruyama(0.4)], ids=str)
def test_every_rule_ends_in_the_denoiser(rule: Step | Plan) -> None:
    x = start(9)
    path = sample(x, quadratic_nodes(50), rule, schedule=DDPM, score=SCORE, seed=1, keep_path=True)
    before = path.states[-2]
    clean = ddim_step(before, 0.0, -1.0, schedule=DDPM, score=SCORE)
    torch.testing.assert_close(path.end, clean, rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("d", [2, 64])
def test_a_trajectory_does_not_know_its_batch(rule: Step | Plan, d: int) -> None:
    """Bit for bit: with the exact score in the plane, and with a blocked one in 64 dimensions."""
    n = 300
    law = GaussianMixture(TrajectoryNoise(9).normals(0, like=torch.zeros(5, d)), 1e-3)
    exact = ExactScore(law, DDPM)
    x = TrajectoryNoise(3).normals(0, like=torch.zeros(n, d))

    def run(first: int, stop: int) -> Tensor:
        score = exact if d == 2 else Blocked(exact, 64, first)
        end = sample(
            x[first:stop],
            [0, 2, 5, 12, 40],
            rule,
            schedule=DDPM,
            score=score,
            seed=7,
            first_trajectory=first,
        )
        return end.end

    whole = run(0, n)
    for size in (1, 37, 256):
        parts = [run(first, min(first + size, n)) for first in range(0, n, size)[:8]]
        joined = torch.cat(parts)
        assert torch.equal(joined, whole[: len(joined)])


def test_a_blocked_score_is_the_score() -> None:
    x, t = start(10), torch.tensor(20.0)
    shapes = []

    def score(x: Tensor, t: Tensor) -> Tensor:
        shapes.append(tuple(x.shape))
        return SCORE(x, t)

    torch.testing.assert_close(Blocked(score, 4, 7)(x, t), SCORE(x, t), rtol=1e-13, atol=0)
    assert shapes == [(4, 2)] * 4


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_path_is_kept_only_if_wanted_and_changes_nothing(rule: Step | Plan) -> None:
    x, nodes = start(5), quadratic_nodes(50)
    calls = []

    def score(x: Tensor, t: Tensor) -> Tensor:
        calls.append(float(t))
        return SCORE(x, t)

    short = sample(x, nodes, rule, schedule=DDPM, score=score, seed=1)
    assert short.states.shape == (2, 5, 2)
    assert short.evaluations == len(calls)
    long = sample(x, nodes, rule, schedule=DDPM, score=SCORE, seed=1, keep_path=True)
    assert len(long.times) > 50
    assert torch.equal(long.end, short.end)
    assert torch.equal(long.begin, x)
    assert calls == [t for t, after in pairwise(long.times.tolist()) if after < t]


def test_ddim_sample_is_the_rule_ddim() -> None:
    x, nodes = start(5), quadratic_nodes(20)
    old = ddim_sample(x, nodes, schedule=DDPM, score=SCORE, eta=0.7, seed=11)
    new = sample(x, nodes, DDIM(0.7), schedule=DDPM, score=SCORE, seed=11)
    assert torch.equal(old.end, new.end)
    assert not torch.equal(
        old.end, sample(x, nodes, DDIM(0.7), schedule=DDPM, score=SCORE, seed=12).end
    )


def test_a_hybrid_is_ddim_and_then_ancestral() -> None:
    nodes = with_final_steps(quadratic_nodes(50), 5)
    assert nodes[:8] == [0, 1, 2, 3, 4, 5, 8, 12]
    path = sample(start(6), nodes, Hybrid(5), schedule=DDPM, score=SCORE, seed=2, keep_path=True)
    x, noise = start(6), TrajectoryNoise(2)
    for number, (t, after) in enumerate(pairwise([*nodes[::-1], -1])):
        z = noise.normals(number, like=x)
        eta = 1.0 if number >= len(nodes) - 5 else 0.0
        x = ddim_step(x, t, after, schedule=DDPM, score=SCORE, eta=eta, noise=z)
    torch.testing.assert_close(path.end, x, rtol=0, atol=1e-14)
    none, all_ = (
        sample(start(6), nodes, Hybrid(z), schedule=DDPM, score=SCORE, seed=2).end
        for z in (0, len(nodes))
    )
    plain, ancestral = (
        sample(start(6), nodes, rule, schedule=DDPM, score=SCORE, seed=2).end
        for rule in (DDIM(), Ancestral())
    )
    assert torch.equal(none, plain)
    assert torch.equal(all_, ancestral)


def test_a_restart_goes_back_up_by_the_forward_process() -> None:
    rule = Restart(1, 300, 2)
    path = sample(
        start(4000), [0, 1, 9, 300, 500], rule, schedule=DDPM, score=SCORE, seed=2, keep_path=True
    )
    assert path.times.tolist() == [500, 300, 9, 1, 300, 9, 1, 300, 9, 1, 0, -1]
    kept = DDPM.alpha(300.0) / DDPM.alpha(1.0)
    assert float(kept) == pytest.approx(0.63, abs=0.01)
    added = path.states[4] - kept * path.states[3]
    shared = float((added * path.states[3]).mean() / path.states[3].square().mean())
    assert abs(shared) < 0.06  # 5 standard errors
    variance = float(1 - kept**2)
    assert float(added.var()) == pytest.approx(variance, rel=0.08)  # 5 standard errors
    again = path.states[7] - kept * path.states[6]
    assert not torch.allclose(added, again)


def test_a_restart_of_no_loop_is_its_step() -> None:
    x, nodes = start(4), quadratic_nodes(10)
    rule = Restart(nodes[2], nodes[4], 0)
    assert torch.equal(
        sample(x, nodes, rule, schedule=DDPM, score=SCORE).end,
        sample(x, nodes, DDIM(), schedule=DDPM, score=SCORE).end,
    )


def test_nodes_may_be_a_range() -> None:
    listed, ranged = (
        sample(start(4), nodes, DDIM(), schedule=DDPM, score=SCORE).end
        for nodes in (list(range(9)), range(9))
    )
    assert torch.equal(listed, ranged)


def test_single_precision_stays_so() -> None:
    x = start(4).float()
    path = sample(x, linear_nodes(10), Ancestral(), schedule=DDPM, score=SCORE, seed=2)
    assert path.end.dtype == torch.float32


@pytest.mark.parametrize("d", [1, 2, 700, 5000])
def test_noise_of_a_trajectory_does_not_know_the_batch(d: int) -> None:
    whole = TrajectoryNoise(4).normals(6, like=torch.zeros(40, d))
    part = TrajectoryNoise(4, 13).normals(6, like=torch.zeros(11, d))
    assert torch.equal(part, whole[13:24])
    flat = TrajectoryNoise(4).uniforms(6, like=torch.zeros(4000, d))
    assert torch.equal(
        TrajectoryNoise(4, 1500).uniforms(6, like=torch.zeros(9, d)), flat[1500:1509]
    )
    assert float(flat.min()) >= 0
    assert float(flat.mean()) == pytest.approx(0.5, abs=0.023)  # 5 standard errors
    assert not torch.equal(whole, TrajectoryNoise(4).normals(7, like=whole))
    assert not torch.equal(whole, TrajectoryNoise(5).normals(6, like=whole))


@pytest.mark.parametrize("exponent", [-1, -4, -9, -15, -16, -30])
def test_a_step_to_almost_no_noise_keeps_its_digits(exponent: int) -> None:
    """v' - b^2 is v'^2 / v at eta = 1: a difference of two numbers equal to -exponent digits."""
    now = torch.tensor(3.7, dtype=torch.float64)
    pair = Levels(now, now * 10.0**exponent, torch.tensor(1.0, dtype=torch.float64))
    expected = pair.after / torch.sqrt(pair.now)
    torch.testing.assert_close(DDIM(1.0).kept(pair), expected, rtol=1e-15, atol=0)
