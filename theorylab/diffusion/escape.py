r"""Whether the ancestral sampler ends near the midpoint of two modes, in one dimension.

Notation: A = y - centre in the coordinates y = x / alpha_t; a step n of the chain is
A' = m_n(A) + d_n Z with m_n the mean of the ancestral step, increasing in A, and d_n its noise;
theta a radius, u_n(a) = P(|A_end| <= theta | A = a before step n).

On a product grid every coordinate of the sampler is such a chain. This module certifies nothing:
`growths` looks at finitely many points. The same bounds are taken in ball arithmetic in
proofs_check/ashiq2026_ddim_vs_ddpm (Proposition 5.1 of arXiv:2605.06831).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.schedule import Schedule
from theorylab.diffusion.transport import normal_mass, preimages


@dataclass(frozen=True, eq=False)
class AncestralChain:
    r"""The ancestral sampler with the exact score of a mixture on the line.

    .. math:: A' = m(A) + d Z, \qquad m(A) = \bar m + \frac{s'^2}{s^2}(y - \bar m) - centre,
              \qquad d^2 = \frac{(v - v') v'}{v}

    Attributes:
        mixture: on the line, with a shared variance.
        schedule: alpha and sigma.
        times: of the states, from the first down to that of the data.
        centre: the point from which A is measured.

    Raises:
        ValueError: another dimension or a variance per mode, times that do not decrease or are
            fewer than two, a centre that is not finite.
    """

    mixture: GaussianMixture
    schedule: Schedule
    times: Sequence[float]
    centre: float = 0.0

    def __post_init__(self) -> None:
        mixture = _points.instance("mixture", self.mixture, GaussianMixture)
        _points.instance("schedule", self.schedule, Schedule)
        if mixture.d != 1 or not mixture.shared:
            msg = f"mixture must be on the line with one variance, got dimension {mixture.d}"
            raise ValueError(msg)
        times = [_require.number("times", time) for time in self.times]
        if len(times) < 2 or any(b >= a for a, b in pairwise(times)):
            msg = f"times must decrease strictly and be at least two, got {self.times!r}"
            raise ValueError(msg)
        _require.number("centre", self.centre)

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.times) - 1

    @property
    def deviations(self) -> Tensor:
        """s at the times, (steps + 1)."""
        times = torch.tensor(list(self.times), dtype=torch.float64)
        return self.schedule.effective_deviation(times, self.mixture.variance)

    @property
    def noises(self) -> Tensor:
        """d of the steps; 0 in a step to the data."""
        times = torch.tensor(list(self.times), dtype=torch.float64)
        v = self.schedule.noise_to_signal(times) ** 2
        return torch.sqrt((v[:-1] - v[1:]) * v[1:] / v[:-1])

    def mean(self, step: int, a: ArrayLike) -> Tensor:
        """The mean m of a step, of the shape of a.

        Raises:
            ValueError: a step outside 0..steps-1, entries that are not finite.
        """
        if _require.integer("step", step, at_least=0) >= self.steps:
            msg = f"step must be below {self.steps}, got {step}"
            raise ValueError(msg)
        offset = _require.array("a", a, like=self.mixture.means)
        before, after = self.deviations[step], self.deviations[step + 1]
        law = self.mixture.with_variance(float(before) ** 2)
        y = offset[..., None] + self.centre
        target = law.expected_mean(y)
        return (target + (after / before) ** 2 * (y - target))[..., 0] - self.centre


def growths(chain: AncestralChain, cuts: ArrayLike, *, points: int = 400) -> Tensor:
    """The smallest m(a)/a over 0 < |a| <= cut of each step, at `points` places on either side.

    Raises:
        ValueError: cuts that are not positive or not one a step, fewer than one point.
    """
    cut = _cuts(chain, cuts)
    share = torch.arange(1, _require.integer("points", points, at_least=1) + 1).to(cut) / points
    both = torch.cat([-share, share])
    ratios = [chain.mean(n, c * both) / (c * both) for n, c in enumerate(cut)]
    return torch.stack([ratio.min() for ratio in ratios])


def linear_masses(radius: float, *, growth: ArrayLike, noise: ArrayLike, at: ArrayLike) -> Tensor:
    r"""w_n(x) = P(|B_end| <= radius | B = x before step n), B' = g_n B + d_n Z; one x a step.

    .. math:: w_n(x) = \Phi\Big(\frac{\theta - G_n x}{S_n}\Big)
              - \Phi\Big(\frac{-\theta - G_n x}{S_n}\Big), \quad
              G_n = \prod_{k \ge n} g_k, \quad S_n^2 = \sum_{k \ge n} G_{k+1}^2 d_k^2

    and the indicator of G_n |x| <= radius where S_n = 0.

    Raises:
        ValueError: a radius that is not positive, negative growth or noise, shapes that differ.
    """
    theta = _require.positive("radius", radius)
    g, d, x = _one_shape(growth=growth, noise=noise, at=at)
    for name, value in (("growth", g), ("noise", d)):
        if bool((value < 0).any()):
            msg = f"{name} must be non-negative, got an entry {float(value.min())}"
            raise ValueError(msg)
    grown = torch.flip(torch.cumprod(torch.flip(g, [0]), 0), [0])
    later = torch.cat([grown[1:], torch.ones(1).to(g)])
    spread = torch.sqrt(torch.flip(torch.cumsum(torch.flip((later * d) ** 2, [0]), 0), [0]))
    safe = torch.where(spread > 0, spread, 1.0)
    mass = normal_mass((-theta - grown * x) / safe, (theta - grown * x) / safe)
    return torch.where(spread > 0, mass, ((grown * x).abs() <= theta).to(mass))


def cut_bound(
    chain: AncestralChain, radius: float, cuts: ArrayLike, *, growth: ArrayLike | None = None
) -> float:
    r"""A bound on P(|A_end| <= radius) from any start, by linear comparison up to the cuts.

    .. math:: \sup_a u_0(a) \le w_0(0) + \sum_{n \ge 1} w_n(c_n), \qquad
              g_n = \inf_{0 < |a| \le c_n} m_n(a)/a

    Proof: h_n(a) = w_n(min(|a|, c_n)) satisfies E h_{n+1}(A') <= h_n(a) + w_{n+1}(c_{n+1}),
    because |m_n(a)| >= g_n min(|a|, c_n) and w_{n+1} falls with |x|.

    Args:
        chain: the sampler.
        radius: theta.
        cuts: c_n > 0, one a step.
        growth: g_n; `growths` of the cuts if None.

    Raises:
        ValueError: as `growths` and `linear_masses`.
    """
    cut = _cuts(chain, cuts)
    g = growths(chain, cut) if growth is None else growth
    at = torch.cat([torch.zeros(1).to(cut), cut[1:]])
    return float(linear_masses(radius, growth=g, noise=chain.noises, at=at).sum())


def terminal_probability(
    chain: AncestralChain, radius: float, starts: ArrayLike, *, points: int = 1200
) -> Tensor:
    r"""u_0 at the starts, by integrating the chain backward; it resolves 1e-300.

    The last step must be to the data, without noise. The integrals are trapezoidal sums on
    `points` nodes that crowd around the centre, out to eight deviations s beyond the
    farthest mode, where they end.

    Raises:
        ValueError: a radius that is not positive, a last step with noise or a chain of one step,
            points < 8, starts that are not finite.
    """
    theta = _require.positive("radius", radius)
    count = _require.integer("points", points, at_least=8)
    wanted = _require.array("starts", starts, like=chain.mixture.means)
    noises = chain.noises
    if chain.steps < 2 or float(noises[-1]) != 0 or not bool((noises[:-1] > 0).all()):
        msg = f"times must end in the data after a noisy step, got {list(chain.times)}"
        raise ValueError(msg)
    nodes, weights = _crowded(chain, count)
    low, high = _last_window(chain, theta)
    last = chain.steps - 2
    mean = chain.mean(last, nodes if last else wanted)
    value = normal_mass((low - mean) / noises[last], (high - mean) / noises[last])
    for n in range(last - 1, -1, -1):
        z = (nodes - chain.mean(n, nodes if n else wanted)[..., None]) / noises[n]
        density = torch.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * noises[n])
        value = density @ (weights * value)
    return value


def _last_window(chain: AncestralChain, theta: float) -> tuple[Tensor, Tensor]:
    """The states before the last step from which it leads to -theta and to theta."""
    reach = 10 * (float(chain.mixture.means.abs().max()) + abs(chain.centre) + theta)
    ends = preimages(
        lambda a: chain.mean(chain.steps - 1, a),
        torch.tensor([-theta, theta], dtype=torch.float64),
        low=-reach,
        high=reach,
    )
    return ends[0], ends[1]


def _crowded(chain: AncestralChain, count: int) -> tuple[Tensor, Tensor]:
    """Nodes a = h sinh(k), k equidistant, with the weights of the trapezoidal rule."""
    means = chain.mixture.means[:, 0].double() - chain.centre
    reach = float(means.abs().max() + 8 * chain.deviations[0])
    layer = float(chain.deviations[-2]) ** 2 / reach
    k = torch.linspace(-1, 1, count, dtype=torch.float64) * math.asinh(reach / layer)
    return layer * torch.sinh(k), layer * torch.cosh(k) * (k[1] - k[0])


def _cuts(chain: AncestralChain, cuts: ArrayLike) -> Tensor:
    _points.instance("chain", chain, AncestralChain)
    cut = _require.array("cuts", cuts, like=chain.mixture.means)
    if cut.shape != (chain.steps,) or not bool((cut > 0).all()):
        msg = f"cuts must be {chain.steps} positive numbers, one a step, got {cut.tolist()}"
        raise ValueError(msg)
    return cut


def _one_shape(**named: ArrayLike) -> list[Tensor]:
    unit = torch.zeros((), dtype=torch.float64)
    values = [_require.array(name, value, like=unit) for name, value in named.items()]
    if any(value.ndim != 1 or value.shape != values[0].shape for value in values):
        shapes = [tuple(value.shape) for value in values]
        msg = f"{', '.join(named)} must have one shape (steps,), got {shapes}"
        raise ValueError(msg)
    return values
