r"""Second point of Theorem A.4 for every law of Assumption 5.1, up to a stated noise level."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import share
from proofs_check.lu2025_local_generation_bias._every_law import (
    FARTHEST,
    THICKEST,
    bound,
    share_above,
)
from proofs_check.lu2025_local_generation_bias.an_exceptional_law_grows_fastest_off_the_axis import (  # noqa: E501
    Exceptional,
)
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.claims.bulk import enclosed_in_bulk
from theorylab.parity import best_axis_bias

SPACING = 50
"""Levels at which the best bias is computed; between them it is interpolated, which is sound."""

LEAST = 0.5639
"""g* is larger."""


@dataclass(frozen=True)
class Range:
    """Levels s = sqrt(alpha_bar) from low to high, and the size of the start grid."""

    low: float
    high: float
    parts: tuple[int, int, int] = (20, 32, 16)
    share: str = field(default="1", repr=False)
    exception: Exceptional | None = field(default=None, repr=False)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.REPAIRS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Range(0.0, 0.8, (40, 32, 16)),
        Range(0.8, 0.95),
        Range(0.95, 0.98),
        Range(0.98, 0.98995),
    ],
    must_fail={
        "2 per cent below the best of the axis": lambda case: replace(case, share="0.98"),
        "up to the noise of the exceptional law": lambda case: replace(
            case, exception=Exceptional()
        ),
    },
    given=[
        "lu2025_local_generation_bias/growth_rate_is_activation_probability",
        "lu2025_local_generation_bias/axis_growth_has_one_global_maximiser",
    ],
)
def only_the_axis_grows_fastest_under_every_pairwise_independent_law(case: Range) -> Finding:
    r"""For every $0 \le \bar\alpha \le .98$, every $d$ and every law with $E v_k = E v_k v_l = 0$,
    $k \ne l$: on the unit sphere $K(w, b) \le \nu g^*$, $g^* = \max_D f(D)/2$, with equality for
    $w_i > 0$ only at $(w, b) \propto (e_i, D^*)$.

    So the second point of Theorem A.4 holds there, for the parities of three and more bits among
    others (for $w_i < 0$ by the flip of $v_i$), although its proof fails. On the axis this is the
    uniqueness of $D^*$. Off it the distribution of $w_\perp \cdot v_\perp$ enters through its
    mean 0 given $v_i$ and its second moment $|w_\perp|^2$ only: $\Phi$ is replaced by quadratic
    majorants, certified by ball arithmetic. With $\rho^2 = w_i^2/|w|^2$, $\tau = 1 - \rho^2$ and
    $\beta = b/|w|$ the resulting inequality in three numbers is proved by branch and bound on
    $(\sqrt{\bar\alpha}, \beta, \tau) \in [0, .98995] \times [-1.47, 1.47] \times [0, .69]$,
    divided by $\tau$ near the axis. Outside these $\beta$ and $\tau$ it holds since $g^* > .5639$
    and no probability exceeds 1.
    """
    found = [on_the_axis(case, s) for s in (case.low, (case.low + case.high) / 2, case.high)]
    if case.exception is not None:
        found.append(below_the_axis(case.exception))
    if case.share != "1" or case.exception is not None:
        return all_hold(*found)
    levels = np.linspace(case.low, case.high, SPACING)
    best = np.array([best_axis_bias(float(s) ** 2).bias for s in levels])
    least = partial(share_above, least=LEAST, best=best, levels=levels)
    found.append(enclosed_in_bulk(least, [(case.low, case.high)], parts=(1000,)))
    found.append(outside_of_the_box())
    look = partial(bound, best=best, levels=levels)
    box = [(case.low, case.high), (-FARTHEST, FARTHEST), (0, THICKEST)]
    return all_hold(*found, enclosed_in_bulk(look, box, parts=case.parts))


def on_the_axis(case: Range, s: float) -> Finding:
    """The claimed maximum is not below what the axis offers next to D*."""
    bias = best_axis_bias(s**2).bias
    rest = 1 - arb(s) ** 2
    top = ball(case.share) * share(arb(bias), rest)
    return enclosed(lambda: top + ball("1e-9") - share(arb(bias) + ball("1e-3"), rest))


def outside_of_the_box() -> Finding:
    """There rho is below g* sqrt(1 + beta^2)."""
    far = enclosed(lambda: ball(LEAST) * (1 + ball(FARTHEST) ** 2).sqrt() - 1)
    thick = enclosed(lambda: ball(LEAST) ** 2 - (1 - ball(THICKEST)))
    return all_hold(far, thick)


def below_the_axis(exception: Exceptional) -> Finding:
    """The claim for one law and neuron: false for the exceptional one."""
    rest = ball(exception.one_minus)
    top = share(arb(best_at(rest)), rest) + ball("1e-10")
    return enclosed(lambda: top - exception.rate())


def best_at(rest: arb) -> float:
    """D* by a grid; the best bias is near 1 where the noise is small."""
    grid = [1 + k * 1e-4 for k in range(2000)]
    return max(grid, key=lambda D: float(share(arb(D), rest)))
