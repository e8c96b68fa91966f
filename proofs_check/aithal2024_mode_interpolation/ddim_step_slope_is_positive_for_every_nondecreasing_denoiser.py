"""B3: why DDIM on a line is increasing."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Symbol

from proofs_check.aithal2024_mode_interpolation import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity, positive

x, slope, more = Symbol("x", real=True), Symbol("D", positive=True), Symbol("w", positive=True)
alpha, noise = Symbol("alpha", positive=True), Symbol("nu", positive=True)
after_alpha, after = Symbol("alpha_1", positive=True), Symbol("nu_1", positive=True)
"""alpha and the ratio nu = sigma/alpha before and after the step."""


@dataclass(frozen=True)
class Step:
    """The share of x that is kept, and the share of the denoiser."""

    kept: Expr = after_alpha * after / (alpha * noise)
    clean: Expr = after_alpha * (1 - after / noise)


@claim(
    source=read_at("Dependence on the number of sampling steps"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Step()],
    must_fail={
        "the variances' ratio": lambda case: replace(
            case, clean=after_alpha * (1 - after**2 / noise**2)
        ),
        "two per cent less kept": lambda case: replace(
            case, kept=sympy.Rational(49, 50) * case.kept
        ),
        "the denoiser subtracted": lambda case: replace(case, clean=-case.clean),
    },
)
def ddim_step_slope_is_positive_for_every_nondecreasing_denoiser(case: Step) -> Finding:
    r"""With $\nu = \sigma_t/\alpha_t$ a DDIM step from $\nu$ to $\nu' < \nu$ is $x' =
    \alpha'\hat x_0 + \sigma'\epsilon$, $\epsilon = (x - \alpha\hat x_0)/\sigma$, and for every
    denoiser $\hat x_0(x)$

    $$\frac{dx'}{dx} = \frac{\alpha'\nu'}{\alpha\nu} + \alpha'\Big(1 - \frac{\nu'}{\nu}\Big)
      \frac{d\hat x_0}{dx},$$

    which is positive wherever $d\hat x_0/dx \ge 0$. So a run of DDIM on a line is increasing.
    """
    denoiser = sympy.Function("D")(x)
    sigma, after_sigma = alpha * noise, after_alpha * after
    moved = after_alpha * denoiser + after_sigma * (x - alpha * denoiser) / sigma
    derivative = sympy.diff(moved, x).subs(sympy.Derivative(denoiser, x), slope)
    formula = case.kept + case.clean * slope
    at_larger = formula.subs(noise, after + more)
    flat = case.kept
    return all_hold(
        identity(derivative, formula), positive(sympy.factor(at_larger)), positive(flat)
    )
