"""The bridge in time: modes with a width follow the flow of the bare centres, stopped early."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, identity

y = sympy.Symbol("y", real=True)
centres = sympy.symbols("mu_1:4", real=True)
weights = sympy.symbols("w_1:4", positive=True)
s, sigma = sympy.symbols("s sigma", positive=True)


@dataclass(frozen=True)
class Flow:
    """The total variance v and the factor of (y - m)/v."""

    variance: Expr = s**2 + sigma**2
    factor: Expr = Rational(1, 2)


@claim(
    source=PAPER.at("Section 2 (probability flow and the multi-delta denoiser)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Flow()],
    must_fail={
        "the noise without the width": lambda case: replace(case, variance=sigma**2),
        "a factor two per cent off": lambda case: replace(case, factor=Rational(51, 100)),
        "the flow in the deviation": lambda case: replace(case, factor=Integer(1)),
    },
    given=[
        "aithal2024_mode_interpolation/mixture_denoiser_shrinks_towards_the_denoiser_of_its_centres",
    ],
)
def flow_of_a_mixture_is_that_of_its_centres_stopped_at_their_width(case: Flow) -> Finding:
    r"""For $\sum_k w_k N(\mu_k, s^2)$ and $v = s^2 + \sigma^2$ the probability flow
    $dy/d\sigma = (y - D)/\sigma = -\sigma\,\partial_y\ln p_\sigma(y)$ is

    $$\frac{dy}{dv} = \frac{y - m(y, v)}{2v}, \qquad
      m(y, v) = D_M(y, \sqrt v) = \frac{\sum_k \mu_k w_k e^{-(y-\mu_k)^2/2v}}
      {\sum_k w_k e^{-(y-\mu_k)^2/2v}},$$

    the flow of the multi-delta denoiser of the centres, which ends at $v = s^2$ instead of 0.
    (Three centres on a line.)
    """

    def parts(variance: Expr) -> list[Expr]:
        return [
            w * sympy.exp(-((y - mu) ** 2) / (2 * variance))
            for w, mu in zip(weights, centres, strict=True)
        ]

    density = sum(parts(s**2 + sigma**2))
    velocity = -sigma * sympy.diff(sympy.log(density), y)
    shares = parts(case.variance)
    mean = sum(mu * part for mu, part in zip(centres, shares, strict=True)) / sum(shares)
    rate = sympy.diff(s**2 + sigma**2, sigma)  # dv/dsigma
    return identity(velocity / rate, case.factor * (y - mean) / case.variance)
