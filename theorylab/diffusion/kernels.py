r"""Kernels: how the score of a mixture is evaluated, all with the same formula.

Notation: x (*n, d) points, mu (K, d) means, v the variances, () or (K,) or (*n, 1), w weights,

.. math:: score = \sum_k \frac{r_k}{v_k} (\mu_k - x), \qquad shift = \sum_k r_k \mu_k - x .

`GaussianMixture` holds a kernel, `AUTOMATIC` unless told otherwise by `with_kernel`. The kernels
differ in speed, in memory and in rounding. With c_k = 1/v_k for the score p and c_k = 1 for the
shift p, and the logits l_k = ln w_k - |mu_k - x|^2 / (2 v_k), the error of a coordinate is at most

.. math:: 2\,eps\,\sum_k r_k\,(1 + |l_k|)\,\big(c_k |\mu_k - x| + |p|\big) + 2\,eps\,place

(the logits hold -d/2 ln v_k too where the variances are those of modes). For `Native` the last
term is 0: a point near a mode keeps all digits of its score. For `Reference` and `Chunked` it is
max_k c_k (|x| + max_k |mu_k|). See tests/test_fast_paths_refuse_errors.py.

| kernel | for | a row's bits depend on |
|---|---|---|
| `Reference` | everything, also gradients; temporaries (*n, K) | the batch, in a matrix product |
| `Native` | d <= 8 on the host, compiled C; no temporaries | nothing else |
| `Chunked` | many modes or dimensions; temporaries within a budget | the batch |
| `compiled.Compiled` | few modes in few dimensions on a CUDA device | nothing else |

With `AUTOMATIC` a product law of 2 to 8 dimensions, with a shared variance and at least two places
in each, is evaluated on the host one coordinate at a time, in compiled C: the sum over the modes
becomes one over the sides of the grid; a row's bits depend on nothing else.
On a device it is taken for any other mixture; `theorylab.diffusion.compiled` has `Separable`.

This module integrates nothing and checks no arguments but those of the kernels themselves.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import Points
from theorylab.diffusion import _components
from theorylab.native import mixture as native
from theorylab.native.recorded import recorded

Formula: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

BUDGET = 2**21
"""Bytes of temporaries of `Chunked`: what stays in a second-level cache, not what fits."""

DEVICE_BUDGET = 2**25
"""The same on a CUDA device, whose second-level cache has some 2^25.5 bytes.

