"""Why gradient descent is slow at high noise even with an exact loss."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Matrix

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

lam1, lam2, sigma = sympy.symbols("lambda_1 lambda_2 sigma", positive=True)
mu1, mu2 = sympy.symbols("mu_1 mu_2", real=True)


@dataclass(frozen=True)
class Block:
    """What is taken for the determinant and for the Schur complement."""

    noise: Expr = Integer(1)
    bias: Expr = Integer(1)
    room: Expr = Integer(1)


@claim(
    source=PAPER.at("Theorem 1 (gradient descent)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Block()],
    must_fail={
        "two per cent more noise": lambda case: replace(case, noise=sympy.Rational(51, 50)),
        "half the energy of the mean": lambda case: replace(case, bias=sympy.Rational(1, 2)),
        "a bound above one": lambda case: replace(case, room=Integer(-1)),
    },
)
def bias_makes_descent_on_the_denoising_loss_ill_conditioned(case: Block) -> Finding:
    r"""Let $M = E\,zz^\top$ for $z = (y, 1)$, the matrix of gradient descent on the denoising
    loss, in $d = 2$ and the eigenbasis of $\Sigma$, for any mean $\mu$. Then

    $$\det M = \det(\Sigma + \sigma^2 I), \qquad
      (M^{-1})_{33} = 1 + \mu^\top(\Sigma + \sigma^2 I)^{-1}\mu, \qquad
      \lambda_{\min}(M) \le \frac{1}{(M^{-1})_{33}} < 1 \text{ for } \mu \ne 0 ,$$

    while $\lambda_{\max}(M) \ge \mathrm{tr}(M)/3 > 2\sigma^2/3$. So the condition number of $M$
    exceeds $2\sigma^2/3$, and the number of steps of gradient descent grows at least like
    $\sigma^2$, through the bias and not through the data: its slow convergence at $\sigma = 80$
    needs no explanation by an inaccurate denoiser. (This is about plain gradient descent. Adam
    rescales each coordinate and is not covered.)
    """
    mu = Matrix([mu1, mu2])
    noisy = sympy.diag(lam1, lam2) + sigma**2 * sympy.eye(2)
    moments = (noisy + case.bias * mu * mu.T).row_join(mu).col_join(mu.T.row_join(sympy.eye(1)))
    told = sympy.diag(lam1, lam2) + case.noise * sigma**2 * sympy.eye(2)
    corner = moments[:2, :2].det() / noisy.det()  # Cramer's rule, by the first identity
    quadratic = sum(m**2 / told[i, i] for i, m in enumerate(mu))
    v1, v2 = sympy.symbols("m_1 m_2", positive=True)
    squares = case.room * (v1**2 / (lam1 + sigma**2) + v2**2 / (lam2 + sigma**2))
    return all_hold(
        identity(moments.det(), told[0, 0] * told[1, 1]),
        identity(corner, 1 + quadratic),
        positive(1 - 1 / (1 + squares)),
        positive(sympy.simplify(moments.trace() - 2 * sigma**2)),
    )
