"""Bad input to the public contract is a ValueError that names argument, requirement and value.

The rows of `solve_ode` and `solve_sde` are in test_integrate_input.py, those of the command line
in test_bad_commands.py, and those of later additions in a TABLE of their own test files.
"""

import ast
import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path as File

import jaxtyping
import numpy as np
import pytest
import torch

from theorylab import claims, diffusion, integrate, parity
from theorylab.claims import (
    NotChecked,
    at_most,
    clopper_pearson,
    decay,
    enclosed,
    equal,
    identity,
    law_equals,
    ordering,
    rate_at_most,
    rate_equals,
)
from theorylab.diffusion import (
    Ball,
    Bisector,
    ClockDrift,
    EDMSchedule,
    ExactScore,
    GaussianMixture,
    Segment,
    Tube,
    VPSchedule,
    classification_radius,
    classify,
    clock,
    clock_dynamics,
    clock_reverse,
    ddim_contraction,
    ddim_sample,
    ddim_step,
    ddpm_step,
    denoiser_from_epsilon,
    denoiser_from_score,
    deviation_at,
    distance_to_nearest_segment,
    dominance_margin,
    epsilon_from_denoiser,
    epsilon_from_score,
    forward,
    linear_nodes,
    nearest_pair,
    probability_flow,
    quadratic_nodes,
    rates,
    rescaled,
    reverse,
    score_from_denoiser,
    score_from_epsilon,
    start_law,
)
from theorylab.diffusion.convergence import farthest_mode, outsiders_responsibility
from theorylab.diffusion.transport import pair_rates, preimages
from theorylab.integrate import Adaptive, BrownianPath, Dynamics, FixedStep, Path, SDEMethod
from theorylab.parity import (
    FiniteLaw,
    HypercubeLaw,
    ParityLaw,
    cube,
    growth_rate,
    growth_rate_gradient,
)
from theorylab.symbolic import as_torch, forms

NAN, INF = math.nan, math.inf
DOUBLE = torch.float64
PAIR = GaussianMixture.pair(2.0, 0.1, dimension=2)
TWO_VARIANCES = GaussianMixture(torch.eye(2, dtype=DOUBLE), [0.1, 0.2])
DDPM, LINEAR, EDM = VPSchedule.ddpm(), VPSchedule.linear(), EDMSchedule()
SCORE = ExactScore(PAIR, DDPM)
X = torch.zeros(3, 2, dtype=DOUBLE)
EYE = torch.eye(2, dtype=DOUBLE)
UNIT = Segment([0.0, 0.0], [1.0, 0.0])
PARITY = HypercubeLaw.parity(3)
support = HypercubeLaw.from_support
one_mode = partial(GaussianMixture, [[0.0]])
two_modes = partial(GaussianMixture, [[0.0], [1.0]], 1.0)
step = partial(ddim_step, schedule=DDPM, score=SCORE)
sample = partial(ddim_sample, schedule=DDPM, score=SCORE)
still = partial(Dynamics, lambda _, x: 0 * x)
growth = partial(growth_rate, law=PARITY, alpha_bar=0.5)
at_half = {"alpha_bar": 0.5}
rare = {"reach": 1.0, "false_alarm": 0.01, "miss": 0.01}
line = [1.0, 2.0, 3.0, 4.0]
NUMBERS = "a tensor, an array or a sequence of numbers"
RECTANGLE = "numeric and rectangular"


def path(*times: float) -> Path:
    """A path that stays at 0."""
    return Path(torch.tensor(times), torch.zeros(len(times), 1, 1), 1)


