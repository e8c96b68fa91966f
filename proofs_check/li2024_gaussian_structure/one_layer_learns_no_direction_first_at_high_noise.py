"""Gradient flow of a linear denoiser: its rates, its loss and what noise does to their order."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

t, lam, other, sigma = sympy.symbols("t lambda lambda_2 sigma", positive=True)


@dataclass(frozen=True)
class Rate:
    """The rate of learning over lambda + sigma^2, the noise in it, and the power of the excess."""

    factor: Expr = Integer(2)
    noise: Expr = Integer(1)
    excess: Expr = Integer(4)


@claim(
    source=PAPER.at("Section 4 (training dynamics)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Rate()],
    must_fail={
        "rate two per cent less": lambda case: replace(case, factor=Rational(49, 25)),
        "no noise in the rate": lambda case: replace(case, noise=Integer(0)),
        "excess loss at the rate of the gain": lambda case: replace(case, excess=Integer(2)),
    },
)
def one_layer_learns_no_direction_first_at_high_noise(case: Rate) -> Finding:
    r"""On centred data, gradient flow of the denoising loss of $D(y) = Wy$ from $W = 0$ learns an
    eigendirection of $\Sigma$ with eigenvalue $\lambda$ as

    $$w(t) = \frac{\lambda}{\lambda + \sigma^2}\big(1 - e^{-2t(\lambda + \sigma^2)}\big), \qquad
      L(t) - \mathrm{LMMSE} = \frac{\lambda^2}{\lambda + \sigma^2}\,e^{-4t(\lambda + \sigma^2)},$$

    the distance from the limit halving in every $t_{1/2} = \ln 2/(2(\lambda + \sigma^2))$. Two
    directions are learned in times of the ratio
    $(\lambda_2 + \sigma^2)/(\lambda_1 + \sigma^2)$, which is $\lambda_2/\lambda_1$ without noise
    and differs from 1 by less than $|\lambda_1 - \lambda_2|/\sigma^2$: at high noise the order of
    the eigenvalues is no order of learning.
    """
    w = sympy.Symbol("w", real=True)
    loss = (w - 1) ** 2 * lam + w**2 * sigma**2  # E|w y - x|^2 in one direction
    total = lam + case.noise * sigma**2
    gain = lam / (lam + sigma**2) * (1 - sympy.exp(-case.factor * t * total))
    limit = lam / (lam + sigma**2)
    least = lam * sigma**2 / (lam + sigma**2)
    excess = lam**2 / (lam + sigma**2) * sympy.exp(-case.excess * t * total)
    half = sympy.log(2) / (case.factor * total)
    ratio = half / half.subs(lam, other)
    return all_hold(
        identity(sympy.diff(gain, t), -sympy.diff(loss, w).subs(w, gain)),
        identity(loss.subs(w, gain) - least, excess),
        identity(limit - gain.subs(t, t + half), (limit - gain) / 2),
        identity(1 - ratio, (lam - other) / (lam + sigma**2)),
        positive(1 / sigma**2 - 1 / (lam + sigma**2)),
    )
