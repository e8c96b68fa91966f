r"""One exact transition of the reverse equation, for all trajectories, within a budget of memory.

Notation: as in `theorylab.diffusion.laws`; c_k = s_k'^2 / s_k^2, tau_k^2 the variance of x' about
its mean.

This module checks no points, and is not public; see `theorylab.diffusion.laws`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from theorylab._typing import Labels, PerMode, PerPoint, Points
from theorylab.diffusion import _components, _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.steps import Levels
from theorylab.native import mixture as compiled
from theorylab.native import transition as native
from theorylab.noise import TrajectoryNoise


class Transition(NamedTuple):
    """What all trajectories have in common: vectors (K,), means (K, d) and two numbers."""

    means: Tensor
    log_weights: Tensor
    before: Tensor
    kept: Tensor
    variance: Tensor
    alpha: Tensor
    alpha_next: Tensor

    @staticmethod
    def of(
        mixture: GaussianMixture, like: Points, schedule: Schedule, start: float, stop: float
    ) -> "Transition":
        """The transition from start to stop, in the dtype and on the device of `like`.

        Raises:
            ValueError: no mixture, no schedule, stop >= start, or times outside the schedule.
        """
        _points.instance("mixture", mixture, GaussianMixture)
        levels = Levels.of(schedule, start, stop)
        _, means, own, log_weights = mixture._at(like.reshape(-1, like.shape[-1])[:1])
        alpha, alpha_next = (schedule.alpha(float(t)).to(like) for t in (start, stop))
        before, after = ((own + v.to(like)).expand(mixture.K) for v in levels[:2])
        # 1 - kept = (v - v') / s^2, without cancellation
        variance = alpha_next**2 * after * ((levels.now - levels.after).to(like) / before)
        return Transition(means, log_weights, before, after / before, variance, alpha, alpha_next)

    def log_shares(self, y: Points) -> PerMode:
        """The logarithms of the responsibilities of y at the start."""
        joint = _components.log_joint(y, self.means, self.before, self.log_weights)
        return torch.log_softmax(joint, dim=-1)

    def move(self, x: Points, out: Points, noise: TrajectoryNoise, step: int, budget: int) -> None:
        """Write x' of every row of x (n, d) to `out`, which may be x, in pieces of rows."""
        fused = compiled.serves(x)
        rows = _rows_within(budget, x, 0 if fused else len(self.means))
        go = self._compiled if fused else self._in_torch
        for first in range(0, len(x), rows):
            part = x[first : first + rows]
            own = TrajectoryNoise(noise.entropy, noise.first + first)
            uniforms, normals = own.uniforms(step, like=part), own.normals(step, like=part)
            go(part, uniforms, normals, out[first : first + rows])

    def _compiled(self, x: Points, uniforms: PerPoint, normals: Points, out: Points) -> None:
        logs = self.log_weights - x.shape[-1] / 2 * torch.log(self.before)
        inverses, deviations = 1 / self.before, self.variance.sqrt()
        task = native.Task(
            *(x, uniforms, normals, self.means.contiguous(), logs.contiguous()),
            *(inverses.contiguous(), self.kept.contiguous(), deviations.contiguous()),
            *(float(self.alpha), float(self.alpha_next)),
            ends=out,
        )
        native.run(task)

    def _in_torch(self, x: Points, uniforms: PerPoint, normals: Points, out: Points) -> None:
        """The compiled loop in lines of torch."""
        y = x / self.alpha
        label = labels(self.log_shares(y), uniforms)
        mean = self.means[label]
        moved = self.alpha_next * (mean + self.kept[label, None] * (y - mean))
        torch.addcmul(moved, self.variance[label, None].sqrt(), normals, out=out)


def labels(log_shares: PerMode, uniforms: PerPoint) -> Labels:
    """A component for each row: the first whose running sum of shares exceeds u of them all.

    Rounding may leave no such component, for u near 1; it is then the one that completes the sum.
    """
    sums = torch.softmax(log_shares, dim=-1).cumsum_(-1)
    total = sums[:, -1]
    drawn = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(sums, drawn[:, None], right=True)[:, 0]


def _rows_within(budget: int, x: Points, held_modes: int) -> int:
    """How many rows have their temporaries in the budget: shares, points, and noise as drawn."""
    d = x.shape[-1]
    held = x.element_size() * (4 * held_modes + 6 * d) + 16 * d
    return max(1, budget // held)
