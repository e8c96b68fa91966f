"""What an EDM denoiser is while its network still gives 0."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

y = sympy.Symbol("y", real=True)
sigma, deviation = sympy.symbols("sigma sigma_d", positive=True)


@dataclass(frozen=True)
class Factors:
    """c_skip and c_out squared."""

    skip: Expr = deviation**2 / (deviation**2 + sigma**2)
    out: Expr = sigma**2 * deviation**2 / (deviation**2 + sigma**2)


@claim(
    source=PAPER.at("Section 3 (EDM and Baseline-VE)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Factors()],
    must_fail={
        "the skip of Baseline-VE": lambda case: replace(case, skip=Integer(1)),
        "two per cent less skip": lambda case: replace(case, skip=case.skip * Rational(49, 50)),
        "c_out of Baseline-VE": lambda case: replace(case, out=sigma**2),
    },
)
def edm_preconditioning_is_the_wiener_filter_before_training(case: Factors) -> Finding:
    r"""EDM writes $D(y) = c_{skip}\,y + c_{out} F$ with a network $F$. With $F = 0$ it is the
    exact denoiser of $N(0, \sigma_d^2 I)$, the Gaussian denoiser of data whose coordinates are
    uncorrelated with variance $\sigma_d^2$, and $c_{out}^2$ is its loss per coordinate:

    $$c_{skip} = \frac{\sigma_d^2}{\sigma_d^2 + \sigma^2}, \qquad
      c_{out}^2 = \frac{\sigma^2\sigma_d^2}{\sigma_d^2 + \sigma^2} .$$

    Baseline-VE, with $c_{skip} = 1$ and $c_{out} = \sigma$, starts at $D(y) = y$ with the larger
    loss $\sigma^2$. So Gaussian structure early in training and at high noise is built in to the
    former and has to be learned by the latter.
    """
    total = deviation**2 + sigma**2
    log = -(y**2) / (2 * total) - sympy.log(2 * sympy.pi * total) / 2
    tweedie = y + sigma**2 * sympy.diff(log, y)
    # E(D - x)^2 for y = x + sigma n, with the skip that is claimed
    loss = (1 - case.skip) ** 2 * deviation**2 + case.skip**2 * sigma**2
    return all_hold(
        identity(case.skip * y, tweedie),
        identity(loss, case.out),
        positive(sigma**2 - deviation**2 * sigma**2 / total),
    )
