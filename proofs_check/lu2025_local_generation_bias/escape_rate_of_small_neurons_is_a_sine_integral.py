"""How fast a parity of r bits is found from the second stage of appendix A.7, in closed form."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import comb, ndtr

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity.escape import escape_rate

SIZES = (3, 4, 5, 6, 8)
TABLE = {
    0.1: "1.24e-2 7.17e-4 1.66e-4 1.78e-5 5.16e-7",
    0.25: "4.679e-2 4.625e-3 1.753e-3 3.203e-4 2.585e-5",
    0.5: ".109267 .0176557 .0101689 3.0092e-3 6.003e-4",
    0.64: ".1184 2.376e-2 1.625e-2 5.937e-3 1.742e-3",
    0.8: "6.233e-2 1.576e-2 1.284e-2 5.871e-3 2.581e-3",
    0.9: "6.78e-3 1.97e-3 1.78e-3 9.31e-4 5.22e-4",
}

LONG = (10, 12, 16)
LONG_TABLE = {
    0.1: "1.61e-8 5.3e-10 6.1e-13",
    0.25: "2.25e-6 2.05e-7 1.85e-9",
    0.5: "1.295e-4 2.93e-5 1.63e-6",
    0.64: "5.54e-4 1.84e-4 2.23e-5",
    0.8: "1.231e-3 6.16e-4 1.69e-4",
    0.9: "3.19e-4 2.04e-4 9.2e-5",
}
"""Where the alternating sum has lost its digits; the table has two or three."""


@dataclass(frozen=True)
class Rates:
    """A noise level; what is claimed of the formula."""

    alpha_bar: float
    size_shift: int = field(default=0, repr=False)
    factor: float = field(default=1.0, repr=False)
    width: float = field(default=1.0, repr=False)


@claim(
    source=PAPER.at("Section 5.4 (a long time to escape the neighborhood of M); appendix A.7"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Rates(a) for a in TABLE],
    must_fail={
        "2 per cent more": lambda case: replace(case, factor=1.02),
        "two bits more": lambda case: replace(case, size_shift=2),
        "a Gaussian 3 per cent wider": lambda case: replace(case, width=1.03),
    },
)
def escape_rate_of_small_neurons_is_a_sine_integral(case: Rates) -> Finding:
    r"""Beside the best univariate network on a parity of $r$ bits, $n = r - 1$, a small neuron
    with $w_i = 0$ and equal weights $u$ on the other bits grows at most at the rate
    $\Lambda = 2 \frac{s}{\nu} (1 - M_1) \max_{b^2 + n u^2 = 1} |D_n(b, u)|$ with
    $D_n = E[\prod_k v_k\, \mathrm{relu}(u \sum_k x_k + b)]$ over $n$ free bits; for odd $r$ this
    is
    $\frac{2 s^2}{\pi \nu \sqrt n} (1 - M_1) \int_0^\infty t^{-2} \sin^n t\,
    e^{-n t^2 / (2 \gamma)}\, dt$, $\gamma = s^2/\nu^2$.

    For $r = 3, 4, 5, 6, 8$: the library's integrals against the alternating sum
    $D_n = 2^{-n} \sum_j (-1)^j \binom{n}{j} E[(s u (n - 2 j) + b + \sqrt n \nu u Z)_+]$ on a grid
    of directions refined to its maximum, the sine integral for $r = 3, 5$ by the trapezoidal rule,
    and a table of these rates in three to six digits; for $r = 10, 12, 16$ one in two or three.
    """
    a = case.alpha_bar
    library = np.array(
        [case.factor * escape_rate(r + case.size_shift, alpha_bar=a) for r in SIZES]
    )
    direct = np.array([by_alternating_sum(r, a) for r in SIZES])
    odd = np.array([case.factor * sine_integral(r, a, case.width) for r in (3, 5)])
    table = np.array([float(entry) for entry in TABLE[a].split()])
    longer = np.array([case.factor * escape_rate(r + case.size_shift, alpha_bar=a) for r in LONG])
    rounded = np.array([float(entry) for entry in LONG_TABLE[a].split()])
    finding = all_hold(
        equal(longer / rounded, np.ones(len(LONG)), budget=9e-3),
        equal(library / direct, np.ones(len(SIZES)), budget=1e-7),
        equal(odd / direct[[0, 2]], np.ones(2), budget=1e-9),
        equal(library / table, np.ones(len(SIZES)), budget=4e-3),
    )
    return finding.with_detail(f"rates {np.array2string(library, precision=5)}")


def one_minus_first_moment(alpha_bar: float) -> float:
    """1 - E tanh N(gamma, gamma), as the mean of tanh' over both signs: 1 - E tanh^2."""
    gamma = alpha_bar / (1 - alpha_bar)
    z = np.arange(-12, 12, 0.01 / max(1.0, math.sqrt(gamma)))
    mass = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    return float(mass @ (1 / np.cosh(gamma + math.sqrt(gamma) * z)) ** 2)


def by_alternating_sum(size: int, alpha_bar: float) -> float:
    """The largest |D_n| over half a circle: 4001 angles, then a parabola through three."""
    n, signal, noise = size - 1, math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    angle = np.linspace(-math.pi / 2, math.pi / 2, 4003)[1:-1]
    b, u = np.sin(angle)[:, None], np.cos(angle)[:, None] / math.sqrt(n)
    j = np.arange(n + 1)
    mean, sd = signal * u * (n - 2 * j) + b, math.sqrt(n) * noise * u
    positive = mean * ndtr(mean / sd) + sd * np.exp(-((mean / sd) ** 2) / 2) / math.sqrt(
        2 * math.pi
    )
    response = np.abs((positive * (-1.0) ** j * comb(n, j)).sum(axis=1)) / 2**n
    top = int(np.argmax(response))
    left, middle, right = response[top - 1 : top + 2]
    peak = middle + (right - left) ** 2 / (8 * (2 * middle - left - right))
    return float(2 * signal / noise * one_minus_first_moment(alpha_bar) * peak)


def sine_integral(size: int, alpha_bar: float, width: float) -> float:
    """The last display of the statement."""
    n, signal, noise = size - 1, math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    gamma = width * alpha_bar / (1 - alpha_bar)
    t = np.arange(-400, 401) * (math.sqrt(gamma / n) / 40)
    t[400] = 1e-30
    values = np.sin(t) ** n / t**2 * np.exp(-n * t**2 / (2 * gamma))
    integral = values.sum() * math.sqrt(gamma / n) / 40 / 2
    gap = one_minus_first_moment(alpha_bar)
    return float(2 * signal**2 / (math.pi * noise * math.sqrt(n)) * gap * integral)
