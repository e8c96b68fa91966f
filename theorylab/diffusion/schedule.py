r"""Noise schedules: how much of the data is left at time t, and how much noise there is.

Notation: x_t = alpha_t x_0 + sigma_t n; abar = alpha^2; B(t) = int beta = -ln abar; the forward
equation dx = f x dt + g dW has f = d ln alpha / dt and g^2 = d sigma^2/dt - 2 f sigma^2;
s_t^2 = variance + sigma_t^2 / alpha_t^2 the effective variance of a component of the data.

This module draws no noise and knows no data; 1 - abar is always -expm1(ln abar).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike
from theorylab.diffusion import _points


class Schedule(ABC):
    """A forward process x_t = alpha_t x_0 + sigma_t n.

    Times are numbers or tensors of any shape; results have the shape and, for a floating tensor,
    the dtype and the device of t, and float64 otherwise. A time outside the domain is an error.
    """

    @property
    @abstractmethod
    def span(self) -> tuple[float, float]:
        """The pair (t_min, t_max): where a reverse run ends and begins unless told otherwise."""

    @property
    def domain(self) -> tuple[float, float]:
        """The times at which the schedule is defined."""
        return self.span

    @abstractmethod
    def alpha(self, t: ArrayLike) -> Tensor:
        """The factor alpha_t of the data."""

    @abstractmethod
    def noise_to_signal(self, t: ArrayLike) -> Tensor:
        """The ratio sigma_t / alpha_t, the deviation of the noise in y = x / alpha_t."""

    @abstractmethod
    def drift_rate(self, t: ArrayLike) -> Tensor:
        """The rate f(t) = d ln alpha_t / dt."""

    @abstractmethod
    def diffusion_squared(self, t: ArrayLike) -> Tensor:
        """The square g(t)^2 = d sigma_t^2 / dt - 2 f(t) sigma_t^2."""

    def sigma(self, t: ArrayLike) -> Tensor:
        """The standard deviation sigma_t of the noise."""
        return self.alpha(t) * self.noise_to_signal(t)

    def effective_deviation(self, t: ArrayLike, variance: ArrayLike) -> Tensor:
        """The deviation s_t = sqrt(variance + sigma_t^2 / alpha_t^2) of a rescaled component.

        Raises:
            ValueError: a variance that is negative, not finite or of a shape that does not
                broadcast with t, a time outside the domain.
        """
        ratio = self.noise_to_signal(t)
        own = _require.array("variance", variance, like=ratio)
        if bool((own < 0).any()):
            msg = f"variance must be non-negative, got an entry {float(own.min())}"
            raise ValueError(msg)
        return torch.sqrt(_points.broadcasting("variance", own, "t", ratio) + ratio**2)

    def _time(self, t: ArrayLike) -> Tensor:
        """A time of the domain.

        An excess of at most 8 eps of the domain's largest time is moved to the end it exceeds:
        integrators form start + sign * s, and that is the rounding of this sum.
        """
        time = _require.array("t", t, like=torch.zeros((), dtype=torch.float64))
        low, high = self.domain
        largest = max(abs(low), abs(high) if high != float("inf") else 0.0, 1.0)
        slack = 8 * torch.finfo(time.dtype).eps * largest
        least, most = (
            (float(end) for end in time.detach().aminmax()) if time.numel() else (low, high)
        )
        if least < low - slack or most > high + slack:
            worst = least if least < low - slack else most
            msg = f"t must be in [{low}, {high}], got {worst}"
            raise ValueError(msg)
        return time if low <= least and most <= high else time.clamp(low, high)


class VPSchedule(Schedule):
    r"""A variance-preserving schedule, alpha^2 + sigma^2 = 1.

    .. math:: dx = -\tfrac12 \beta x\, dt + \sqrt{\beta}\, dW, \qquad
              \bar\alpha_t = \exp(-\textstyle\int \beta)

    Source: arXiv:2605.06831, Eq. 1.
    """

    @staticmethod
    def linear(beta_min: float = 0.1, beta_max: float = 20.0) -> "LinearVPSchedule":
        """Continuous time in [0, 1] with beta(t) = beta_min + t (beta_max - beta_min).

        Raises:
            ValueError: beta_min <= 0 or beta_max < beta_min.
        """
        return LinearVPSchedule(beta_min, beta_max)

    @staticmethod
    def ddpm(steps: int = 1000, beta_min: float = 1e-4, beta_max: float = 2e-2) -> "DDPMSchedule":
        """Raw indices 0..steps-1 with linear betas.

        Raises:
            ValueError: steps < 1, beta_min <= 0, beta_max < beta_min or beta_max >= 1.
        """
        return DDPMSchedule(steps, beta_min, beta_max)

    @abstractmethod
    def beta_integral(self, t: ArrayLike) -> Tensor:
        """The integral B(t) = -ln abar_t >= 0."""

    @abstractmethod
    def beta(self, t: ArrayLike) -> Tensor:
        """The rate beta = dB/dt."""

    def alpha_bar(self, t: ArrayLike) -> Tensor:
        """The factor abar_t = exp(-B(t))."""
        return torch.exp(-self.beta_integral(t))

    def one_minus_alpha_bar(self, t: ArrayLike) -> Tensor:
        """The variance 1 - abar_t = -expm1(-B(t))."""
        return -torch.expm1(-self.beta_integral(t))

    def alpha(self, t: ArrayLike) -> Tensor:
        """The factor alpha_t = exp(-B(t)/2)."""
        return torch.exp(-self.beta_integral(t) / 2)

    def sigma(self, t: ArrayLike) -> Tensor:
        """The deviation sigma_t = sqrt(1 - abar_t)."""
        return torch.sqrt(self.one_minus_alpha_bar(t))

    def noise_to_signal(self, t: ArrayLike) -> Tensor:
        """The ratio sigma_t / alpha_t = sqrt(expm1(B(t)))."""
        return torch.sqrt(torch.expm1(self.beta_integral(t)))

    def drift_rate(self, t: ArrayLike) -> Tensor:
        """The rate f = -beta/2."""
        return -self.beta(t) / 2

    def diffusion_squared(self, t: ArrayLike) -> Tensor:
        """The square g^2 = beta."""
        return self.beta(t)


@dataclass(frozen=True)
class LinearVPSchedule(VPSchedule):
    """The rate beta(t) = beta_min + t (beta_max - beta_min) on [0, 1]; see `VPSchedule.linear`."""

    beta_min: float = 0.1
    beta_max: float = 20.0

    def __post_init__(self) -> None:
        _ordered_rates(self.beta_min, self.beta_max)

    @property
    def span(self) -> tuple[float, float]:
        """The unit interval."""
        return 0.0, 1.0

    def beta(self, t: ArrayLike) -> Tensor:
        """The rate beta_min + t (beta_max - beta_min)."""
        return self.beta_min + self._time(t) * (self.beta_max - self.beta_min)

    def beta_integral(self, t: ArrayLike) -> Tensor:
        """The integral B(t) = beta_min t + (beta_max - beta_min) t^2 / 2."""
        time = self._time(t)
        return time * (self.beta_min + time * ((self.beta_max - self.beta_min) / 2))


@dataclass(frozen=True)
class DDPMSchedule(VPSchedule):
    r"""Discrete linear betas, abar_t = prod_{i <= t} (1 - beta_i); see `VPSchedule.ddpm`.

    The raw index t runs over 0..steps-1, and t = -1 is the data: abar_{-1} = 1. Between two
    indices ln abar is linear, so that the schedule is also one in continuous time, with
    beta(t) = -ln(1 - beta_i) for t in (i-1, i] that agrees with the discrete one at every index.
    """

    steps: int = 1000
    beta_min: float = 1e-4
    beta_max: float = 2e-2
    betas: Tensor = field(init=False, repr=False, compare=False)
    _integrals: Tensor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require.integer("steps", self.steps, at_least=1)
        _ordered_rates(self.beta_min, self.beta_max)
        if self.beta_max >= 1:
            msg = f"beta_max must be below 1, got {self.beta_max}"
            raise ValueError(msg)
        betas = torch.linspace(self.beta_min, self.beta_max, self.steps, dtype=torch.float64)
        integrals = torch.cumsum(-torch.log1p(-betas), 0)
        object.__setattr__(self, "betas", betas)
        object.__setattr__(self, "_integrals", torch.cat([torch.zeros(1).to(betas), integrals]))

    @property
    def span(self) -> tuple[float, float]:
        """From the data at -1 to the last index steps - 1."""
        return -1.0, float(self.steps - 1)

    def beta(self, t: ArrayLike) -> Tensor:
        """The rate -ln(1 - beta_i) for t in (i-1, i]; at t = -1 that of i = 0."""
        index = torch.ceil(self._time(t)).clamp(min=0)
        return -torch.log1p(-self.betas.to(index)[index.long()])

    def beta_integral(self, t: ArrayLike) -> Tensor:
        """The integral B(t) = -sum_{i <= t} ln(1 - beta_i), linear between indices."""
        time = self._time(t)
        below = torch.floor(time).clamp(max=self.steps - 2)
        table, index = self._integrals.to(time), below.long() + 1
        return torch.lerp(table[index], table[index + 1], time - below)


@dataclass(frozen=True)
class EDMSchedule(Schedule):
    """alpha = 1, sigma(t) = t; runs go from sigma_max to sigma_min, the domain is t >= 0.

    Raises:
        ValueError: sigma_min < 0 or sigma_max <= sigma_min.

    Source: Karras et al., arXiv:2206.00364, Table 1.
    """

    sigma_min: float = 0.002
    sigma_max: float = 80.0

    def __post_init__(self) -> None:
        low = _require.non_negative("sigma_min", self.sigma_min)
        high = _require.positive("sigma_max", self.sigma_max)
        if high <= low:
            msg = f"sigma_max must exceed sigma_min = {low}, got {high}"
            raise ValueError(msg)

    @property
    def span(self) -> tuple[float, float]:
        """From sigma_min to sigma_max."""
        return float(self.sigma_min), float(self.sigma_max)

    @property
    def domain(self) -> tuple[float, float]:
        """All t >= 0."""
        return 0.0, float("inf")

    def alpha(self, t: ArrayLike) -> Tensor:
        """The factor alpha = 1."""
        return torch.ones_like(self._time(t))

    def sigma(self, t: ArrayLike) -> Tensor:
        """The deviation sigma = t."""
        return self._time(t)

    def noise_to_signal(self, t: ArrayLike) -> Tensor:
        """The ratio sigma/alpha = t."""
        return self._time(t)

    def drift_rate(self, t: ArrayLike) -> Tensor:
        """The rate f = 0."""
        return torch.zeros_like(self._time(t))

    def diffusion_squared(self, t: ArrayLike) -> Tensor:
        """The square g^2 = 2 t."""
        return 2 * self._time(t)


def _ordered_rates(beta_min: float, beta_max: float) -> None:
    low = _require.positive("beta_min", beta_min)
    if _require.number("beta_max", beta_max) < low:
        msg = f"beta_max must be at least beta_min = {low}, got {beta_max}"
        raise ValueError(msg)
