r"""A training loop whose result is a function of its arguments, and that survives being killed.

Notation: k = 0, 1, ..., steps - 1 the step, r_k its learning rate.

All draws come from one generator made from the seed; networks must draw none of their own. The
state of a run (weights, Adam's moments, generator, losses) is written every so often, and a run
that resumes from it ends with the bits of a run that was never interrupted. This module knows no
objective and no data.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Generic, TypeVar

import torch
from torch import Generator, Tensor, nn

from theorylab import _require
from theorylab._threads import one_thread
from theorylab.learn.checkpoint import load_state, save_state
from theorylab.learn.network import build
from theorylab.learn.objective import Objective

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class LearningRate(ABC):
    """A learning rate that goes from `first` at k = 0 to `last` at the end.

    Raises:
        ValueError: a rate that is not positive.
    """

    first: float
    last: float

    def __post_init__(self) -> None:
        _require.positive("first", self.first)
        _require.positive("last", self.last)

    @abstractmethod
    def at(self, share: float) -> float:
        """The rate once a share of the steps, in [0, 1], is done."""


@dataclass(frozen=True)
class Linear(LearningRate):
    """The rate first + share (last - first)."""

    def at(self, share: float) -> float:
        """The rate at a share of the steps."""
        return self.first + share * (self.last - self.first)


@dataclass(frozen=True)
class Cosine(LearningRate):
    """The rate last + (first - last) (1 + cos(pi share)) / 2."""

    def at(self, share: float) -> float:
        """The rate at a share of the steps."""
        return self.last + (self.first - self.last) * (1 + math.cos(math.pi * share)) / 2


def constant(rate: float) -> Linear:
    """The rate that stays as it is."""
    return Linear(rate, rate)


@dataclass(frozen=True)
class Plan:
    """How to optimise: Adam with these settings.

    Attributes:
        steps: their number.
        rate: the learning rate.
        weight_decay: added to the gradient, times the weights, before Adam sees it.
        clip: the largest norm of the gradient; longer ones are scaled down to it. None: any.
        ema: the factor in (0, 1) of a moving average of the weights, which then replaces them at
            the end; None: no average.

    Raises:
        ValueError: steps < 1, something else than a rate, a negative weight_decay, a clip that is
            not positive, an ema outside (0, 1).
    """

    steps: int
    rate: LearningRate
    weight_decay: float = 0.0
    clip: float | None = None
    ema: float | None = None

    def __post_init__(self) -> None:
        _require.integer("steps", self.steps, at_least=1)
        if not isinstance(self.rate, LearningRate):
            msg = f"rate must be a LearningRate, got {self.rate!r}"
            raise ValueError(msg)
        _require.non_negative("weight_decay", self.weight_decay)
        if self.clip is not None:
            _require.positive("clip", self.clip)
        if self.ema is not None and not 0 < _require.number("ema", self.ema) < 1:
            msg = f"ema must be in the open interval (0, 1), got {self.ema}"
            raise ValueError(msg)


@dataclass(frozen=True, eq=False)
class Trained(Generic[Net]):
    """A trained network in evaluation mode, with the loss of every step, (steps,)."""

    network: Net
    losses: Tensor

    def stretches(self, count: int = 50) -> tuple[float, ...]:
        """Means of the losses over `count` stretches of the run, or fewer if it was short."""
        return tuple(float(part.mean()) for part in self.losses.double().chunk(count))


def train(
    factory: Callable[[], Net],
    objective: Objective,
    plan: Plan,
    *,
    seed: int,
    state: str | File | None = None,
    every: int = 1000,
    stop_after: int | None = None,
    device: str | torch.device = "cpu",
) -> Trained[Net]:
    """Train the network that `factory` builds, from the state on disk if there is one.

    Equal arguments give equal bits on one machine: whatever the number of threads outside, the
    run has one.

    Args:
        factory: builds the network; its initial weights come from the seed.
        objective: the loss of a step.
        plan: steps, rate, decay, clip and average.
        seed: of the initial weights and of all draws.
        state: a file for the state of the run, read if it exists and written every `every` steps
            and at the end.
        every: as said.
        stop_after: end early, after this many steps of the plan; the average is not applied then.
        device: where to train.

    Raises:
        ValueError: an objective that cannot be called, a plan of another type, a loss that is not
            a finite scalar, every < 1, stop_after < 1, a state of another run.
    """
    if not callable(objective):
        msg = f"objective must be callable as objective(network, generator), got {objective!r}"
        raise ValueError(msg)
    run = _Run(build(factory, seed=seed).to(device).train(), plan, seed, device)
    every = _require.integer("every", every, at_least=1)
    last = plan.steps
    if stop_after is not None:
        last = min(last, _require.integer("stop_after", stop_after, at_least=1))
    if state is not None and File(state).exists():
        run.restore(load_state(state))
    with one_thread():
        while len(run.losses) < last:
            run.step(objective)
            if state is not None and (len(run.losses) % every == 0 or len(run.losses) == last):
                save_state(state, run.state())
    if run.average is not None and last == plan.steps:
        run.network.load_state_dict(run.average)
    return Trained(run.network.eval(), torch.tensor(run.losses, dtype=torch.float64))


class _Run:
    """The changing part of a training."""

    def __init__(self, network: Any, plan: Plan, seed: int, device: str | torch.device) -> None:
        if not isinstance(plan, Plan):
            msg = f"plan must be a Plan, got {plan!r}"
            raise ValueError(msg)
        self.network, self.plan = network, plan
        self.optimiser = torch.optim.Adam(
            network.parameters(), lr=plan.rate.first, weight_decay=plan.weight_decay
        )
        self.generator = Generator(device).manual_seed(seed)
        self.losses: list[float] = []
        self.average: dict[str, Tensor] | None = None
        if plan.ema is not None:
            self.average = {k: v.detach().clone() for k, v in network.state_dict().items()}
        self.identity = f"{plan!r}, seed {seed}, {type(network).__name__}"

    def step(self, objective: Objective) -> None:
        k = len(self.losses)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate.at(k / self.plan.steps)
        loss = objective(self.network, self.generator)
        if loss.ndim != 0 or not bool(torch.isfinite(loss)):
            msg = f"objective must give a finite scalar, got {loss.detach()} at step {k}"
            raise ValueError(msg)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.plan.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.plan.clip)
        self.optimiser.step()
        self.losses.append(float(loss.detach()))
        self._average()

    @torch.no_grad()
    def _average(self) -> None:
        if self.average is None or self.plan.ema is None:
            return
        for name, value in self.network.state_dict().items():
            kept = self.average[name]
            if value.is_floating_point():
                kept.lerp_(value, 1 - self.plan.ema)
            else:
                kept.copy_(value)

    def state(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "losses": torch.tensor(self.losses, dtype=torch.float64),
            "average": self.average,
        }

    def restore(self, state: dict[str, Any]) -> None:
        if state.get("identity") != self.identity:
            found = state.get("identity")
            msg = f"state must be one of the run ({self.identity}), got one of ({found})"
            raise ValueError(msg)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.losses = state["losses"].tolist()
        if self.average is not None:
            self.average = {k: v.to(self.average[k]) for k, v in state["average"].items()}