Below it the reference is bound by its launches, some twenty of a few microseconds each, and not by
the memory: 2^25 bytes written and read twenty times take no longer. Nothing is compiled there.
"""


class Kernel(ABC):
    """A way of evaluating the pull of a mixture on points."""

    @abstractmethod
    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score sum_k (r_k / v_k)(mu_k - x), (*n, d)."""

    @abstractmethod
    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift sum_k r_k mu_k - x to the expected mean, (*n, d)."""


@dataclass(frozen=True)
class Reference(Kernel):
    """Lines of torch, term by term; every dtype, device and shape, and gradients."""

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        return _components.score(x, means, variance, log_weights)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        r = _components.responsibilities(x, means, variance, log_weights)
        return _components.combine(r, means) - x


@dataclass(frozen=True)
class Native(Kernel):
    r"""The compiled loop of theorylab/native/mixture.h, where it `serves`.

    Differences mu_k - x are summed, not products, so that the score keeps its relative accuracy
    near a mode: at one deviation from it, to 8 eps at a spacing of 100 deviations. A share below
    exp(-700), or exp(-80) in float32, is raised to it, which moves the result by less than K times
    that share of the farthest pull.
    """

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        return _natively(x, means, variance, log_weights, weighted=True)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        return _natively(x, means, variance, log_weights, weighted=False)

    @staticmethod
    def serves(x: Tensor, means: Tensor, variance: Tensor) -> bool:
        """Whether the loop takes these: no gradient, float32 or float64, d <= 8, on the host."""
        shared = variance.numel() == 1
        per_mode = variance.ndim == 1 and variance.shape == means.shape[:1]
        per_point = variance.ndim == x.ndim and variance.shape == (*x.shape[:-1], 1)
        return (
            means.ndim == 2
            and (shared or per_mode or per_point)
            and not recorded(x, means, variance)
            and native.serves(x)
        )


@dataclass(frozen=True)
class Chunked(Kernel):
    r"""Rows in chunks whose temporaries fit a budget; products where they are accurate enough.

    The logit is, up to a part that all modes share,

    .. math:: \ell_k + \frac{\langle x - c, \mu_k - c \rangle - |\mu_k - c|^2/2}{v},
              \qquad c = \mathrm{mean}_k\, \mu_k,

    with an error of at most 2 eps |x| max |mu_k - c| / v, beside that of all kernels. Where that
    may exceed 2 `LOSS` eps, or where the variance is not shared, squared distances are summed from
    differences instead.

    Attributes:
        budget: bytes of temporaries, at least those of one row.

    Raises:
        ValueError: a budget that is not a positive integer.
    """

    budget: int = BUDGET

    LOSS = 4096.0

    def __post_init__(self) -> None:
        _require.integer("budget", self.budget, at_least=1)

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        if variance.ndim:
            return self._pieces(Reference().score, x, means, variance, log_weights)
        return self._shared(x, means, variance, log_weights, 1 / variance)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        if variance.ndim:
            return self._pieces(Reference().shift, x, means, variance, log_weights)
        return self._shared(x, means, variance, log_weights, torch.ones_like(variance))

    def _shared(
        self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor, rate: Tensor
    ) -> Points:
        """The pull rate * (sum_k r_k mu_k - x), with r_k counted from the centre c."""
        flat, centre = x.reshape(-1, x.shape[-1]), means.mean(0)
        apart = means - centre
        logits = _logits(flat, centre, apart, variance, log_weights, self.LOSS)
        scaled, factor, out = apart * rate, float(rate), torch.empty_like(flat)
        rows = self._rows(x, means)
        for part, pulled in zip(flat.split(rows), out.split(rows), strict=True):
            torch.addmm(part, _shares(logits(part)), scaled, beta=-factor, out=pulled)
            pulled.add_(centre * rate)
        return out.reshape(x.shape)

    def _rows(self, x: Tensor, means: Tensor) -> int:
        held = x.element_size() * (2 * len(means) + 4 * x.shape[-1])
        return max(1, self.budget // held)

    def _pieces(
        self, formula: Formula, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor
    ) -> Points:
        """The reference on chunks of rows; a variance per point is cut likewise."""
        flat = x.reshape(-1, x.shape[-1])
        rows = self._rows(x, means)
        many = variance.ndim == x.ndim and variance.shape[:-1] == x.shape[:-1] and x.ndim > 1
        cut = variance.reshape(len(flat), -1).split(rows) if many else None
        parts = [
            formula(part, means, cut[i] if cut else variance, log_weights)
            for i, part in enumerate(flat.split(rows))
        ]
        return torch.cat(parts).reshape(x.shape)


@dataclass(frozen=True)
class Automatic(Kernel):
    """The fastest kernel that keeps a row's bits independent of the batch, or else in the budget.

    `Native` where it serves; `Reference` for gradients, for means per point and for what is small;
    for the rest `Compiled` on a CUDA device where it serves, and else `Chunked`. The choice
    depends on shapes, dtype and device, and on whether torch.compile works there.

    Attributes:
        budget: bytes of temporaries, above which rows are cut into chunks or one loop is compiled;
            None for `BUDGET` on the host, `DEVICE_BUDGET` on a CUDA device.

    Raises:
        ValueError: a budget that is neither a positive integer nor None.
    """

    budget: int | None = None

    def __post_init__(self) -> None:
        if self.budget is not None:
            _require.integer("budget", self.budget, at_least=1)

    def score(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The score."""
        kernel = self._chosen(x, means, variance, log_weights)
        return kernel.score(x, means, variance, log_weights)

    def shift(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Points:
        """The shift."""
        kernel = self._chosen(x, means, variance, log_weights)
        return kernel.shift(x, means, variance, log_weights)

    def _chosen(self, x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor) -> Kernel:
        return Reference() if recorded(log_weights) else self.choose(x, means, variance)

    def choose(self, x: Tensor, means: Tensor, variance: Tensor) -> Kernel:
        """The kernel that is used for arguments such as these."""
        if Native.serves(x, means, variance):
            return Native()
        on_device = x.device.type == "cuda"
        budget = self.budget or (DEVICE_BUDGET if on_device else BUDGET)
        plain = means.ndim == 2 and not recorded(x, means, variance)
        held = x.numel() // x.shape[-1] * len(means) * x.element_size()
        if not plain or held <= budget:
            return Reference()
        if on_device:
            from theorylab.diffusion.compiled import Compiled  # which needs `Kernel`

            if Compiled.serves(x, means, variance):
                return Compiled()
        return Chunked(budget)


AUTOMATIC = Automatic()


def _natively(
    x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor, *, weighted: bool
) -> Points:
    """The compiled pull: per mode the variances belong to the modes, else to the points."""
    if variance.numel() > 1 and variance.shape == means.shape[:1]:
        logs = log_weights - x.shape[-1] / 2 * torch.log(variance)
        inverses, scales = 1 / variance, torch.ones_like(log_weights[:1])
    else:
        logs, inverses, scales = log_weights, None, (1 / variance).reshape(-1)
    flat = x.reshape(-1, x.shape[-1])
    return native.pull(flat, means, logs, inverses, scales, weighted).reshape(x.shape)


def _logits(
    x: Tensor, centre: Tensor, apart: Tensor, variance: Tensor, log_weights: Tensor, loss: float
) -> Callable[[Tensor], Tensor]:
    """Rows to logits, by a matrix product where that loses at most `loss` roundings."""
    reach = math.sqrt(x.shape[-1]) * _largest(x)
    if reach * _longest(apart) / float(variance) <= loss:
        half = (apart**2).sum(-1) / 2 + apart @ centre
        constant, scaled = log_weights - half / variance, (apart / variance).T
        return lambda rows: torch.addmm(constant, rows, scaled)

    def by_differences(rows: Tensor) -> Tensor:
        mode = "donot_use_mm_for_euclid_dist"
        distances = torch.cdist(rows, apart + centre, compute_mode=mode)
        return distances.square_().div_(-2 * variance).add_(log_weights)

    return by_differences


def _largest(entries: Tensor) -> float:
    """The largest size of an entry, nan if one is; `vector_norm` takes five times as long."""
    lowest, highest = torch.aminmax(entries)
    return float(torch.maximum(-lowest, highest))


def _longest(vectors: Tensor) -> float:
    return float(torch.linalg.vector_norm(vectors, dim=-1).amax())


def _shares(logits: Tensor) -> Tensor:
    """The softmax, in place; far modes are kept out of the denormal range, see `Native`."""
    if native.takes(logits):
        return native.shares(logits)
    floor = -700.0 if logits.dtype == torch.float64 else -80.0
    shares = logits.sub_(logits.amax(-1, keepdim=True)).clamp_(min=floor).exp_()
    return shares.div_(shares.sum(-1, keepdim=True))
