"""B18: the optimal denoiser of the Shapes data in closed form, and what its flow draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import torch
from torch import Tensor

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.diffusion.gains import euler_sample, karras_nodes
from theorylab.diffusion.shapes import HEIGHT, WIDTH, ShapesDenoiser, count_shapes, templates

RUNS = 16


@dataclass(frozen=True)
class Noise:
    """A noise for the comparison, and how the formula is changed."""

    sigma: float = 0.8
    shown: float = 0.5
    scale: float = 1.0
    exclusive: bool = False
    seed: int = 18


@claim(
    source=read_at("Shapes (hallucinated duplicates)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Noise(2.0), Noise(0.8), Noise(4.0)],
    must_fail={
        "noise two per cent larger": lambda case: replace(case, scale=1.02),
        "shapes shown with probability 0.49": lambda case: replace(case, shown=0.49),
        "black images kept": lambda case: replace(case, exclusive=True),
    },
)
def exact_denoiser_of_shapes_never_draws_two_in_a_column(case: Noise) -> Finding:
    r"""The posterior mean of the Shapes law at noise $\sigma$ is, column by column,

    $$D_c(y) = \frac{\sum_{S \ni c}\prod_{b \in S} A_b}{\sum_{S \ne \emptyset}\prod_{b \in S} A_b}
      \;\frac{\sum_j L_{cj}\tau_{cj}}{\sum_j L_{cj}}, \qquad A_c = \operatorname{mean}_j L_{cj},
      \quad L_{cj} = e^{(2\langle y_c, \tau_{cj}\rangle - |\tau_{cj}|^2)/2\sigma^2},$$

    with 1574 templates in place of 130 million images. (Against the sum over all images that
    three, four and two of the templates make.) Of 16 runs of its flow (30 Euler steps from
    noise 80) none draws two shapes in a column, or none at all. The mean of two images that
    show one triangle each has no pixel above $1/2$ where they do not overlap.
    """
    columns = all_templates()
    few = (columns[0][[3, 200, 500]], columns[1][[0, 99, 190, 300]], columns[2][[5, 600]])
    generator = torch.Generator().manual_seed(case.seed)
    y = few_image(few) + case.sigma * torch.randn(5, 3, HEIGHT * WIDTH, generator=generator)
    closed = ShapesDenoiser(few)(y, case.scale * case.sigma)
    summed = brute_force(few, y, case)
    counts = count_shapes(drawn(case.seed))
    both = (few[0][0] + few[0][2]) / 2
    return all_hold(
        equal(closed, summed, budget=1e-10),
        equal(counts.amax().double(), 1.0, budget=1e-9),
        equal(counts.sum(-1).amin().clamp(max=1).double(), 1.0, budget=1e-9),
        equal(both.max(), 0.5, budget=1e-9),
        equal(float(sum(len(column) for column in columns)), 1574.0, budget=1e-9),
    ).with_series(images=page(drawn(case.seed)[:8]))


@cache
def all_templates() -> tuple[Tensor, Tensor, Tensor]:
    """The templates of the three columns."""
    return templates()


def few_image(few: tuple[Tensor, ...]) -> Tensor:
    """One clean image: a triangle and a square."""
    return torch.stack([few[0][1], few[1][2], torch.zeros(HEIGHT * WIDTH)])


def brute_force(few: tuple[Tensor, ...], y: Tensor, case: Noise) -> Tensor:
    """The posterior mean as a sum over all images."""
    blank = torch.zeros(1, HEIGHT * WIDTH)
    stacks = [torch.cat([blank, column]) for column in few]
    total, logs, images = [], [], []
    for picked in product(*(range(len(stack)) for stack in stacks)):
        if not any(picked) and not case.exclusive:
            continue
        image = torch.stack([stack[i] for stack, i in zip(stacks, picked, strict=True)])
        prior = 1.0
        for stack, i in zip(stacks, picked, strict=True):
            prior *= case.shown / (len(stack) - 1) if i else 1 - case.shown
        images.append(image)
        logs.append(-((y - image) ** 2).sum((-1, -2)) / (2 * case.sigma**2))
        total.append(prior)
    weights = torch.softmax(torch.stack(logs, -1) + torch.tensor(total).log(), dim=-1)
    return torch.einsum("ni,icm->ncm", weights, torch.stack(images))


@cache
def drawn(seed: int) -> Tensor:
    """Samples of the exact flow, (RUNS, 3, 63, 21)."""
    generator = torch.Generator().manual_seed(seed)
    start = 80.0 * torch.randn(RUNS, 3, HEIGHT * WIDTH, generator=generator)
    nodes = torch.cat([karras_nodes(30), torch.zeros(1)])
    return euler_sample(ShapesDenoiser(all_templates()), start, nodes).reshape(
        -1, 3, HEIGHT, WIDTH
    )


def page(images: Tensor) -> Tensor:
    """The images side by side, (63, n * 66), with a grey line between them."""
    whole = images.transpose(1, 2).flatten(2)
    framed = torch.nn.functional.pad(whole, (0, 3), value=0.5)
    return torch.cat(list(framed), dim=-1)


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Samples of the exact flow of the Shapes law."""
    ax.imshow(series[0]["images"], cmap="gray", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.set_xlabel("eight samples; columns: triangle, square, pentagon")
    ax.set_ylabel("63 pixels")
    ax.set_title("Shapes by the flow of the exact denoiser")
