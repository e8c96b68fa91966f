"""Equation 7: the sampling path of the Gaussian denoiser, in one eigendirection."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, identity

sigma, sigma_T, lam = sympy.symbols("sigma sigma_T lambda", positive=True)
start, mean = sympy.symbols("x_T mu", real=True)


@dataclass(frozen=True)
class Direction:
    """The gain of the denoiser and the power in the solution, for one eigenvalue."""

    gain: Expr = lam / (lam + sigma**2)
    power: Expr = Rational(1, 2)


@claim(
    source=PAPER.at("Equation 7"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SYMBOLIC,
    cases=[Direction()],
    must_fail={
        "without the square root": lambda case: replace(case, power=Rational(1)),
        "a power two per cent off": lambda case: replace(case, power=Rational(51, 100)),
        "sigma for sigma squared": lambda case: replace(case, gain=lam / (lam + sigma)),
    },
)
def gaussian_denoiser_flow_has_a_closed_form(case: Direction) -> Finding:
    r"""Along an eigenvector of $\Sigma$ with eigenvalue $\lambda$ the probability flow
    $dx/d\sigma = (x - D_G(x))/\sigma$ of the Gaussian denoiser is solved by

    $$x_\sigma = \mu + \sqrt{\frac{\sigma^2 + \lambda}{\sigma_T^2 + \lambda}}\,(x_T - \mu).$$
    """
    path = mean + ((sigma**2 + lam) / (sigma_T**2 + lam)) ** case.power * (start - mean)
    denoised = mean + case.gain * (path - mean)
    return identity(sympy.diff(path, sigma), (path - denoised) / sigma)
