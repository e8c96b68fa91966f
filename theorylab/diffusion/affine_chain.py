r"""One Gaussian mode through the ancestral chain: an affine recursion, and what follows from it.

Notation: s^2 the variance of the mode, e_t the offset of x_t from its mean; with the exact score

.. math:: k_t = \frac{\sqrt{\bar\alpha_t}\, s^2}{\bar\alpha_t s^2 + 1 - \bar\alpha_t}, \qquad
          e_{t-1} = (c_1 k_t + c_2)\, e_t + \sqrt{\tau_t}\, Z, \qquad \text{output } k_0 e_0

with c_1, c_2, tau of `theorylab.diffusion.chain`. The predicted clean samples k_t e_t of a window
are jointly Gaussian, so their trajectory variance is a sum of weighted chi squares.

This module knows one mode: what a mixture adds is the choice of the mode.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

from theorylab import _require
from theorylab.diffusion.chain import chain_steps
from theorylab.diffusion.schedule import DDPMSchedule


def output_deviation(
    deviation: float, schedule: DDPMSchedule, *, last: int | None = None, large: bool = True
) -> float:
    """The deviation of the chain's output for a mode of this deviation, started from N(0, 1).

    Raises:
        ValueError: a deviation that is not positive, or as `chain_steps`.
    """
    variance = 1.0
    own = _require.positive("deviation", deviation) ** 2
    for step in chain_steps(schedule, last=last, large=large):
        gain = step.clean * step.clean_gain(own) + step.kept
        variance = gain**2 * variance + step.variance
    return math.sqrt(variance)


def generations(
    deviation: float, schedule: DDPMSchedule, count: int, *, large: bool = True
) -> list[float]:
    """The deviations of a mode over `count` generations that each learn the last one exactly.

    Raises:
        ValueError: count < 1, or as `output_deviation`.
    """
    found = [_require.positive("deviation", deviation)]
    for _ in range(_require.integer("count", count, at_least=1)):
        found.append(output_deviation(found[-1], schedule, large=large))
    return found


def fixed_deviation(
    schedule: DDPMSchedule, low: float, high: float, *, large: bool = True
) -> float:
    """A deviation between low and high that the chain reproduces.

    Raises:
        ValueError: output/input - 1 has the same sign at both ends.
    """

    def excess(deviation: float) -> float:
        return output_deviation(deviation, schedule, large=large) / deviation - 1

    ends = [excess(_require.positive(name, end)) for name, end in (("low", low), ("high", high))]
    if ends[0] * ends[1] >= 0:
        msg = f"low and high must enclose a fixed deviation, got growth {ends[0]} and {ends[1]}"
        raise ValueError(msg)
    return float(optimize.brentq(excess, low, high, xtol=1e-13))


NODES = 20
"""Of Talbot's contour; more of them lose to cancellation in float64."""


@dataclass(frozen=True, eq=False)
class QuadraticForm:
    """The law of sum_j weight_j chi^2_1 with independent chi squares of one degree of freedom.

    Raises:
        ValueError: weights that are negative or all 0.
    """

    weights: Tensor

    def __post_init__(self) -> None:
        checked = _require.array("weights", self.weights).double()
        if checked.ndim != 1 or bool((checked < 0).any()) or not bool((checked > 0).any()):
            msg = f"weights must be non-negative and not all 0, got {checked}"
            raise ValueError(msg)
        object.__setattr__(self, "weights", checked[checked > 1e-14 * checked.max()])

    @property
    def mean(self) -> float:
        """The sum of the weights."""
        return float(self.weights.sum())

    def above(self, x: float) -> float:
        r"""P(Q > x) = 1 - F(x), to about 1e-10 absolutely.

        F is the inverse Laplace transform of p^{-1} prod_j (1 + 2 w_j p)^{-1/2}, whose
        singularities lie on the negative axis, by Talbot's contour:

        .. math:: p(\theta) = r\theta(\cot\theta + i), \qquad r = \frac{2M}{5x}

        Source: Abate and Valko, Int. J. Numer. Meth. Engng 60 (2004), Eq. 7-9.
        """
        level = _require.non_negative("x", x) / self.mean
        if level == 0:
            return 1.0
        weights = self.weights.numpy() / self.mean
        r = 2 * NODES / (5 * level)
        angle = math.pi * np.arange(1, NODES) / NODES
        cot = 1 / np.tan(angle)
        p = np.concatenate([[r + 0j], r * angle * (cot + 1j)])
        turn = np.concatenate([[0.5 + 0j], 1 + 1j * (angle + (angle * cot - 1) * cot)])
        transform = np.prod(1 / np.sqrt(1 + 2 * weights * p[:, None]), axis=1) / p
        return 1 - float(r / NODES * (np.exp(level * p) * transform * turn).real.sum())

    def quantile(self, level: float) -> float:
        """The x with P(Q <= x) = level.

        Raises:
            ValueError: a level outside (0, 1).
        """
        if not 0 < _require.number("level", level) < 1:
            msg = f"level must be in the open interval (0, 1), got {level}"
            raise ValueError(msg)
        top = 2 * self.mean
        while self.above(top) > 1 - level:
            top *= 2
        return float(optimize.brentq(lambda x: self.above(x) - 1 + level, 0.0, top, rtol=1e-9))


def prediction_covariance(
    deviation: float,
    schedule: DDPMSchedule,
    *,
    window: tuple[int, int],
    last: int | None = None,
    large: bool = True,
) -> Tensor:
    """The covariance of the predicted clean samples k_t e_t for t = window[0]..window[1].

    Raises:
        ValueError: a window that is not ordered or above `last`, or as `output_deviation`.
    """
    low, high = (_require.integer("window", end, at_least=0) for end in window)
    own = _require.positive("deviation", deviation) ** 2
    top = schedule.steps - 1 if last is None else last
    if not low < high <= top:
        msg = f"window must be ordered and not above {top}, got {window}"
        raise ValueError(msg)
    gains, noises, read, variance = {}, {}, {}, 1.0
    for step in chain_steps(schedule, last=last, large=large):
        if step.t == high:
            start = variance
        gains[step.t] = step.clean * step.clean_gain(own) + step.kept
        noises[step.t], read[step.t] = step.variance, step.clean_gain(own)
        variance = gains[step.t] ** 2 * variance + step.variance
    spread = {high: start}
    for t in range(high, low, -1):
        spread[t - 1] = gains[t] ** 2 * spread[t] + noises[t]
    found = torch.zeros(high - low + 1, high - low + 1, dtype=torch.float64)
    for t in range(low, high + 1):
        carried = spread[t]
        for u in range(t, low - 1, -1):  # Cov(e_t, e_u) = (gains from t down to u) Var e_t
            entry = read[t] * read[u] * carried
            found[t - low, u - low] = found[u - low, t - low] = entry
            carried *= gains[u]
    return found


def trajectory_variance_law(covariance: Tensor, *, dimension: int = 1) -> QuadraticForm:
    """The law of Hal of a mode: weights eig(P C P)/n, P = I - 11'/n, averaged over coordinates.

    Raises:
        ValueError: a covariance that is not square, dimension < 1.
    """
    matrix = _require.array("covariance", covariance)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        msg = f"covariance must be square, got shape {tuple(matrix.shape)}"
        raise ValueError(msg)
    n, d = len(matrix), _require.integer("dimension", dimension, at_least=1)
    centre = torch.eye(n, dtype=matrix.dtype) - 1 / n
    weights = torch.linalg.eigvalsh(centre @ matrix @ centre).clamp(min=0) / n
    return QuadraticForm((weights / d).repeat(d))
