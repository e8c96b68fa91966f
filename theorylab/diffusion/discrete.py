r"""The discrete samplers DDIM and DDPM, one step at a time, and their nodes.

Notation: y = x / alpha_t, v = sigma_t^2 / alpha_t^2, a prime for the next time; x0 the denoiser
E[x_0 | x_t], so that y = x0 + sqrt(v) eps; variance = sigma^2 of a component of the data,
s^2 = variance + v. On the DDPM schedule t is a raw index, and t = -1 the data.

This module clamps nothing and learns nothing: the score is an argument. Whole runs are in
`theorylab.diffusion.samplers`.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _points
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score
from theorylab.diffusion.steps import DDIM, Level, Levels, Step


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


def with_final_steps(nodes: Sequence[int], count: int) -> list[int]:
    """The raw indices 0..count-1 and those nodes that are larger: the last `count` steps are unit.

    Raises:
        ValueError: nodes that are not integers or do not increase strictly, a negative count.
    """
    count = _require.integer("count", count, at_least=0)
    checked = [_require.integer("nodes", node, at_least=0) for node in nodes]
    if any(b <= a for a, b in pairwise(checked)):
        msg = f"nodes must increase strictly, got {nodes!r}"
        raise ValueError(msg)
    return [*range(count), *(node for node in checked if node >= count)]


def take_step(
    step: Step,
    x: ArrayLike,
    t: float,
    t_next: float,
    *,
    schedule: Schedule,
    score: Score,
    noise: ArrayLike | None = None,
) -> Points:
    """One step y' = x0 + w eps + b Z of any rule, from t down to t_next.

    Args:
        step: w and b.
        x: the points at t, (*n, d).
        t: the present time.
        t_next: the next time, below t.
        schedule: alpha and sigma.
        score: the score at t, called once.
        noise: Z, unit normals of the shape of x; needed if b > 0, else ignored.

    Raises:
        ValueError: a step of another type, and as `ddim_step`.
    """
    _points.instance("step", step, Step)
    points = _require.array("x", x)
    at, after = Level.of(schedule, [t, t_next])
    return stepped(step, points, at, after, score=score, noise=noise)


def stepped(
    step: Step,
    x: Tensor,
    at: Level,
    after: Level,
    *,
    score: Score,
    noise: ArrayLike | Callable[[], Tensor] | None,
) -> Points:
    """As `take_step`, between two levels of a run; noise may be a function that draws it."""
    levels = Levels.between(at, after)
    epsilon = -at.sigma * _score_at(score, x, at.t)
    clean = (x - at.sigma * epsilon) / at.alpha
    moved = after.alpha * (clean + step.kept(levels) * epsilon)
    spread = step.drawn(levels)
    if float(spread) == 0.0:
        return moved
    drawn = noise() if callable(noise) else noise
    return moved + after.alpha * spread * _noise(drawn, x)


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
    return take_step(DDIM(eta), x, t, t_next, schedule=schedule, score=score, noise=noise)


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


def descending(nodes: Sequence[float], last: float) -> list[float]:
    """The times of a run: the nodes from the largest down, and `last`.

    Raises:
        ValueError: nodes that are empty or do not increase strictly above `last`.
    """
    listed = list(nodes) if isinstance(nodes, range) else nodes
    checked = _require.array("nodes", listed, like=torch.zeros((), dtype=torch.float64))
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


def _noise(noise: ArrayLike | None, x: Tensor) -> Tensor:
    if noise is None:
        msg = f"noise must be unit normals of shape {tuple(x.shape)}, got None"
        raise ValueError(msg)
    value = _require.array("noise", noise, like=x)
    if value.shape != x.shape:
        msg = f"noise must have shape {tuple(x.shape)}, got shape {tuple(value.shape)}"
        raise ValueError(msg)
    return value
