"""Proposition 5.1, the return: three test functions and the generator."""

from dataclasses import dataclass, replace
from functools import cache

from sympy import Expr, Function, Integer, Rational, Symbol, diff, erfc, exp, pi, sqrt, symbols

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

A, BETA, RATE, THETA, GAMMA, EXCESS = symbols("A beta lambda theta gamma p", positive=True)
ROOM, BEYOND = symbols("q r", nonnegative=True)
OUT = Function("b", real=True)(A)
PUSH = Symbol("b_A", real=True)


@dataclass(frozen=True)
class Choice:
    """The exponents, and the coefficients of the identities."""

    square: Expr = Integer(1)
    line: Expr = Integer(2)
    error: Expr = Integer(1)
    noise: Expr = Integer(1)
    bend: Expr = Integer(2)


@claim(
    source=read_at("Proposition 5.1 (proof, return to the midpoint)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Choice()],
    must_fail={
        "two per cent more noise in the generator": lambda case: replace(
            case, noise=Rational(51, 50)
        ),
        "two per cent less of the square": lambda case: replace(case, bend=Rational(49, 25)),
        "twice the exponent of the square": lambda case: replace(case, square=Integer(2)),
        "three times the exponent of the line": lambda case: replace(case, line=Integer(6)),
        "four times the square in the error function": lambda case: replace(
            case, error=Integer(4)
        ),
    },
)
def exponentials_of_a_repelled_coordinate_are_supermartingales(case: Choice) -> Finding:
    r"""Let $dA = b\,dr + \sqrt\beta\,dB$ in remaining time, with the generator
    $Lf = b f' + \tfrac12\beta f''$. Then

    $$L e^{-\gamma A^2} = e^{-\gamma A^2}\big(-2\gamma A b - \gamma\beta + 2\gamma^2A^2\beta\big),
      \qquad L e^{-\gamma A} = e^{-\gamma A}\big(-\gamma b + \tfrac12\gamma^2\beta\big),$$
    $$L\,\mathrm{erfc}(\sqrt\gamma A)
      = -2\sqrt{\gamma/\pi}\;e^{-\gamma A^2}\big(b - \gamma\beta A\big).$$

    If $b > \lambda A$ and $0 < \beta \le \beta_{\max}$ for all $A > \theta > 0$ (the escape
    condition), then there $Lf < 0$ for

    - $f = e^{-\gamma A}$ with $\gamma = 2\lambda\theta/\beta_{\max}$, the choice of the
      reconstructed proof;
    - $f = e^{-\gamma A^2}$ with $\gamma = \lambda/\beta_{\max}$;
    - $f = \mathrm{erfc}(A\sqrt{\lambda/\beta_{\max}})$, for which $Lf = 0$ where $b = \lambda A$
      and $\beta = \beta_{\max}$ by the third identity.
    """
    most = BETA + ROOM
    square, line = exp(-GAMMA * A**2), exp(-GAMMA * A)
    in_square = -2 * GAMMA * A * OUT - case.noise * GAMMA * BETA
    first = identity(generator(square, OUT),
                     square * (in_square + case.bend * GAMMA**2 * A**2 * BETA))  # fmt: skip
    in_line = -GAMMA * OUT + case.noise * GAMMA**2 * BETA / 2
    second = identity(generator(line, OUT), line * in_line)
    falls = (
        (square, case.square * RATE / most),
        (line, case.line * RATE * THETA / most),
        (erfc(A * sqrt(GAMMA)), case.error * RATE / most),
    )
    signs = [positive(downward(f, gamma)) for f, gamma in falls]
    flat = erfc(A * sqrt(GAMMA))
    tail = -2 * sqrt(GAMMA / pi) * exp(-GAMMA * A**2)
    third = identity(generator(flat, OUT), tail * (OUT - case.noise * BETA * GAMMA * A))
    return all_hold(first, second, third, *signs)


def generator(f: Expr, drift: Expr) -> Expr:
    """L f = b f' + beta f''/2."""
    return drift * diff(f, A) + BETA * diff(f, A, 2) / 2


def downward(f: Expr, gamma: Expr) -> Expr:
    r"""-L f / |f'| at A = theta + r, where b = lambda A + p and beta_max = beta + q."""
    drift = RATE * A + EXCESS
    value = slope(f).subs(PUSH, drift).subs(GAMMA, gamma).subs(A, THETA + BEYOND)
    return value.together().expand().factor()


@cache
def slope(f: Expr) -> Expr:
    """L f / f' with the drift b_A."""
    return (generator(f, PUSH) / diff(f, A)).simplify()
