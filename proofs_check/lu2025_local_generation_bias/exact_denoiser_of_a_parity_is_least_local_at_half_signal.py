"""The LDR of the right answer: what a trained network's LDR has to be compared with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._events import non_local_events
from theorylab.claims import Evidence, Finding, Relation, claim, rate_equals
from theorylab.parity import HypercubeLaw, dependency_ratios

CHANCE = 5e-13
SHOWN = tuple(k / 20 for k in range(1, 20))
BITS = (3, 4, 8)


@dataclass(frozen=True)
class Truth:
    """d bits, a noise level, the stated 1 - LDR, and how far off it would be seen."""

    d: int
    alpha_bar: float
    stated: float
    reach: float
    region: int = 1
    n: int = 60_000
    seed: int = 31


@claim(
    source=PAPER.at("Section 4.3, high LDR predicts hallucination"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Truth(3, 0.25, 0.0412, 0.35),
        Truth(3, 0.5, 0.2792, 0.1),
        Truth(3, 0.8, 0.0212, 0.45),
        Truth(8, 0.5, 0.1991, 0.13),
        Truth(8, 0.8, 0.0479, 0.3),
    ],
    thorough=[
        Truth(4, 0.25, 0.0161, 0.3, n=200_000),
        Truth(4, 0.5, 0.2952, 0.06, n=200_000),
        Truth(4, 0.64, 0.1932, 0.08, n=200_000),
        Truth(5, 0.5, 0.2845, 0.06, n=200_000),
        Truth(5, 0.8, 0.0350, 0.2, n=200_000),
    ],
    must_fail={
        "ten per cent more": lambda case: replace(case, stated=1.1 * case.stated),
        "ten per cent less": lambda case: replace(case, stated=0.9 * case.stated),
        "region of two bits": lambda case: replace(case, region=2, n=30_000, reach=0.6),
    },
)
def exact_denoiser_of_a_parity_is_least_local_at_half_signal(case: Truth) -> Finding:
    r"""The exact noise prediction of a parity has $\mathrm{LDR}(\{i\})$ near 1 but at mid noise.

    For the parity of 3 bits $1 - \mathrm{LDR}$ is 0.0412, 0.2792, 0.0212 at
    $\bar\alpha = 0.25$, 0.5, 0.8; for 8 bits 0.1991 and 0.0479 at 0.5 and 0.8. So a network that
    is right about a parity has an LDR above 0.95 at both ends, and only between them does the
    number tell it from a network of single bits, which has LDR 1 everywhere.
    """
    k = events(case.d, case.alpha_bar, case.region, case.n, case.seed)
    finding = rate_equals(
        k, case.n, case.stated, reach=case.reach, false_alarm=CHANCE, miss=CHANCE
    )
    return finding.with_series(**curves())


@cache
def events(d: int, alpha_bar: float, region: int, n: int, seed: int) -> int:
    """How many of n points are not local, for a region of the first bits."""
    law = HypercubeLaw.parity(d)

    def ratios(x: Tensor) -> Tensor:
        return dependency_ratios(
            lambda x: law.noise_mean(x, alpha_bar=alpha_bar), x, range(region)
        )

    return non_local_events(ratios, d, alpha_bar, n=n, seed=seed)


@cache
def curves() -> dict[str, Any]:
    """LDR against alpha_bar for the figure, 1000 points each."""
    drawn: dict[str, Any] = {"alpha_bar": list(SHOWN)}
    for d in BITS:
        law = HypercubeLaw.parity(d)
        xi = torch.randn(1000, d, generator=torch.Generator().manual_seed(d))
        drawn[f"bits_{d}"] = [
            float(
                dependency_ratios(
                    partial(law.noise_mean, alpha_bar=a),
                    math.sqrt(a) + math.sqrt(1 - a) * xi,
                    [0],
                ).mean()
            )
            for a in SHOWN
        ]
    return drawn


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The ratio of the exact denoiser against the level of signal."""
    shown = series[0]
    for d, style in zip(BITS, ("-", "--", ":"), strict=True):
        ax.plot(shown["alpha_bar"], shown[f"bits_{d}"], style, label=f"parity of {d} bits, exact")
    ax.axhline(1, color="0.6", lw=0.8, label="network of single bits")
    ax.set_xlabel(r"$\bar\alpha$")
    ax.set_ylabel(r"LDR of one coordinate")
    ax.set_ylim(0.5, 1.02)
    ax.legend(loc="lower left", fontsize=8)
