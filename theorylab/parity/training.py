r"""The gradient flow of the exact loss, and the surrogate flow of small networks.

Notation: theta = (a_j, w_j, b_j), theta' = -grad L(theta) with L of `theorylab.parity.population`;
the surrogate loss keeps only -2 E[s_theta y_i], so that neurons do not see each other. A state of
the integrator is (neurons, d + 2), one row (a_j, w_j, b_j).

The flows are ordinary differential equations: no data are drawn. L is smooth away from w_j = 0
only; a balanced neuron with a_j != 0 never gets there, since |ln |a_j|| grows at most linearly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Times
from theorylab.integrate import DOPRI5, solve_ode
from theorylab.methods import Adaptive, FixedStep
from theorylab.parity.growth import growth_rate, growth_rate_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.loss_hessian import population_hessian
from theorylab.parity.network import TwoLayerReLU
from theorylab.parity.population import Gradient, gradient_of_one, setting_of
from theorylab.parity.stiff import Stiff, solve_stiff
from theorylab.path import Dynamics, Path


@dataclass(frozen=True, eq=False)
class TrainingPath:
    """Networks along a flow.

    Attributes:
        path: the solution, states (T, m, d + 2), or (T, d m, d + 2) with all outputs.
        outputs: d if the network has all outputs, None if one.
    """

    path: Path
    outputs: int | None

    @property
    def times(self) -> Times:
        """(T,), the flow times."""
        return self.path.times

    @property
    def networks(self) -> tuple[TwoLayerReLU, ...]:
        """The network at each of the times."""
        return tuple(_network(state, self.outputs) for state in self.path.states)

    @property
    def end(self) -> TwoLayerReLU:
        """The network at the last time."""
        return _network(self.path.end, self.outputs)


def gradient_flow(
    network: TwoLayerReLU,
    *,
    law: HypercubeLaw,
    coordinate: int = 0,
    alpha_bar: float,
    time: float,
    times: ArrayLike | None = None,
    method: Adaptive | FixedStep | Stiff = DOPRI5,
    step: float | None = None,
    rtol: float = 1e-8,
    atol: float = 1e-11,
) -> TrainingPath:
    r"""Train on the whole law, with infinitely small steps: theta' = -grad L(theta).

    Args:
        network: the start; no row of w may be 0. If it has all outputs, all are trained.
        law: p0.
        coordinate: i, for a network of one output; ignored if it has all outputs.
        alpha_bar: A in [0, 1).
        time: how long, > 0.
        times: output times from 0 to `time`; default (0, time).
        method: `DOPRI5` or another of `theorylab.methods`, or `LSODA`, `BDF`, `RADAU` of
            `theorylab.parity.stiff`, which are given the exact Hessian.
        step: of a fixed-step method.
        rtol: relative tolerance, without meaning for a fixed-step method.
        atol: absolute tolerance; keep it small against the smallest neuron that matters.

    Raises:
        ValueError: an argument that violates the above, or as `population_loss`.

    Source: arXiv 2503.03595, section 5.2.
    """
    outputs = list(range(network.dimension)) if _has_all(network) else [coordinate]
    settings = [setting_of(network, law, i, alpha_bar) for i in outputs]

    def gradient(one: TwoLayerReLU, index: int) -> Gradient:
        return gradient_of_one(one, settings[index])

    def hessian(one: TwoLayerReLU, index: int) -> Tensor:
        i = outputs[index]
        return population_hessian(one, law=law, coordinate=i, alpha_bar=alpha_bar)

    return _follow(gradient, network, time, times, method, step, rtol, atol, hessian)


def surrogate_flow(
    network: TwoLayerReLU,
    *,
    law: HypercubeLaw,
    coordinate: int = 0,
    alpha_bar: float,
    time: float,
    times: ArrayLike | None = None,
    method: Adaptive | FixedStep | Stiff = DOPRI5,
    step: float | None = None,
    rtol: float = 1e-8,
    atol: float = 1e-11,
) -> TrainingPath:
    r"""Train on the surrogate loss -2 \sum_j a_j K(w_j, b_j).

    .. math:: a_j' = 2 K(w_j, b_j), \qquad (w_j, b_j)' = 2 a_j \nabla K(w_j, b_j)

    Arguments and errors as `gradient_flow`. The weights grow exponentially; for long times follow
    the directions instead (`direction_flow`). Source: arXiv 2503.03595, appendix A.2.1.
    """
    outputs = list(range(network.dimension)) if _has_all(network) else [coordinate]
    for i in outputs:
        setting_of(network, law, i, alpha_bar)

    def gradient(one: TwoLayerReLU, index: int) -> Gradient:
        i = outputs[index]
        place = one.w, one.b
        grad_w, grad_b = growth_rate_gradient(*place, law=law, coordinate=i, alpha_bar=alpha_bar)
        rate = growth_rate(*place, law=law, coordinate=i, alpha_bar=alpha_bar)
        return -2 * rate, -2 * one.a[:, None] * grad_w, -2 * one.a * grad_b

    return _follow(gradient, network, time, times, method, step, rtol, atol)


@dataclass(frozen=True, eq=False)
class DirectionPath:
    r"""Directions and logarithmic growth of neurons along the surrogate flow.

    Attributes:
        times: (T,).
        directions: (T, m, d + 1), z = (w, b) / |(w, b)|.
        growth: (T, m), I(s), the integral of K(z) over the time up to s.
        start: the network at time 0, of one output.
    """

    times: Times
    directions: Tensor
    growth: Tensor
    start: TwoLayerReLU

    def amplitudes(self) -> tuple[Tensor, Tensor]:
        r"""a and n = |(w, b)|, each (T, m).

        .. math:: a + n = (a_0 + n_0) e^{2 I}, \qquad a - n = (a_0 - n_0) e^{-2 I}
        """
        plus, minus = _amplitude_parts(self.start)
        up, down = plus * torch.exp(2 * self.growth), minus * torch.exp(-2 * self.growth)
        return (up + down) / 2, (up - down) / 2

    def network(self, index: int) -> TwoLayerReLU:
        """The network at one of the times."""
        a, size = (part[index] for part in self.amplitudes())
        place = size[:, None] * self.directions[index]
        return TwoLayerReLU(a, place[:, :-1], place[:, -1])


def direction_flow(
    network: TwoLayerReLU,
    *,
    law: HypercubeLaw,
    coordinate: int = 0,
    alpha_bar: float,
    time: float,
    times: ArrayLike | None = None,
    method: Adaptive | FixedStep = DOPRI5,
    step: float | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-11,
) -> DirectionPath:
    r"""The surrogate flow on the sphere of (w, b), free of overflow.

    .. math::
        z' = 2 \frac{a}{n} \nabla_S K(z), \qquad I' = K(z), \qquad
        \frac{a}{n} = \frac{(a_0 + n_0) e^{2I} + (a_0 - n_0) e^{-2I}}
                           {(a_0 + n_0) e^{2I} - (a_0 - n_0) e^{-2I}},

    with nabla_S the gradient along the sphere. A balanced neuron keeps a / n = sgn(a), and then
    z' does not depend on its size. Arguments and errors as `gradient_flow`, for one output.

    Source: arXiv 2503.03595, Lemma A.5, for balanced neurons; the unbalanced form is not there.
    """
    setting_of(network, law, coordinate, alpha_bar)
    if network.has_all_outputs:
        msg = "network must have one output here, got all: use network.output(coordinate)"
        raise ValueError(msg)
    place = torch.cat((network.w, network.b[:, None]), dim=-1)
    first = place / torch.linalg.vector_norm(place, dim=-1, keepdim=True)
    plus, minus = _amplitude_parts(network)

    def drift(t: Tensor, state: Tensor) -> Tensor:  # noqa: ARG001
        z, total = state[:, :-1], state[:, -1]
        place = z[:, :-1], z[:, -1]
        grad_w, grad_b = growth_rate_gradient(
            *place, law=law, coordinate=coordinate, alpha_bar=alpha_bar
        )
        gradient = torch.cat((grad_w, grad_b[:, None]), dim=-1)
        rate = (gradient * z).sum(-1, keepdim=True)  # Euler: z . grad K = K
        up, down = plus * torch.exp(2 * total), minus * torch.exp(-2 * total)
        ratio = ((up + down) / (up - down))[:, None]
        return torch.cat(
            (2 * ratio * (gradient - rate * z / (z * z).sum(-1, keepdim=True)), rate), dim=-1
        )

    state = torch.cat((first, torch.zeros_like(first[:, :1])), dim=-1)
    path = _solve(drift, state, time, times, method, step, rtol, atol)
    return DirectionPath(path.times, path.states[..., :-1], path.states[..., -1], network)


def _amplitude_parts(network: TwoLayerReLU) -> tuple[Tensor, Tensor]:
    size = torch.sqrt(network.w.square().sum(-1) + network.b**2)
    return network.a + size, network.a - size


def _follow(
    gradient: Callable[[TwoLayerReLU, int], Gradient],
    network: TwoLayerReLU,
    time: float,
    times: ArrayLike | None,
    method: Adaptive | FixedStep | Stiff,
    step: float | None,
    rtol: float,
    atol: float,
    hessian: Callable[[TwoLayerReLU, int], Tensor] | None = None,
) -> TrainingPath:
    outputs = network.dimension if network.has_all_outputs else None

    def ones(state: Tensor) -> list[TwoLayerReLU]:
        here = _network(state, outputs)
        return [here] if outputs is None else [here.output(i) for i in range(outputs)]

    def drift(t: Tensor, state: Tensor) -> Tensor:  # noqa: ARG001
        return torch.cat([-_rows(*gradient(one, i)) for i, one in enumerate(ones(state))])

    state = _rows(network.a, network.w, network.b).reshape(-1, network.dimension + 2)
    known = None if hessian is None else _jacobian(hessian, ones)
    path = _solve(drift, state, time, times, method, step, rtol, atol, known)
    return TrainingPath(path, outputs)


def _jacobian(
    hessian: Callable[[TwoLayerReLU, int], Tensor],
    ones: Callable[[Tensor], list[TwoLayerReLU]],
) -> Callable[[Tensor, Tensor], Tensor]:
    """The derivative of the drift: a block for each output."""

    def at(t: Tensor, state: Tensor) -> Tensor:  # noqa: ARG001
        return -torch.block_diag(*(hessian(one, i) for i, one in enumerate(ones(state))))

    return at


def _solve(
    drift: Callable[[Tensor, Tensor], Tensor],
    state: Tensor,
    time: float,
    times: ArrayLike | None,
    method: Adaptive | FixedStep | Stiff,
    step: float | None,
    rtol: float,
    atol: float,
    jacobian: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Path:
    dynamics = Dynamics(drift, (0.0, _require.positive("time", time)))
    if isinstance(method, Stiff):
        if step is not None:
            msg = f"step must be left out with {method}, got {step!r}"
            raise ValueError(msg)
        return solve_stiff(
            dynamics, state, method=method, times=times, rtol=rtol, atol=atol, jacobian=jacobian
        )
    if isinstance(method, FixedStep):
        return solve_ode(dynamics, state, method=method, step=step, times=times)
    return solve_ode(dynamics, state, method=method, step=step, times=times, rtol=rtol, atol=atol)


def _has_all(network: TwoLayerReLU) -> bool:
    return isinstance(network, TwoLayerReLU) and network.has_all_outputs


def _rows(a: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return torch.cat((a[..., None], w, b[..., None]), dim=-1)


def _network(state: Tensor, outputs: int | None) -> TwoLayerReLU:
    rows = state if outputs is None else state.reshape(outputs, -1, state.shape[-1])
    return TwoLayerReLU(rows[..., 0], rows[..., 1:-1], rows[..., -1])
