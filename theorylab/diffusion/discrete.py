r"""The discrete samplers DDIM and DDPM, one step at a time and in a loop.

Notation: y = x / alpha_t, v = sigma_t^2 / alpha_t^2, a prime for the next time; x0 the denoiser
E[x_0 | x_t], so that y = x0 + sqrt(v) eps; variance = sigma^2 of a component of the data,
s^2 = variance + v. On the DDPM schedule t is a raw index, and t = -1 the data.

This module clamps nothing and learns nothing: the score is an argument.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _points, _random
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score
from theorylab.path import Path


def quadratic_nodes(count: int, last: int = 800) -> list[int]:
    """The integers round(last (i/(count-1))^2), i < count, raised to increase strictly.

    The nodes of DDIM with quadratic skipping in arXiv:2605.06831 are `quadratic_nodes(50)`:
    0 1 2 3 5 8 12 ... 768 800. Halves are rounded up.

    Raises:
        ValueError: count < 2, or last < count - 1.
    """
    count = _require.integer("count", count, at_least=2)
    last = _require.integer("last", last, at_least=count - 1)
    nodes = [0]
    for i in range(1, count):
        square = (2 * last * i**2 + (count - 1) ** 2) // (2 * (count - 1) ** 2)
        nodes.append(max(square, nodes[-1] + 1))
    return nodes


def linear_nodes(count: int, steps: int = 1000) -> list[int]:
    """The integers round((steps-1) i/(count-1)), i < count; all raw indices if count = steps.

    Raises:
        ValueError: count < 2, or steps < count.
    """
    count = _require.integer("count", count, at_least=2)
    last = _require.integer("steps", steps, at_least=count) - 1
    return [(2 * last * i + count - 1) // (2 * (count - 1)) for i in range(count)]


def ddim_step(
    x: ArrayLike,
    t: float,
    t_next: float,
    *,
    schedule: Schedule,
    score: Score,
    eta: float = 0.0,
    noise: ArrayLike | None = None,
) -> Points:
    r"""One DDIM step from t down to t_next.

    .. math:: y' = x_0 + \sqrt{v' - \tau^2}\; \epsilon + \tau Z, \qquad
              \tau^2 = \eta^2\, \frac{(v - v')\, v'}{v}

    With an exact score, a shared variance and eta = 0 this is y' = mbar + c (y - mbar) with c of
    `ddim_contraction`. At v' = 0 (t_next = -1 on the DDPM schedule) the result is x0, without
    noise.

    Args:
        x: the points at t, (*n, d).
        t: the present time.
        t_next: the next time, below t.
        schedule: alpha and sigma.
        score: the score at t, called once.
        eta: in [0, 1]; 0 is deterministic, 1 the ancestral step of DDPM.
        noise: Z, unit normals of the shape of x; needed if eta > 0 and v' > 0, else ignored.

    Raises:
        ValueError: eta outside [0, 1], noise missing or of another shape, t_next >= t, times
            outside the schedule, no noise at t (v = 0), or a score that is not finite or of
            another shape.

    Source: Song et al., arXiv:2010.02502, Eq. 12, 16, in the coordinates y.
    """
    points = _require.array("x", x)
    eta = _require.between("eta", eta, 0.0, 1.0)
    v, v_next = _levels(schedule, t, t_next)
    tau = eta * torch.sqrt((v - v_next) * v_next / v)
    alpha, alpha_next = schedule.alpha(float(t)), schedule.alpha(float(t_next))
    sigma = schedule.sigma(float(t))
    epsilon = -sigma * _score_at(score, points, float(t))
    clean = (points - sigma * epsilon) / alpha
    moved = alpha_next * (clean + torch.sqrt(v_next - tau**2) * epsilon)
    if float(tau) == 0.0:
        return moved
    return moved + alpha_next * tau * _noise(noise, points)


def ddpm_step(
    x: ArrayLike,
    t: float,
    *,
    schedule: Schedule,
    score: Score,
    noise: ArrayLike | None,
    t_next: float | None = None,
) -> Points:
    r"""One ancestral DDPM step with the posterior variance, to t - 1 unless told otherwise.

    .. math:: y' = x_0 + \frac{v'}{v}(y - x_0) + \sqrt{\frac{(v - v')\, v'}{v}}\; Z

    With an exact score and a shared variance, y' = mbar + (s'^2/s^2)(y - mbar) + noise. The noise
    is ignored in a step to v' = 0. It is `ddim_step` at eta = 1.

    Raises:
        ValueError: as `ddim_step`.

    Source: Ho et al., arXiv:2006.11239, Eq. 6, 7, in the coordinates y.
    """
    after = _require.number("t", t) - 1 if t_next is None else t_next
    return ddim_step(x, t, after, schedule=schedule, score=score, eta=1.0, noise=noise)


def ddim_contraction(v: ArrayLike, v_next: ArrayLike, variance: ArrayLike) -> Tensor:
    """The factor c = (variance + sqrt(v v')) / (variance + v) of y - mbar in a DDIM step.

    Raises:
        ValueError: negative arguments, variance + v = 0, or shapes that do not broadcast.

    Source: arXiv:2605.06831 in closed form, for any length of the step.
    """
    unit = torch.zeros((), dtype=torch.float64)
    named = {"v": v, "v_next": v_next, "variance": variance}
    now, after, own = (_require.array(name, value, like=unit) for name, value in named.items())
    for name, value in zip(named, (now, after, own), strict=True):
        if bool((value < 0).any()):
            msg = f"{name} must be non-negative, got an entry {float(value.min())}"
            raise ValueError(msg)
    after = _points.broadcasting("v_next", after, "v", now)
    own = _points.broadcasting("variance", own, "v v_next", now * after)
    if bool((own + now == 0).any()):
        msg = "variance + v must be positive, got an entry 0.0"
        raise ValueError(msg)
    return (own + torch.sqrt(now * after)) / (own + now)


def ddim_sample(
    x: ArrayLike,
    nodes: Sequence[float],
    *,
    schedule: Schedule,
    score: Score,
    eta: float = 0.0,
    seed: int | None = None,
    last: float = -1.0,
    keep_path: bool = False,
) -> Path:
    """Run `ddim_step` over the nodes, from the largest down, and finally to `last`.

    Args:
        x: the points at nodes[-1], (n, d).
        nodes: strictly increasing times, as `quadratic_nodes` or `linear_nodes` give them; all
            raw indices with eta = 1 are ancestral DDPM.
        schedule: alpha and sigma.
        score: the score, called once a step.
        eta: as in `ddim_step`.
        seed: of the noise, needed if eta > 0; a step's noise depends on the seed and on the
            number of the step only, and a smaller batch sees the beginning of it.
        last: the time of the data: -1 on the DDPM schedule.
        keep_path: keep all states; otherwise the path has its two ends only.

    Returns:
        The path, with times from nodes[-1] down to `last`.

    Raises:
        ValueError: nodes that do not increase strictly above `last`, a missing seed, points not
            of shape (n, d), or as `ddim_step`.
    """
    points = _require.array("x", x)
    if points.ndim != 2 or 0 in points.shape:
        msg = f"x must have shape (n, d) with n, d >= 1, got shape {tuple(points.shape)}"
        raise ValueError(msg)
    if _require.between("eta", eta, 0.0, 1.0) > 0 and seed is None:
        msg = f"seed must be an integer if eta > 0, got None with eta = {eta}"
        raise ValueError(msg)
    times = _descending(nodes, last)
    states = [points]
    for step, (now, after) in enumerate(pairwise(times)):
        noise = None
        if seed is not None and eta > 0:
            noise = _random.normals(tuple(points.shape), seed=seed, stream=2 + step, like=points)
        points = ddim_step(
            points, now, after, schedule=schedule, score=score, eta=eta, noise=noise
        )
        states = [*states, points] if keep_path else [states[0], points]
    kept = times if keep_path else [times[0], times[-1]]
    return Path(torch.tensor(kept, dtype=torch.float64), torch.stack(states), len(times) - 1)


def _descending(nodes: Sequence[float], last: float) -> list[float]:
    checked = _require.array("nodes", nodes, like=torch.zeros((), dtype=torch.float64))
    times = [_require.number("last", last), *checked.reshape(-1).tolist()]
    if checked.ndim != 1 or len(times) < 2 or any(b <= a for a, b in pairwise(times)):
        msg = f"nodes must be non-empty and increase strictly above last = {last}, got {nodes!r}"
        raise ValueError(msg)
    return times[::-1]


def _score_at(score: Score, x: Tensor, t: float) -> Points:
    """The score at (x, t), if it is one."""
    if not callable(score):
        msg = f"score must be callable as score(x, t), got {score!r}"
        raise ValueError(msg)
    value = score(x, torch.as_tensor(t, dtype=x.dtype, device=x.device))
    if not isinstance(value, Tensor) or value.shape != x.shape:
        got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
        msg = f"score must return a tensor of shape {tuple(x.shape)}, got {got}"
        raise ValueError(msg)
    return _require.array(f"score at t = {t}", value)


def _levels(schedule: Schedule, t: float, t_next: float) -> tuple[Tensor, Tensor]:
    _points.instance("schedule", schedule, Schedule)
    now, after = _require.number("t", t), _require.number("t_next", t_next)
    if after >= now:
        msg = f"t_next must be below t = {now}, got {after}"
        raise ValueError(msg)
    v, v_next = (schedule.noise_to_signal(time) ** 2 for time in (now, after))
    if float(v) == 0:
        msg = f"t must be a time with noise, got {now}, where sigma = 0"
        raise ValueError(msg)
    return v, v_next


def _noise(noise: ArrayLike | None, x: Tensor) -> Tensor:
    if noise is None:
        msg = f"noise must be unit normals of shape {tuple(x.shape)}, got None"
        raise ValueError(msg)
    value = _require.array("noise", noise, like=x)
    if value.shape != x.shape:
        msg = f"noise must have shape {tuple(x.shape)}, got shape {tuple(value.shape)}"
        raise ValueError(msg)
    return value
