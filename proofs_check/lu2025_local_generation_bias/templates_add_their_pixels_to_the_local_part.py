"""Symbols drawn as images: how the LDR of the exact denoiser depends on their size."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity import HypercubeLaw, RenderedLaw, dependency_ratios


def parity_of_five() -> HypercubeLaw:
    """Five bits with product 1."""
    return HypercubeLaw.parity(5)


def brackets_of_six() -> HypercubeLaw:
    """Balanced words."""
    return HypercubeLaw.dyck(6)


@dataclass(frozen=True)
class Drawn:
    """A law, the pixels of a token, a noise level; what is claimed of the parts."""

    name: str
    law: Callable[[], HypercubeLaw] = field(repr=False)
    pixels: int
    alpha_bar: float
    cross: float = 2.0
    diluted: bool = True
    half: float = 0.5
    seed: int = 41


@claim(
    source=PAPER.at("Section 4.3, high LDR predicts hallucination"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        Drawn(law.__name__, law, pixels, alpha_bar)
        for law in (parity_of_five, brackets_of_six)
        for pixels in (2, 5, 16)
        for alpha_bar in (0.02, 0.1, 0.3)
    ],
    must_fail={
        "cross term 2 per cent larger": lambda case: replace(case, cross=2.04),
        "without the pixels": lambda case: replace(case, diluted=False),
        "the whole difference of the templates": lambda case: replace(case, half=1.0),
    },
)
def templates_add_their_pixels_to_the_local_part(case: Drawn) -> Finding:
    r"""For symbols drawn with two templates of $P$ pixels, the exact noise prediction has

    $$\frac{P - 2 g V_i + g^2 V_i^2}{P - 2 g V_i + g^2 V_i^2 + g^2 \sum_{k \ne i} C_{ik}^2}$$

    as the ratio of token $i$ at $x$, where $C = \mathrm{Cov}(v | x)$, $V_i = C_{ii}$,
    $g = |\delta|^2 \bar\alpha / (1 - \bar\alpha)$ and $\delta$ is half the difference of the
    templates. The exact prediction of $x_0$ has $V_i^2 / (V_i^2 + \sum_{k \ne i} C_{ik}^2)$, which
    knows no $P$. So many pixels alone bring the first ratio to 1 at any given $g$, for a
    denoiser that is right; only the second compares images of different size. Templates at
    random, of unequal norms; half of the points lie around words, half around their mean; parity
    of 5 bits and balanced words of 6.
    """
    law = case.law()
    generator = torch.Generator().manual_seed(case.seed)
    plus, minus = torch.randn(2, case.pixels, generator=generator)
    drawn = RenderedLaw(law, plus, minus)
    rows, masses = law.weighted_vertices(like=plus)
    pick = rows[torch.multinomial(masses, 30, replacement=True, generator=generator)]
    pick[:15] = 0
    noise = torch.randn(30, drawn.dimension, generator=generator)
    x = math.sqrt(case.alpha_bar) * drawn.draw(pick) + math.sqrt(1 - case.alpha_bar) * noise
    covariance = posterior_covariance(drawn, x, case.alpha_bar)
    token, region = 2, range(2 * case.pixels, 3 * case.pixels)
    v = covariance[:, token, token]
    others = covariance[:, token].square().sum(-1) - v**2
    squared = (case.half * (plus - minus)).square().sum()
    g = squared * case.alpha_bar / (1 - case.alpha_bar)
    kept = (case.pixels if case.diluted else 1) - case.cross * g * v + g**2 * v**2
    noise_ratio = dependency_ratios(
        lambda x: drawn.noise_mean(x, alpha_bar=case.alpha_bar), x, region
    )
    clean_ratio = dependency_ratios(
        lambda x: drawn.clean_mean(x, alpha_bar=case.alpha_bar), x, region
    )
    visible = v > 1e-4
    return all_hold(
        equal(noise_ratio, kept / (kept + g**2 * others), budget=1e-10),
        equal(clean_ratio[visible], (v**2 / (v**2 + others))[visible], budget=1e-9),
    )


def posterior_covariance(drawn: RenderedLaw, x: Tensor, alpha_bar: float) -> Tensor:
    """Cov(v | x) by Bayes' rule over the drawn words, from the distances of their pixels."""
    rows, masses = drawn.law.weighted_vertices(like=x)
    distance = (x[:, None] - math.sqrt(alpha_bar) * drawn.draw(rows)).square().sum(-1)
    weights = torch.softmax(masses.log() - distance / (2 * (1 - alpha_bar)), dim=-1)
    centred = rows - (weights @ rows)[:, None]
    return torch.einsum("ns,nsi,nsj->nij", weights, centred, centred)
