r"""One-dimensional transport: increasing maps, their preimages, and the masses they carry.

Notation: F an increasing map of the line; Phi the standard normal distribution function. A
product law on R^2 with the same law on both axes is carried coordinate by coordinate.

A mass is found from the preimages of the ends of an interval, never from samples. This module
does not check that a map increases and is continuous; DDIM with an exact score in one dimension
is both.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from theorylab import _require
from theorylab._normal import normal_below
from theorylab._typing import ArrayLike

HALVINGS = 62
"""Bisection of [-40, 40] down to the spacing of float64."""


def preimages(
    increasing: Callable[[Tensor], Tensor],
    targets: ArrayLike,
    *,
    low: float,
    high: float,
    sections: int = 2,
) -> Tensor:
    """The points x of [low, high] with F(x) = target, by bisection, one for each target.

    An end of the interval is returned where the target lies beyond the map's range.

    Args:
        increasing: F, applied to tensors of the shape of `targets`, or to (sections - 1, *shape).
        targets: values of F.
        low: lower end.
        high: upper end.
        sections: parts into which an interval is cut at once; more of them save calls of a map
            that is as fast on many points as on few.

    Raises:
        ValueError: a map that cannot be called, low or high not finite, low >= high, targets
            that are not finite, or sections < 2.
    """
    if not callable(increasing):
        msg = f"increasing must be callable as increasing(x), got {increasing!r}"
        raise ValueError(msg)
    low, high = _require.number("low", low), _require.number("high", high)
    wanted = _require.array("targets", targets)
    if not low < high:
        msg = f"low must be below high, got {low} and {high}"
        raise ValueError(msg)
    below = torch.full_like(wanted, low)
    above = torch.full_like(wanted, high)
    if _require.integer("sections", sections, at_least=2) > 2:
        return _by_sections(increasing, wanted, (below, above), sections)
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        beyond = increasing(middle) > wanted
        above = torch.where(beyond, middle, above)
        below = torch.where(beyond, below, middle)
    return (below + above) / 2


def _by_sections(
    increasing: Callable[[Tensor], Tensor],
    wanted: Tensor,
    ends: tuple[Tensor, Tensor],
    sections: int,
) -> Tensor:
    """As bisection, with sections - 1 points in each interval at once."""
    below, above = ends
    shares = torch.linspace(0, 1, sections + 1, dtype=wanted.dtype, device=wanted.device)
    shares = shares.reshape(-1, *[1] * wanted.ndim)
    for _ in range(math.ceil(HALVINGS / math.log2(sections))):
        points = below + shares * (above - below)
        left = (increasing(points[1:-1]) <= wanted).sum(0, keepdim=True)
        below, above = points.gather(0, left)[0], points.gather(0, left + 1)[0]
    return (below + above) / 2


def _by_interpolation(
    increasing: Callable[[Tensor], Tensor], targets: Tensor, *, low: float, high: float
) -> Tensor:
    """As `preimages`, by Chandrupatla's method: few calls where the map is smooth.

    Brackets of at most 4 eps (relative to a point beyond 1, absolute below) are done and drop out.

    Source: Chandrupatla, Advances in Engineering Software 28 (1997), 145-149.
    """
    wanted = targets.reshape(-1)
    a, b = torch.full_like(wanted, high), torch.full_like(wanted, low)
    fa, fb = increasing(a) - wanted, increasing(b) - wanted
    found = torch.where(fa <= 0, a, b)
    place = torch.nonzero((fa > 0) & (fb < 0))[:, 0]
    a, b, fa, fb, wanted = (value[place] for value in (a, b, fa, fb, wanted))
    share, eps = torch.full_like(wanted, 0.5), torch.finfo(wanted.dtype).eps
    for _ in range(4 * HALVINGS):
        x = a + share * (b - a)
        fx = increasing(x) - wanted
        stays = (fx > 0) == (fa > 0)
        c, fc = torch.where(stays, a, b), torch.where(stays, fa, fb)
        b, fb = torch.where(stays, b, a), torch.where(stays, fb, fa)
        a, fa = x, fx
        found[place] = a
        least = 2 * eps * a.abs().clamp(min=1) / (b - a).abs()
        share = torch.minimum(torch.maximum(_cut(a, b, c, fa, fb, fc), least), 1 - least)
        left = (least < 0.5) & (fa != 0)
        if not bool(left.any()):
            break
        a, b, fa, fb, share, wanted, place = (
            value[left] for value in (a, b, fa, fb, share, wanted, place)
        )
    return found.reshape(targets.shape)


def _cut(a: Tensor, b: Tensor, c: Tensor, fa: Tensor, fb: Tensor, fc: Tensor) -> Tensor:
    """Where to cut [a, b], as a share: by the inverse parabola if it increases there, or 1/2."""
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    parabola = fa / (fb - fa) * fc / (fb - fc)
    parabola = parabola + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    return torch.where((phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi), parabola, 0.5)


def normal_mass(low: Tensor, high: Tensor) -> Tensor:
    """Phi(high) - Phi(low), without cancellation in either tail."""
    flip = low > 0
    a, b = torch.where(flip, -high, low), torch.where(flip, -low, high)
    return normal_below(b) - normal_below(a)


class PairRates(NamedTuple):
    """Probabilities of the outcomes of two independent coordinates, with a bracket."""

    interpolated: float
    interpolated_low: float
    interpolated_high: float
    stuck: float


def pair_rates(
    increasing: Callable[[Tensor], Tensor],
    modes: ArrayLike,
    radius: float,
    *,
    shells: int = 2000,
) -> PairRates:
    r"""Outcome probabilities of (F(X_1), F(X_2)) on a square grid of modes, X_i ~ N(0, 1).

    With G(r) the probability that one coordinate ends within r of a mode and q = 1 - G(radius):

    .. math:: P(\text{true}) = \int_0^R G(\sqrt{R^2 - r^2})\,dG(r), \qquad
              P(\text{interpolated}) = 1 - q^2 - P(\text{true})

    Riemann sums over `shells` radii bracket the integral from both sides. A coordinate that ends
    outside the modes' hull by more than the radius would be counted wrongly; the probability of
    that is added to the bracket.

    Raises:
        ValueError: a radius that is not positive, fewer than one shell, no modes.
    """
    centres = _require.array("modes", modes).reshape(-1)
    if len(centres) == 0:
        msg = "modes must be non-empty, got 0 entries"
        raise ValueError(msg)
    limit = _require.positive("radius", radius)
    count = _require.integer("shells", shells, at_least=1)
    radii = limit * torch.linspace(0, 1, count + 1, dtype=centres.dtype)
    partners = (limit**2 - radii**2).clamp(min=0).sqrt()
    inside, partner = _mass_within(increasing, centres, torch.stack([radii, partners]))
    steps = inside[1:] - inside[:-1]
    high = float((partner[:-1] * steps).sum())
    low = float((partner[1:] * steps).sum())
    stuck = 1 - float(inside[-1])
    outside = _mass_outside(increasing, centres, limit)
    not_both = 1 - stuck**2
    return PairRates(
        interpolated=not_both - (low + high) / 2,
        interpolated_low=not_both - high - 2 * outside,
        interpolated_high=not_both - low,
        stuck=stuck,
    )


def stuck_mass(increasing: Callable[[Tensor], Tensor], modes: ArrayLike, radius: float) -> float:
    """The probability that F(X), X ~ N(0, 1), ends farther than `radius` from every mode.

    The masses of the gaps are added up, so that a small one keeps its digits.

    Raises:
        ValueError: a radius that is not positive, or not below half the smallest gap.
    """
    centres = _require.array("modes", modes).reshape(-1).sort().values
    limit = _require.positive("radius", radius)
    if len(centres) > 1 and not bool((2 * limit < centres.diff()).all()):
        msg = f"radius must be below half of the smallest gap, got {limit}"
        raise ValueError(msg)
    ends = torch.stack((centres - limit, centres + limit))
    start = preimages(increasing, ends, low=-40.0, high=40.0, sections=64)
    edge = start.new_full((1,), torch.inf)
    below = torch.cat((-edge, start[1]))
    above = torch.cat((start[0], edge))
    return float(normal_mass(below, above).sum())


def _mass_within(increasing: Callable[[Tensor], Tensor], centres: Tensor, radii: Tensor) -> Tensor:
    """G(r): the probability that a coordinate ends within r of some centre, for radii (*n)."""
    around = centres.reshape(-1, *[1] * radii.ndim)
    ends = torch.stack((around - radii, around + radii))
    start = _by_interpolation(increasing, ends, low=-40.0, high=40.0)
    return normal_mass(start[0], start[1]).sum(0)


def _mass_outside(increasing: Callable[[Tensor], Tensor], centres: Tensor, radius: float) -> float:
    ends = torch.stack((centres.min() - radius, centres.max() + radius))
    start = _by_interpolation(increasing, ends, low=-40.0, high=40.0)
    return float(normal_below(start[0]) + normal_below(-start[1]))
