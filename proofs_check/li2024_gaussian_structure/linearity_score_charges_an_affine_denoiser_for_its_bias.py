"""What the linearity scores measure of a map that is affine."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Matrix, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

alpha, beta, lam1, lam2, sigma = sympy.symbols("alpha beta lambda_1 lambda_2 sigma", positive=True)
x1, x2, z1, z2, w11, w12, w21, w22 = sympy.symbols("x_1 x_2 z_1 z_2 w_1 w_2 w_3 w_4", real=True)
b1, b2 = sympy.symbols("b_1 b_2", positive=True)


@dataclass(frozen=True)
class Score:
    """The factor of the bias in the defect, and the limit of the normalised form."""

    factor: Expr = 1 - alpha - beta
    limit: Expr = sympy.sqrt(2) - 1


@claim(
    source=PAPER.at("Section 3 (linearity score)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Score()],
    must_fail={
        "a defect of the other sign": lambda case: replace(case, factor=alpha + beta - 1),
        "no defect": lambda case: replace(case, factor=Integer(0)),
        "a limit of 0.41": lambda case: replace(case, limit=Rational(41, 100)),
    },
)
def linearity_score_charges_an_affine_denoiser_for_its_bias(case: Score) -> Finding:
    r"""For an affine map $D(y) = Wy + b$ and $\alpha^2 + \beta^2 = 1$,

    $$D(\alpha x + \beta z) - \alpha D(x) - \beta D(z) = (1 - \alpha - \beta)\,b .$$

    A constant map $D = b$ has the normalised defect $|1 - \alpha - \beta|$ and the linearity score
    (the cosine) 1. With $\alpha = \beta = 1/\sqrt 2$ the defect is $\sqrt 2 - 1 = 0.414$, to which
    that of the Gaussian denoiser of data with mean $\mu \ne 0$ tends as $\sigma \to \infty$ at
    fixed points $x, z$: exactly affine denoisers are called nonlinear at high noise. (In two
    dimensions and, for the limit, in the eigenbasis.)
    """
    gain, bias = Matrix([[w11, w12], [w21, w22]]), Matrix([b1, b2])
    first, second = Matrix([x1, x2]), Matrix([z1, z2])

    def affine(point: Matrix) -> Matrix:
        return gain * point + bias

    defect = affine(alpha * first + beta * second) - alpha * affine(first) - beta * affine(second)
    told = case.factor * bias
    half = 1 / sympy.sqrt(2)
    wiener = sympy.diag(lam1 / (lam1 + sigma**2), lam2 / (lam2 + sigma**2))
    shift = (sympy.eye(2) - wiener) * bias  # bias now stands for mu
    combined = wiener * (half * (first + second)) + shift
    squared = ((1 - 2 * half) ** 2 * shift.dot(shift)) / combined.dot(combined)
    u = sympy.Symbol("u", positive=True)
    at_infinity = squared.subs(sigma, 1 / u)
    limit = sympy.limit(sympy.together(at_infinity), u, 0)
    constant = (bias - alpha * bias - beta * bias).dot(bias) / bias.dot(bias)
    return all_hold(
        identity(defect[0], told[0]),
        identity(defect[1], told[1]),
        identity(constant, case.factor),
        identity(sympy.Mul(limit, u, evaluate=False), case.limit**2 * u),
    )
