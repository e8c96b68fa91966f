"""What a start at N(0, sigma_T^2 I) instead of the noised law costs, with an exact flow."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

lam, top = sympy.symbols("lambda sigma_T", positive=True)
mu, n = sympy.symbols("mu n", real=True)


@dataclass(frozen=True)
class Start:
    """The power of the gain, and numbers at sigma_T = 80 for lambda = 100 and 1000, in 1/1000."""

    power: Expr = Rational(1, 2)
    factor: Expr = Integer(1)
    mean: tuple[int, int] = (876, 632)
    variance: tuple[int, int] = (985, 865)


def rounds_to(value: Expr, thousandths: int) -> Finding:
    """The value lies within half a thousandth of so many thousandths."""
    off = value - Rational(thousandths, 1000)
    return all_hold(positive(off + Rational(1, 2000)), positive(Rational(1, 2000) - off))


@claim(
    source=PAPER.at("Equation 7"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Start()],
    must_fail={
        "without the square root": lambda case: replace(case, power=Integer(1)),
        "two per cent more variance": lambda case: replace(case, factor=Rational(51, 50)),
        "another rounding": lambda case: replace(case, mean=(877, 632)),
    },
    given=["li2024_gaussian_structure/gaussian_denoiser_flow_has_a_closed_form"],
)
def start_from_pure_noise_moves_the_mean_and_narrows_wide_directions(case: Start) -> Finding:
    r"""Started at $x_T \sim N(0, \sigma_T^2 I)$, the exact flow of the Gaussian denoiser ends,
    along an eigenvector with eigenvalue $\lambda$ and mean $\mu$, in the law

    $$N\Big(\mu\Big(1 - \sqrt{\tfrac{\lambda}{\lambda + \sigma_T^2}}\Big),\;
      \lambda\,\frac{\sigma_T^2}{\lambda + \sigma_T^2}\Big).$$

    At $\sigma_T = 80$ that is .876 of the mean and .985 of the variance for $\lambda = 100$, and
    .632 and .865 for $\lambda = 1000$.
    """
    end = mu + (lam / (lam + top**2)) ** case.power * (top * n - mu)
    mean, slope = end.subs(n, 0), sympy.diff(end, n)
    variance = case.factor * (lam - lam**2 / (lam + top**2))
    at = [{lam: value, top: 80} for value in (100, 1000)]
    kept = mu * (1 - sympy.sqrt(lam / (lam + top**2)))
    means = [
        rounds_to((kept / mu).subs(where), told) for where, told in zip(at, case.mean, strict=True)
    ]
    variances = [
        rounds_to((slope**2 / lam).subs(where), told)
        for where, told in zip(at, case.variance, strict=True)
    ]
    return all_hold(identity(mean, kept), identity(slope**2, variance), *means, *variances)
