"""Proposition 5.1, the return: the largest chance, against Kolmogorov's backward equation."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_banded

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion.confinement import return_bound

BUDGET = 2e-4
"""The second-order scheme is off by less than 1e-4 (halving both steps changes it by 7e-5)."""

CELLS, STEPS = 1600, 400


@dataclass(frozen=True)
class Escape:
    r"""A drift lambda a (1 + push a) and a noise that is beta_max or less, from theta = 1."""

    strength: float
    horizon: float = 6.0
    push: float = 0.0
    fading: float = 0.0
    short: float = 1.0
    exponent: float = 1.0
    tight: bool = False

    @property
    def rate(self) -> float:
        """lambda, in units in which beta_max = 1 and theta = 1: q = sqrt(lambda)."""
        return self.strength**2


@claim(
    source=read_at("Proposition 5.1 (proof, return to the midpoint)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Escape(0.3, horizon=30.0, tight=True),
        Escape(0.7, tight=True),
        Escape(1.2, tight=True),
        Escape(0.7, push=0.5),
        Escape(0.7, fading=0.5),
        Escape(0.3, horizon=1.0, fading=0.9),
    ],
    must_fail={
        "escapes two per cent more slowly": lambda case: replace(case, short=0.98),
        "exponent two per cent larger": lambda case: replace(case, exponent=1.02),
        "escape condition reversed": lambda case: replace(case, push=-0.3),
    },
    given=["ashiq2026_ddim_vs_ddpm/exponentials_of_a_repelled_coordinate_are_supermartingales"],
)
def return_probability_is_at_most_a_ratio_of_error_functions(case: Escape) -> Finding:
    r"""Let $dA = b\,dr + \sqrt\beta\,dB$ with $b(a, r) \ge \lambda a$ for all $a \ge \theta$ and
    $0 < \beta(r) \le \beta_{\max}$. From $2\theta$ it comes back to $\theta$, within any time,
    with a probability of at most

    $$\frac{\mathrm{erfc}(2q)}{\mathrm{erfc}(q)}, \qquad q = \theta\sqrt{\lambda/\beta_{\max}},$$

    and this is attained by $b = \lambda a$, $\beta = \beta_{\max}$ without end of time (to
    $2\cdot10^{-4}$ in the cases). Checked for $q = 0.3, 0.7, 1.2$ against the solution of
    $v_r = b v' + \frac12\beta v''$, $v(\theta) = 1$, $v = 0$ at first.
    """
    found = probability(case)
    bound = float(return_bound(case.strength)) ** case.exponent
    parts = [at_most(found, bound, budget=BUDGET)]
    if case.tight:
        parts.append(equal(found, bound, budget=BUDGET))
    return all_hold(*parts)


def probability(case: Escape) -> float:
    """The chance to be at 1 within the horizon, from 2, by Crank-Nicolson."""
    reach = 2 + 6 / case.strength
    a = np.linspace(1.0, reach, CELLS + 1)
    cell, step = a[1] - a[0], case.horizon / STEPS / case.rate
    drift = case.short * case.rate * a * (1 + case.push * (a - 1) * np.exp(-a))
    value = np.zeros(CELLS + 1)
    value[0] = 1.0
    for n in range(STEPS + 2):
        length, implicit = (step / 2, 1.0) if n < 4 else (step, 0.5)
        phase = 1 - case.fading * math.sin(7.0 * n / STEPS) ** 2
        up = length * (phase / (2 * cell**2) + drift / (2 * cell))
        down = length * (phase / (2 * cell**2) - drift / (2 * cell))
        right = value.copy()
        if implicit < 1:
            change = up[1:-1] * (value[2:] - value[1:-1]) + down[1:-1] * (value[:-2] - value[1:-1])
            right[1:-1] += (1 - implicit) * change
        bands = np.zeros((3, CELLS + 1))
        bands[1] = 1.0
        bands[1, 1:-1] += implicit * (up + down)[1:-1]
        bands[0, 2:] = -implicit * up[1:-1]
        bands[2, :-2] = -implicit * down[1:-1]
        value = solve_banded((1, 1), bands, right)
    return float(np.interp(2.0, a, value))
