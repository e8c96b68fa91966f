r"""Mixtures and flows on a line: tails, quantile transport, and the masses that a flow carries.

Notation: F_sigma the distribution function of the data's law at noise sigma (alpha = 1, so
y = x_0 + sigma n); the probability flow is dy/d(sigma^2) = -score(y, sigma)/2, and in
u = ln(a + sigma^2) it is dy/du = -(a + sigma^2) score / 2, smooth down to sigma = 0.

In one dimension trajectories cannot cross, so a flow with any score is an increasing map; the mass
that it brings into an interval is the start law's mass between two preimages, and no sample is
needed. This module does not check that a score leaves the flow increasing for a discrete sampler;
use `transport.preimages` there.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from theorylab import _require
from theorylab._normal import normal_below
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.score import Score
from theorylab.diffusion.transport import preimages
from theorylab.integrate import DOPRI8, solve_ode
from theorylab.path import Dynamics


def mass_below(law: GaussianMixture, x: ArrayLike) -> Tensor:
    """F(x) of a mixture on a line, to full relative accuracy in the lower tail.

    Raises:
        ValueError: a mixture in another dimension than 1.
    """
    return _tail(_on_a_line(law), _require.array("x", x, like=law.means), 1.0)


def mass_above(law: GaussianMixture, x: ArrayLike) -> Tensor:
    """1 - F(x), to full relative accuracy in the upper tail.

    Raises:
        ValueError: as `mass_below`.
    """
    return _tail(_on_a_line(law), _require.array("x", x, like=law.means), -1.0)


def mass_between(law: GaussianMixture, low: ArrayLike, high: ArrayLike) -> Tensor:
    """F(high) - F(low), by differences of the smaller tails, component by component.

    Raises:
        ValueError: as `mass_below`.
    """
    ends = [_require.array(name, x, like=law.means) for name, x in (("low", low), ("high", high))]
    _on_a_line(law)
    a, b = (_standardised(law, end) for end in ends)
    flip = a > 0
    below = normal_below(torch.where(flip, -b, a))
    above = normal_below(torch.where(flip, -a, b))
    return ((above - below) * law.weights.to(above)).sum(-1)


def quantile_map(
    start: GaussianMixture, end: GaussianMixture, y: ArrayLike, *, bound: float | None = None
) -> Tensor:
    r"""The increasing transport F_end^{-1}(F_start(y)), through the smaller of the two tails.

    Args:
        start: the law of y.
        end: the law of the image.
        y: points, (n,).
        bound: images are sought in [-bound, bound]; by default 40 deviations around all modes.

    Raises:
        ValueError: mixtures in another dimension than 1, a bound that is not positive.
    """
    points = _require.array("y", y, like=_on_a_line(start).means)
    reach = float(_on_a_line(end).means.abs().max() + 40 * end.variance.max().sqrt())
    reach = reach if bound is None else _require.positive("bound", bound)
    sign = torch.where(mass_below(start, points) < 0.5, 1.0, -1.0).to(points)
    target = sign * _tail(start, points, sign)

    def increasing(x: Tensor) -> Tensor:
        return sign * _tail(end, x, sign)

    return preimages(increasing, target, low=-reach, high=reach)


def flow_preimages(
    score: Score,
    ends: ArrayLike,
    *,
    stop: float,
    start: float,
    width: float = 0.05,
    rtol: float = 1e-11,
) -> Tensor:
    r"""The points at noise `start` from which the probability flow arrives at `ends`.

    Solves dy/du = -(a + sigma^2) score(y, sigma)/2 upwards in u = ln(a + sigma^2), a = width^2.

    Args:
        score: on an EDM schedule, where time is sigma and alpha = 1; exact, smoothed or learned.
        ends: points at noise `stop`, (n,).
        stop: the noise where the flow ends, 0 for the data.
        start: the noise where the flow starts.
        width: a length below which the score does not vary with sigma, as a mode's deviation.
        rtol: of the integrator.

    Raises:
        ValueError: ends not of shape (n,), stop < 0, start <= stop, a width that is not positive.
    """
    y = _require.array("ends", ends, like=torch.zeros((), dtype=torch.float64))
    if y.ndim != 1 or len(y) == 0:
        msg = f"ends must have shape (n,) with n >= 1, got shape {tuple(y.shape)}"
        raise ValueError(msg)
    low = _require.non_negative("stop", stop)
    if _require.number("start", start) <= low:
        msg = f"start must exceed stop = {low}, got {start}"
        raise ValueError(msg)
    dynamics = log_variance_flow(score, (low, start), width=width)
    return solve_ode(dynamics, y[:, None], method=DOPRI8, rtol=rtol, atol=rtol / 10).end[:, 0]


def log_variance_flow(score: Score, noises: tuple[float, float], *, width: float) -> Dynamics:
    """The probability flow in u = ln(width^2 + sigma^2), from noises[0] to noises[1].

    Raises:
        ValueError: negative noises, a width that is not positive, a score that is no function.
    """
    a = _require.positive("width", width) ** 2
    if not callable(score):
        msg = f"score must be callable as score(x, t), got {score!r}"
        raise ValueError(msg)
    span = tuple(math.log(a + _require.non_negative("noises", noise) ** 2) for noise in noises)

    def drift(u: Tensor, y: Tensor) -> Tensor:
        v = torch.exp(u)
        # rounding may leave exp(u) an ulp below a at sigma = 0, where the variance is 0
        return -v / 2 * score(y, torch.sqrt((v - a).clamp(min=0)))

    return Dynamics(drift, (span[0], span[1]))


def interior_gaps(modes: ArrayLike, margin: float) -> tuple[Tensor, Tensor]:
    """The ends mu_i + margin and mu_{i+1} - margin of the gaps between neighbours on a line.

    Raises:
        ValueError: fewer than two modes, or a margin not below half the smallest gap.
    """
    centres = _require.array("modes", modes).reshape(-1).sort().values
    distance = _require.positive("margin", margin)
    if len(centres) < 2 or not bool((2 * distance < centres.diff()).all()):
        msg = f"margin must be below half of every gap of at least two modes, got {margin}"
        raise ValueError(msg)
    return centres[:-1] + distance, centres[1:] - distance


def flow_gap_masses(
    score: Score,
    law: GaussianMixture,
    gaps: tuple[Tensor, Tensor] | Sequence[Tensor],
    *,
    stop: float,
    start: float,
    width: float = 0.05,
    rtol: float = 1e-11,
) -> Tensor:
    """The mass that the flow brings into each interval: the law's mass between two preimages.

    Args:
        score: as in `flow_preimages`.
        law: at noise `start`, from which the flow is started.
        gaps: lower and upper ends, each (g,).
        stop: as in `flow_preimages`.
        start: as in `flow_preimages`.
        width: as in `flow_preimages`.
        rtol: as in `flow_preimages`.

    Raises:
        ValueError: as `flow_preimages` and `mass_below`.
    """
    low, high = gaps
    found = flow_preimages(
        score, torch.cat([low, high]), stop=stop, start=start, width=width, rtol=rtol
    )
    return mass_between(law, found[: len(low)], found[len(low) :])


def _on_a_line(law: GaussianMixture) -> GaussianMixture:
    _points.instance("law", law, GaussianMixture)
    if law.d != 1:
        msg = f"law must be one on a line, d = 1, got d = {law.d}"
        raise ValueError(msg)
    return law


def _standardised(law: GaussianMixture, x: Tensor) -> Tensor:
    return (x[..., None] - law.means[:, 0].to(x)) / law.variance.sqrt().to(x)


def _tail(law: GaussianMixture, x: Tensor, sign: Tensor | float) -> Tensor:
    """P(X < x) where sign = 1 and P(X > x) where it is -1."""
    z = _standardised(law, x) * (sign[..., None] if isinstance(sign, Tensor) else sign)
    return (law.weights.to(z) * normal_below(z)).sum(-1)
