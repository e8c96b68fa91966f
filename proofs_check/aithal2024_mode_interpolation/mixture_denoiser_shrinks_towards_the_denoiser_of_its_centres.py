"""The bridge between the papers: modes with a width are point masses at a larger noise."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Symbol

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, identity

y = Symbol("y", real=True)
centres = sympy.symbols("mu_1:4", real=True)
weights = sympy.symbols("w_1:4", positive=True)
s, sigma = sympy.symbols("s sigma", positive=True)


@dataclass(frozen=True)
class Bridge:
    """The noise at which the centres are denoised, and the share of y that is kept."""

    noise: Expr = s**2 + sigma**2
    kept: Expr = s**2 / (s**2 + sigma**2)


def mixture(variance: Expr) -> list[Expr]:
    """The unnormalised components at the given variance."""
    return [
        w * sympy.exp(-((y - mu) ** 2) / (2 * variance))
        for w, mu in zip(weights, centres, strict=True)
    ]


@claim(
    source=read_at("Gaussian experiments (the exact denoiser)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Bridge()],
    must_fail={
        "the centres at the same noise": lambda case: replace(case, noise=sigma**2),
        "two per cent more noise": lambda case: replace(case, noise=case.noise * 51 / 50),
        "shares exchanged": lambda case: replace(case, kept=1 - case.kept),
    },
)
def mixture_denoiser_shrinks_towards_the_denoiser_of_its_centres(case: Bridge) -> Finding:
    r"""For $p_0 = \sum_k w_k N(\mu_k, s^2)$ the denoiser at noise $\sigma$ is

    $$D(y, \sigma) = \frac{s^2}{v}\,y + \frac{\sigma^2}{v}\,m(y, v), \qquad v = s^2 + \sigma^2,$$

    where $m(y, v)$ is the denoiser of the bare centres $\sum_k w_k\delta_{\mu_k}$ at noise
    $\sqrt{v}$. The left side is Tweedie's $y + \sigma^2\,\partial_y\ln p_\sigma(y)$.
    """
    tweedie = y + sigma**2 * sympy.diff(sympy.log(sum(mixture(s**2 + sigma**2))), y)
    parts = mixture(case.noise)
    of_centres = sum(mu * part for mu, part in zip(centres, parts, strict=True)) / sum(parts)
    return identity(tweedie, case.kept * y + (1 - case.kept) * of_centres)
