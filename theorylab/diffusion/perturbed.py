r"""Scores with an error of known size, and the midpoint eigenvalue of any score.

Notation: s(x, t) a score, delta(x, t) its error, eps = sup |delta|, L = the Lipschitz constant of
delta in x; sigma_t^2 = alpha_t^2 variance + noise_t^2 the variance of one component at time t;
a segment with direction e and midpoint m lies in the coordinates y = x / alpha_t.

This module learns nothing and takes no exact score for granted: a network is a `Score` too.
Checked in proofs_check/ashiq2026_ddim_vs_ddpm (Appendix C of arXiv:2605.06831).
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion import _points
from theorylab.diffusion.geometry import Segment
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import Score


@runtime_checkable
class ErrorField(Protocol):
    """A field delta(x, t) of score errors that knows its own size, uniformly in x and t."""

    @property
    def sup(self) -> float:
        """A bound eps on |delta|, Assumption C.2."""

    @property
    def lipschitz(self) -> float:
        """A bound L on |delta(x) - delta(x')| / |x - x'|, Assumption C.3."""

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """The error at x, t, of the shape of x."""


@dataclass(frozen=True)
class SmoothField:
    r"""A random trigonometric field, constant in time, of exactly known size.

    .. math:: \delta(x) = \frac{A}{n} \sum_{m=1}^{n} b_m
              \sin\Big(\frac{\langle k_m, x\rangle}{h} + \varphi_m\Big), \quad |b_m| = |k_m| = 1

    with directions b_m, k_m uniform on the sphere and uniform phases. Each wave has size A and
    slope A/h, so |delta| <= A and |delta(x) - delta(x')| <= (A/h) |x - x'|, and both are attained
    with a single wave.

    Attributes:
        seed: of the directions and phases.
        amplitude: A >= 0.
        length: h > 0, the scale on which the field varies.
        dimension: d of the points.
        waves: n >= 1.

    Raises:
        ValueError: an argument outside these ranges; when called, points of another dimension.
    """

    seed: int
    amplitude: float
    length: float
    dimension: int = 2
    waves: int = 8

    def __post_init__(self) -> None:
        _require.integer("seed", self.seed, at_least=0)
        _require.non_negative("amplitude", self.amplitude)
        _require.positive("length", self.length)
        _require.integer("dimension", self.dimension, at_least=1)
        _require.integer("waves", self.waves, at_least=1)

    @property
    def sup(self) -> float:
        """The bound A."""
        return float(self.amplitude)

    @property
    def lipschitz(self) -> float:
        """The bound A / h."""
        return float(self.amplitude) / float(self.length)

    def __call__(self, x: ArrayLike, t: ArrayLike = 0.0) -> Points:  # noqa: ARG002
        """The field at x, (*n, d); it does not depend on t."""
        like = torch.zeros(self.dimension, dtype=torch.float64)
        points = _points.points("x", x, like=like)
        outwards, along, phase = (part.to(points) for part in self._waves())
        angle = points @ along.T / self.length + phase
        return self.amplitude / self.waves * torch.sin(angle) @ outwards

    def _waves(self) -> tuple[Tensor, Tensor, Tensor]:
        """The directions b and k, (n, d), and the phases, (n,)."""
        generator = torch.Generator().manual_seed(self.seed)
        shape = (2, self.waves, self.dimension)
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        unit = drawn / torch.linalg.vector_norm(drawn, dim=-1, keepdim=True)
        phase = 2 * math.pi * torch.rand(self.waves, generator=generator, dtype=torch.float64)
        return unit[0], unit[1], phase


@dataclass(frozen=True, eq=False)
class ConstantField:
    """The error delta(x, t) = value, a vector (d,); its Lipschitz constant is 0.

    Raises:
        ValueError: a value that is not a finite vector; when called, points of another dimension.
    """

    value: ArrayLike

    def __post_init__(self) -> None:
        checked = _require.array("value", self.value)
        if checked.ndim != 1 or len(checked) == 0:
            msg = f"value must have shape (d,) with d >= 1, got shape {tuple(checked.shape)}"
            raise ValueError(msg)
        object.__setattr__(self, "value", checked)

    @property
    def sup(self) -> float:
        """The norm |value|."""
        return float(torch.linalg.vector_norm(torch.as_tensor(self.value)))

    @property
    def lipschitz(self) -> float:
        """Zero."""
        return 0.0

    def __call__(self, x: ArrayLike, t: ArrayLike = 0.0) -> Points:  # noqa: ARG002
        """The value at every point, (*n, d)."""
        value = torch.as_tensor(self.value)
        points = _points.points("x", x, like=value)
        return value.to(points).expand(points.shape)


@dataclass(frozen=True)
class PerturbedScore:
    r"""A score with an error added, s(x, t) + delta(x, t), again a `Score`.

    Attributes:
        score: any score, exact or learned.
        field: the error; anything callable as field(x, t). One with `sup` and `lipschitz` is an
            `ErrorField`.

    Raises:
        ValueError: a score or a field that cannot be called; when called, a value that has not
            the shape of the points.

    Source: arXiv:2605.06831, Definition C.1.
    """

    score: Score
    field: Score

    def __post_init__(self) -> None:
        for name in ("score", "field"):
            if not callable(getattr(self, name)):
                msg = f"{name} must be callable as {name}(x, t), got {getattr(self, name)!r}"
                raise ValueError(msg)

    def __call__(self, x: Tensor, t: Tensor) -> Points:
        """The perturbed score at x, t, (*n, d)."""
        parts = {"score": self.score(x, t), "field": self.field(x, t)}
        for name, value in parts.items():
            if value.shape != x.shape:
                got = tuple(value.shape)
                msg = f"{name} must return the shape {tuple(x.shape)} of x, got {got}"
                raise ValueError(msg)
        return parts["score"] + parts["field"]


def directional_slope(
    score: Score, x: ArrayLike, direction: ArrayLike, t: ArrayLike
) -> Float[Tensor, "*n"]:
    """The slope <e, J e> of the score along the unit vector e = direction/|direction|; (*n).

    J is the Jacobian in x, by automatic differentiation.

    Raises:
        ValueError: points or a direction that are not finite or do not agree, a zero direction,
            or a score that automatic differentiation cannot follow.
    """
    start = _require.array("x", x)
    along = _require.array("direction", direction, like=start)
    if start.ndim < 1 or along.shape != start.shape[-1:]:
        msg = f"direction must have shape {tuple(start.shape[-1:])}, got {tuple(along.shape)}"
        raise ValueError(msg)
    if not bool((along != 0).any()):
        msg = f"direction must not be zero, got {along.tolist()}"
        raise ValueError(msg)
    unit = (along / torch.linalg.vector_norm(along)).detach()
    moving = start.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        value = score(moving, torch.as_tensor(t, dtype=start.dtype, device=start.device))
        if not value.requires_grad:
            msg = "score must be differentiable in x, got a value that does not depend on x"
            raise ValueError(msg)
        (slope,) = torch.autograd.grad((value @ unit).sum(), moving)
    return slope @ unit


def midpoint_eigenvalue(
    score: Score, segment: Segment, schedule: Schedule, t: float, *, variance: float
) -> float:
    r"""The rate at which the flow of any score leaves the midpoint along the segment.

    .. math:: \lambda = \sigma_t^2\, \langle e, J(\alpha_t m, t)\, e\rangle, \qquad
              \sigma_t^2 = \alpha_t^2\, \mathrm{variance} + \mathrm{noise}_t^2

    the slope of d xi/du in the clock of a mixture of that variance. For the exact score of two
    equal modes it is ell^2/(4 s^2) - 1; for a learned score no exact one is needed.

    Args:
        score: exact, perturbed or learned.
        segment: in the coordinates y = x / alpha_t.
        schedule: alpha and the noise.
        t: the time.
        variance: of a component of the data.

    Raises:
        ValueError: something else than a segment or a schedule, a time outside it, a variance
            that is not positive, or as `directional_slope`.

    Source: arXiv:2605.06831, Propositions 4.7 and C.5.
    """
    _points.instance("segment", segment, Segment)
    _points.instance("schedule", schedule, Schedule)
    own = _require.positive("variance", variance)
    alpha = float(schedule.alpha(_require.number("t", t)))
    total = alpha**2 * own + float(schedule.sigma(t)) ** 2
    x = alpha * segment.midpoint[None]
    return total * float(directional_slope(score, x, segment.direction, t)[0])
