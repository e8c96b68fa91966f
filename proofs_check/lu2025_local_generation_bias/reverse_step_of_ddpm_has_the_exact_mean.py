"""The mean of Equation (4) is no approximation, whatever the law of the data."""

from dataclasses import dataclass, replace

from sympy import Expr, Integer, Symbol, sqrt, symbols

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

U, W = symbols("u w", positive=True)
ALPHA = 1 / (1 + U)
"""alpha_t = 1 / (1 + u), u > 0: every number in (0, 1)."""
BEFORE = 1 / (1 + W)
"""alpha_bar_(t-1) in (0, 1)."""
V, X = Symbol("v", real=True), Symbol("x", real=True)
"""One coordinate of x_0 (or of its posterior mean), and of x_t."""


@dataclass(frozen=True)
class Step:
    """Factors on the parts of Equation (4), 1 as printed."""

    noise: Expr = Integer(1)
    outside: Expr = sqrt(ALPHA)
    variance: Expr = 1 - BEFORE * ALPHA


@claim(
    source=PAPER.at("Equation (4)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.SYMBOLIC,
    cases=[Step()],
    must_fail={
        "noise 2 per cent larger": lambda case: replace(case, noise=Integer(51) / 50),
        "no rescaling": lambda case: replace(case, outside=Integer(1)),
        "alpha for alpha-bar": lambda case: replace(case, variance=1 - ALPHA),
    },
)
def reverse_step_of_ddpm_has_the_exact_mean(case: Step) -> Finding:
    r"""$E[x_{t-1} | x_t] = \frac{1}{\sqrt{\alpha_t}}
    \big(x_t - \frac{1 - \alpha_t}{\sqrt{1 - \bar\alpha_t}} s(x_t, t)\big)$ for every law $p_0$.

    Here $s(x_t, t) = (x_t - \sqrt{\bar\alpha_t} E[x_0 | x_t]) / \sqrt{1 - \bar\alpha_t}$,
    $0 < \alpha_t, \bar\alpha_{t-1} < 1$. Given $x_0$ and $x_t$, a coordinate of $x_{t-1}$ is
    Gaussian with a mean that is affine in $x_0$, so that $x_0$ may be replaced by
    $E[x_0 | x_t]$; and it has the variance
    $\tilde\beta_t = (1 - \bar\alpha_{t-1}) (1 - \alpha_t) / (1 - \bar\alpha_t)$. The paper calls
    the step a good approximation; of its mean that is an understatement.
    """
    conditional, variance = given_both()
    after = BEFORE * ALPHA
    target = (X - sqrt(after) * V) / sqrt(1 - after)
    step = (X - case.noise * (1 - ALPHA) / sqrt(case.variance) * target) / case.outside
    beta = case.noise * (1 - BEFORE) * (1 - ALPHA) / (1 - after)
    return all_hold(identity(conditional, step), identity(variance, beta))


def given_both() -> tuple[Expr, Expr]:
    """Mean and variance of x_(t-1) given x_0 = V and x_t = X, by Gaussian conditioning.

    Given x_0, x_(t-1) has mean sqrt(abar') V and variance 1 - abar', and x_t adds noise to
    sqrt(alpha) times it.
    """
    mean, spread = sqrt(BEFORE) * V, 1 - BEFORE
    covariance = sqrt(ALPHA) * spread
    total = ALPHA * spread + 1 - ALPHA
    gain = covariance / total
    return mean + gain * (X - sqrt(ALPHA) * mean), spread - gain * covariance