# fmt: off
# Each row: the call, the argument, the requirement, and how the value is shown.
TABLE: dict[str, list[tuple[Callable[[], object], str, str, str]]] = {
    "means": [
        (lambda: GaussianMixture(None, 1.0), "means", NUMBERS, "None"),
        (lambda: GaussianMixture("abc", 1.0), "means", NUMBERS, "'abc'"),
        (lambda: GaussianMixture({}, 1.0), "means", NUMBERS, "{}"),
        (lambda: GaussianMixture([["a"]], 1.0), "means", RECTANGLE, "[['a']]"),
        (lambda: GaussianMixture([[1.0], [1.0, 2.0]], 1.0), "means", RECTANGLE, "[[1.0], ["),
        (lambda: GaussianMixture([[None]], 1.0), "means", RECTANGLE, "[[None]]"),
        (lambda: GaussianMixture(np.array([[{}]]), 1.0), "means", RECTANGLE, "array([[{}]]"),
        (lambda: GaussianMixture(True, 1.0), "means", "numeric", "True"),
        (lambda: GaussianMixture([[True]], 1.0), "means", "real and numeric", "[[True]]"),
        (lambda: GaussianMixture([[1 + 2j]], 1.0), "means", "real and numeric", "[[(1+2j)]]"),
        (lambda: GaussianMixture(X.to(torch.cfloat), 1.0), "means", "real", "tensor([[0.+0.j"),
        (lambda: GaussianMixture([], 1.0), "means", "shape (K, d) with K, d >= 1", "(0,)"),
        (lambda: GaussianMixture(torch.zeros(0, 2), 1.0), "means", "K, d >= 1", "(0, 2)"),
        (lambda: GaussianMixture(torch.zeros(2, 0), 1.0), "means", "K, d >= 1", "(2, 0)"),
        (lambda: GaussianMixture([1.0, 2.0], 1.0), "means", "shape (K, d)", "(2,)"),
        (lambda: GaussianMixture(np.zeros((2, 2, 2)), 1.0), "means", "(K, d)", "(2, 2, 2)"),
        (lambda: GaussianMixture([[NAN]], 1.0), "means", "finite", "nan"),
        (lambda: GaussianMixture([[0.0, INF]], 1.0), "means", "finite", "inf"),
        (lambda: GaussianMixture([[-INF]], 1.0), "means", "finite", "-inf"),
    ],
    "variance": [
        (lambda: one_mode(0), "variance", "positive", "0.0"),
        (lambda: one_mode(-1.5), "variance", "positive", "-1.5"),
        (lambda: GaussianMixture([[0.0], [1.0]], [1.0, 0.0]), "variance", "positive", "0.0"),
        (lambda: GaussianMixture(X.float(), 1e-50), "variance", "positive", "0.0"),
        (lambda: one_mode(NAN), "variance", "finite", "nan"),
        (lambda: one_mode(INF), "variance", "finite", "inf"),
        (lambda: one_mode("1"), "variance", NUMBERS, "'1'"),
        (lambda: one_mode(None), "variance", NUMBERS, "None"),
        (lambda: one_mode(1j), "variance", NUMBERS, "1j"),
        (lambda: one_mode(True), "variance", "numeric", "True"),
        (lambda: one_mode([1.0, 1.0]), "variance", "a number or have shape (1,)", "(2,)"),
        (lambda: one_mode([[1.0]]), "variance", "a number or have shape (1,)", "(1, 1)"),
    ],
    "weights": [
        (lambda: two_modes([0.5]), "weights", "shape (2,)", "(1,)"),
        (lambda: two_modes(0.5), "weights", "shape (2,)", "()"),
        (lambda: two_modes([[0.5, 0.5]]), "weights", "shape (2,)", "(1, 2)"),
        (lambda: two_modes([0.5, 0.6]), "weights", "sum to 1", "1.1"),
        (lambda: two_modes([0.5, 0.5 - 1e-7]), "weights", "sum to 1", "0.99999"),
        (lambda: two_modes([1.5, -0.5]), "weights", "positive", "-0.5"),
        (lambda: two_modes([1.0, 0.0]), "weights", "positive", "0.0"),
        (lambda: two_modes([NAN, 0.5]), "weights", "finite", "nan"),
        (lambda: two_modes([True, False]), "weights", "real and numeric", "[True, False]"),
        (lambda: two_modes("ab"), "weights", NUMBERS, "'ab'"),
        (lambda: two_modes({"a": 1}), "weights", NUMBERS, "{'a': 1}"),
    ],
    "methods of a mixture": [
        (lambda: PAIR.log_prob([[0.0]]), "x", "shape (*n, 2)", "(1, 1)"),
        (lambda: PAIR.score(torch.zeros(3, 3)), "x", "shape (*n, 2)", "(3, 3)"),
        (lambda: PAIR.score(1.0), "x", "shape (*n, 2)", "()"),
        (lambda: PAIR.score([NAN, 0.0]), "x", "finite", "nan"),
        (lambda: PAIR.score("x"), "x", NUMBERS, "'x'"),
        (lambda: PAIR.score([1j, 0]), "x", "real", "[1j, 0]"),
        (lambda: PAIR.responsibilities([0.0]), "x", "shape (*n, 2)", "(1,)"),
        (lambda: PAIR.expected_mean(None), "x", NUMBERS, "None"),
        (lambda: PAIR.expected_mean_jacobian([0.0]), "x", "shape (*n, 2)", "(1,)"),
        (lambda: PAIR.score_jacobian([INF, 0.0]), "x", "finite", "inf"),
        (lambda: PAIR.posterior_mean(X, -1), "sigma", "non-negative", "-1.0"),
        (lambda: PAIR.posterior_mean(X, "s"), "sigma", "a real number", "'s'"),
        (lambda: PAIR.posterior_mean([0.0], 1.0), "y", "shape (*n, 2)", "(1,)"),
        (lambda: PAIR.noised(NAN, 1), "alpha", "finite", "nan"),
        (lambda: PAIR.noised("a", 1), "alpha", "a real number", "'a'"),
        (lambda: PAIR.noised(1, -1), "sigma", "non-negative", "-1.0"),
        (lambda: PAIR.noised(1, True), "sigma", "a real number", "True"),
        (lambda: PAIR.noised(0, 0), "alpha and sigma", "squares, not both 0", "0.0 and 0.0"),
        (lambda: PAIR.noised(1e200, 1), "alpha and sigma", "finite squares", "1e+200 and 1.0"),
        (lambda: PAIR.with_variance(0), "variance", "positive", "0.0"),
        (lambda: PAIR.sample(0), "n", "at least 1", "0"),
        (lambda: PAIR.sample(2.5), "n", "an integer", "2.5"),
        (lambda: PAIR.sample(True), "n", "an integer", "True"),
        (lambda: PAIR.sample(3, seed=-1), "seed", "at least 0", "-1"),
        (lambda: PAIR.sample(3, seed=None), "seed", "an integer", "None"),
        (lambda: PAIR.sample_with_labels("3"), "n", "an integer", "'3'"),
    ],
    "grid and pair": [
        (lambda: GaussianMixture.grid(0), "side", "at least 1", "0"),
        (lambda: GaussianMixture.grid("5"), "side", "an integer", "'5'"),
        (lambda: GaussianMixture.grid(spacing=0), "spacing", "positive", "0.0"),
        (lambda: GaussianMixture.grid(spacing=NAN), "spacing", "finite", "nan"),
        (lambda: GaussianMixture.grid(std=-1), "std", "positive", "-1.0"),
        (lambda: GaussianMixture.pair(-1, 0.1), "separation", "non-negative", "-1.0"),
        (lambda: GaussianMixture.pair(1, 0), "variance", "positive", "0.0"),
        (lambda: GaussianMixture.pair(1, [0.1] * 3), "variance", "shape (2,)", "(3,)"),
        (lambda: GaussianMixture.pair(1, 0.1, 0), "weight", "(0, 1)", "0.0"),
        (lambda: GaussianMixture.pair(1, 0.1, 1), "weight", "(0, 1)", "1.0"),
        (lambda: GaussianMixture.pair(1, 0.1, 0.5, 0), "dimension", "at least 1", "0"),
    ],
    "schedules": [
        (lambda: VPSchedule.linear(0, 1), "beta_min", "positive", "0.0"),
        (lambda: VPSchedule.linear(2, 1), "beta_max", "at least beta_min = 2.0", "1"),
        (lambda: VPSchedule.linear("a", 1), "beta_min", "a real number", "'a'"),
        (lambda: VPSchedule.linear(0.1, INF), "beta_max", "finite", "inf"),
        (lambda: diffusion.LinearVPSchedule(NAN), "beta_min", "finite", "nan"),
        (lambda: VPSchedule.ddpm(0), "steps", "at least 1", "0"),
        (lambda: VPSchedule.ddpm(1.5), "steps", "an integer", "1.5"),
        (lambda: VPSchedule.ddpm(10, 0, 0.1), "beta_min", "positive", "0.0"),
        (lambda: VPSchedule.ddpm(10, 0.2, 0.1), "beta_max", "at least beta_min = 0.2", "0.1"),
        (lambda: diffusion.DDPMSchedule(10, 0.1, 1), "beta_max", "below 1", "1"),
        (lambda: LINEAR.alpha(1.1), "t", "in [0.0, 1.0]", "1.1"),
        (lambda: LINEAR.sigma([0.0, -0.1]), "t", "in [0.0, 1.0]", "-0.1"),
        (lambda: LINEAR.beta(NAN), "t", "finite", "nan"),
        (lambda: LINEAR.alpha_bar("t"), "t", NUMBERS, "'t'"),
        (lambda: DDPM.alpha_bar(1000), "t", "in [-1.0, 999.0]", "1000.0"),
        (lambda: DDPM.noise_to_signal(-2), "t", "in [-1.0, 999.0]", "-2.0"),
        (lambda: DDPM.effective_deviation(3, -1), "variance", "non-negative", "-1.0"),
        (lambda: DDPM.effective_deviation([1.0, 2.0], [1.0] * 3), "variance", "broadcast", "(3,)"),
        (lambda: EDMSchedule(-1, 80), "sigma_min", "non-negative", "-1.0"),
        (lambda: EDMSchedule(1, 1), "sigma_max", "exceed sigma_min = 1.0", "1.0"),
        (lambda: EDMSchedule(0, INF), "sigma_max", "finite", "inf"),
        (lambda: EDM.sigma(-1), "t", "in [0.0, inf]", "-1.0"),
        (lambda: EDM.diffusion_squared(INF), "t", "finite", "inf"),
    ],
    "scores": [
        (lambda: ExactScore(None, DDPM), "mixture", "a GaussianMixture", "None"),
        (lambda: ExactScore(PAIR, "ddpm"), "schedule", "a Schedule", "'ddpm'"),
        (lambda: SCORE([0.0], 3), "x", "shape (*n, 2)", "(1,)"),
        (lambda: SCORE(X, 1000), "t", "in [-1.0, 999.0]", "1000.0"),
        (lambda: SCORE(X, [1.0, 2.0]), "t", "shape () or (3,)", "(2,)"),
        (lambda: SCORE(X, None), "t", NUMBERS, "None"),
        (lambda: epsilon_from_score("a", 1), "score", NUMBERS, "'a'"),
        (lambda: epsilon_from_score(X, -1), "sigma", "non-negative", "-1.0"),
        (lambda: epsilon_from_score(X, [1.0, 2.0]), "sigma", "shape () or (3,)", "(2,)"),
        (lambda: score_from_epsilon(X, 0), "sigma", "positive", "0.0"),
        (lambda: denoiser_from_score(X, X, 0, 1), "alpha", "positive", "0.0"),
        (lambda: denoiser_from_score(X, X, 1, -1), "sigma", "non-negative", "-1.0"),
        (lambda: denoiser_from_score(X, X[:2], 1, 1), "score", "shape (3, 2) of x", "(2, 2)"),
        (lambda: score_from_denoiser(X, X, 1, 0), "sigma", "positive", "0.0"),
        (lambda: score_from_denoiser(X, X, -1, 1), "alpha", "non-negative", "-1.0"),
        (lambda: denoiser_from_epsilon(X, None, 1, 1), "epsilon", NUMBERS, "None"),
        (lambda: denoiser_from_epsilon(X, X, 1, -1), "sigma", "non-negative", "-1.0"),
        (lambda: epsilon_from_denoiser(X, X, 1, NAN), "sigma", "finite", "nan"),
        (lambda: epsilon_from_denoiser(X, X, -1, 1), "alpha", "non-negative", "-1.0"),
    ],
    "dynamics": [
        (lambda: forward(None), "schedule", "a Schedule", "None"),
        (lambda: forward(DDPM, start=5, stop=5), "start", "below stop = 5.0", "5.0"),
        (lambda: forward(DDPM, start=-3), "start", "in [-1.0, 999.0]", "-3.0"),
        (lambda: forward(DDPM, stop="a"), "stop", "a real number", "'a'"),
        (lambda: reverse(DDPM, SCORE, k=-1), "k", "non-negative", "-1.0"),
        (lambda: reverse(DDPM, SCORE, k=NAN), "k", "finite", "nan"),
        (lambda: reverse(DDPM, "score"), "score", "callable as score(x, t)", "'score'"),
        (lambda: reverse("s", SCORE), "schedule", "a Schedule", "'s'"),
        (lambda: reverse(DDPM, SCORE, start=2, stop=5), "start", "exceed stop = 5.0", "2.0"),
        (lambda: probability_flow(DDPM, None), "score", "callable", "None"),
        (lambda: probability_flow(DDPM, SCORE, stop=-2), "stop", "in [-1.0, 999.0]", "-2.0"),
        (lambda: start_law(None, DDPM), "mixture", "a GaussianMixture", "None"),
        (lambda: start_law(PAIR, None), "schedule", "a Schedule", "None"),
        (lambda: start_law(PAIR, DDPM, t=1e9), "t", "in [-1.0, 999.0]", "1000000000.0"),
        (lambda: clock(None, 5, 0.1), "schedule", "a Schedule", "None"),
        (lambda: clock(DDPM, 1e9, 0.1), "t", "in [-1.0, 999.0]", "1000000000.0"),
        (lambda: clock(DDPM, 5, -1), "variance", "non-negative", "-1.0"),
        (lambda: deviation_at(0.0, 0), "s_start", "positive", "0.0"),
        (lambda: clock_dynamics(None, s_start=1.0), "mixture", "a GaussianMixture", "None"),
        (lambda: clock_dynamics(TWO_VARIANCES, s_start=3.0), "variance", "shared", "(2,)"),
        (lambda: clock_dynamics(PAIR, s_start=0.01), "s_start", "at least", "0.01"),
        (lambda: clock_dynamics(PAIR, s_start=1.0, s_stop=1.0), "s_start", "differ", "1.0"),
        (lambda: ClockDrift(PAIR, 0.01), "s_start", "at least", "0.01"),
        (lambda: ClockDrift(PAIR, 1.0, -1.0), "k", "non-negative", "-1.0"),
        (lambda: clock_reverse(PAIR, s_start=1.0, s_stop=2.0), "s_start", "exceed", "1.0"),
        (lambda: clock_dynamics(PAIR, s_start=3.0, s_stop=0.01), "s_stop", "at least", "0.01"),
        (lambda: clock_reverse(PAIR, -1, s_start=3.0), "k", "non-negative", "-1.0"),
        (lambda: Dynamics(None, (0, 1)), "drift", "callable as drift(t, x)", "None"),
        (lambda: still((0, 1), diffusion=1.0), "diffusion", "callable or None", "1.0"),
        (lambda: still((0, 0)), "span", "two different ends", "(0, 0)"),
        (lambda: still([0, 1]), "span", "a pair (start, stop)", "[0, 1]"),
        (lambda: still((0, NAN)), "span", "finite", "nan"),
        (lambda: Path(torch.zeros(2), X[None], 1), "states", "(T, n, d)", "(1, 3, 2) and 2 times"),
        (lambda: Path(torch.zeros(1), X[None] * NAN, 1), "states", "finite", "NaN"),
        (lambda: BrownianPath(-1), "entropy", "at least 0", "-1"),
        (lambda: BrownianPath(None), "entropy", "an integer", "None"),
        (lambda: BrownianPath(1, substeps=0), "substeps", "at least 1", "0"),
        (lambda: BrownianPath(1).increment(-1, like=X), "step", "at least 0", "-1"),
        (lambda: FixedStep("tsit5", 5), "name", "one of ['euler'", "'tsit5'"),
        (lambda: Adaptive("rk4", 4), "name", "one of ['bosh3'", "'rk4'"),
        (lambda: SDEMethod("heun", 1, 1), "name", "one of ['euler', 'milstein'", "'heun'"),
    ],
    "discrete samplers": [
        (lambda: step(X, 5, 7), "t_next", "below t = 5", "7"),
        (lambda: step(X, 1000, 5), "t", "in [-1.0, 999.0]", "1000.0"),
        (lambda: step(X, "t", 2), "t", "a real number", "'t'"),
        (lambda: step(X, 5, 2, eta=1.5), "eta", "in [0.0, 1.0]", "1.5"),
        (lambda: step(X, 5, 2, eta=1), "noise", "unit normals of shape (3, 2)", "None"),
        (lambda: step(X, 5, 2, eta=1, noise=X[:1]), "noise", "shape (3, 2)", "(1, 2)"),
        (lambda: step([NAN, 0], 5, 2), "x", "finite", "nan"),
        (lambda: step(X, 5, 2, schedule=None), "schedule", "a Schedule", "None"),
        (lambda: step(X, 5, 2, score=None), "score", "callable", "None"),
        (lambda: step(X, 5, 2, score=lambda *_: None), "score", "shape (3, 2)", "None"),
        (lambda: step(X, 5, 2, score=lambda x, _: x[0]), "score", "shape (3, 2)", "(2,)"),
        (lambda: step(X, 5, 2, score=lambda x, _: x * NAN), "score at t = 5.0", "finite", "nan"),
        (lambda: ddpm_step(X, 5, schedule=DDPM, score=SCORE, noise=None), "noise", "unit", "None"),
        (lambda: ddpm_step(X, -1, schedule=DDPM, score=SCORE, noise=X), "t", "in [", "-2.0"),
        (lambda: sample(X, []), "nodes", "non-empty", "[]"),
        (lambda: sample(X, [5, 2]), "nodes", "increase strictly", "[5, 2]"),
        (lambda: sample(X, [-1, 5]), "nodes", "above last = -1.0", "[-1, 5]"),
        (lambda: sample(X, "ab"), "nodes", NUMBERS, "'ab'"),
        (lambda: sample(X[0], [2, 5]), "x", "shape (n, d)", "(2,)"),
        (lambda: sample(X, [2, 5], eta=1), "seed", "an integer if eta > 0", "None"),
        (lambda: sample(X, [2, 5], eta=1, seed=0.5), "seed", "an integer", "0.5"),
        (lambda: sample(X, [2, 5], last=NAN), "last", "finite", "nan"),
        (lambda: quadratic_nodes(1), "count", "at least 2", "1"),
        (lambda: quadratic_nodes(50, 10), "last", "at least 49", "10"),
        (lambda: linear_nodes(2.5), "count", "an integer", "2.5"),
        (lambda: linear_nodes(10, 5), "steps", "at least 10", "5"),
        (lambda: ddim_contraction(-1, 1, 1), "v", "non-negative", "-1.0"),
        (lambda: ddim_contraction(0, 0, 0), "variance + v", "positive", "0.0"),
        (lambda: ddim_contraction([1.0] * 2, [1.0] * 3, 1), "v_next", "broadcast with v", "(3,)"),
        (lambda: ddim_contraction([1.0] * 2, 1, [1.0] * 3), "variance", "broadcast", "(3,)"),
    ],
    "geometry": [
        (lambda: Segment([0.0], [0.0]), "b", "differ from a", "[0.0]"),
        (lambda: Segment([0.0], [0.0, 1.0]), "b", "shape (1,)", "(2,)"),
        (lambda: Segment(0.0, 1.0), "a", "shape (d,) with d >= 1", "()"),
        (lambda: Segment([NAN], [1.0]), "a", "finite", "nan"),
        (lambda: UNIT.distance([0.0]), "x", "shape (*n, 2)", "(1,)"),
        (lambda: UNIT.project("x"), "x", NUMBERS, "'x'"),
        (lambda: Tube(None, 1), "segment", "a Segment", "None"),
        (lambda: Tube(UNIT, -1), "radius", "non-negative", "-1.0"),
        (lambda: Tube(UNIT, 1).contains([NAN, 0]), "x", "finite", "nan"),
        (lambda: Bisector("a", [0.0]), "a", NUMBERS, "'a'"),
        (lambda: Bisector([0.0], [1.0]).offset([0.0, 0.0]), "x", "shape (*n, 1)", "(2,)"),
        (lambda: Ball([[0.0]], 1), "centre", "shape (d,)", "(1, 1)"),
        (lambda: Ball([0.0], INF), "radius", "finite", "inf"),
        (lambda: nearest_pair(X, [[0.0, 0.0]]), "means", "K >= 2", "(1, 2)"),
        (lambda: nearest_pair(X, torch.zeros(3, 3)), "x", "shape (*n, 3)", "(3, 2)"),
        (lambda: dominance_margin(X, EYE, 0), "s", "positive", "0.0"),
        (lambda: dominance_margin(X, EYE, [1.0, 1.0]), "s", "shape () or (3,)", "(2,)"),
        (lambda: preimages(None, [0.5], low=0, high=1), "increasing", "callable", "None"),
        (lambda: preimages(abs, [NAN], low=0, high=1), "targets", "finite", "nan"),
        (lambda: preimages(abs, [0.5], low=1, high=0), "low", "below high", "1.0 and 0.0"),
        (lambda: preimages(abs, [0.5], low=-INF, high=0), "low", "finite", "-inf"),
        (lambda: preimages(abs, [0.5], low=0, high="b"), "high", "a real number", "'b'"),
        (lambda: pair_rates(abs, [], 1.0), "modes", "non-empty", "0 entries"),
        (lambda: pair_rates(abs, [0.0], 0), "radius", "positive", "0.0"),
        (lambda: pair_rates(abs, [0.0], 1.0, shells=0), "shells", "at least 1", "0"),
        (lambda: farthest_mode(PAIR, (0, 2)), "pair", "two different modes of 2", "(0, 2)"),
        (lambda: farthest_mode(PAIR, (0,)), "pair", "a pair (i, j)", "(0,)"),
        (lambda: farthest_mode(None, (0, 1)), "mixture", "a GaussianMixture", "None"),
        (lambda: outsiders_responsibility(PAIR, (0, 1), NAN), "kappa", "finite", "nan"),
    ],
    "classification": [
        (lambda: classify([0.0], PAIR), "samples", "shape (*n, 2)", "(1,)"),
        (lambda: classify([[NAN, 0.0]], PAIR), "samples", "finite", "nan"),
        (lambda: classify(X, None), "mixture", "a GaussianMixture", "None"),
        (lambda: classify(X, None, radius=1), "mixture", "a GaussianMixture", "None"),
        (lambda: classify(X, PAIR, radius=0), "radius", "positive", "0.0"),
        (lambda: classify(X, PAIR, radius="r"), "radius", "a real number", "'r'"),
        (lambda: classify(X, TWO_VARIANCES), "variance", "shared", "(2,)"),
        (lambda: classification_radius(None), "mixture", "a GaussianMixture", "None"),
        (lambda: rates([]), "outcomes", "non-empty", "0 entries"),
        (lambda: rates([0, 3]), "outcomes", "0, 1 or 2", "3.0"),
        (lambda: rates([0.5]), "outcomes", "0, 1 or 2", "0.5"),
        (lambda: distance_to_nearest_segment(X, [[0.0, 0.0]]), "means", "K >= 2", "(1, 2)"),
        (lambda: distance_to_nearest_segment([0.0], EYE), "x", "shape (*n, 2)", "(1,)"),
        (lambda: rescaled(None, DDPM), "path", "a Path", "None"),
        (lambda: rescaled(path(0.0, 1.0), None), "schedule", "a Schedule", "None"),
        (lambda: rescaled(path(0.0, 5000.0), DDPM), "t", "in [-1.0, 999.0]", "5000.0"),
    ],
    "laws on the cube": [
        (lambda: HypercubeLaw.parity(0), "d", "at least 1", "0"),
        (lambda: HypercubeLaw.parity("3"), "d", "an integer", "'3'"),
        (lambda: HypercubeLaw.parity(3, [3]), "subset", "lie in 0..2", "3"),
        (lambda: HypercubeLaw.parity(3, [0, 0]), "subset", "distinct", "(0, 0)"),
        (lambda: HypercubeLaw.parity(3, "01"), "subset", "a sequence of coordinates", "'01'"),
        (lambda: HypercubeLaw.parity(3, value=2), "value", "+1 or -1", "2"),
        (lambda: HypercubeLaw.parity(3, [], value=-1), "value", "+1 for an empty subset", "-1"),
        (lambda: ParityLaw(3, (0, 5)), "subset", "lie in 0..2", "5"),
        (lambda: FiniteLaw(1, ((1,), (-1,)), (1,)), "probabilities", "2, one a vertex", "1"),
        (lambda: FiniteLaw(2, ((1,),), (1,)), "vertices", "2 entries +1 and -1", "(1,)"),
        (lambda: HypercubeLaw.dyck(3), "d", "even", "3"),
        (lambda: HypercubeLaw.dyck(22).atoms(), "dimension", "at most 20", "22"),
        (lambda: support([[1, 0]]), "vertices", "+1 and -1", "0.0"),
        (lambda: support([[1, 1], [1, 1]]), "vertices", "distinct", "(1, 1) twice"),
        (lambda: support([1, 1]), "vertices", "shape (S, d)", "(2,)"),
        (lambda: support([[1], [1, 1]]), "vertices", RECTANGLE, "[[1], [1, 1]]"),
        (lambda: support([[1], [-1]], [0.5]), "probabilities", "sum to 1", "0.5"),
        (lambda: support([[1], [-1]], [0.25] * 4), "probabilities", "2, one a vertex", "4"),
        (lambda: support([[1], [-1]], [1.5, -0.5]), "probabilities", "positive", "-0.5"),
        (lambda: support([[1], [-1]], [NAN, 0.5]), "probabilities", "finite", "nan"),
        (lambda: support([[1], [-1]], "ab"), "probabilities", "a sequence of numbers", "'ab'"),
        (lambda: support([[1]], torch.ones(())), "probabilities", "a sequence", "array(1."),
        (lambda: support([[1]], np.array(1.0)), "probabilities", "a sequence", "array(1.)"),
        (lambda: support([[1]], torch.ones(1).bfloat16()), "probabilities", "numbers", "bfloat16"),
        (lambda: PARITY.moment([3]), "subset", "lie in 0..2", "3"),
        (lambda: PARITY.fourier_coefficient([0.5]), "subset", "an integer", "0.5"),
        (lambda: PARITY.marginal([]), "coordinates", "at least one", "none"),
        (lambda: HypercubeLaw.parity(30).atoms(), "dimension", "at most 20", "30"),
        (lambda: HypercubeLaw.parity(30).fourier_coefficients(), "dimension", "at most 12", "30"),
        (lambda: PARITY.posterior_mean([0.0], **at_half), "x", "shape (*n, 3)", "(1,)"),
        (lambda: PARITY.posterior_mean([NAN, 0, 0], **at_half), "x", "finite", "nan"),
        (lambda: PARITY.posterior_mean([0, 0, 0], alpha_bar=1), "alpha_bar", "[0, 1)", "1.0"),
        (lambda: PARITY.score([0, 0, 0], alpha_bar=-0.1), "alpha_bar", "[0, 1)", "-0.1"),
        (lambda: PARITY.noise_mean([0, 0, 0], alpha_bar="a"), "alpha_bar", "real number", "'a'"),
        (lambda: growth([1.0], 0.0), "w", "shape (*n, 3)", "(1,)"),
        (lambda: growth([1.0, NAN, 1.0], 0.0), "w", "finite", "nan"),
        (lambda: growth(torch.ones(1, 1, 3), 0.0), "w", "shape (m, d) or (d,)", "(1, 1, 3)"),
        (lambda: growth([1.0] * 3, [0.0, 0.0]), "b", "a scalar or have shape ()", "(2,)"),
        (lambda: growth([1.0] * 3, 0.0, law=None), "law", "a HypercubeLaw", "None"),
        (lambda: growth([1.0] * 3, 0.0, coordinate=3), "coordinate", "in 0..2", "3"),
        (lambda: growth([1.0] * 3, 0.0, alpha_bar=1), "alpha_bar", "in [0, 1)", "1.0"),
        (lambda: growth([1.0] * 64, 0.0, law=HypercubeLaw.parity(64)), "law", "at most", "922337"),
        (lambda: growth_rate_gradient([0] * 3, 0, law=PARITY, **at_half), "w", "non-zero", "zero"),
        (lambda: cube.vertices(21), "d", "at most 20", "21"),
        (lambda: cube.characters(0), "d", "at least 1", "0"),
        (lambda: cube.walsh_hadamard([1.0] * 3), "values", "a power of two", "3"),
        (lambda: cube.walsh_hadamard_exact([0.5, 1]), "values", "integers or fractions", "0.5"),
        (lambda: cube.walsh_hadamard_exact(3), "values", "a sequence", "3"),
    ],
    "evidence": [
        (lambda: rate_at_most(5, 3, 0.1, **rare), "counts", "0 <= k <= n", "k=5, n=3"),
        (lambda: rate_at_most(1.5, 3, 0.1, **rare), "counts", "integers", "k=1.5"),
        (lambda: rate_at_most(1, 3, NAN, **rare), "bound", "in [0, 1]", "nan"),
        (lambda: rate_at_most(1, 3, 0.1, **rare | {"reach": 0}), "reach", "positive", "0"),
        (lambda: rate_equals(1, 0, 0.1, **rare), "counts", "n >= 1", "n=0"),
        (lambda: rate_equals(1, 3, -0.1, **rare), "rate", "in [0, 1]", "-0.1"),
        (lambda: rate_equals(1, 3, 0.1, **rare | {"miss": NAN}), "an error rate", "in [", "nan"),
        (lambda: law_equals([[1.0, 2.0]], abs, **rare), "samples", "(n,) or (n, 1)", "(1, 2)"),
        (lambda: law_equals([0.5], abs, **rare | {"miss": 0.5}), "an error rate", "0.5)", "0.5"),
        (lambda: ordering((1, 3), (1, 3), **rare | {"reach": (0.2, 0.1)}), "reach", "two", "0.2"),
        (lambda: ordering((4, 3), (1, 3), **rare | {"reach": (0.1, 0.2)}), "counts", "n", "k=4"),
        (lambda: clopper_pearson(1, 3, alpha=0.95), "an error rate", "0.5)", "0.95"),
        (lambda: equal([1.0] * 2, [1.0] * 3, budget=1e-6), "the sides", "one shape", "(2,), (3,)"),
        (lambda: equal([1j], [1.0], budget=1e-6), "values", "real", "complex128"),
        (lambda: at_most(1.0, 2.0, budget=1e-6, tight=2), "tight", "in (0, 1]", "2"),
        (lambda: claims.order(line, line, expected=1, tol=0, floor=0), "tol", "positive", "0"),
        (lambda: claims.order(line, line, expected=1, tol=1, floor=-1), "floor", ">= 0", "-1"),
        (lambda: decay(line, line, rate=1, tol=-1), "tol", "positive", "-1"),
        (lambda: identity([1], 2), "a side", "a scalar expression", "list"),
        (lambda: enclosed(abs, [("a", 1)]), "the end of a side", "a finite number", "'a'"),
        (lambda: NotChecked("item", "", "why"), "NotChecked.statement", "not be empty", "''"),
        (lambda: equal(1, 1, budget=1e-6).with_series(y=NAN), "a series", "finite numbers", "nan"),
        (lambda: as_torch(forms.ddim_contraction(), forms.v), "symbols", "every free", "sigma"),
    ],
}
# fmt: on
ROWS = [
    pytest.param(*row, id=f"{group}-{number}-{row[1]}")
    for group, rows in TABLE.items()
    for number, row in enumerate(rows, start=1)
]


