r"""The forward equation and its reversals, as `Dynamics` that own their direction.

Notation: dx = f(t) x dt + g(t) dW forward, with f and g^2 from a schedule; s_t(x) = grad ln p_t;
k >= 0 the noise level of the reverse family, 0 = probability flow (DDIM), 1 = DDPM.

This module solves nothing; hand the dynamics to `theorylab.integrate`.
"""

import torch
from torch import Tensor

from theorylab import _require
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score
from theorylab.path import Dynamics


def forward(
    schedule: Schedule, *, start: float | None = None, stop: float | None = None
) -> Dynamics:
    """The noising equation dx = f(t) x dt + g(t) dW, from t_min to t_max unless told otherwise.

    Raises:
        ValueError: times outside the schedule, or start >= stop.

    Source: arXiv:2605.06831, Eq. 1.
    """
    low, high = _times(schedule, start, stop, 1)
    if low >= high:
        msg = f"start must be below stop = {high}, got {low}"
        raise ValueError(msg)

    def drift(t: Tensor, x: Tensor) -> Tensor:
        return schedule.drift_rate(t) * x

    def diffusion(t: Tensor, x: Tensor) -> Tensor:
        return torch.sqrt(schedule.diffusion_squared(t)) * torch.ones_like(x)

    return Dynamics(drift, (low, high), diffusion)


def reverse(
    schedule: Schedule,
    score: Score,
    *,
    k: float = 1.0,
    start: float | None = None,
    stop: float | None = None,
) -> Dynamics:
    r"""The reverse family of noise level k, from t_max down to t_min unless told otherwise.

    .. math:: dx = \left[f x - \tfrac{1+k}{2} g^2\, s_t(x)\right] dt + \sqrt{k}\, g\, dW

    with dt < 0. This is Anderson's reversal of *marginals*: started from the law p_start, every
    k >= 0 has the marginals p_t of the forward process. Only k = 1 also reverses the *joint* law
    of the path; for k != 1 two times of a run are coupled otherwise than forward. Start from
    `start_law`, not from the prior, unless the schedule ends in the prior.

    Raises:
        ValueError: k < 0, a score that cannot be called, times outside the schedule, or
            start <= stop.

    Source: Anderson 1982; arXiv:2605.06831, Eq. 2 (k = 1) and Eq. 3 (k = 0).
    """
    k = _require.non_negative("k", k)
    if not callable(score):
        msg = f"score must be callable as score(x, t), got {score!r}"
        raise ValueError(msg)
    high, low = _times(schedule, start, stop, -1)
    if high <= low:
        msg = f"start must exceed stop = {low}, got {high}"
        raise ValueError(msg)

    def drift(t: Tensor, x: Tensor) -> Tensor:
        pull = (1 + k) / 2 * schedule.diffusion_squared(t)
        return schedule.drift_rate(t) * x - pull * score(x, t)

    def diffusion(t: Tensor, x: Tensor) -> Tensor:
        return torch.sqrt(k * schedule.diffusion_squared(t)) * torch.ones_like(x)

    return Dynamics(drift, (high, low), None if k == 0 else diffusion)


def probability_flow(
    schedule: Schedule, score: Score, *, start: float | None = None, stop: float | None = None
) -> Dynamics:
    """The probability-flow equation dx/dt = f x - g^2 score / 2, run backward: `reverse` at k = 0.

    Raises:
        ValueError: as `reverse`.
    """
    return reverse(schedule, score, k=0.0, start=start, stop=stop)


def start_law(
    mixture: GaussianMixture, schedule: Schedule, t: float | None = None
) -> GaussianMixture:
    """The exact law p_t = law of alpha_t X + sigma_t Z, by default at t_max.

    Raises:
        ValueError: a mixture or a schedule of another type, a time outside the schedule.
    """
    _points.instance("mixture", mixture, GaussianMixture)
    _points.instance("schedule", schedule, Schedule)
    time = schedule.span[1] if t is None else _require.number("t", t)
    return mixture.noised(float(schedule.alpha(time)), float(schedule.sigma(time)))


def _times(
    schedule: Schedule, start: float | None, stop: float | None, sign: int
) -> tuple[float, float]:
    """The times given, or the ends of the schedule's span in the direction of `sign`."""
    _points.instance("schedule", schedule, Schedule)
    default = schedule.span[::sign]
    first = default[0] if start is None else _require.number("start", start)
    last = default[1] if stop is None else _require.number("stop", stop)
    _require.between("start", first, *schedule.domain)
    _require.between("stop", last, *schedule.domain)
    return first, last
