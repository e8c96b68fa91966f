r"""The one-step rules of the samplers: how much predicted noise stays, how much is drawn anew.

Notation: y = x / alpha_t, v = sigma_t^2 / alpha_t^2, a prime for the next time, t' < t; x0 the
denoiser E[x_0 | x_t] and eps the predicted noise, y = x0 + sqrt(v) eps; Z unit normals. Every rule
is

.. math:: y' = x_0 + w\,\epsilon + b\,Z

with numbers w and b of the two times only. All but `EulerMaruyama` return x0 at v' = 0.

This module calls no score and draws no noise; see `theorylab.diffusion.samplers`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab import _require
from theorylab.diffusion import _points
from theorylab.diffusion.schedule import Schedule


class Level(NamedTuple):
    """A time t of a run, with alpha, sigma and v there."""

    t: float
    alpha: Tensor
    sigma: Tensor
    v: Tensor

    @staticmethod
    def of(schedule: Schedule, times: Sequence[float]) -> "list[Level]":
        """The levels of several times, with one call of the schedule for all of them.

        Raises:
            ValueError: something else than a schedule, times that are not finite or outside it.
        """
        _points.instance("schedule", schedule, Schedule)
        at = torch.tensor([_require.number("t", t) for t in times], dtype=torch.float64)
        alpha, sigma, ratio = schedule.alpha(at), schedule.sigma(at), schedule.noise_to_signal(at)
        return [Level(*row) for row in zip(at.tolist(), alpha, sigma, ratio**2, strict=True)]


class Levels(NamedTuple):
    """What a rule may know of a step: v, v', and alpha_t / alpha_t'."""

    now: Tensor
    after: Tensor
    decay: Tensor

    @staticmethod
    def of(schedule: Schedule, t: float, t_next: float) -> "Levels":
        """The levels of a step from t down to t_next.

        Raises:
            ValueError: t_next >= t, times outside the schedule, or no noise at t (v = 0).
        """
        return Levels.between(*Level.of(schedule, [t, t_next]))

    @staticmethod
    def between(at: Level, after: Level) -> "Levels":
        """The levels of a step between two times.

        Raises:
            ValueError: times that do not go down, or no noise at the first (v = 0).
        """
        if after.t >= at.t:
            msg = f"t_next must be below t = {at.t}, got {after.t}"
            raise ValueError(msg)
        if float(at.v) == 0:
            msg = f"t must be a time with noise, got {at.t}, where sigma = 0"
            raise ValueError(msg)
        return Levels(at.v, after.v, at.alpha / after.alpha)


class Step(ABC):
    """A rule for one step of a sampler."""

    @abstractmethod
    def kept(self, levels: Levels) -> Tensor:
        """The factor w of the predicted noise."""

    @abstractmethod
    def drawn(self, levels: Levels) -> Tensor:
        """The deviation b of the new noise."""


@dataclass(frozen=True)
class DDIM(Step):
    r"""The step of DDIM; eta = 0 is deterministic, eta = 1 is `Ancestral`.

    .. math:: w = \sqrt{v' - b^2}, \qquad b^2 = \eta^2\, \frac{(v - v')\, v'}{v}

    Raises:
        ValueError: eta outside [0, 1].

    Source: Song et al., arXiv:2010.02502, Eq. 12, 16, in the coordinates y.
    """

    eta: float = 0.0

    def __post_init__(self) -> None:
        _require.between("eta", self.eta, 0.0, 1.0)

    def kept(self, levels: Levels) -> Tensor:
        """The factor sqrt(v' - b^2), as sqrt(v' (1 - eta^2 + eta^2 v' / v)), which loses none."""
        v, v_next, _ = levels
        share = self.eta**2
        return torch.sqrt(v_next * ((1 - share) + share * (v_next / v)))

    def drawn(self, levels: Levels) -> Tensor:
        """The deviation eta sqrt((v - v') v' / v)."""
        v, v_next, _ = levels
        return self.eta * torch.sqrt((v - v_next) * v_next / v)


class Variance(Enum):
    """The two fixed variances of the ancestral step."""

    FIXED_LARGE = "beta"
    FIXED_SMALL = "beta tilde"


FIXED_LARGE, FIXED_SMALL = Variance.FIXED_LARGE, Variance.FIXED_SMALL


@dataclass(frozen=True)
class Ancestral(Step):
    r"""The ancestral step of DDPM.

    .. math:: w = \frac{v'}{\sqrt v}, \qquad
              b^2 = \frac{(v - v')\, v'}{v} \;\text{(small)} \quad\text{or}\quad
              \Big(\frac{\alpha_t}{\alpha_{t'}}\Big)^2 (v - v') \;\text{(large)}

    The small variance is that of x_t' given x_t and a known x_0 (beta tilde), the large one that
    of x_t given x_t' (beta). As in the source, the step to v' = 0 draws no noise.

    Raises:
        ValueError: a variance that is neither `FIXED_SMALL` nor `FIXED_LARGE`.

    Source: Ho et al., arXiv:2006.11239, Eq. 6, 7 and Section 3.2, in the coordinates y.
    """

    variance: Variance = FIXED_SMALL

    def __post_init__(self) -> None:
        _points.instance("variance", self.variance, Variance)

    def kept(self, levels: Levels) -> Tensor:
        """The factor v' / sqrt(v)."""
        return levels.after / torch.sqrt(levels.now)

    def drawn(self, levels: Levels) -> Tensor:
        """The deviation of either variance; 0 if v' = 0."""
        v, v_next, decay = levels
        added = torch.sqrt(v - v_next)
        if self.variance is FIXED_SMALL:
            return added * torch.sqrt(v_next / v)
        return added * decay * (v_next > 0)


@dataclass(frozen=True)
class Family(Step):
    r"""The reverse family of noise level k, solved exactly with the denoiser held fixed.

    .. math:: w = \sqrt v\,\Big(\frac{v'}{v}\Big)^{(1+k)/2}, \qquad
              b^2 = v'\Big(1 - \Big(\frac{v'}{v}\Big)^k\Big)

    The equation is that of `dynamics.reverse`: k = 0 is DDIM, k = 1 is `Ancestral`, and in
    between and beyond this is not `DDIM(eta)`.

    Raises:
        ValueError: k < 0.
    """

    k: float = 1.0

    def __post_init__(self) -> None:
        _require.non_negative("k", self.k)

    def kept(self, levels: Levels) -> Tensor:
        """The factor sqrt(v) (v'/v)^((1+k)/2)."""
        v, v_next, _ = levels
        return torch.sqrt(v) * (v_next / v) ** ((1 + self.k) / 2)

    def drawn(self, levels: Levels) -> Tensor:
        """The deviation sqrt(v' (1 - (v'/v)^k))."""
        v, v_next, _ = levels
        return torch.sqrt(v_next * (1 - (v_next / v) ** self.k))


@dataclass(frozen=True)
class EulerMaruyama(Step):
    r"""The step of Euler and Maruyama for the reverse family of noise level k, in the variable v.

    .. math:: w = \sqrt v - \frac{(1+k)(v - v')}{2\sqrt v}, \qquad b^2 = k\,(v - v')

    which is :math:`y' = y + \tfrac12 (1+k)(v - v')\,\alpha_t\, score(x_t) + \sqrt{k(v - v')}\,Z`
    for the equation of `dynamics.reverse`, dy = (1+k)/2 (grad ln q) d(-v) + sqrt(k) dB. Unlike the
    other rules it draws noise in the step to v' = 0, and does not return x0 there.

    Raises:
        ValueError: k < 0.

    Source: Maruyama 1955.
    """

    k: float = 1.0

    def __post_init__(self) -> None:
        _require.non_negative("k", self.k)

    def kept(self, levels: Levels) -> Tensor:
        """The factor sqrt(v) - (1+k)(v - v') / (2 sqrt(v))."""
        v, v_next, _ = levels
        return torch.sqrt(v) - (1 + self.k) * (v - v_next) / (2 * torch.sqrt(v))

    def drawn(self, levels: Levels) -> Tensor:
        """The deviation sqrt(k (v - v'))."""
        return torch.sqrt(self.k * (levels.now - levels.after))


@dataclass(frozen=True)
class DriftAndNoise(Step):
    """The w of one rule with the b of another, or without noise: not a sampler but an ablation.

    `DriftAndNoise(Ancestral())` has the doubled drift of DDPM and no noise,
    `DriftAndNoise(DDIM(), Ancestral())` the drift of DDIM and the noise of DDPM. Neither has the
    marginals of the forward process.

    Raises:
        ValueError: a drift that is no `Step`, or a noise that is neither a `Step` nor None.
    """

    drift: Step
    noise: Step | None = None

    def __post_init__(self) -> None:
        _points.instance("drift", self.drift, Step)
        if self.noise is not None:
            _points.instance("noise", self.noise, Step)

    def kept(self, levels: Levels) -> Tensor:
        """The factor w of `drift`."""
        return self.drift.kept(levels)

    def drawn(self, levels: Levels) -> Tensor:
        """The deviation b of `noise`; 0 if None."""
        zero = torch.zeros_like(levels.after)
        return zero if self.noise is None else self.noise.drawn(levels)
