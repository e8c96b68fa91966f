"""Real images without any network: Wiener filter against multi-delta denoiser on fresh patches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim
from theorylab.diffusion import GaussianDenoiser, MultiDeltaDenoiser
from theorylab.learn.patches import patches

LEVELS = (0.01, 0.03, 0.1, 0.2, 0.4, 1.0, 3.0)


@dataclass(frozen=True)
class Photograph:
    """Numbers of patches of 8 x 8 pixels, known and fresh; bounds on the ratios of the losses."""

    name: str
    count: int = 500
    fresh: int = 3000
    low: float = 0.75
    high: float = 0.9
    swapped: bool = False
    noise: float = 1.0


def losses(case: Photograph) -> Tensor:
    """The mean of |D - x|^2 / d over the fresh patches: of D_G and of D_M, at the levels."""
    known = patches(case.name, 8, case.count, seed=1)
    fresh = patches(case.name, 8, case.fresh, seed=2)
    noise = torch.randn(fresh.shape, generator=torch.Generator().manual_seed(2))
    gaussian, memory = GaussianDenoiser.from_data(known), MultiDeltaDenoiser(known)
    found = []
    for sigma in LEVELS:
        y = fresh + sigma * noise
        pair = (gaussian(y, case.noise * sigma), memory(y, sigma))
        found.append([float((d - fresh).square().mean()) for d in pair])
    return torch.tensor(found).T


@claim(
    source=PAPER.at("Section 3 (generalisation and the Gaussian denoiser)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Photograph("china.jpg"), Photograph("flower.jpg")],
    must_fail={
        "the memoriser at low noise": lambda case: replace(case, swapped=True),
        "ten times more noise believed": lambda case: replace(case, noise=10.0),
        "half of the loss at noise 0.1": lambda case: replace(case, low=0.4),
    },
    thorough=[Photograph("china.jpg", 5000, low=0.6), Photograph("flower.jpg", 2000, low=0.95)],
)
def gaussian_denoiser_of_photographs_beats_their_memoriser_at_low_noise(
    case: Photograph,
) -> Finding:
    r"""Take 500 patches of 8 x 8 pixels at random places of one of two photographs (of
    scikit-learn) as data, and 3000 at places drawn independently (a few overlap with the data) as
    fresh images; grey values lie in $[0, 1]$. At noise $\sigma = 0.01, 0.03, 0.1$ the mean loss of
    the Gaussian denoiser of the 500 on the fresh patches is at most 0.75 of the loss of their
    multi-delta denoiser, the minimiser of the training loss. At $\sigma = 1$ it is the other way
    round (at most 0.9): patches are far from Gaussian, and few points suffice where the noise
    hides the details. The memoriser gains on more data: of 5000 patches of the one and 2000 of the
    other photograph the bounds 0.6 and 0.95 hold at low noise, and 0.9 at $\sigma = 1$ (in the
    thorough run). (For these draws of patches and noise.)
    """
    gaussian, memory = losses(case)
    at_low = LEVELS.index(0.1) + 1
    pair = (memory, gaussian) if case.swapped else (gaussian, memory)
    top = LEVELS.index(1.0)
    return all_hold(
        at_most(pair[0][:at_low], case.low * pair[1][:at_low], budget=1e-6),
        at_most(memory[top], case.high * gaussian[top], budget=1e-6),
    ).with_series(
        name=f"{case.name.split('.')[0]}, {case.count}",
        sigma=list(LEVELS),
        gaussian=gaussian.tolist(),
        memory=memory.tolist(),
    )


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Loss per pixel over the noise for both denoisers and photographs."""
    for index, shown in enumerate(series):
        ax.plot(shown["sigma"], shown["gaussian"], f"C{index}o-",
                label=rf"$D_G$, {shown['name']} patches")  # fmt: skip
        ax.plot(shown["sigma"], shown["memory"], f"C{index}s:",
                label=rf"$D_M$, {shown['name']} patches")  # fmt: skip
    ax.plot(series[0]["sigma"], [s**2 for s in series[0]["sigma"]], color="0.5",
            linewidth=0.8, label=r"$\sigma^2$ (no denoising)")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(5e-5, 0.2)
    ax.set_xlabel(r"noise $\sigma$")
    ax.set_ylabel("loss per pixel on fresh patches")
    ax.legend()
