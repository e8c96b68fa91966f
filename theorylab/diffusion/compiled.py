"""Kernels for what `theorylab.native` does not serve: CUDA devices, and product laws.

Notation: as in `theorylab.diffusion.kernels`. The loop for a CUDA device has been run on the host
only (tests/test_diffusion_compiled.py); see benchmarks/gpu/README.md.
"""

import inspect
import math
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from theorylab._typing import Points
from theorylab.diffusion._grid import axes
from theorylab.diffusion.kernels import AUTOMATIC, Kernel, recorded

UNROLLED = 256
"""The largest K d whose loop over the modes is written out; each K and d compiles once."""


@dataclass(frozen=True)
class Compiled(Kernel):
    """The sums over modes written out, coordinates apart, fused into one loop by torch.compile.

    One compilation for each K, d, dtype and device, none for another number of points but 1. Only
    the trajectory's own coordinates enter, so a row's bits do not depend on the batch. Variances
    shared or per mode; K d <= 256. `AUTOMATIC` takes it for large batches on a CUDA device.

    Attributes:
        backend: of torch.compile, a name or a function.

    Raises:
        ValueError: when called, K d > 256, or means or variances per point.
    """

    backend: str | Callable[..., Any] = "inductor"

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        return self._pull(x, means, variance, log_weights, weighted=True)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        return self._pull(x, means, variance, log_weights, weighted=False)

    @staticmethod
    def serves(x: Tensor, means: Tensor, variance: Tensor) -> bool:
        """Whether the loop takes these, no gradient is recorded, and torch.compile works there."""
        return (
            _fits(means, variance)
            and x.dtype in (torch.float32, torch.float64)
            and not recorded(x, means, variance)
            and compiles_on(x.device.type)
        )

    def _pull(
        self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor, *, weighted: bool
    ) -> Points:
        if not _fits(means, variance):
            shapes = f"means {tuple(means.shape)} and variance {tuple(variance.shape)}"
            msg = f"K d must be at most {UNROLLED}, variances shared or per mode, got {shapes}"
            raise ValueError(msg)
        inverses = (1 / variance).expand(len(means)).contiguous()
        logs = log_weights + x.shape[-1] / 2 * torch.log(inverses)
        axes = x.reshape(-1, x.shape[-1]).T.contiguous()
        if axes.shape[1] > 1:  # torch.compile takes 0 and 1 for constants
            torch._dynamo.mark_dynamic(axes, 1)
        rates = inverses.clone() if weighted else torch.ones_like(inverses)
        asked = recorded(x, means, variance, log_weights)
        fused = _fused(self.backend, tuple(means.shape), x.dtype, x.device)
        with torch.set_grad_enabled(asked):  # whether it is enabled would compile twice
            return fused(axes, means, inverses, logs, rates).T.reshape(x.shape)


def _fits(means: Tensor, variance: Tensor) -> bool:
    return means.ndim == 2 and means.numel() <= UNROLLED and variance.ndim <= 1


@cache
def compiles_on(device: str) -> bool:
    """Whether torch.compile works on such a device; the first call compiles an addition.

    A warning says once why it does not: Triton or a compiler of C may be missing.
    """
    try:
        one = torch.ones(2, dtype=torch.float32, device=device)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations of torch's own, errors to some users
            torch.compile(torch.add, backend="inductor")(one, one)
    except Exception as error:  # of whatever compiler
        first = str(error).partition("\n")[0]
        msg = f"compiled kernels are not available on {device}, torch is used instead: {first}"
        warnings.warn(msg, RuntimeWarning, stacklevel=2)
        return False
    return True


@cache
def _fused(
    backend: str | Callable[..., Any],
    shape: tuple[int, int],
    dtype: torch.dtype,  # noqa: ARG001
    device: torch.device,  # noqa: ARG001
) -> Callable[..., Tensor]:
    """A function of its own for each key: torch.compile refuses a ninth variant of one."""
    plain = inspect.unwrap(written_out)  # a checker of shapes may have wrapped it
    code = plain.__code__.replace(co_name=f"pull_of_{shape[0]}_modes_in_{shape[1]}")
    own = types.FunctionType(code, plain.__globals__)
    return torch.compile(own, backend=backend, fullgraph=True)


def written_out(
    axes: Tensor, means: Tensor, inverses: Tensor, logs: Tensor, rates: Tensor
) -> Tensor:
    """The pull sum_k r_k rate_k (mu_k - x) for coordinates (d, n), as (d, n).

    A formula, for torch.compile: it checks nothing.

    Args:
        axes: x, one row for each coordinate, (d, n).
        means: mu, (K, d).
        inverses: 1 / v, (K,).
        logs: ln w - (d / 2) ln v up to a common constant, (K,).
        rates: 1 / v for the score, 1 for the shift, (K,).
    """
    d, modes = len(axes), len(means)
    floor = -700.0 if axes.dtype == torch.float64 else -80.0
    logits, shares, pulled = [], [], []
    for k in range(modes):
        square = torch.zeros_like(axes[0])
        for c in range(d):
            square = square + (means[k, c] - axes[c]) ** 2
        logits.append(logs[k] - square * (inverses[k] / 2))
    highest = logits[0]
    for logit in logits[1:]:
        highest = torch.maximum(highest, logit)
    total = torch.zeros_like(highest)
    for logit in logits:
        shares.append(torch.exp((logit - highest).clamp(min=floor)))
        total = total + shares[-1]
    for c in range(d):
        shift = torch.zeros_like(total)
        for k in range(modes):
            shift = shift + shares[k] * rates[k] * (means[k, c] - axes[c])
        pulled.append(shift / total)
    return torch.stack(pulled)


@dataclass(frozen=True)
class Separable(Kernel):
    r"""A product law on a grid, one coordinate at a time: sum of sides in place of their product.

    .. math:: p(x) = \prod_c p_c(x_c), \qquad score_c(x) = (\ln p_c)'(x_c)

    The grid must hold every combination of its coordinates once, with weights that multiply, and
    one variance. See proofs_check/ashiq2026_ddim_vs_ddpm,
    mixture_with_product_weights_on_a_grid_is_a_product_law.

    Attributes:
        inner: the kernel of a coordinate.

    Raises:
        ValueError: when called, a mixture that is no product law.
    """

    inner: Kernel = AUTOMATIC

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        return self._each(self.inner.score, x, means, variance, log_weights)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        return self._each(self.inner.shift, x, means, variance, log_weights)

    def _each(
        self,
        formula: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
        x: Tensor,
        means: Tensor,
        variance: Tensor,
        log_weights: Tensor,
    ) -> Points:
        if variance.numel() != 1:
            msg = f"variance must be shared by all modes, got shape {tuple(variance.shape)}"
            raise ValueError(msg)
        parts = []
        for c, (places, logs) in enumerate(factors(means, log_weights)):
            axis = x[..., c, None].contiguous()
            parts.append(formula(axis, places[:, None], variance.reshape(()), logs))
        return torch.cat(parts, dim=-1)


def factors(means: Tensor, log_weights: Tensor) -> list[tuple[Tensor, Tensor]]:
    """For each coordinate, the places of its modes and the logarithms of their weights.

    Raises:
        ValueError: means that are no full grid, or weights that do not multiply up to sqrt(eps).
    """
    loose = 1 / math.sqrt(torch.finfo(means.dtype).eps)
    found = axes(means, torch.exp(log_weights), loose)
    if isinstance(found, str):
        raise ValueError(found)
    return [(means[axis.modes, c], axis.logs) for c, axis in enumerate(found)]
