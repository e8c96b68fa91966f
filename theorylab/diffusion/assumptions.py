r"""When two modes dominate along trajectories, and until when the modes are far apart.

Notation: y (T, n, d) rescaled states at effective deviations s (T,), in the order of the run;
D_(1) <= D_(2) <= ... the sorted squared distances to the modes; ell the distance of two modes.

.. math:: \mathrm{margin} = \frac{D_{(3)} - D_{(1)}}{2 s^2} \ge \kappa, \qquad
          \ell^2 \ge 4 \kappa d\, s^2

The first is Assumption 4.1 of arXiv:2605.06831 (its pair form has the same best margin), the
second its Assumption 4.4. This module knows times only as places in the run, and no sampler.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _components, _points
from theorylab.diffusion.schedule import Schedule

HALVINGS = 80
"""Bisection of an interval of times down to the spacing of float64."""


@dataclass(frozen=True)
class Dominance:
    """Two-mode dominance along n trajectories at T places, for m required margins kappa.

    Attributes:
        kappas: (m,) the margins required.
        margins: (T, n) the margin (D_(3) - D_(1)) / (2 s^2); infinite with two modes.
        pairs: (T, n, 2) the two nearest modes, the smaller index first.
        first: (m, n) first place with margin >= kappa; T if there is none.
        last_failure: (m, n) last place with margin < kappa; -1 if there is none.
        last_change: (n,) last place whose pair differs from the one before; 0 if none does.
    """

    kappas: Float[Tensor, " m"]
    margins: Float[Tensor, "T n"]
    pairs: Int[Tensor, "T n 2"]
    first: Int[Tensor, "m n"]
    last_failure: Int[Tensor, "m n"]
    last_change: Int[Tensor, " n"]

    @property
    def reached(self) -> Bool[Tensor, "m n"]:
        """Whether the margin is ever large enough."""
        return self.first < len(self.margins)

    @property
    def lasting(self) -> Int[Tensor, "m n"]:
        """The place from which on it is for good, T if it fails at the end: the tau_1 of 4.1."""
        return self.last_failure + 1

    @property
    def lost(self) -> Bool[Tensor, "m n"]:
        """Whether it is reached and fails again later."""
        return self.last_failure > self.first

    @property
    def pair_changes(self) -> Bool[Tensor, "m n"]:
        """Whether it is reached and the two nearest modes change after that."""
        return self.reached & (self.last_change > self.first)

    @property
    def pair_at_first(self) -> Int[Tensor, "m n 2"]:
        """The pair at the first place, (-1, -1) where there is none."""
        place = self.first.clamp(max=len(self.margins) - 1)
        rows = torch.arange(place.shape[1], device=place.device).expand_as(place)
        return torch.where(self.reached[..., None], self.pairs[place, rows], -1)


def dominance_along(
    states: ArrayLike, means: ArrayLike, levels: ArrayLike, kappas: ArrayLike
) -> Dominance:
    """The dominance of two modes along trajectories, for all kappas at once.

    The first place is where the running maximum of the margin reaches kappa, the last failure
    the place before its minimum over the rest of the run does: two sorted searches a trajectory.

    Args:
        states: (T, n, d) rescaled states y in the order of the run.
        means: (K, d) the modes, K >= 2.
        levels: (T,) the effective deviations s, positive.
        kappas: () or (m,) the margins required.

    Raises:
        ValueError: shapes that disagree, fewer than two modes, levels that are not positive,
            entries that are not finite.

    Source: arXiv:2605.06831, Assumption 4.1.
    """
    modes = _require.array("means", means)
    if modes.ndim != 2 or len(modes) < 2:
        msg = f"means must have shape (K, d) with K >= 2, got shape {tuple(modes.shape)}"
        raise ValueError(msg)
    y = _points.points("states", states, like=modes)
    if y.ndim != 3 or 0 in y.shape:
        msg = f"states must have shape (T, n, d), got shape {tuple(y.shape)}"
        raise ValueError(msg)
    s = _levels(levels, y)
    wanted = torch.atleast_1d(_require.array("kappas", kappas, like=y).to(y))
    if wanted.ndim != 1:
        msg = f"kappas must have shape () or (m,), got shape {tuple(wanted.shape)}"
        raise ValueError(msg)
    margins, pairs = _margins_and_pairs(y, modes.to(y), s)
    upward = torch.cummax(margins, 0).values
    onward = torch.cummin(margins.flip(0), 0).values.flip(0)
    return Dominance(
        kappas=wanted,
        margins=margins,
        pairs=pairs,
        first=_first_reaching(upward, wanted),
        last_failure=_first_reaching(onward, wanted) - 1,
        last_change=_last_change(pairs),
    )


def separated_level(separation: float, kappa: ArrayLike, dimension: int) -> Tensor:
    r"""The largest s at which modes are far apart, of the shape of kappa.

    .. math:: \ell^2 \ge 4 \kappa d\, s^2 \iff s \le \ell / \sqrt{4 \kappa d}

    Raises:
        ValueError: a separation or a kappa that is not positive, dimension < 1.

    Source: arXiv:2605.06831, Assumption 4.4.
    """
    ell = _require.positive("separation", separation)
    d = _require.integer("dimension", dimension, at_least=1)
    return ell / torch.sqrt(4 * _positive_margins(kappa) * d)


def margin_cap(separation: float, deviation: float, dimension: int) -> float:
    r"""The largest kappa at which modes can be far apart at any time, (ell/sigma)^2 / (4 d).

    Raises:
        ValueError: a separation or a deviation that is not positive, dimension < 1.
    """
    ell = _require.positive("separation", separation)
    d = _require.integer("dimension", dimension, at_least=1)
    return (ell / _require.positive("deviation", deviation)) ** 2 / (4 * d)


def separated_until(
    schedule: Schedule, separation: float, deviation: float, kappa: ArrayLike, dimension: int
) -> Tensor:
    """The latest time of the schedule at which modes are far apart, of the shape of kappa.

    s increases with t, so they are far apart exactly up to this time; on the DDPM schedule its
    integer part is the last raw index. It is the end of the schedule if they always are.

    Raises:
        ValueError: a schedule of another type, a kappa for which they are not even at the
            schedule's first time, and as `separated_level`.

    Source: arXiv:2605.06831, Assumption 4.4.
    """
    _points.instance("schedule", schedule, Schedule)
    variance = _require.positive("deviation", deviation) ** 2
    allowed = separated_level(separation, kappa, dimension)
    low, high = (torch.full_like(allowed, end) for end in schedule.span)
    if bool((schedule.effective_deviation(low, variance) > allowed).any()):
        first = float(schedule.effective_deviation(schedule.span[0], variance))
        most = margin_cap(separation, first, dimension)
        msg = f"kappa must be at most {most}, got an entry {float(_positive_margins(kappa).max())}"
        raise ValueError(msg)
    always = schedule.effective_deviation(high, variance) <= allowed
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        within = schedule.effective_deviation(middle, variance) <= allowed
        low, high = torch.where(within, middle, low), torch.where(within, high, middle)
    return torch.where(always, torch.full_like(low, schedule.span[1]), low)


def _positive_margins(kappa: ArrayLike) -> Tensor:
    value = _require.array("kappa", kappa, like=torch.zeros((), dtype=torch.float64))
    if not bool((value > 0).all()):
        msg = f"kappa must be positive, got an entry {float(value.min())}"
        raise ValueError(msg)
    return value


def _levels(levels: ArrayLike, y: Tensor) -> Tensor:
    s = _require.array("levels", levels, like=y).to(y)
    if s.shape != y.shape[:1]:
        msg = f"levels must have shape ({len(y)},) as the states, got shape {tuple(s.shape)}"
        raise ValueError(msg)
    if not bool((s > 0).all()):
        msg = f"levels must be positive, got an entry {float(s.min())}"
        raise ValueError(msg)
    return s


def _margins_and_pairs(y: Tensor, means: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Place by place, so that temporaries are (n, K)."""
    margins, pairs = [], []
    for state, level in zip(y, s, strict=True):
        nearest = _components.squared_distances(state, means).topk(
            min(3, len(means)), dim=-1, largest=False
        )
        pairs.append(nearest.indices[:, :2].sort(-1).values)
        gap = nearest.values[:, -1] - nearest.values[:, 0]
        two = len(means) == 2
        margins.append(torch.full_like(gap, torch.inf) if two else gap / (2 * level**2))
    return torch.stack(margins), torch.stack(pairs)


def _first_reaching(increasing: Tensor, kappas: Tensor) -> Tensor:
    """(m, n): the first place at which each column of (T, n) is >= kappa, T if there is none."""
    columns = increasing.T.contiguous()
    wanted = kappas.expand(len(columns), -1).contiguous()
    return torch.searchsorted(columns, wanted).T


def _last_change(pairs: Tensor) -> Tensor:
    """(n,): the last place whose pair differs from the one before, 0 if none does."""
    changed = (pairs[1:] != pairs[:-1]).any(-1)
    places = torch.arange(1, len(pairs), device=pairs.device)[:, None]
    none = torch.zeros_like(pairs[:1, :, 0])
    return torch.cat([none, torch.where(changed, places, 0)]).amax(0)
