r"""Stochastic gradient descent for wide networks, on fresh samples of the law.

Notation: a step of rate eta is theta <- theta - eta grad of the mean of (s_theta(x) - y_i(x))^2
over a batch, y_i = E[xi_i | x]: its mean is the gradient of L, with less noise than with xi_i
itself. The time of a step is eta, in the units of `theorylab.parity.training`.

Each neuron costs d multiplications a sample: 2000 neurons are cheap here, where the exact loss
would need 2 10^6 pairs a vertex. No momentum, no data set: the batches never repeat. The run is
done in one thread, so that its bits do not depend on the number of cores.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._threads import one_thread
from theorylab._typing import Times
from theorylab.parity.batches import Draws, Independent, batch_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.network import TwoLayerReLU, coordinate_of
from theorylab.parity.population import Gradient
from theorylab.parity.posterior import signal_and_noise

INDEPENDENT = Independent()
"""The draws of plain stochastic descent."""

AHEAD = 32
"""How many batches are drawn at once: the targets of one batch alone are too small a task."""


@dataclass(frozen=True, eq=False)
class DescentPath:
    """What is recorded every `every` steps, as means over these steps or at their end.

    Attributes:
        times: (T,), steps times rate.
        excess: (T,), the mean of (s_theta - y_i)^2 over the batches since the last record: the
            loss is that plus the optimal one.
        own_weight: (T,), the mean of |w_ji| over the neurons.
        other_weight: (T,), the mean over the neurons of the norm of the other weights.
        end: the network after the last step.
    """

    times: Times
    excess: Tensor
    own_weight: Tensor
    other_weight: Tensor
    end: TwoLayerReLU


def stochastic_descent(
    network: TwoLayerReLU,
    *,
    law: HypercubeLaw,
    coordinate: int = 0,
    alpha_bar: float,
    rate: float,
    batch: int,
    steps: int,
    every: int,
    seed: int,
    draws: Draws = INDEPENDENT,
) -> DescentPath:
    """Train one output coordinate.

    Args:
        network: the start, of one output; the run has its dtype and device.
        law: p0.
        coordinate: i.
        alpha_bar: A in [0, 1).
        rate: eta > 0.
        batch: samples a step.
        steps: how many, a multiple of `every`.
        every: steps between records.
        seed: of a generator of its own on the device of the network.
        draws: how the points are drawn, see `theorylab.parity.batches`; AHEAD batches at a time.

    Raises:
        ValueError: an argument that violates the above; another dimension than the law's.
        FloatingPointError: the loss is no longer finite, with the step at which it was seen.
    """
    if not isinstance(network, TwoLayerReLU) or network.has_all_outputs:
        msg = f"network must be a TwoLayerReLU with one output, got {network!r}"
        raise ValueError(msg)
    if not isinstance(law, HypercubeLaw) or law.dimension != network.dimension:
        msg = f"law must be a HypercubeLaw on {network.dimension} coordinates, got {law!r}"
        raise ValueError(msg)
    rate = _require.positive("rate", rate)
    i = coordinate_of(coordinate, law.dimension)
    every = _require.integer("every", every, at_least=1)
    if _require.integer("steps", steps, at_least=1) % every:
        msg = f"steps must be a multiple of every = {every}, got {steps}"
        raise ValueError(msg)
    size = _require.integer("batch", batch, at_least=1)
    if not isinstance(draws, Draws):
        msg = f"draws must be Draws such as Sobol(), got {draws!r}"
        raise ValueError(msg)
    batches = _Sampler(law, alpha_bar, i, network.w, seed, draws).batches(size)
    parts = (network.a.clone(), network.w.clone(), network.b.clone())
    with one_thread():
        records = _run(parts, batches, rate, steps, every, i)
    times = rate * every * torch.arange(1, len(records) + 1).to(network.w)
    excess, own, other = torch.stack(records).unbind(-1)
    return DescentPath(times, excess, own, other, TwoLayerReLU(*parts))


def _run(
    parts: Gradient,
    batches: Iterator[tuple[Tensor, Tensor]],
    rate: float,
    steps: int,
    every: int,
    i: int,
) -> list[Tensor]:
    """All steps in place; the records."""
    a, w, b = parts
    other_bits, records = [k for k in range(w.shape[1]) if k != i], []
    for first in range(0, steps, every):
        total = torch.zeros_like(a[0])
        for _ in range(every):
            total += _step(a, w, b, *next(batches), rate)
        if not bool(torch.isfinite(total)):
            msg = f"the loss is not finite between steps {first} and {first + every}"
            raise FloatingPointError(msg)
        own, others = w[:, i].abs(), torch.linalg.vector_norm(w[:, other_bits], dim=-1)
        records.append(torch.stack((total / every, own.mean(), others.mean())))
    return records


def _step(a: Tensor, w: Tensor, b: Tensor, x: Tensor, target: Tensor, rate: float) -> Tensor:
    """One step in place; the mean square error before it."""
    excess, slopes = batch_gradient(a, w, b, x, target)
    for part, slope in zip((a, w, b), slopes, strict=True):
        part -= rate * slope
    return excess


class _Sampler:
    """Batches of noisy points and their targets, from one generator."""

    def __init__(
        self,
        law: HypercubeLaw,
        alpha_bar: float,
        coordinate: int,
        like: Tensor,
        seed: int,
        draws: Draws,
    ) -> None:
        self.law, self.alpha_bar, self.coordinate = law, alpha_bar, coordinate
        signal_and_noise(alpha_bar)
        self.atoms = law.weighted_vertices(like=like)
        self.draws, self.generator = draws, torch.Generator(device=like.device)
        self.generator.manual_seed(_require.integer("seed", seed, at_least=0))

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Points and targets without end, drawn for AHEAD steps at a time."""
        while True:
            x, target = self._draw(size * AHEAD)
            yield from zip(x.split(size), target.split(size), strict=True)

    def _draw(self, size: int) -> tuple[Tensor, Tensor]:
        x = self.draws.points(
            *self.atoms, size, alpha_bar=self.alpha_bar, generator=self.generator
        )
        return x, self.law.noise_mean(x, alpha_bar=self.alpha_bar)[:, self.coordinate]
