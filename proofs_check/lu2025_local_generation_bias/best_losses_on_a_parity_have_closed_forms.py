"""The three levels that appendix A.7 names without numbers, in closed form."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal
from theorylab.parity import HypercubeLaw
from theorylab.parity.plateaus import linear_loss, optimal_loss, univariate_loss

SIZES = (3, 4, 5, 6, 8, 16)
TABLE = {
    0.01: ".00999999 .00999900 .00999998 .00999999 .00999999 .00999999 .00999999",
    0.1: ".09993696 .09900786 .09984383 .09992760 .09993602 .09993695 .09993696",
    0.25: ".24747869 .23350666 .24394771 .24657706 .24724740 .24746339 .24747869",
    0.5: ".44959951 .33763485 .39073574 .41818361 .43267374 .44460384 .44955859",
    0.64: ".47372287 .25756725 .32289608 .36725809 .39795910 .43471734 .47069269",
    0.8: ".27438964 .05315712 .07433621 .09289194 .10928746 .13690640 .20477355",
    0.9: ".03735972 .00061062 .00090632 .00119620 .00148062 .00203427 .00407823",
    0.95: ".00038583 .00000004 .00000006 .00000008 .00000010 .00000015 .00000031",
}


@dataclass(frozen=True)
class Levels:
    """A noise level; what is claimed of the three levels."""

    alpha_bar: float
    size_shift: int = field(default=0, repr=False)
    univariate: float = field(default=1.0, repr=False)
    linear: Callable[[float], float] = field(default=lambda a: a, repr=False)


@claim(
    source=PAPER.at("Appendix A.7"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Levels(a) for a in (0.1, 0.25, 0.5, 0.64, 0.8, 0.9)],
    thorough=[Levels(a) for a in (0.01, 0.95)],
    must_fail={
        "one bit more": lambda case: replace(case, size_shift=1),
        "univariate level 2 per cent higher": lambda case: replace(case, univariate=1.02),
        "linear level 1 - alpha_bar": lambda case: replace(case, linear=lambda a: 1 - a),
    },
)
def best_losses_on_a_parity_have_closed_forms(case: Levels) -> Finding:
    r"""On a parity of $r \ge 3$ bits, $\gamma = \bar\alpha/(1 - \bar\alpha)$,
    $M_k = E \tanh^k \Lambda$, $\Lambda \sim N(\gamma, \gamma)$, the least values of
    $E|\xi_i - s(x)|^2$ are: over affine functions, $\bar\alpha$; over functions of $x_i$,
    $\gamma (1 - M_1)$; over all functions, $\gamma (1 - m)$ with
    $m = M_1 + M_1^{r-1} (1 - M_1)
    - \sum_{l \ge 1} (M_{2l-1} - M_{2l+1}) (M_{2l-1}^{r-1} - M_{2l+1}^{r-1})$.

    For $r = 3, 4, 5, 6, 8, 16$, against the normal equations of the law's covariance, a quadrature
    of Bayes' rule for one coordinate, and an integration of
    $E \tanh(\Lambda + \mathrm{artanh}\, p)$ that multiplies one $\tanh$ after the other into $p$;
    and to half a unit of the eighth decimal of a table of all these numbers.
    """
    a = case.alpha_bar
    univariate = case.univariate * univariate_loss(alpha_bar=a)
    closed = np.array([optimal_loss(r + case.size_shift, alpha_bar=a) for r in SIZES])
    integrated = bit_by_bit(a)
    table = np.array([float(entry) for entry in TABLE[a].split()])
    finding = all_hold(
        equal(case.linear(linear_loss(alpha_bar=a)), affine_by_normal_equations(a), budget=1e-12),
        equal(univariate, univariate_by_bayes(a), budget=1e-9),
        equal(closed / integrated, np.ones(len(SIZES)), budget=1e-6),
        equal([univariate, *closed], table, budget=5.1e-9, scale=1.0),
    )
    return finding.with_series(alpha_bar=a, univariate=univariate, optimal=closed, sizes=SIZES)


def affine_by_normal_equations(alpha_bar: float) -> float:
    """1 - c . Cov(x)^-1 c with c = Cov(x, xi_i) = nu e_i, from the atoms of a 4-bit parity."""
    law = HypercubeLaw.parity(4)
    vertices = np.array([v for v, _ in law.atoms()], dtype=float)
    mass = np.array([float(p) for _, p in law.atoms()])
    mean = mass @ vertices
    covariance = (vertices * mass[:, None]).T @ vertices - np.outer(mean, mean)
    whole = alpha_bar * covariance + (1 - alpha_bar) * np.eye(4)
    return float(1 - (1 - alpha_bar) * np.linalg.inv(whole)[0, 0])


def univariate_by_bayes(alpha_bar: float) -> float:
    """1 - E y*^2 with y* = (x - s E[v | x]) / nu, the trapezoidal rule in x."""
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    step = min(0.1 * noise, 0.1 * noise**2 / signal)
    x = np.arange(-signal - 9 * noise, signal + 9 * noise, step)
    up, down = (np.exp(-((x - s * signal) ** 2) / (2 * noise**2)) / 2 for s in (1, -1))
    density = (up + down) / (noise * math.sqrt(2 * math.pi))
    target = (x - signal * (up - down) / (up + down)) / noise
    return float(step * (density * (1 - target**2)).sum())


def bit_by_bit(alpha_bar: float) -> np.ndarray:
    r"""The optimal losses by $g_0(l) = E[1 - \tanh(\Lambda + l)]$ and
    $g_{k+1}(l) = E\, g_k(\mathrm{artanh}(\tanh \Lambda \tanh l))$; the loss of r bits is
    $\gamma g_{r-1}(\infty)$.
    """
    gamma = alpha_bar / (1 - alpha_bar)
    step = min(0.2, 0.16 / math.sqrt(gamma))
    z = np.arange(-math.ceil(9 / step), math.ceil(9 / step) + 1) * step
    log_odds, mass = (
        gamma + math.sqrt(gamma) * z,
        step * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    )
    reach = float(np.abs(log_odds).max())
    place = np.linspace(-reach, reach, 2 * math.ceil(reach / 0.06) + 1)
    both = np.abs(log_odds + place[:, None]), np.abs(log_odds - place[:, None])
    product = (log_cosh(both[0]) - log_cosh(both[1])) / 2
    values = 2 / (1 + np.exp(np.minimum(2 * (log_odds + place[:, None]), 700))) @ mass
    losses = []
    for _ in range(max(SIZES) - 1):
        spline = make_interp_spline(place, values, k=5)
        losses.append(gamma * float(spline(log_odds) @ mass))
        values = spline(product) @ mass
    return np.array([losses[r - 2] for r in SIZES])


def log_cosh(x: np.ndarray) -> np.ndarray:
    """For x >= 0."""
    return x + np.log1p(np.exp(-2 * x)) - math.log(2)


def figure(ax: Any, series: Sequence[Mapping[str, Any]]) -> None:
    """The levels over the noise level, for 3, 4 and 8 bits."""
    place = [part["alpha_bar"] for part in series]
    ax.plot(place, place, "--", color="#9aa0a6", label="best linear")
    ax.plot(place, [part["univariate"] for part in series], "o-", label="best univariate")
    for size, mark in ((3, "s-"), (4, "^-"), (8, "v-")):
        column = series[0]["sizes"].index(size)
        ax.plot(place, [p["optimal"][column] for p in series], mark, label=f"optimal, {size} bits")
    ax.set_xlabel(r"$\bar\alpha$")
    ax.set_ylabel(r"$E|\xi_i - s(x)|^2$")
    ax.legend()
