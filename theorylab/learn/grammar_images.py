r"""Small noise-predicting networks for images of words: an attention U-Net and a DiT.

Notation: A = alpha_bar(t) = cos^2(pi t / 2), s = sqrt(A), nu = sqrt(1 - A), x = s x_0 + nu xi with
x_0 an image and t in (0, 1); the network predicts v = s xi - nu x_0, from which
x_0 = s x - nu v and xi = nu x + s v.

Networks are built with diffusers, which is imported inside functions. They are made for minutes on
one CPU core: 45 and 60 thousand parameters where arXiv 2503.03595 has 33 and 36 million. They have
no dropout and are always in evaluation mode. Recipes are in `theorylab.learn.grammar_recipes`.
"""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from theorylab import _require
from theorylab.learn.glyphs import Grammar

Denoiser = Callable[[Tensor], Tensor]

CLOCK = 1000
"""Times are handed to the networks as CLOCK t."""


class VelocityNetwork(nn.Module):
    """A network (x, t) -> v on images (n, 1, H, W) and times (n,)."""

    def __init__(self, inner: nn.Module, *, labelled: bool) -> None:
        """Wrap a model of diffusers; a labelled one gets the single class 0."""
        super().__init__()
        self.inner = inner
        self.labelled = labelled

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The predicted v."""
        times = (CLOCK * t).expand(len(x))
        if self.labelled:
            labels = torch.zeros(len(x), dtype=torch.long, device=x.device)
            return self.inner(x, timestep=times, class_labels=labels).sample
        return self.inner(x, times).sample


def small_unet(
    side: int, *, channels: tuple[int, ...] = (8, 16), seed: int = 0
) -> VelocityNetwork:
    """A U-Net with self-attention at its lower resolution and in its bottleneck, float32."""
    from diffusers import UNet2DModel

    depth = len(channels) - 1
    inner = UNet2DModel(
        sample_size=side,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=("DownBlock2D",) * depth + ("AttnDownBlock2D",),
        up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * depth,
        norm_num_groups=8,
        attention_head_dim=8,
    )
    return _initialised(VelocityNetwork(inner, labelled=False), seed)


def small_dit(
    side: int, *, width: int = 32, heads: int = 4, layers: int = 2, patch: int = 4, seed: int = 0
) -> VelocityNetwork:
    """A DiT on patches of patch by patch pixels, float32."""
    from diffusers import DiTTransformer2DModel

    inner = DiTTransformer2DModel(
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        in_channels=1,
        num_layers=layers,
        sample_size=side,
        patch_size=patch,
        num_embeds_ada_norm=1,
        norm_num_groups=1,
    )
    return _initialised(VelocityNetwork(inner, labelled=True), seed)


def _initialised(network: VelocityNetwork, seed: int) -> VelocityNetwork:
    """Matrices and kernels from N(0, 1/fan_in) by the seed, biases 0, norms as they are."""
    generator = torch.Generator().manual_seed(seed)
    network = network.float().eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim >= 2:
                fan_in = parameter[0].numel()
                draw = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
                parameter.copy_(draw / math.sqrt(fan_in))
            elif name.endswith("bias"):
                parameter.zero_()
    return network


def signal_and_noise(t: Tensor) -> tuple[Tensor, Tensor]:
    """S = cos(pi t / 2) and nu = sin(pi t / 2)."""
    return torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)


@dataclass(frozen=True)
class Budget:
    """How long and how a network is trained.

    Attributes:
        steps: of Adam.
        batch: images a step.
        rate: learning rate.
        averaging: decay of the exponential average of the weights, which is what is kept.
        seed: of words, pictures, times and noise.
    """

    steps: int
    batch: int = 64
    rate: float = 1e-3
    averaging: float = 0.995
    seed: int = 0


def train_on_images(
    network: VelocityNetwork, grammar: Grammar, budget: Budget
) -> Iterator[tuple[int, float, VelocityNetwork]]:
    """Minimise E|v - v_theta|^2, times uniform; yields (step, loss, averaged network) each step.

    The averaged network is one object that later steps change.
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(budget.seed)
    averaged = deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.Adam(network.parameters(), lr=budget.rate)
    for step in range(1, budget.steps + 1):
        pick = torch.randint(len(grammar.trained), (budget.batch,), generator=generator)
        image = grammar.images(grammar.trained[pick], generator=generator)
        t = torch.rand(budget.batch, generator=generator, dtype=torch.float32)
        xi = torch.randn(image.shape, generator=generator, dtype=torch.float32)
        s, nu = (each.reshape(-1, 1, 1, 1) for each in signal_and_noise(t))
        place, target = (s * image + nu * xi).to(device), (s * xi - nu * image).to(device)
        loss = (network(place, t.to(device)) - target).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        keep = min(budget.averaging, step / (step + 10))
        with torch.no_grad():
            for mean, new in zip(averaged.parameters(), network.parameters(), strict=True):
                mean.lerp_(new, 1 - keep)
        yield step, loss.item(), averaged


@torch.no_grad()
def generate(
    network: Callable[[Tensor, Tensor], Tensor],
    n: int,
    shape: tuple[int, int],
    *,
    steps: int = 50,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Tensor:
    r"""N images (n, 1, H, W) by the DDPM steps of the posterior of x_0, from noise at t = 1.

    .. math::
        x_{t'} = s' \hat x_0 + \sqrt{\nu'^2 - \tilde\beta} \, \hat\xi
                 + \sqrt{\tilde\beta} \, \zeta, \quad
        \tilde\beta = \frac{\nu'^2}{\nu^2} \Big(1 - \frac{s^2}{s'^2}\Big)

    with x_0 clipped to [-1, 1], the range of pixels; the last step returns x_0.
    """
    generator = torch.Generator().manual_seed(seed)
    grid = torch.linspace(1, 0, steps + 1, dtype=torch.float32)
    x = torch.randn(n, 1, *shape, generator=generator, dtype=torch.float32).to(device)
    for now, then in pairwise(grid):
        (s, nu), (s1, nu1) = signal_and_noise(now), signal_and_noise(then)
        clean = (s * x - nu * network(x, now.to(device))).clamp(-1, 1)
        xi = (x - s * clean) / nu
        beta = (nu1 / nu) ** 2 * (1 - (s / s1) ** 2)
        fresh = torch.randn(x.shape, generator=generator, dtype=torch.float32).to(device)
        x = (
            s1 * clean
            + (nu1**2 - beta).clamp(min=0).sqrt() * xi
            + beta.clamp(min=0).sqrt() * fresh
        )
    return x


def clean_prediction(network: Callable[[Tensor, Tensor], Tensor], alpha_bar: float) -> Denoiser:
    r"""The predicted x_0 = s x - nu v at one noise level, as a function of x alone."""
    t, s, nu = _level(alpha_bar)
    return lambda x: s * x - nu * network(x, torch.tensor(t, dtype=x.dtype, device=x.device))


def noise_prediction(network: Callable[[Tensor, Tensor], Tensor], alpha_bar: float) -> Denoiser:
    r"""The predicted xi = nu x + s v at one noise level, as a function of x alone."""
    t, s, nu = _level(alpha_bar)
    return lambda x: nu * x + s * network(x, torch.tensor(t, dtype=x.dtype, device=x.device))


def _level(alpha_bar: float) -> tuple[float, float, float]:
    signal = math.sqrt(_require.between("alpha_bar", alpha_bar, 0, 1))
    return 2 / math.pi * math.acos(signal), signal, math.sqrt(1 - alpha_bar)
