"""Bad input to the samplers is a ValueError that names argument, requirement and value."""

import math
import re
from collections.abc import Callable

import pytest
import torch

from theorylab.diffusion import (
    DDIM,
    Ancestral,
    Blocked,
    DriftAndNoise,
    ExactScore,
    Family,
    GaussianMixture,
    Hybrid,
    Restart,
    ReverseLaw,
    VPSchedule,
    offset_law,
    reverse_law,
    sample,
    sample_exactly,
    take_step,
    with_final_steps,
)
from theorylab.noise import TrajectoryNoise

S = VPSchedule.ddpm()
GRID = GaussianMixture.grid()
F = ExactScore(GRID, S)
X = torch.zeros(3, 2)


def run(x: object = X, nodes: object = (0, 5), rule: object = None, **options: object) -> object:
    """A run that is good but for what is given."""
    return sample(
        x, nodes, DDIM() if rule is None else rule, **{"schedule": S, "score": F, **options}
    )


def step(rule: object = None, x: object = X, t: object = 5, t_next: object = 3) -> object:
    """A step that is good but for what is given."""
    return take_step(DDIM() if rule is None else rule, x, t, t_next, schedule=S, score=F)


def law(x: object = X, stop: object = 2.0, **options: object) -> ReverseLaw:
    """A law that is good but for what is given."""
    given = {"mixture": GRID, "schedule": S, **options}
    return reverse_law(given["mixture"], x, schedule=given["schedule"], start=20.0, stop=stop)


def draw(
    x: object = X, seed: object = 1, first: object = 0, nodes: object = (0, 5), **options: object
) -> object:
    """An exact run that is good but for what is given."""
    given = {"mixture": GRID, "schedule": S, "first_trajectory": first, **options}
    return sample_exactly(x, nodes, seed=seed, **given)


