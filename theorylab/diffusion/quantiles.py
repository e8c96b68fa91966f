r"""The probability flow of one-dimensional and of product laws, without an equation to solve.

Notation: F_s(y) = sum_k w_k Phi((y - mu_k) / s) on the line, s the deviation of the clock. The
flow in one dimension is the increasing map that carries one law to the other,

.. math:: F_{s'}(y') = F_s(y),

and a product law is carried coordinate by coordinate. Both tails are compared by the log odds
ln F - ln(1 - F), so that a point far out keeps its digits. The equation is solved in float64, for
points of float32 too, by Newton steps from the place that y' would have within the mode whose
share F falls into, if that mode were alone; three steps are usual.

The error is at most eps (|y'| + s' + (1 + |L|) / L') with the log odds L and their slope L' at y'
(tests/test_diffusion_quantiles.py): in a gap between modes that are many deviations apart F is
flat, and y' is known only as well as F is.

Checked in proofs_check/aithal2024_mode_interpolation,
probability_flow_in_one_dimension_is_monotone_transport. This module takes no time steps.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab._legs import IntegrationError
from theorylab._typing import ArrayLike, Points
from theorylab.diffusion.compiled import factors
from theorylab.diffusion.flow import checked_outputs, checked_starts, flow_of
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.methods import Limits, OwnMethod
from theorylab.native import transport as native
from theorylab.native.mixture import takes
from theorylab.path import Dynamics, Path

ROUNDS = 200
"""Newton steps or halvings at most; a halving of 1e3 down to the spacing of numbers needs 63."""

NEAR = 1 / 8
"""In units of s' sqrt(eps): from a Newton step as short as this the next would be below rounding.