@pytest.fixture(autouse=True)
def _as_for_a_user() -> Iterator[None]:
    """Without the run-time checks of types: they look into what a function is to refuse itself."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.mark.parametrize(("call", "argument", "requirement", "value"), ROWS)
def test_refuses(call: Callable[[], object], argument: str, requirement: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"^.+ must .+, got ") as caught:
        call()
    told = str(caught.value)
    pattern = ".* got .*".join(
        (rf"{re.escape(argument)} must .*{re.escape(requirement)}", re.escape(value))
    )
    assert re.match(pattern, told, flags=re.DOTALL), told


NOUNS_WITHOUT_INPUT = {"IntegrationError", "Outcome", "Plan", "ReverseLaw", "Schedule", "Score"}
NOUNS_WITHOUT_INPUT |= {"Step", "Denoiser", "Preconditioning", "VEPreconditioning", "Smoothing"}
NOUNS_WITHOUT_INPUT |= {"OwnMethod"}  # abstract
NOUNS_WITHOUT_INPUT |= {"Draws", "Flow", "Independent", "Sobol", "Stratified"}
NOUNS_WITHOUT_INPUT |= {"AxisOptimum", "DescentPath", "DirectionPath", "TrainingPath", "WordLaw"}
ELSEWHERE = {"solve_ode", "solve_sde"}
SHORT = {
    "ddim_step": "step",
    "ddim_sample": "sample",
    "growth_rate": "growth",
    "reverse_law": "law",
    "sample_exactly": "draw",
}


def _refused_names(file: File) -> set[str]:
    """What the file calls in lambdas of its tables, or where it expects a ValueError."""
    called = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        expects = isinstance(node, ast.With) and "ValueError" in ast.unparse(node.items[0])
        if expects or isinstance(node, ast.Lambda):
            called |= set(re.findall(r"\w+", ast.unparse(node)))
    return called


@pytest.mark.parametrize("module", [diffusion, parity, integrate], ids=lambda m: m.__name__)
def test_every_public_name_has_a_row(module: object) -> None:
    """A new function or constructor of the contract needs a bad input in some test file."""
    used = set[str]().union(*map(_refused_names, File(__file__).parent.glob("test_*.py")))
    public = {name for name in module.__all__ if callable(getattr(module, name))}
    public -= NOUNS_WITHOUT_INPUT | ELSEWHERE
    assert public
    absent = sorted(name for name in public if SHORT.get(name, name) not in used)
    assert absent == []


def test_the_table_is_not_cut() -> None:
    assert len(ROWS) >= 300
