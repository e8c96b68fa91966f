"""Proposition 5.1 with the constants that the 25-mode grid has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._grid_balls import squared_separation
from proofs_check.ashiq2026_ddim_vs_ddpm._measured import (
    WINDOW,
    drift_bound,
    escape_rate,
    integrated_drift_bound,
    largest_beta,
    variance,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed

CUTS = ("0.25", "0.30", "0.35", "0.40", "0.45")
RATES = ("0.07563", "0.05042", "0.03241", "0.01891", "0.00840")
RETURNS = ("0.0375", "0.1121", "0.2449", "0.4401", "0.6944")


@dataclass(frozen=True)
class Constants:
    """theta/ell, the constants that are claimed, and factors that false twins change."""

    theta: str = "0.15"
    first: str = "1.55574"
    last: str = "0.17650"
    drift: str = "9.4099"
    variance: str = "6.80150e-3"
    radius: str = "2.42035"
    confined: str = "1.27142"
    rates: tuple[str, ...] = RATES
    returns: tuple[str, ...] = RETURNS
    slab: str = "2"
    exponent: str = "2"


@claim(
    source=read_at("Proposition 5.1 (discussion), Equations 5-7"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[Constants()],
    must_fail={
        "radius two per cent smaller": lambda case: replace(case, theta="0.147"),
        "slab two per cent wider": lambda case: replace(case, slab="2.04"),
        "exponent two per cent larger": lambda case: replace(case, exponent="2.04"),
        "a rate two per cent larger": lambda case: replace(case, rates=("0.0771", *RATES[1:])),
        "a bound below one": lambda case: replace(case, confined="0.99"),
    },
    given=["ashiq2026_ddim_vs_ddpm/bisector_coordinate_is_autonomous_on_a_product_grid"],
)
def terminal_bound_exceeds_one_with_the_constants_of_the_grid(case: Constants) -> Finding:
    r"""As reconstructed, Proposition 5.1 bounds $P(|A_0| \le \theta)$ by

    $$\frac4\pi\, e^{-\pi^2 Q/(8R^2)} + e^{-2\lambda\theta^2/\beta_{\max}}, \qquad
      Q = \int\beta, \quad R = 2\theta\Big(2 + \int K\Big),$$

    with $|b| \le K|a|$ on $\theta \le |a| \le 2\theta$ (the reading of the experiment) and
    $-b/a \ge \lambda$ for $\theta \le |a| \le a^*$. On the 25-mode grid, $\theta = 0.15\,\ell$,
    raw steps 21 to 0 (each for one unit of time) and the fixed midpoint, uniformly over the 40
    pairs and the whole width of the slab: $K(0) = 1.55574$, $K(21) = 0.17650$,
    $\int K = 9.4099$, $Q = 6.8015\cdot10^{-3}$, $R = 2.4203$. **The first term is $1.2714$**:
    the bound says nothing, whatever the second term. With $a^*/\ell = 0.25, 0.30, 0.35, 0.40,
    0.45$

    $$\lambda = 0.07563,\ 0.05042,\ 0.03241,\ 0.01891,\ 0.00840, \qquad
      e^{-2\lambda\theta^2/\beta_{\max}} = 0.0375,\ 0.1121,\ 0.2449,\ 0.4401,\ 0.6944 .$$

    That the terminal event is exponentially unlikely, as the surviving text has it, does not
    follow from this bound at these parameters.
    """
    theta, unit = ball(case.theta), squared_separation().sqrt()
    total = integrated_drift_bound(case.theta)
    radius = ball(case.slab) * theta * (2 + total) * unit
    confined = 4 / arb.pi() * (-(arb.pi() ** 2) * variance() / (8 * radius**2)).exp()
    rates = [escape_rate(case.theta, cut) for cut in CUTS]
    scale = ball(case.exponent) * (theta * unit) ** 2 / largest_beta()
    parts = [
        near(drift_bound(0, case.theta), case.first),
        near(drift_bound(21, case.theta), case.last, "2e-4"),
        near(total, case.drift),
        near(variance(), case.variance),
        near(radius, case.radius),
        near(confined, case.confined),
        enclosed(lambda: confined - 1),
    ]
    parts += [near(rate, told, "5e-4") for rate, told in zip(rates, case.rates, strict=True)]
    returns = [(-scale * rate).exp() for rate in rates]
    parts += [near(back, told, "5e-3") for back, told in zip(returns, case.returns, strict=True)]
    return all_hold(*parts).with_series(**curves(case))


def near(value: arb, told: str, share: str = "1e-4") -> Finding:
    """The value is the stated decimal to within a share of it."""
    return enclosed(lambda: ball(share) * abs(ball(told)) - abs(value - ball(told)))


def curves(case: Constants) -> dict[str, list[float]]:
    """K and lambda at every raw step, for the figure."""
    shown = {"raw": [float(raw) for raw in WINDOW]}
    shown["K"] = [float(drift_bound(raw, case.theta)) for raw in WINDOW]
    for cut in ("0.25", "0.35", "0.45"):
        each = [float(escape_rate(case.theta, cut, (raw,))) for raw in WINDOW]
        shown[f"lambda_{cut}"] = each
    return shown


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """The two conditions of Proposition 5.1 over the window, under the exact drift."""
    shown = series[0]
    ax.semilogy(shown["raw"], shown["K"], color="C3", marker=".",
                label=r"$K(t)$ on $\theta \leq |a| \leq 2\theta$")  # fmt: skip
    for colour, cut in (("C0", "0.25"), ("C1", "0.35"), ("C2", "0.45")):
        ax.semilogy(shown["raw"], shown[f"lambda_{cut}"], color=colour, marker=".",
                    label=rf"$\lambda_{{rep}}(t)$ up to $a^* = {cut}\,\ell$")  # fmt: skip
        ax.axhline(min(shown[f"lambda_{cut}"]), color=colour, linewidth=0.8, linestyle=":")
    ax.invert_xaxis()
    ax.set_xlabel("raw step t (the run goes to the right)")
    ax.set_ylabel("per raw step")
    ax.set_ylim(5e-3, 30)
    ax.set_title(r"exact drift, worst pair, $\theta = 0.15\,\ell$")
    ax.legend(fontsize="small", loc="upper left")
