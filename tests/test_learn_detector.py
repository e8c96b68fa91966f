"""Screening samples of a network in one call: the same runs, the right share, the flagged ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from theorylab.diffusion import DDIM, FIXED_LARGE, Ancestral, GaussianMixture, VPSchedule, sample
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.smoothing import Inflate, SmoothedScore
from theorylab.learn import LearnedScore, screen

SCHEDULE = VPSchedule.ddpm(100, 1e-3, 0.2)
MODES = GaussianMixture.pair(1.0, 0.05**2)
SMOOTHED = SmoothedScore(MODES, SCHEDULE, Inflate(0.1))
NODES = list(range(100))


class Noise(nn.Module):
    """The smoothed score as a network that predicts noise."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return -SCHEDULE.sigma(t) * SMOOTHED(x, t)


def start(n: int) -> Tensor:
    return GaussianMixture([[0.0]], 1.0).sample(n, seed=4)


def test_the_samples_are_those_of_the_sampler_whatever_the_chunks() -> None:
    whole, parts = (
        screen(Noise(), start(40), NODES, schedule=SCHEDULE, window=(0, 7), seed=3, rows=rows)
        for rows in (40, 7)
    )
    score = LearnedScore(Noise(), SCHEDULE)
    path = sample(
        start(40), NODES, Ancestral(FIXED_LARGE), schedule=SCHEDULE, score=score, seed=3,
        keep_path=True,
    )  # fmt: skip
    hal = trajectory_variance(path, score=score, schedule=SCHEDULE, window=(0, 7))
    torch.testing.assert_close(whole.samples, path.end)
    torch.testing.assert_close(whole.hal, hal)
    torch.testing.assert_close(parts.samples, whole.samples)
    assert parts.threshold == pytest.approx(whole.threshold, rel=1e-9)


@pytest.mark.parametrize(("retention", "kept"), [(0.96, 48), (0.961, 49), (1.0, 50), (1e-6, 1)])
def test_the_share_is_kept_and_the_largest_are_flagged(retention: float, kept: int) -> None:
    found = screen(
        SMOOTHED, start(50), NODES, schedule=SCHEDULE, window=(0, 7), retention=retention, seed=3
    )
    assert (len(found.kept), len(found.flagged)) == (kept, 50 - kept)
    assert float(found.hal.sort().values[kept - 1]) == found.threshold
    assert len(replace(found, threshold=0.0).kept) == 0


def test_hallucinations_are_flagged_more_often_than_others() -> None:
    found = screen(
        Noise(), start(2000), NODES, schedule=SCHEDULE, window=(0, 5), retention=0.8, seed=3
    )
    bad = (found.samples[:, 0].abs() < 0.2).double()
    flagged = (found.hal > found.threshold).double()
    assert bad.sum() > 20
    assert float((bad * flagged).sum() / bad.sum()) > 0.6


def test_other_rules_and_dtypes_are_carried_through() -> None:
    found = screen(
        Noise(), start(6).float(), NODES, schedule=SCHEDULE, window=(0, 9), rule=DDIM(),
        retention=0.5,
    )  # fmt: skip
    assert found.samples.dtype == torch.float32
    assert found.kept.shape == (3, 1)


def called(**changes: Any) -> Callable[[], Any]:
    given: dict[str, Any] = {
        "network": Noise(), "x": start(3), "nodes": NODES, "schedule": SCHEDULE, "window": (0, 7),
        "seed": 1,
    }  # fmt: skip
    return lambda: screen(**(given | changes))


BAD: list[tuple[Callable[[], Any], str]] = [
    (called(retention=0.0), "retention must"),
    (called(retention=1.2), "retention must"),
    (called(rows=0), "rows must"),
    (called(network=3), "network must"),
    (called(x=torch.zeros(3)), "x must have shape"),
    (called(x=torch.zeros(0, 1)), "x must have shape"),
    (called(window=(0.2, 0.8)), "window must hold"),
    (called(window=(7, 0)), "window must be ordered"),
    (called(seed=None), "seed"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
