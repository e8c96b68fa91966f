"""The ancestral chain on the line, its bounds and its exact chance; and what they refuse."""

import math

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import ExactScore, GaussianMixture, VPSchedule, ddpm_step
from theorylab.diffusion.escape import (
    AncestralChain,
    cut_bound,
    growths,
    linear_masses,
    terminal_probability,
)

DDPM = VPSchedule.ddpm()
PAIR = GaussianMixture([[-0.5], [0.5], [1.6]], 0.02, torch.tensor([0.4, 0.4, 0.2]).double())


def chain(start: int = 40, centre: float = 0.1, mixture: GaussianMixture = PAIR) -> AncestralChain:
    return AncestralChain(mixture, DDPM, [float(t) for t in range(start, -2, -1)], centre)


def even(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_a_step_is_the_step_of_the_sampler() -> None:
    line, a = chain(), even([-0.7, 0.0, 0.3])
    score = ExactScore(PAIR, DDPM)
    for step, t in ((0, 40.0), (15, 25.0), (40, 0.0)):
        now, after = DDPM.alpha(t), DDPM.alpha(t - 1)
        x = now * (a[:, None] + 0.1)
        still, moved = (
            ddpm_step(x, t, schedule=DDPM, score=score, noise=z * torch.ones(3, 1).double())[:, 0]
            / after
            for z in (0.0, 1.0)
        )
        torch.testing.assert_close(line.mean(step, a), still - 0.1)
        noise = float(line.noises[step])
        torch.testing.assert_close(moved - still, torch.full((3,), noise).double())
    assert float(line.noises[-1]) == 0.0


def test_linear_masses_are_those_of_a_gaussian_chain() -> None:
    g, d, x = even([0.5, 2.0, 1.5]), even([0.3, 0.2, 0.1]), even([0.4, 0.0, -1.0])
    found = linear_masses(0.25, growth=g, noise=d, at=x)
    for n in range(3):
        mean, variance = float(x[n]), 0.0
        for k in range(n, 3):
            mean, variance = mean * float(g[k]), variance * float(g[k]) ** 2 + float(d[k]) ** 2
        scale = math.sqrt(2 * variance)
        expected = (math.erf((0.25 - mean) / scale) + math.erf((0.25 + mean) / scale)) / 2
        assert float(found[n]) == pytest.approx(expected, rel=1e-12)
    last = linear_masses(0.25, growth=[1.0, 2.0], noise=[0.1, 0.0], at=[0.0, 0.13])
    assert float(last[1]) == 0.0


def test_terminal_probability_meets_a_run_of_the_sampler() -> None:
    line, n = chain(), 200_000
    exact = terminal_probability(line, 0.2, even([0.0, 0.1]))
    generator = torch.Generator().manual_seed(5)
    for start, chance in zip((0.0, 0.1), exact.tolist(), strict=True):
        a = torch.full((n,), start, dtype=torch.float64)
        for step in range(line.steps):
            noise = torch.randn(n, generator=generator, dtype=torch.float64)
            a = line.mean(step, a) + line.noises[step] * noise
        seen = float((a.abs() <= 0.2).double().mean())
        assert abs(seen - chance) < 7 * math.sqrt(chance * (1 - chance) / n)


def test_terminal_probability_of_one_mode_is_a_normal_mass() -> None:
    one = GaussianMixture([[0.3]], 0.02)
    line = chain(20, 0.0, one)
    mean, variance = even([-0.1, 0.4]), 0.0
    for step in range(line.steps):
        shrink = float((line.deviations[step + 1] / line.deviations[step]) ** 2)
        mean = 0.3 + shrink * (mean - 0.3)
        variance = shrink**2 * variance + float(line.noises[step]) ** 2
    scale = math.sqrt(2 * variance)
    expected = [(math.erf((0.2 - m) / scale) + math.erf((0.2 + m) / scale)) / 2
                for m in mean.tolist()]  # fmt: skip
    found = terminal_probability(line, 0.2, even([-0.1, 0.4]), points=2400)
    torch.testing.assert_close(found, even(expected), rtol=1e-5, atol=0.0)


def test_cut_bound_is_above_the_chance_from_every_start() -> None:
    mixture = GaussianMixture.pair(1.0, 0.004)
    line = chain(30, 0.0, mixture)
    starts = torch.linspace(-0.8, 0.8, 41, dtype=torch.float64)
    largest = float(terminal_probability(line, 0.15, starts).max())
    cuts = 0.2 * torch.ones(line.steps, dtype=torch.float64)
    bound = cut_bound(line, 0.15, cuts)
    assert largest <= bound < 0.3
    assert bound == cut_bound(line, 0.15, cuts, growth=growths(line, cuts))


def test_growths_are_the_ratios_at_the_cuts_where_the_mean_is_concave() -> None:
    line = chain(10, 0.0, GaussianMixture.pair(1.0, 0.004))
    cuts = torch.linspace(0.05, 0.4, line.steps, dtype=torch.float64)
    ratios = [float(line.mean(n, c)) / float(c) for n, c in enumerate(cuts)]
    torch.testing.assert_close(growths(line, cuts), even(ratios))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AncestralChain(GaussianMixture.grid(), DDPM, [1.0, 0.0]), "on the line"),
        (lambda: AncestralChain(PAIR, DDPM, [0.0, 1.0]), "times must decrease"),
        (lambda: AncestralChain(PAIR, DDPM, [0.0]), "at least two"),
        (lambda: AncestralChain(PAIR, DDPM, [1.0, 0.0], math.inf), "centre must be finite"),
        (lambda: AncestralChain(PAIR, 3, [1.0, 0.0]), "schedule"),  # type: ignore[arg-type]
        (lambda: chain().mean(41, [0.0]), "step must be below 41"),
        (lambda: chain().mean(0, [math.nan]), "a must be finite"),
        (lambda: growths(chain(), [1.0]), "cuts must be 41"),
        (lambda: growths(chain(2), [1.0, 0.0, 1.0]), "cuts must be 3 positive"),
        (lambda: growths(chain(2), [1.0, 1.0, 1.0], points=0), "points must be at least 1"),
        (lambda: linear_masses(0.0, growth=[1.0], noise=[1.0], at=[0.0]), "radius"),
        (lambda: linear_masses(1.0, growth=[-1.0], noise=[1.0], at=[0.0]), "growth must be non"),
        (lambda: linear_masses(1.0, growth=[1.0], noise=[-1.0], at=[0.0]), "noise must be non"),
        (lambda: linear_masses(1.0, growth=[1.0], noise=[1.0, 2.0], at=[0.0]), "one shape"),
        (lambda: terminal_probability(chain(), 0.0, [0.0]), "radius must be positive"),
        (lambda: terminal_probability(chain(), 0.1, [0.0], points=3), "points must be at least 8"),
        (lambda: terminal_probability(chain(0), 0.1, [0.0]), "times must end in the data"),
        (
            lambda: terminal_probability(AncestralChain(PAIR, DDPM, [3.0, 2.0, 1.0]), 0.1, [0.0]),
            "times must end in the data",
        ),
    ],
)
def test_bad_input_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
