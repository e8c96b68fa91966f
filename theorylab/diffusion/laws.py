r"""Exact laws of the reverse process: where it leads from one point, without a step.

Notation: y = x / alpha_t, v = sigma_t^2 / alpha_t^2; V_k the variance of component k of the data,
s_k^2 = V_k + v at the start t and s_k'^2 = V_k + v' at the stop t' < t; Phi the standard normal
distribution function.

The reverse SDE is the forward process read backward in its joint law, so by conjugacy

.. math:: y'\,|\,y \sim \sum_k r_k(y)\; N\Big(\mu_k + \frac{s_k'^2}{s_k^2}(y - \mu_k),\;
          s_k'^2\Big(1 - \frac{s_k'^2}{s_k^2}\Big) I\Big)

with the responsibilities r_k at the start, for a shared variance and for one per mode. This is
the member k = 1 of the reverse family only; the others have no closed form for a mixture (see
`offset_law` for one component). At t' = the data it is the law of x_0 given x_t.

This module integrates nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from theorylab import _require
from theorylab._normal import log_normal_between
from theorylab._typing import ArrayLike, PerMode, PerPoint, Points, Weights
from theorylab.diffusion import _points
from theorylab.diffusion._transition import Transition, labels
from theorylab.diffusion.discrete import descending
from theorylab.diffusion.kernels import BUDGET
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.noise import TrajectoryNoise
from theorylab.path import Path


@dataclass(frozen=True, eq=False)
class ReverseLaw:
    """One Gaussian mixture for each start, as `reverse_law` makes them.

    Attributes:
        log_shares: ln of the weights, (*n, K).
        means: (*n, K, d).
        variance: of the components, (K,).
    """

    log_shares: PerMode
    means: Float[Tensor, "*n K d"]
    variance: Weights

    def log_mass(self, direction: ArrayLike, low: ArrayLike, high: ArrayLike) -> PerPoint:
        r"""The logarithm of P(low <= <direction, x'> <= high), for each start.

        .. math:: \ln \sum_k r_k\,\Big[\Phi\Big(\frac{high - m_k}{\tau_k}\Big)
                  - \Phi\Big(\frac{low - m_k}{\tau_k}\Big)\Big]

        summed in logarithms: probabilities of 1e-300 and far below keep their digits.

        Args:
            direction: (d,), not 0; it need not be a unit vector.
            low: () or (*n).
            high: as low, and above it.

        Raises:
            ValueError: a direction of another shape or 0, ends of another shape or not finite,
                low >= high.
        """
        place, width = self._along(direction)
        below, above = self._end("low", low), self._end("high", high)
        if bool((below >= above).any()):
            msg = f"high must exceed low, got low = {low} and high = {high}"
            raise ValueError(msg)
        parts = log_normal_between((below - place) / width, (above - place) / width)
        return torch.logsumexp(self.log_shares + parts, dim=-1)

    def log_below(self, direction: ArrayLike, high: ArrayLike) -> PerPoint:
        """The logarithm of P(<direction, x'> <= high), for each start; see `log_mass`.

        Raises:
            ValueError: as `log_mass`.
        """
        place, width = self._along(direction)
        parts = torch.special.log_ndtr((self._end("high", high) - place) / width)
        return torch.logsumexp(self.log_shares + parts, dim=-1)

    def sample(self, *, seed: int, first_trajectory: int = 0, step: int = 0) -> Points:
        """One draw for each start, (n, d), for starts (n, d).

        The draw depends on the seed, the trajectory's own number and the step only, as in
        `samplers.sample`.

        Raises:
            ValueError: a seed, a number or a step that is not an integer >= 0, or starts not of
                shape (n, d).
        """
        return self._draw(_noise(seed, first_trajectory), step)

    def _draw(self, noise: TrajectoryNoise, step: int) -> Points:
        if self.means.ndim != 3:
            msg = (
                f"starts must have shape (n, d) to be sampled, got {tuple(self.means.shape[:-2])}"
            )
            raise ValueError(msg)
        like = self.means[:, 0]
        label = labels(self.log_shares, noise.uniforms(step, like=like))
        mean = self.means[torch.arange(len(like), device=like.device), label]
        return mean + self.variance[label, None].sqrt() * noise.normals(step, like=like)

    def _along(self, direction: ArrayLike) -> tuple[Tensor, Tensor]:
        """Means and deviations of the components along the direction, (*n, K) and (K,)."""
        n = _require.array("direction", direction, like=self.means).to(self.means)
        if n.shape != self.means.shape[-1:]:
            msg = f"direction must have shape ({self.means.shape[-1]},), got {tuple(n.shape)}"
            raise ValueError(msg)
        length = torch.linalg.vector_norm(n)
        if float(length) == 0:
            msg = "direction must not be 0, got 0"
            raise ValueError(msg)
        return self.means @ n, length * self.variance.sqrt()

    def _end(self, name: str, value: ArrayLike) -> Tensor:
        """An end of an interval as () or (*n, 1)."""
        return _points.level(name, value, self.means[..., 0, :])


def reverse_law(
    mixture: GaussianMixture, x: ArrayLike, *, schedule: Schedule, start: float, stop: float
) -> ReverseLaw:
    """The law of x at `stop` given x at `start`, for the reverse SDE with the exact score.

    Args:
        mixture: the data, with a shared variance or one per mode.
        x: the points at the start, (*n, d).
        schedule: alpha and sigma; `EDMSchedule` for points in the coordinates y.
        start: the time of x.
        stop: an earlier time; the time of the data for the law of x_0 given x.

    Raises:
        ValueError: stop >= start, times outside the schedule, points of another dimension or not
            finite, no mixture, no schedule.

    Source: Anderson 1982; conjugacy of Gaussians.
    """
    points = _points.instance("mixture", mixture, GaussianMixture)._at(x)[0]
    law = Transition.of(mixture, points, schedule, start, stop)
    y = points / law.alpha
    moved = law.alpha_next * (law.means + law.kept[:, None] * (y[..., None, :] - law.means))
    return ReverseLaw(law.log_shares(y), moved, law.variance)


@torch.no_grad()
def sample_exactly(
    x: ArrayLike,
    nodes: Sequence[float],
    *,
    mixture: GaussianMixture,
    schedule: Schedule,
    seed: int,
    first_trajectory: int = 0,
    last: float = -1.0,
    keep_path: bool = False,
    budget: int = BUDGET,
) -> Path:
    """The reverse SDE with the exact score at the nodes, exact in law whatever the nodes are.

    As `samplers.sample`, with the transitions of `reverse_law` in place of steps. Memory is that
    of the path returned and `budget` bytes of temporaries, whatever the number of nodes, modes and
    trajectories: rows are done in pieces, and the draws do not depend on the pieces.

    Args:
        x: the points at nodes[-1], (n, d).
        nodes: strictly increasing times.
        mixture: the data, with a shared variance or one per mode.
        schedule: alpha and sigma.
        seed: of the noise.
        first_trajectory: the number of the first row.
        last: the time of the end, below all nodes.
        keep_path: return every state and not the two ends alone.
        budget: bytes of temporaries, at least those of one row.

    Raises:
        ValueError: as `samplers.sample` and `reverse_law`; a budget that is no positive integer.
    """
    points = _require.array("x", x)
    if points.ndim != 2 or 0 in points.shape:
        msg = f"x must have shape (n, d) with n, d >= 1, got shape {tuple(points.shape)}"
        raise ValueError(msg)
    points = _points.instance("mixture", mixture, GaussianMixture)._at(points)[0]
    budget = _require.integer("budget", budget, at_least=1)
    noise = _noise(seed, first_trajectory)
    times = descending(nodes, last)
    kept = times if keep_path else [times[0], times[-1]]
    states = points.new_empty((len(kept), *points.shape))
    states[0] = points
    for step, (now, after) in enumerate(pairwise(times)):
        source, target = (step, step + 1) if keep_path else (min(step, 1), 1)
        law = Transition.of(mixture, points, schedule, now, after)
        law.move(states[source], states[target], noise, step, budget)
    return Path(torch.tensor(kept, dtype=torch.float64), states, 0)


def offset_law(k: float, s: ArrayLike, s_next: ArrayLike) -> tuple[Tensor, Tensor]:
    r"""Factor and variance of the offset y - mu from one component under the reverse family.

    .. math:: y'\,|\,y \sim N\Big(\mu + \Big(\frac{s'}{s}\Big)^{1+k}(y - \mu),\;
              s'^2\Big(1 - \Big(\frac{s'}{s}\Big)^{2k}\Big) I\Big)

    Args:
        k: the noise level of `dynamics.reverse`, >= 0.
        s: the effective deviation at the start.
        s_next: that at the stop, at most s.

    Raises:
        ValueError: k < 0, deviations that are not positive, s_next > s, or shapes that do not
            broadcast.
    """
    k = _require.non_negative("k", k)
    now = _require.array("s", s, like=torch.zeros((), dtype=torch.float64))
    after = _points.broadcasting("s_next", _require.array("s_next", s_next, like=now), "s", now)
    for name, value in (("s", now), ("s_next", after)):
        if not bool((value > 0).all()):
            msg = f"{name} must be positive, got an entry {float(value.min())}"
            raise ValueError(msg)
    if bool((after > now).any()):
        msg = f"s_next must be at most s, got {float(after.max())} against {float(now.min())}"
        raise ValueError(msg)
    ratio = torch.log(after / now)
    return torch.exp((1 + k) * ratio), -(after**2) * torch.expm1(2 * k * ratio)


def _noise(seed: int, first_trajectory: int) -> TrajectoryNoise:
    _require.integer("seed", seed, at_least=0)
    _require.integer("first_trajectory", first_trajectory, at_least=0)
    return TrajectoryNoise(seed, first_trajectory)
