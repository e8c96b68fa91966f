"""The high-noise law, term by term: where an exact denoiser first leaves the Gaussian one."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Symbol

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, claim, identity

z = Symbol("z", real=True)
e = Symbol("e", positive=True)
lam = Symbol("lambda", positive=True)
kappa = sympy.symbols("kappa_0:7", real=True)


@dataclass(frozen=True)
class Order:
    """The order k of the first cumulant beyond the second that is not 0."""

    k: int
    scale: Expr = Integer(1)
    degree: int = -1
    gain: Expr = Integer(1)
    vanish: bool = True


def moments(case: Order) -> list[Expr]:
    """E x^j for j = 0..k of a centred law with variance lambda, from its cumulants."""
    cumulants = [Integer(0), Integer(0), lam, *kappa[3:7]]
    for j in range(3, case.k if case.vanish else 3):
        cumulants[j] = Integer(0)
    found: list[Expr] = [Integer(1)]
    for n in range(1, case.k + 1):
        terms = (
            sympy.binomial(n - 1, j - 1) * cumulants[j] * found[n - j] for j in range(1, n + 1)
        )
        found.append(sympy.expand(sum(terms)))
    return found


def hermite(n: int) -> Expr:
    """The probabilists' polynomial He_n(z)."""
    return sympy.expand(2 ** (-sympy.Rational(n, 2)) * sympy.hermite(n, z / sympy.sqrt(2)))


def expansion(case: Order) -> Expr:
    """D*(y) - D_G(y) up to e^(k-1), at y = z / e, with e = 1 / sigma."""
    known = moments(case)
    ratio = sum(known[j] * e**j * hermite(j) / sympy.factorial(j) for j in range(case.k + 1))
    log = sympy.series(sympy.log(ratio), e, 0, case.k + 1).removeO()
    exact = sympy.diff(log, z) / e
    wiener = case.gain * lam * e * z / (1 + lam * e**2)
    return sympy.expand(exact - sympy.series(wiener, e, 0, case.k).removeO())


@claim(
    source=PAPER.at("Section 4 (linearity at high noise)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Order(3), Order(4), Order(5)],
    must_fail={
        "two per cent larger": lambda case: replace(case, scale=sympy.Rational(51, 50)),
        "one degree higher": lambda case: replace(case, degree=0),
        "two per cent less Wiener gain": lambda case: replace(case, gain=sympy.Rational(49, 50)),
        "lower cumulants that do not vanish": lambda case: replace(case, vanish=False),
    },
)
def gap_between_exact_and_gaussian_denoiser_opens_with_the_first_cumulant(
    case: Order,
) -> Finding:
    r"""Let $x$ on the line have all moments, mean 0, variance $\lambda$, and let $k \ge 3$ be the
    order of its first cumulant $\kappa_k \neq 0$ beyond the second. With $y = \sigma z$ the formal
    expansion in $1/\sigma$ of the exact denoiser, from
    $p_\sigma(y) \propto \varphi(z) \sum_j E[x^j]\,\mathrm{He}_j(z)/(j!\,\sigma^j)$ and Tweedie, is

    $$D^*(y) - D_G(y) = \frac{\kappa_k}{(k-1)!\,\sigma^{k-1}}\,\mathrm{He}_{k-1}(z)
      + O(\sigma^{-k}),$$

    so that, since $E\,\mathrm{He}_{k-1}(z)^2 = (k-1)!$ for $z \sim N(0, 1)$, the leading term of
    $E|D^* - D_G|^2$ is $\kappa_k^2/((k-1)!\,\sigma^{2k-2})$. (The expansion is checked for
    $k = 3, 4, 5$; no bound on the remainder is proved here.)
    """
    k = case.k
    polynomial = hermite(k - 1 if case.degree else k)
    leading = case.scale * kappa[k] * e ** (k - 1) * polynomial / sympy.factorial(k - 1)
    return identity(expansion(case), leading)
