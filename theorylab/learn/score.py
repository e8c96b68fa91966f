r"""`LearnedScore`: a noise predictor as a score, for samplers and integrators.

Notation: eps(x, t) the predicted noise, sigma_t the schedule's; score = -eps / sigma_t.

This module trains nothing, and does not say how far the score is from an exact one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from theorylab.diffusion import Schedule


@dataclass(frozen=True, eq=False)
class LearnedScore:
    """The score -eps(x, t) / sigma_t of a network.

    The network computes in the dtype and on the device of its parameters, and the result has those
    of x: float64 points keep float64 outside the network. Call `network.double()` to have it
    inside too. Gradients are tracked if x asks for them; the weights are never trained here.

    Attributes:
        network: callable as network(x, t) with x (*n, d) and t () or (*n).
        schedule: the one it was trained on.

    Raises:
        ValueError: something else than a module or a schedule; when called, a time without noise
            or outside the schedule, or a prediction of another shape than x.
    """

    network: nn.Module
    schedule: Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.network, nn.Module):
            msg = f"network must be a torch.nn.Module, got {self.network!r}"
            raise ValueError(msg)
        if not isinstance(self.schedule, Schedule):
            msg = f"schedule must be a Schedule, got {self.schedule!r}"
            raise ValueError(msg)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """The score at x, (*n, d)."""
        time = torch.as_tensor(t, dtype=x.dtype, device=x.device)
        sigma = self.schedule.sigma(time)
        if not bool((sigma > 0).all()):
            msg = f"t must be a time with noise, got {float(time.min())}, where sigma = 0"
            raise ValueError(msg)
        with torch.set_grad_enabled(x.requires_grad and torch.is_grad_enabled()):
            epsilon = self._predicted(x, time)
            return -epsilon / (sigma[..., None] if sigma.ndim else sigma)

    def _predicted(self, x: Tensor, time: Tensor) -> Tensor:
        own = next(self.network.parameters(), x)
        value = self.network(x.to(own), time.to(own))
        if not isinstance(value, Tensor) or value.shape != x.shape:
            got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            msg = f"network must return the shape {tuple(x.shape)} of x, got {got}"
            raise ValueError(msg)
        return value.to(x)