# fmt: off
# Each row: the call, and the message.
TABLE: list[tuple[Callable[[], object], str]] = [
    (lambda: DDIM(1.5), "eta must be in [0.0, 1.0], got 1.5"),
    (lambda: DDIM(float("nan")), "eta must be finite, got nan"),
    (lambda: Ancestral("large"), "variance must be a Variance, got 'large'"),
    (lambda: Family(-1.0), "k must be non-negative, got -1.0"),
    (lambda: DriftAndNoise("flow"), "drift must be a Step, got 'flow'"),
    (lambda: DriftAndNoise(DDIM(), 0.5), "noise must be a Step, got 0.5"),
    (lambda: Hybrid(-1), "count must be at least 0, got -1"),
    (lambda: Hybrid(1.0), "count must be an integer, got 1.0"),
    (lambda: Hybrid(1, then=Restart(0, 1)), "then must be a Step, got Restart"),
    (lambda: Hybrid(1, first=None), "first must be a Step, got None"),
    (lambda: run(rule=Hybrid(3), seed=0), "count must be at most the number of steps 2, got 3"),
    (lambda: Restart(5, 5), "high must exceed low = 5.0, got 5"),
    (lambda: Restart(0, 5, -1), "count must be at least 0, got -1"),
    (lambda: Restart(0, 5, 1, None), "step must be a Step, got None"),
    (lambda: run(rule=Restart(1, 5), seed=0), "low must be one of the times [5.0, 0.0, -1.0]"),
    (lambda: run(rule=Restart(0, 6), seed=0), "high must be one of the times [5.0, 0.0, -1.0]"),
    (lambda: run(rule=Restart(0, 5)), "seed must be an integer for a rule that draws noise"),
    (lambda: run(rule=Ancestral()), "seed must be an integer for a rule that draws noise"),
    (lambda: run(rule=Ancestral(), seed=-1), "seed must be at least 0, got -1"),
    (lambda: run(rule="ddim"), "rule must be a Step or a Plan, such as DDIM() or Hybrid(5)"),
    (lambda: run(rule=Ancestral), "rule must be a Step or a Plan"),
    (lambda: run(torch.zeros(2)), "x must have shape (n, d) with n, d >= 1, got shape (2,)"),
    (lambda: run(X / 0), "x must be finite in every entry, got nan"),
    (lambda: run(nodes=[5, 0]), "nodes must be non-empty and increase strictly above last"),
    (lambda: run(nodes=[]), "nodes must be non-empty and increase strictly above last"),
    (lambda: run(last=0.0), "nodes must be non-empty and increase strictly above last"),
    (lambda: run(nodes=[0, 1000]), "t must be in [-1.0, 999.0], got 1000"),
    (lambda: run(first_trajectory=-1), "first_trajectory must be at least 0, got -1"),
    (lambda: run(first_trajectory=0.0), "first_trajectory must be an integer, got 0.0"),
    (lambda: run(schedule=None), "schedule must be a Schedule, got None"),
    (lambda: run(score=None), "score must be callable as score(x, t), got None"),
    (lambda: run(score=lambda x, t: x[: int(t > 9)]),
     "score must return a tensor of shape (3, 2)"),
    (lambda: take_step("ddim", X, 5, 3, schedule=S, score=F), "step must be a Step, got 'ddim'"),
    (lambda: Blocked(None, 1), "score must be callable as score(x, t), got None"),
    (lambda: Blocked(F, 0), "rows must be at least 1, got 0"),
    (lambda: Blocked(F, 1, -1), "first must be at least 0, got -1"),
    (lambda: step("ddim"), "step must be a Step, got 'ddim'"),
    (lambda: step(t_next=5), "t_next must be below t = 5.0, got 5.0"),
    (lambda: step(t=-1, t_next=-2), "t must be in [-1.0, 999.0], got -2.0"),
    (lambda: step(Ancestral()), "noise must be unit normals of shape (3, 2), got None"),
    (lambda: with_final_steps([0, 2], -1), "count must be at least 0, got -1"),
    (lambda: with_final_steps([2, 2], 1), "nodes must increase strictly, got [2, 2]"),
    (lambda: with_final_steps([0.5], 1), "nodes must be an integer, got 0.5"),
    (lambda: TrajectoryNoise(-1), "entropy must be at least 0, got -1"),
    (lambda: TrajectoryNoise(1, 0.5), "first must be an integer, got 0.5"),
    (lambda: TrajectoryNoise(1).normals(-1, like=X), "step must be at least 0, got -1"),
    (lambda: TrajectoryNoise(1).uniforms("a", like=X), "step must be an integer, got 'a'"),
    (lambda: law(mixture=None), "mixture must be a GaussianMixture, got None"),
    (lambda: law(schedule=None), "schedule must be a Schedule, got None"),
    (lambda: law(X[:, :1]), "x must be of shape (*n, 2), got (3, 1)"),
    (lambda: law(X / 0), "x must be finite in every entry"),
    (lambda: law(stop=20.0), "t_next must be below t = 20.0, got 20.0"),
    (lambda: law(stop=-2.0), "t must be in [-1.0, 999.0], got -2.0"),
    (lambda: law().log_mass([1.0], 0.0, 1.0), "direction must have shape (2,), got (1,)"),
    (lambda: law().log_mass([0.0, 0.0], 0.0, 1.0), "direction must not be 0, got 0"),
    (lambda: law().log_mass([1.0, 0.0], 1.0, 1.0), "high must exceed low, got low = 1.0"),
    (lambda: law().log_mass([1.0, 0.0], [0.0, 1.0], 2.0), "low must have shape () or (3,)"),
    (lambda: law().log_below([1.0, 0.0], math.inf), "high must be finite in every entry"),
    (lambda: law().sample(seed=-1), "seed must be at least 0, got -1"),
    (lambda: law().sample(seed=1, step=-1), "step must be at least 0, got -1"),
    (lambda: law(X[0]).sample(seed=1), "starts must have shape (n, d) to be sampled, got"),
    (lambda: draw(X[0]), "x must have shape (n, d) with n, d >= 1, got shape (2,)"),
    (lambda: draw(seed=None), "seed must be an integer, got None"),
    (lambda: draw(first=-1), "first_trajectory must be at least 0, got -1"),
    (lambda: draw(budget=0), "budget must be at least 1, got 0"),
    (lambda: draw(nodes=[3, 1]), "nodes must be non-empty and increase strictly above last"),
    (lambda: offset_law(-1.0, 1.0, 0.5), "k must be non-negative, got -1.0"),
    (lambda: offset_law(1.0, 0.0, 0.5), "s must be positive, got an entry 0.0"),
    (lambda: offset_law(1.0, 1.0, 0.0), "s_next must be positive, got an entry 0.0"),
    (lambda: offset_law(1.0, 1.0, 1.5), "s_next must be at most s, got 1.5 against 1.0"),
    (lambda: offset_law(1.0, [1.0, 2.0], [0.1, 0.1, 0.1]), "s_next must broadcast with s"),
]
# fmt: on


@pytest.mark.parametrize(("call", "message"), TABLE, ids=[row[1][:40] for row in TABLE])
def test_refuses(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
