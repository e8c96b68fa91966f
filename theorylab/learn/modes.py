r"""Networks that learn a few narrow modes: recipes for the experiments on mode interpolation.

Notation: D(y, sigma) a denoiser at y = x_0 + sigma n, preconditioned as in EDM with a plain
network F; eps(x_t, t) a noise predictor with the architecture of the released code of
arXiv:2406.09358.

    python -m theorylab.learn.modes --recipe smooth_line --seed 0 --out DIR

The recursion over generations is in `theorylab.learn.recursion`.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import leaky_relu, silu

from theorylab import _require
from theorylab.diffusion import GaussianMixture, VPSchedule
from theorylab.diffusion.preconditioning import EDMPreconditioning, PreconditionedDenoiser
from theorylab.learn.network import sinusoids
from theorylab.learn.objective import Draws, MixtureData, NoisePrediction, RawIndices
from theorylab.learn.recipe import Recipe, command
from theorylab.learn.training import Cosine, Plan, constant

SLOPE = 0.02
"""Of the leaky rectifier of `SharedResidualMLP`."""

LINE = GaussianMixture(torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64), 0.0025)
"""Three equal modes of deviation 0.05 at a distance of 1, centred."""

SHIFTED = GaussianMixture(torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64), 0.0025)
"""The same modes where the released code puts them: at 1, 2 and 3."""

SCHEDULE = VPSchedule.ddpm(1000, 1e-3, 0.2)
"""The betas of the released code."""


class PlainMLP(nn.Module):
    """F(z, noise): `hidden` layers of SiLU on (z, noise), from R^{d+1} to R^d.

    Raises:
        ValueError: sizes below 1.
    """

    def __init__(self, d: int, *, width: int = 64, hidden: int = 3) -> None:
        super().__init__()
        self.d = _require.integer("d", d, at_least=1)
        sizes = [d + 1] + [_require.integer("width", width, at_least=1)] * hidden
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.leave = nn.Linear(sizes[-1], d)

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        """The output at z (*n, d) and noise () or (*n, 1)."""
        h = torch.cat([z, noise.to(z).expand(*z.shape[:-1], 1)], dim=-1)
        for layer in self.layers:
            h = silu(layer(h))
        return self.leave(h)


class SharedResidualMLP(nn.Module):
    """The noise predictor of the released code: one residual block that is applied three times.

    In: linear without bias, and a linear map of the sinusoids of t with a leaky rectifier. Block:
    LayerNorm, rectifier, linear without bias, plus a linear map of the time; LayerNorm, rectifier,
    linear without bias; identity skip. Out: LayerNorm and a linear map. With width 128 it has
    66 817 parameters for d = 1 and 67 074 for d = 2; three blocks of their own would make it
    166 401 for d = 1.

    Raises:
        ValueError: d < 1, a width that is odd or below 2, uses < 1.

    Source: locuslab/diffusion-model-hallucination, gaussian_experiments.
    """

    def __init__(self, d: int = 1, *, width: int = 128, uses: int = 3) -> None:
        super().__init__()
        self.d = _require.integer("d", d, at_least=1)
        self.width = sinusoids(torch.zeros(()), width).shape[-1]
        self.uses = _require.integer("uses", uses, at_least=1)
        self.enter = nn.Linear(d, width, bias=False)
        self.time = nn.Linear(width, width)
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.first = nn.Linear(width, width, bias=False)
        self.second = nn.Linear(width, width, bias=False)
        self.block_time = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, d)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The predicted noise at x, (*n, d), and t, () or (*n)."""
        embedded = leaky_relu(self.time(sinusoids(t.to(x.dtype), self.width)), SLOPE)
        h = self.enter(x)
        for _ in range(self.uses):
            inner = self.first(leaky_relu(self.first_norm(h), SLOPE)) + self.block_time(embedded)
            h = h + self.second(leaky_relu(self.second_norm(inner), SLOPE))
        return self.leave(self.norm(h))


