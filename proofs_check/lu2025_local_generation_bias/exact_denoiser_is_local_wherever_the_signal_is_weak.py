"""The missing control of Section 4.3: the LDR of a denoiser that is right."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import skewed
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import FiniteLaw, HypercubeLaw, RenderedLaw, dependency_ratios


def parity_of_eight() -> HypercubeLaw:
    """Eight bits with product 1."""
    return HypercubeLaw.parity(8)


def brackets_of_eight() -> HypercubeLaw:
    """Balanced words."""
    return HypercubeLaw.dyck(8)


def equal_bits() -> HypercubeLaw:
    """Six copies of one fair bit, the extremal law."""
    return FiniteLaw.uniform(((1,) * 6, (-1,) * 6))


@dataclass(frozen=True)
class Weak:
    """A law, a noise level, the pixels of a token; what is claimed of the bound."""

    name: str = field(init=False)
    law: Callable[[], HypercubeLaw] = field(repr=False)
    alpha_bar: float
    pixels: int = 1
    power: int = 2
    others: int = -1
    extremal: bool = False
    factor: float = 1.0

    def __post_init__(self) -> None:
        """Name the case after its law."""
        object.__setattr__(self, "name", self.law.__name__)


@claim(
    source=PAPER.at("Section 4.3, high LDR predicts hallucination"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[
        *(
            Weak(law, a)
            for law in (parity_of_eight, brackets_of_eight, skewed)
            for a in (0.01, 0.2)
        ),
        *(Weak(equal_bits, a, extremal=True) for a in (0.01, 0.1, 0.3, 0.45)),
        *(Weak(law, 0.01, pixels=16) for law in (parity_of_eight, equal_bits, skewed)),
        Weak(equal_bits, 0.05, pixels=4, extremal=True),
    ],
    must_fail={
        "fourth power of g": lambda case: replace(case, power=4),
        "one token less": lambda case: replace(case, others=-2),
        "the whole bound 2 per cent larger": lambda case: replace(case, factor=1.02),
    },
)
def exact_denoiser_is_local_wherever_the_signal_is_weak(case: Weak) -> Finding:
    r"""$\mathrm{LDR}(\{i\}) \ge \frac{(1-g)^2}{(1-g)^2 + (d-1) g^2}$ for the exact noise
    prediction of every law on $\{-1, 1\}^d$, at every point, where
    $g = \bar\alpha / (1 - \bar\alpha) < 1$.

    For $\sqrt{\bar\alpha} = 0.1$ and $d = 8$ that is above 0.9992, whatever the rule: there a high
    ratio is no evidence of a wrong model. Six equal bits attain the bound at $x = 0$. Where tokens
    are drawn with templates of $P$ pixels and half difference $\delta$, the same holds for a
    token's region with $g = |\delta|^2 \bar\alpha / (1 - \bar\alpha) < 1$ and $(1 - g)^2$ replaced
    by $P - 1 + (1 - g)^2$. The reason: $J_{ik} = (\delta_{ik} - g C_{ik}) / \nu$ with
    $C = \mathrm{Cov}(v | x)$, whose entries lie in $[-1, 1]$.
    """
    law = case.law()
    d, pixels = law.dimension, case.pixels
    delta = 0.5 if pixels > 1 else 1.0
    g = delta**2 * pixels * case.alpha_bar / (1 - case.alpha_bar)
    kept = pixels - 1 + (1 - g) ** 2
    bound = case.factor * kept / (kept + (d + case.others) * g**case.power)
    ratios = measured(law, case, delta)
    parts = [at_most(bound, ratios, budget=1e-12, tight=0.9999 if case.extremal else None)]
    if case.extremal:
        parts.append(equal(ratios[0], bound, budget=1e-12))
    if case.law is parity_of_eight and case.alpha_bar == 0.01:
        parts.append(at_most(0.9992, bound, budget=1e-12))
    return all_hold(*parts)


def measured(law: HypercubeLaw, case: Weak, delta: float) -> Tensor:
    """The library's ratio of token 1 at 0 and at 200 points of the scale of the noise."""
    generator = torch.Generator().manual_seed(23)
    x = math.sqrt(2) * torch.randn(201, law.dimension * case.pixels, generator=generator)
    x[0] = 0
    if case.pixels == 1:
        return dependency_ratios(lambda x: law.noise_mean(x, alpha_bar=case.alpha_bar), x, [1])
    half = torch.full((case.pixels,), delta)
    drawn = RenderedLaw(law, half, -half)
    region = range(case.pixels, 2 * case.pixels)
    return dependency_ratios(lambda x: drawn.noise_mean(x, alpha_bar=case.alpha_bar), x, region)
