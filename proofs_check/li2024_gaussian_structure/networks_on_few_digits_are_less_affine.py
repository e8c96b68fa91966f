"""Linearity of trained networks over the number of images, by the score and by nonlinearity."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._digits import memoriser, network, probe
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, rate_at_most
from theorylab.diffusion import Denoiser, linearity_score, nonlinearity

CHANCE = 1e-12
LEVELS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


@dataclass(frozen=True)
class Affinity:
    """A noise level; networks on many and on few digits; the ratio of their nonlinearities."""

    sigma: float
    many: str = "digits_700_a"
    few: str = "digits_20_a"
    ratio: float = 2.0
    n: int = 1000
    bound: float = 0.2
    seed: int = 51


@claim(
    source=PAPER.at("Section 3 (linearity score)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SAMPLED,
    cases=[Affinity(0.3), Affinity(0.6), Affinity(1.2)],
    must_fail={
        "networks exchanged": lambda case: replace(case, many=case.few, few=case.many),
        "both on 20 digits": lambda case: replace(case, many="digits_20_b"),
        "ten times less affine": lambda case: replace(case, ratio=10.0),
    },
)
def networks_on_few_digits_are_less_affine(case: Affinity) -> Finding:
    r"""At $\sigma = 0.3, 0.6, 1.2$ the linearity score of a network trained on 700 digits is
    higher than that of one trained on 20, for at least 80 in 100 pairs of noisy fresh images, and
    on 2000 of these images the nonlinearity $\mathrm{NL} = E|D - D_L|^2/E|D - ED|^2$ of the latter
    is more than twice that of the former. (Shipped weights `digits_700_a` and `digits_20_a`, seed
    0; the affine fits are on the same noisy fresh images.)
    """
    pairs = probe(case.sigma, 2 * case.n, seed=case.seed)
    first, second = pairs[: case.n], pairs[case.n :]
    scores = [
        linearity_score(network(name), first, second, case.sigma) for name in (case.many, case.few)
    ]
    curved = [
        nonlinearity(pairs, network(name)(pairs, case.sigma)) for name in (case.many, case.few)
    ]
    k = int((scores[0] <= scores[1]).sum())
    return all_hold(
        rate_at_most(k, case.n, case.bound, reach=1.5, false_alarm=CHANCE, miss=CHANCE),
        at_most(case.ratio * curved[0], curved[1], budget=1e-6),
    ).with_series(**curves(case))


def curves(case: Affinity) -> dict[str, Any]:
    """Mean linearity score and nonlinearity over the levels, for 600 probes."""
    makers: dict[str, Denoiser] = {
        "network, 700 digits": network(case.many),
        "network, 20 digits": network(case.few),
        "$D_M$, 20 digits": memoriser(20, 0),
    }
    scores: list[list[float]] = [[] for _ in makers]
    curved: list[list[float]] = [[] for _ in makers]
    for sigma in LEVELS:
        y = probe(sigma, 600, seed=case.seed + 1)
        for index, denoiser in enumerate(makers.values()):
            scores[index].append(float(linearity_score(denoiser, y[:300], y[300:], sigma).mean()))
            curved[index].append(nonlinearity(y, denoiser(y, sigma)))
    return {"sigma": list(LEVELS), "names": list(makers), "scores": scores, "curved": curved}


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """One less the linearity score, and the nonlinearity, over the noise."""
    shown = series[0]
    for index, name in enumerate(shown["names"]):
        ax.plot(shown["sigma"], [1 - s for s in shown["scores"][index]], f"C{index}o-",
                label=f"1 - LS, {name}")  # fmt: skip
        ax.plot(shown["sigma"], shown["curved"][index], f"C{index}s:", label=f"NL, {name}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"noise $\sigma$")
    ax.set_ylabel("departure from linearity")
    ax.set_ylim(1e-7, 1)
    ax.legend(loc="lower right")