@dataclass(frozen=True)
class Denoising:
    r"""The loss of EDM: E (D(x_0 + sigma n, sigma) - x_0)^2 / c_out^2, ln sigma ~ N(m, s^2).

    Raises:
        ValueError: data that cannot be called, batch < 1, a spread that is not positive.

    Source: Karras et al., arXiv:2206.00364, Table 1.
    """

    data: Draws
    sigma_data: float
    batch: int
    centre: float = -1.2
    spread: float = 1.2

    def __post_init__(self) -> None:
        if not callable(self.data):
            msg = f"data must be callable as data(n, generator), got {self.data!r}"
            raise ValueError(msg)
        _require.integer("batch", self.batch, at_least=1)
        _require.positive("spread", self.spread)

    def __call__(self, network: nn.Module, generator: Generator) -> Tensor:
        """The loss of one batch."""
        x0 = self.data(self.batch, generator).float()
        drawn, n = (
            torch.randn(shape, generator=generator, device=x0.device, dtype=x0.dtype)
            for shape in ((self.batch,), x0.shape)
        )
        sigma = torch.exp(self.centre + self.spread * drawn)
        y = x0 + sigma[:, None] * n
        factors = EDMPreconditioning(self.sigma_data)
        error = PreconditionedDenoiser(network, factors)(y, sigma) - x0
        return ((error / factors.out(sigma)[:, None]) ** 2).mean()


@dataclass(frozen=True, eq=False)
class DenoiserScore:
    """A trained `PlainMLP` as a score on the EDM schedule: (D(x, sigma) - x)/sigma^2.

    The network computes in its own dtype; sigma > 0 only.
    """

    network: nn.Module
    sigma_data: float

    def denoiser(self, y: Tensor, sigma: Tensor | float) -> Tensor:
        """D(y, sigma), (*n, d)."""
        own = next(self.network.parameters())
        wrapped = PreconditionedDenoiser(self.network, EDMPreconditioning(self.sigma_data))
        level = torch.as_tensor(sigma, dtype=own.dtype, device=y.device)
        return wrapped(y.to(own.dtype), level).to(y.dtype)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """The score at x, (*n, d), and one time t = sigma > 0."""
        return (self.denoiser(x, t) - x) / torch.as_tensor(t, dtype=x.dtype) ** 2


def deviation_of(mixture: GaussianMixture) -> float:
    """The root mean square of a centred mixture's coordinates: sigma_d of EDM."""
    squares = (mixture.means**2).sum(-1) + mixture.d * mixture.variance
    return math.sqrt(float((mixture.weights * squares).sum()) / mixture.d)


def smooth_line() -> Recipe:
    """Three modes on a line, EDM preconditioning, 3000 steps of 256; some seconds."""
    return Recipe(
        "smooth_line",
        partial(PlainMLP, 1),
        Denoising(MixtureData(LINE), deviation_of(LINE), 256),
        Plan(3000, Cosine(2e-3, 1e-5)),
        {"data": "modes -1, 0, 1 of deviation 0.05", "batch": 256, "rate": "2e-3 to 1e-5 cosine"},
    )


def _noise_recipe(name: str, steps: int) -> Recipe:
    """The released architecture at half its width; recipes differ in the number of steps only."""
    return Recipe(
        name,
        partial(SharedResidualMLP, 1, width=64),
        NoisePrediction(MixtureData(SHIFTED), SCHEDULE, RawIndices(), 512),
        Plan(steps, constant(1e-3)),
        {"data": "modes 1, 2, 3 of deviation 0.05", "batch": 512, "rate": "1e-3", "width": 64},
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    "smooth_line": smooth_line,
    "early_noise": partial(_noise_recipe, "early_noise", 400),
    "later_noise": partial(_noise_recipe, "later_noise", 2500),
}


if __name__ == "__main__":
    sys.exit(command(RECIPES))
