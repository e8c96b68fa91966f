r"""The formulas of the two-mode theory as sympy expressions, under the papers' labels.

Notation: alpha_bar(t) = exp(-B(t)) with B' = beta; sigma the deviation of a mode, s the effective
deviation, v = (1 - alpha_bar)/alpha_bar the noise to signal ratio; ell the distance of two modes,
xi the coordinate along their segment from its midpoint, a = ell^2/s^2.

Each expression is written once, here: claims compare it with an independent route, and `as_torch`
gives the same formula to tensors. Nothing is proved in this module.

References:
    ddim_vs_ddpm: arXiv:2605.06831, Section 2, Lemma G.2, Proposition 4.7.
"""

from collections.abc import Callable

import sympy
import torch
from sympy import Expr, Function, Rational, Symbol, exp, log, sqrt, tanh
from torch import Tensor

t = Symbol("t", positive=True)
T = Symbol("T", positive=True)
sigma = Symbol("sigma", positive=True)
s = Symbol("s", positive=True)
s0, s1 = sympy.symbols("s_0 s_1", positive=True)
ell = Symbol("ell", positive=True)
xi = Symbol("xi", real=True)
v, v_next = sympy.symbols("v v_next", positive=True)

B = Function("B", positive=True)
"""The integral of the noise rate, B(t) = int_0^t beta."""


def alpha_bar(time: Expr = t) -> Expr:
    """abar_t = exp(-B(t)), the share of the data's variance that is left."""
    return exp(-B(time))


def beta(time: Expr = t) -> Expr:
    """beta(t) = B'(t), the noise rate."""
    return sympy.diff(B(time), time)


def marginal_variance(time: Expr = t) -> Expr:
    """sigma_t^2 = abar_t sigma^2 + 1 - abar_t, the variance of one component at time t."""
    return alpha_bar(time) * sigma**2 + 1 - alpha_bar(time)


def effective_deviation(time: Expr = t) -> Expr:
    """s_t = sqrt(sigma^2 + (1 - abar_t)/abar_t), the deviation in y = x / sqrt(abar_t).

    For algebra: as floats the difference cancels; `Schedule.effective_deviation` does not.
    """
    return sqrt(sigma**2 + (1 - alpha_bar(time)) / alpha_bar(time))


def clock(time: Expr = t) -> Expr:
    """u(t) = ln(s_T / s_t)."""
    return log(effective_deviation(T) / effective_deviation(time))


def two_mode_drift() -> Expr:
    """d xi / du = -xi + (ell/2) tanh(ell xi / (2 s^2)), two modes of equal weight."""
    return -xi + ell / 2 * tanh(ell * xi / (2 * s**2))


def midpoint_eigenvalue() -> Expr:
    """lambda = ell^2/(4 s^2) - 1, the slope of `two_mode_drift` at the midpoint."""
    return ell**2 / (4 * s**2) - 1


def integrated_eigenvalue() -> Expr:
    """int lambda du from s_0 down to s_1 = (ell^2/8)(1/s_1^2 - 1/s_0^2) - ln(s_0/s_1)."""
    return ell**2 * Rational(1, 8) * (1 / s1**2 - 1 / s0**2) - log(s0 / s1)


def ddim_contraction() -> Expr:
    """c = (sigma^2 + sqrt(v v'))/(sigma^2 + v): a DDIM step is y' = mbar + c (y - mbar)."""
    return (sigma**2 + sqrt(v * v_next)) / (sigma**2 + v)


def as_torch(expression: Expr, *symbols: Symbol) -> Callable[..., Tensor]:
    """The expression as a function of tensors, one argument per symbol, in the order given.

    Raises:
        ValueError: not an expression, or one with a symbol that is not among the arguments.
    """
    if not isinstance(expression, Expr):
        msg = f"expression must be a sympy expression, got {expression!r}"
        raise ValueError(msg)
    left = expression.free_symbols - set(symbols)
    if left:
        msg = (
            f"symbols must name every free symbol, got an expression with {sorted(map(str, left))}"
        )
        raise ValueError(msg)
    compiled = sympy.lambdify(symbols, expression, modules="torch")
    return lambda *values: compiled(*(_as_tensor(value) for value in values))


def _as_tensor(value: object) -> Tensor:
    """A tensor as it is, a number in float64 whatever the default dtype."""
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
