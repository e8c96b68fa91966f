"""The formulas as sympy expressions: derivatives of each other, and equal to the tensor code."""

import pytest
import sympy
import torch

from theorylab.diffusion import (
    GaussianMixture,
    VPSchedule,
    clock,
    clock_dynamics,
    ddim_contraction,
)
from theorylab.symbolic import as_torch, forms


def test_the_integrated_eigenvalue_is_the_integral_of_the_eigenvalue() -> None:
    """Along the clock du = -ds/s, from s_0 down to s_1."""
    integrand = forms.midpoint_eigenvalue() / forms.s
    integral = sympy.integrate(integrand, (forms.s, forms.s1, forms.s0))
    difference = sympy.expand(sympy.expand_log(forms.integrated_eigenvalue() - integral))
    assert sympy.simplify(difference) == 0


def test_the_drift_is_that_of_the_clock_dynamics() -> None:
    pair = GaussianMixture.pair(3.0, 0.25)
    flow = clock_dynamics(pair, s_start=2.0)
    xi = torch.linspace(-2, 2, 9)
    drift = as_torch(forms.two_mode_drift(), forms.xi, forms.ell, forms.s)
    seen = flow.drift(torch.tensor(flow.stop), xi[:, None])[:, 0]
    torch.testing.assert_close(seen, drift(xi, 3.0, 0.5), rtol=1e-13, atol=1e-14)


def test_the_clock_and_the_contraction_are_those_of_the_tensors() -> None:
    schedule = VPSchedule.linear(0.1, 20.0)
    concrete = forms.clock().subs(
        {forms.B(forms.T): sympy.Rational(1005, 100), forms.B(forms.t): sympy.Float("0.5", 30)}
    )
    time = torch.tensor((-0.1 + (0.01 + 2 * 19.9 * 0.5) ** 0.5) / 19.9)
    assert schedule.beta_integral(time) == pytest.approx(0.5)
    value = float(concrete.subs(forms.sigma, sympy.Rational(3, 10)))
    assert float(clock(schedule, time, 0.09)) == pytest.approx(value, rel=1e-12)
    c = as_torch(forms.ddim_contraction(), forms.sigma, forms.v, forms.v_next)
    torch.testing.assert_close(c(0.3, 2.0, 0.7), ddim_contraction(2.0, 0.7, 0.09))


def test_as_torch_refuses_an_expression_with_a_symbol_left() -> None:
    with pytest.raises(ValueError, match=r"every free symbol, got an expression with \['s'\]"):
        as_torch(forms.midpoint_eigenvalue(), forms.ell)
