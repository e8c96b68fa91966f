"""What evidence says: the same check on a true statement, a false one, and an empty one."""

import sympy

from theorylab.claims import at_most, identity, rate_equals
from theorylab.diffusion import GaussianMixture

x = sympy.Symbol("x", real=True)
pair = GaussianMixture.pair(separation=2.0, variance=0.5)
size = pair.expected_mean([[-9.0], [0.3], [9.0]]).abs()
chance = {"reach": 0.1, "false_alarm": 1e-3, "miss": 1e-3}

findings = {
    "tanh' = 1/cosh^2": identity(sympy.tanh(x).diff(x), 1 / sympy.cosh(x) ** 2),
    "tanh' = 1/cosh": identity(sympy.tanh(x).diff(x), 1 / sympy.cosh(x)),
    "cosh = cosh": identity(sympy.cosh(x), sympy.cosh(x)),
    "|mbar| <= 1": at_most(size, 1.0, budget=1e-6, tight=0.99),
    "|mbar| <= 0.98": at_most(size, 0.98, budget=1e-6, tight=0.99),
    "|mbar| <= 2, tight": at_most(size, 2.0, budget=1e-6, tight=0.99),
    "a rate of 1/2, from 20": rate_equals(11, 20, 0.5, **chance),
    "a rate of 1/2, from 9000": rate_equals(4510, 9000, 0.5, **chance),
}
for name, finding in findings.items():
    print(f"{name:<26} {finding.evidence.name:<9} {finding.verdict.name}")
