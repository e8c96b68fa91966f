"""The loop of theorylab/native/flow.h in lines of torch: each trajectory with its own step.

Notation: as there. Trajectories that have arrived leave the batch. This module checks nothing,
and is not public; see `theorylab.diffusion.flow`.
"""

import torch
from torch import Tensor

from theorylab.diffusion.kernels import AUTOMATIC
from theorylab.native.flow import Task

NODE = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
STAGE = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
ERROR = (-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40)
INTERPOLANT = (
    (1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432),
    (0, 0, 0, 0),
    (0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799),
    (0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072),
    (0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632),
    (0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844),
    (0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423),
)
ARRIVED, NOT_FINITE, TOO_MANY, STUCK = range(4)


def run(task: Task) -> tuple[Tensor, Tensor, Tensor]:
    """States (m, n, d), evaluations (n) and status (n), as `theorylab.native.flow.run`."""
    batch = _Batch(task)
    while len(batch.row):
        batch.advance()
    return batch.states, batch.evaluations, batch.status


class _Batch:
    """The trajectories under way; every tensor but the results has one entry for each."""

    def __init__(self, task: Task) -> None:
        y = task.starts
        n = len(y)
        self.task, self.whole = task, float(task.times[-1])
        self.tiny = 4 * torch.finfo(y.dtype).eps * self.whole
        self.states = y.new_full((len(task.times), *y.shape), torch.nan)
        self.evaluations = torch.ones(n, dtype=torch.int64, device=y.device)
        self.status = torch.zeros(n, dtype=torch.int32, device=y.device)
        self.row = torch.arange(n, device=y.device)
        self.y, self.tau = y, torch.zeros_like(y[:, 0])
        self.slope = self._slope(self.tau, y)
        self.step = self._first_step()
        self._leave(torch.where(self.slope.isfinite().all(-1), -1, NOT_FINITE))

    def _slope(self, tau: Tensor, y: Tensor) -> Tensor:
        u = self.task.first + self.task.direction * tau
        variance = (self.task.s_start**2 * torch.exp(-2 * u))[:, None]
        return self.task.direction * AUTOMATIC.shift(
            y, self.task.means, variance, self.task.log_weights
        )

    def _first_step(self) -> Tensor:
        unit = self.task.atol + self.task.rtol * self.y.abs()
        place, rate = (self.y.abs() / unit).amax(-1), (self.slope.abs() / unit).amax(-1)
        usual = (place > 1e-5) & (rate > 1e-5)
        step = torch.where(usual, 0.01 * place / rate, 1e-4 * self.whole)
        return step.clamp(max=self.whole)

    def advance(self) -> None:
        """One step of every trajectory under way, accepted or not."""
        slopes, ahead = [self.slope], self.y
        for node, row in zip(NODE[1:], STAGE[1:], strict=True):
            moved = torch.stack([a * k for a, k in zip(row, slopes, strict=True)]).sum(0)
            ahead = self.y + self.step[:, None] * moved
            slopes.append(self._slope(self.tau + node * self.step, ahead))
        self.evaluations[self.row] += 6
        error = self._error(torch.stack(slopes), ahead)
        reached = self.tau + self.step
        reached = torch.where(reached >= self.whole - self.tiny, self.whole, reached)
        good = error <= 1
        self._write(torch.stack(slopes), ahead, reached, good)
        self.y = torch.where(good[:, None], ahead, self.y)
        self.slope = torch.where(good[:, None], slopes[-1], self.slope)
        self.tau = torch.where(good, reached, self.tau)
        self.step = self.step * (0.9 * error**-0.2).clamp(0.2, 5)
        spent = self.evaluations[self.row] + 6 > self.task.most
        end = torch.where(spent, TOO_MANY, torch.where(self.step < self.tiny, STUCK, -1))
        end = torch.where(good & (reached == self.whole), ARRIVED, end)
        end = torch.where(error.isfinite(), end, NOT_FINITE)
        left = self.whole - self.tau
        self.step = torch.where(self.step > left - self.tiny, left, self.step)
        self._leave(end)

    def _error(self, slopes: Tensor, ahead: Tensor) -> Tensor:
        off = torch.einsum(
            "j,jnd->nd", torch.tensor(ERROR, dtype=torch.float64).to(slopes), slopes
        )
        unit = self.task.atol + self.task.rtol * torch.maximum(self.y.abs(), ahead.abs())
        return ((self.step[:, None] * off).abs() / unit).amax(-1)

    def _write(self, slopes: Tensor, ahead: Tensor, reached: Tensor, good: Tensor) -> None:
        """The outputs that lie within the accepted steps."""
        table = torch.tensor(INTERPOLANT, dtype=torch.float64).to(slopes)
        for m, time in enumerate(self.task.times):
            inside = good & (time > self.tau) & (time <= reached)
            part = ((time - self.tau) / self.step)[inside]
            powers = part[:, None] ** torch.arange(4, device=slopes.device)
            weights = powers @ table.T
            moved = torch.einsum("nj,jnd->nd", weights, slopes[:, inside])
            state = self.y[inside] + (self.step[inside] * part)[:, None] * moved
            exact = (reached[inside] == time)[:, None]
            self.states[m, self.row[inside]] = torch.where(exact, ahead[inside], state)

    def _leave(self, end: Tensor) -> None:
        """Those with an end >= 0 leave the batch."""
        gone, stays = end >= 0, end < 0
        self.status[self.row[gone]] = end[gone].to(self.status.dtype)
        for name in ("row", "y", "tau", "slope", "step"):
            setattr(self, name, getattr(self, name)[stays])
