r"""The signed distance of a state to the bisector of two modes, and the equation it solves.

Notation: n the unit vector from mode j to mode i, m their midpoint, ell their distance; A = <n, x>
minus <n, alpha_t m> (the midpoint moves with the scale of the data) or minus <n, m> (it stays);
f and g^2 of the schedule, k >= 0 the noise level of the reverse family, k = 1 DDPM. Then

.. math:: dA = b\,dt + \sqrt{k}\, g\, dB, \qquad
          b = \langle n,\; f x - \tfrac{1+k}{2} g^2\, s_t(x)\rangle
              - \frac{d}{dt}\langle n, m_t\rangle

with dt < 0; in remaining time the drift is -b.

This module solves nothing. A is a Markov process of its own only where b depends on x through A
alone, as it does for two modes and on a product grid.
Checked in proofs_check/ashiq2026_ddim_vs_ddpm (Eq. 4 of arXiv:2605.06831).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerPoint, Points
from theorylab.diffusion import _points
from theorylab.diffusion.geometry import Vector
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.score import ExactScore, Score


@dataclass(frozen=True, eq=False)
class BisectorCoordinate:
    """The coordinate A of modes i and j of a mixture, under a schedule.

    Attributes:
        mixture: the data.
        schedule: alpha, f and g^2.
        i: the mode towards which A grows.
        j: the other mode.
        moving: whether the midpoint moves as alpha_t m, or stays at m.

    Raises:
        ValueError: a mixture or a schedule of another type, i and j that are not two modes of it
            at different places, moving that is not a bool.
    """

    mixture: GaussianMixture
    schedule: Schedule
    i: int
    j: int
    moving: bool = True

    def __post_init__(self) -> None:
        mixture = _points.instance("mixture", self.mixture, GaussianMixture)
        _points.instance("schedule", self.schedule, Schedule)
        _points.instance("moving", self.moving, bool)
        for name, index in (("i", self.i), ("j", self.j)):
            if _require.integer(name, index, at_least=0) >= mixture.K:
                msg = f"{name} must be below the number of modes {mixture.K}, got {index}"
                raise ValueError(msg)
        if self.separation == 0:
            msg = f"i and j must be modes at different places, got {self.i} and {self.j}"
            raise ValueError(msg)

    @property
    def separation(self) -> float:
        """ell = |mu_i - mu_j|."""
        return float(torch.linalg.vector_norm(self._difference))

    @property
    def normal(self) -> Vector:
        """n = (mu_i - mu_j)/ell, (d,)."""
        return self._difference / torch.linalg.vector_norm(self._difference)

    @property
    def midpoint(self) -> Vector:
        """m = (mu_i + mu_j)/2, (d,)."""
        return (self.mixture.means[self.i] + self.mixture.means[self.j]) / 2

    def origin(self, t: ArrayLike) -> Vector:
        """The point m_t at which A = 0: alpha_t m if the midpoint moves, else m; (d,)."""
        return self._scale(t) * self.midpoint

    def coordinate(self, x: ArrayLike, t: ArrayLike) -> PerPoint:
        """A = <n, x - m_t>; (*n, d) -> (*n).

        Raises:
            ValueError: points of another dimension, a time outside the schedule.
        """
        points = _points.points("x", x, like=self.mixture.means)
        return (points - self.origin(t).to(points)) @ self.normal.to(points)

    def point(self, a: ArrayLike, t: ArrayLike) -> Points:
        """m_t + a n, the point of the line through both modes at which A = a; (*n) -> (*n, d).

        Raises:
            ValueError: entries that are not finite, a time outside the schedule.
        """
        offset = _require.array("a", a, like=self.mixture.means)
        return self.origin(t).to(offset) + offset[..., None] * self.normal.to(offset)

    def drift(
        self, x: ArrayLike, t: ArrayLike, *, k: float = 1.0, score: Score | None = None
    ) -> PerPoint:
        """The drift b of A at the points x; (*n, d) -> (*n).

        Args:
            x: the points.
            t: one time.
            k: the noise level of the reverse family.
            score: the score, that of the mixture if None.

        Raises:
            ValueError: k < 0, points of another dimension, a time outside the schedule.
        """
        points = _points.points("x", x, like=self.mixture.means)
        k = _require.non_negative("k", k)
        time = _require.array("t", t, like=points)
        field = ExactScore(self.mixture, self.schedule) if score is None else score
        rate, noise = self.schedule.drift_rate(time), self.schedule.diffusion_squared(time)
        velocity = rate * points - (1 + k) / 2 * noise * field(points, time)
        moved = rate * self.origin(time).to(points) if self.moving else torch.zeros(()).to(points)
        return (velocity - moved) @ self.normal.to(points)

    def two_mode_drift(self, a: ArrayLike, t: ArrayLike, *, k: float = 1.0) -> Tensor:
        r"""The drift b at A = a if modes i and j were alone, of equal weight; (*n) -> (*n).

        .. math:: b = f a + \tfrac{1+k}{2} \frac{g^2}{S^2}
                  \Big(a - \frac{\alpha\ell}{2} \tanh\frac{\alpha\ell a}{2 S^2}\Big),
                  \qquad S^2 = \alpha^2 v + \sigma^2,

        with a measured from the moving midpoint, and v the variance that the modes share.

        Raises:
            ValueError: a variance per mode, a midpoint that stays, k < 0, a time outside the
                schedule.
        """
        if not (self.mixture.shared and self.moving):
            msg = "the closed form must have one variance and a moving midpoint, got other ones"
            raise ValueError(msg)
        offset = _require.array("a", a, like=self.mixture.means)
        k, schedule = _require.non_negative("k", k), self.schedule
        alpha = schedule.alpha(t)
        variance = alpha**2 * self.mixture.variance + schedule.sigma(t) ** 2
        pull = (1 + k) / 2 * schedule.diffusion_squared(t) / variance
        half = alpha * self.separation / 2
        inward = offset - half * torch.tanh(half * offset / variance)
        return schedule.drift_rate(t) * offset + pull * inward

    @property
    def _difference(self) -> Tensor:
        return self.mixture.means[self.i] - self.mixture.means[self.j]

    def _scale(self, t: ArrayLike) -> Tensor:
        alpha = self.schedule.alpha(t)
        return alpha if self.moving else torch.ones_like(alpha)
