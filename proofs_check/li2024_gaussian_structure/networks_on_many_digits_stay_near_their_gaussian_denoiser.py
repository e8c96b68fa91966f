"""Trained networks over the number of images: distance from D_G and from D_M, level by level."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._digits import (
    gap,
    gaussian,
    memoriser,
    network,
    probe,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, rate_at_most

CHANCE = 1e-12
LEVELS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


@dataclass(frozen=True)
class Sizes:
    """A noise level; networks on 700 and on 20 digits; bounds on the rates."""

    sigma: float
    many: str = "digits_700_a"
    few: str = "digits_20_a"
    n: int = 1000
    bound: float = 0.05
    own: bool = True
    seed: int = 31


def count_of(name: str) -> int:
    """The number of images in the name of a recipe."""
    return int(name.split("_")[1])


@claim(
    source=PAPER.at("Section 3 (data size) and Figure 4"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SAMPLED,
    cases=[Sizes(0.15), Sizes(0.3), Sizes(0.6)],
    must_fail={
        "sizes exchanged": lambda case: replace(case, many=case.few, few=case.many),
        "both networks on 20 digits": lambda case: replace(case, many="digits_20_b"),
    },
)
def networks_on_many_digits_stay_near_their_gaussian_denoiser(case: Sizes) -> Finding:
    r"""An EDM-preconditioned network with two hidden layers of 80, trained for 2000 steps on 700
    handwritten digits (of scikit-learn, 8 x 8), is nearer to the Gaussian denoiser of its training
    set than the same network trained on 20 digits is to that of its own: at
    $\sigma = 0.15, 0.3, 0.6$ for at least 95 in 100 fresh images and draws of noise. At these
    levels the former is also nearer to its Gaussian than to its multi-delta denoiser $D_M$ as
    often. (Shipped weights `digits_700_a` and `digits_20_a`, seed 0; pixels lie in a range of 2
    about the mean image.)
    """
    y = probe(case.sigma, case.n, seed=case.seed)
    many, few = network(case.many), network(case.few)
    near = gap(many, gaussian(count_of(case.many), 0), y, case.sigma)
    far = gap(few, gaussian(count_of(case.few), 0), y, case.sigma)
    memory = gap(many, memoriser(count_of(case.many), 0), y, case.sigma)

    def rarely(flags: Tensor) -> Finding:
        return rate_at_most(
            int(flags.sum()), case.n, case.bound, reach=3.0, false_alarm=CHANCE, miss=CHANCE
        )

    return all_hold(rarely(near >= far), rarely(near >= memory)).with_series(**curves(case))


def curves(case: Sizes) -> dict[str, Any]:
    """Root mean square distances per pixel over the levels, for 200 probes each."""
    lines: dict[str, list[float]] = {}
    for name in (case.many, case.few):
        for sigma in LEVELS:
            y, count = probe(sigma, 200, seed=case.seed + 1), count_of(name)
            own, memory = gaussian(count, 0), memoriser(count, 0)
            for text, one, two in (
                (f"network, $D_G$ ({count})", network(name), own),
                (f"network, $D_M$ ({count})", network(name), memory),
                (f"$D_M$, $D_G$ ({count})", memory, own),
            ):
                value = gap(one, two, y, sigma).square().mean() / y.shape[1]
                lines.setdefault(text, []).append(float(value.sqrt()))
    return {"sigma": list(LEVELS), "names": list(lines), "lines": list(lines.values())}


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Distances between denoisers over the noise (the score difference)."""
    shown = series[0]
    styles = ("C0o-", "C0s--", "C0:", "C1o-", "C1s--", "C1:")
    for name, line, style in zip(shown["names"], shown["lines"], styles, strict=True):
        ax.plot(shown["sigma"], line, style, label=name)
    ax.set_xscale("log")
    ax.set_xlabel(r"noise $\sigma$")
    ax.set_ylabel("root mean square distance per pixel")
    ax.set_title("digits; number of training images in brackets")
    ax.set_ylim(0, 0.95)
    ax.legend(loc="upper right")
