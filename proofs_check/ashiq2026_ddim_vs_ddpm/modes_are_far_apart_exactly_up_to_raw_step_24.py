"""Assumption 4.4 on the paper's own data set and schedule, by ball arithmetic."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Window:
    """Modes 2 apart with deviation 0.02 before normalisation; `factor` is 4 d with d = 2."""

    kappa: str
    last: int
    factor: int = 8
    beta_max: str = "0.02"
    deviation: str = "0.02"


def effective_variance(case: Window, raw: int) -> arb:
    """s_t^2 at a raw step, in the normalised coordinates of the 25-mode grid."""
    low, high = ball("0.0001"), ball(case.beta_max)
    kept = ball(1)
    for step in range(raw + 1):
        kept *= 1 - (low + (high - low) * step / 999)
    return ball(case.deviation) ** 2 / squared_scale(case) + (1 - kept) / kept


def squared_scale(case: Window) -> arb:
    """What the data is divided by, squared: (mean squared norm of the modes + 2 sigma^2) / 2."""
    return (ball(16) + 2 * ball(case.deviation) ** 2) / 2


def room(case: Window, raw: int) -> arb:
    """1 - 4 kappa d s_t^2 / ell^2: positive where the modes are far enough apart."""
    squared_separation = ball(4) / squared_scale(case)
    needed = case.factor * ball(case.kappa) * effective_variance(case, raw)
    return 1 - needed / squared_separation


@claim(
    source=read_at("Assumption 4.4"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[Window("7", 24), Window("1", 72), Window("5", 30), Window("10", 19), Window("20", 12)],
    must_fail={
        "one step more": lambda case: replace(case, last=case.last + 1),
        "one step less": lambda case: replace(case, last=case.last - 1),
        "kappa five per cent larger": lambda case: replace(
            case, kappa=str(1.05 * float(case.kappa))
        ),
        "without the dimension": lambda case: replace(case, factor=4),
        "noise ten per cent stronger": lambda case: replace(case, beta_max="0.022"),
    },
)
def modes_are_far_apart_exactly_up_to_raw_step_24(case: Window) -> Finding:
    r"""On the 25-mode grid in $d = 2$ (spacing 2, deviation 0.02, normalised) with the linear
    schedule $\beta$ from $10^{-4}$ to $0.02$ in 1000 steps, $\ell^2 \ge 4\kappa d\,s_t^2$ holds
    at $\kappa = 7$ exactly for the raw steps $t \le 24$; for $\kappa = 1, 5, 10, 20$ exactly up
    to $72, 30, 19, 12$. ($s_t$ increases with $t$, so the two steps around the end decide.)
    """
    holds_at_the_last = enclosed(lambda: room(case, case.last))
    fails_after_it = enclosed(lambda: -room(case, case.last + 1))
    return all_hold(holds_at_the_last, fails_after_it)