A step errs by at most |L''/(2 L')| times its square, L the log odds, and L''/L' is at most the
distance to the nearest mode in deviations, over s': 8 where a gap begins.
"""


@torch.no_grad()
def transport_exactly(
    mixture: GaussianMixture, y: ArrayLike, *, s_start: float, s_stop: float
) -> Points:
    """Where the flow carries y, (n, d), from s_start to s_stop, up to rounding.

    Weights that are products of shares only up to sqrt(eps) are taken for them; the result is
    then that of the products.

    Args:
        mixture: one-dimensional, or a product law on a full grid; shared variance.
        y: states x / alpha at s_start, (n, d).
        s_start: the deviation at the start, at least sqrt(variance).
        s_stop: that at the end, lower or higher.

    Raises:
        ValueError: a mixture that is no product law, and as `flow.solve_flow`.
        IntegrationError: states for which `ROUNDS` steps did not suffice.
    """
    starts = checked_starts(mixture, y)
    checked_outputs(mixture, s_start, s_stop, None)
    _, means, _, log_weights = mixture._at(starts, "y")
    carried = [
        _carry(starts[:, c].double().contiguous(), places.double(), logs.double(), s_start, s_stop)
        for c, (places, logs) in enumerate(factors(means, log_weights))
    ]
    return torch.stack(carried, dim=-1).to(starts)


@dataclass(frozen=True)
class Transport(OwnMethod):
    """`transport_exactly` as a method of `solve_ode`, for `clock.clock_dynamics`.

    It takes no tolerance and evaluates no drift.
    """

    adaptive = False

    def path(
        self,
        dynamics: Dynamics,
        x0: Points,
        outputs: list[float],
        limits: Limits,  # noqa: ARG002
    ) -> Path:
        """The states at the outputs u, each carried from the start.

        Raises:
            ValueError: another equation, and as `transport_exactly`.
            IntegrationError: as `transport_exactly`.
        """
        flow = flow_of(dynamics, self)
        start, *rest = (flow.s_start * math.exp(-u) for u in outputs)
        ends = [transport_exactly(flow.mixture, x0, s_start=start, s_stop=s) for s in rest]
        times = torch.tensor(outputs, dtype=x0.dtype, device=x0.device)
        return Path(times, torch.stack([x0, *ends]), 0)


TRANSPORT = Transport()


def _carry(y: Tensor, places: Tensor, logs: Tensor, s: float, s_stop: float) -> Tensor:
    """The solution y' of log odds at s_stop = log odds at s; places in increasing order."""
    solve = native.run if takes(y) else in_torch
    ends, rounds = solve(y, places.contiguous(), logs.contiguous(), float(s), float(s_stop))
    lost = torch.nonzero(rounds == 0)[:, 0].tolist()
    if lost:
        msg = f"{len(lost)} states need more than {ROUNDS} steps; the first is {float(y[lost[0]])}"
        raise IntegrationError(msg)
    return ends


def in_torch(
    y: Tensor, places: Tensor, logs: Tensor, s: float, s_stop: float
) -> tuple[Tensor, Tensor]:
    """The loop of theorylab/native/transport.h: ends (n,) and rounds (n,), 0 if not met.

    The flow moves y towards a mean of the modes, so y' lies between the images of y under pure
    contraction to the lowest and to the highest mode.
    """
    wanted, _ = _log_odds(y, places, logs, s)
    ratio, near = s_stop / s, NEAR * math.sqrt(torch.finfo(y.dtype).eps) * s_stop
    ends = torch.stack([place + ratio * (y - place) for place in (places[0], places[-1])])
    below, above = ends.amin(0), ends.amax(0)
    found = torch.clamp(_first_guess(wanted, places, logs, s_stop), below, above)
    rounds = torch.zeros(y.shape, dtype=torch.int32, device=y.device)
    open_ = torch.arange(len(y), device=y.device)
    for turn in range(1, ROUNDS + 1):
        if len(open_) == 0:
            break
        at = found[open_]
        odds, slope = _log_odds(at, places, logs, s_stop)
        gap = odds - wanted[open_]
        low, high = torch.where(gap < 0, at, below[open_]), torch.where(gap < 0, above[open_], at)
        moved = at - gap / slope
        inside = (moved >= low) & (moved <= high)
        spacing = 2 * torch.finfo(y.dtype).eps * (at.abs() + s_stop)
        met = (gap == 0) | (inside & ((moved - at).abs() <= near)) | (high - low <= spacing)
        moved = torch.where(inside, moved, (low + high) / 2)
        below[open_], above[open_], found[open_] = low, high, torch.where(gap == 0, at, moved)
        rounds[open_[met]] = turn
        open_ = open_[~met]
    return found, rounds


def _first_guess(odds: Tensor, places: Tensor, logs: Tensor, s: float) -> Tensor:
    """Within the mode whose share the target falls into, as if it were alone.

    Shares are counted from the side that the target is nearer to; normal quantiles to 4.5e-4.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23.
    """
    small = torch.exp(-odds.abs()) / (1 + torch.exp(-odds.abs()))
    low = (odds < 0)[:, None]
    shares = torch.where(low, torch.exp(logs), torch.exp(logs.flip(0)))
    from_outside = torch.where(low, places, places.flip(0))
    before = shares.cumsum(-1) - shares
    mode = ((before + shares < small[:, None]).sum(-1)).clamp(max=len(places) - 1)[:, None]
    outer = ((small[:, None] - before).gather(1, mode) / shares.gather(1, mode))[:, 0]
    tail = torch.where(outer < 0.5, outer, 1 - outer).clamp(min=1e-300)
    t = torch.sqrt(-2 * torch.log(tail))
    over = 2.515517 + t * (0.802853 + t * 0.010328)
    z = t - over / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    left = (outer < 0.5) == (odds < 0)
    return from_outside.gather(1, mode)[:, 0] + s * torch.where(left, -z, z)


def _log_odds(y: Tensor, places: Tensor, logs: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """ln F - ln(1 - F), and its slope p / (F (1 - F))."""
    z = (y[:, None] - places) / s
    low = torch.logsumexp(logs + torch.special.log_ndtr(z), -1)
    high = torch.logsumexp(logs + torch.special.log_ndtr(-z), -1)
    density = torch.logsumexp(logs - z**2 / 2, -1) - math.log(s * math.sqrt(2 * math.pi))
    return low - high, torch.exp(density - low - high)
