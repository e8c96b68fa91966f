"""Equations 2 and 3, and everything between them, have the same marginals."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Function, Integer, Rational, Symbol, log

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, claim, identity

k = Symbol("k", nonnegative=True)
beta = Symbol("beta", positive=True)
X = sympy.symbols("x_1 x_2 x_3", real=True)
PULL = Rational(-1, 2)


@dataclass(frozen=True)
class Member:
    """A member of the family in d dimensions: the weights of score and noise, and the pull."""

    d: int = 2
    weight: Expr = (1 + k) / 2
    noise: Expr = k
    pull: Expr = PULL


@claim(
    source=read_at("Equations 2 and 3"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[
        Member(1),
        Member(2),
        Member(3),
        Member(2, Rational(1, 2), Integer(0)),
        Member(2, Integer(1), Integer(1)),
    ],
    must_fail={
        "two per cent more score": lambda case: replace(
            case, weight=Rational(51, 50) * case.weight
        ),
        "the drift of the flow with the noise of the SDE": lambda case: replace(
            case, weight=Rational(1, 2), noise=Integer(1)
        ),
        "the drift of the SDE without its noise": lambda case: replace(
            case, weight=Integer(1), noise=Integer(0)
        ),
        "noise k squared": lambda case: replace(case, noise=case.noise**2),
        "the pull of the forward process is lost": lambda case: replace(case, pull=Integer(0)),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/marginals_of_the_forward_process_solve_its_fokker_planck_equation"
    ],
)
def reverse_family_has_the_marginals_of_the_forward_process(case: Member) -> Finding:
    r"""Let the positive densities $p_t$ on $R^d$ solve the Fokker-Planck equation
    $\partial_t p = \tfrac12\beta\,\operatorname{div}(x p) + \tfrac12\beta\,\Delta p$ of the
    forward process. For every $k \ge 0$ they also solve that of the process which is run
    backward in time by

    $$dx = \Big[-\tfrac12\beta x - \tfrac{1+k}{2}\,\beta\,\nabla\ln p_t(x)\Big]dt
      + \sqrt{k\beta}\,d\bar W,$$

    $$-\partial_t p = -\operatorname{div}\Big[\Big(\tfrac12\beta x
      + \tfrac{1+k}{2}\,\beta\,\nabla\ln p\Big)\,p\Big] + \tfrac k2\beta\,\Delta p .$$

    $k = 1$ is the reverse SDE of the paper (DDPM), $k = 0$ its probability flow (DDIM). Any
    mixture and any other smooth law may stand for $p$; checked for $d = 1, 2, 3$.
    """
    place = X[: case.d]
    p = Function("p", positive=True)(*place)
    laplacian = sum(sympy.diff(p, coordinate, 2) for coordinate in place)
    forward = sum(beta / 2 * sympy.diff(c * p, c) for c in place) + beta / 2 * laplacian
    drift = [case.pull * beta * c - case.weight * beta * sympy.diff(log(p), c) for c in place]
    divergence = sum(sympy.diff(f * p, c) for f, c in zip(drift, place, strict=True))
    return identity(-forward, divergence + case.noise * beta / 2 * laplacian)
