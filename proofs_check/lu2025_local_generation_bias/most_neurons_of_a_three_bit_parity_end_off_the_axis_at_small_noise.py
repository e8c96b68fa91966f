r"""Where the directions of the surrogate flow end: on the axis, or at the second maximum of K."""

from dataclasses import dataclass, field, replace

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._census import (
    ended_at,
    ended_on_the_axis,
    followed,
)
from theorylab.claims import (
    Evidence,
    Finding,
    Relation,
    all_hold,
    claim,
    rate_at_most,
    rate_between,
)

ERRORS: dict[str, float] = {"false_alarm": 1e-13, "miss": 1e-13}
LEAN, BIAS = 0.56, 0.46
"""The second maximum at alpha_bar = .9."""


@dataclass(frozen=True)
class Census:
    """A parity of d bits, a noise level, neurons, a time; where most end, and the share of it."""

    d: int
    alpha_bar: float
    neurons: int
    time: float
    off_axis: bool
    share: tuple[float, float]
    seed: int = 0
    lean: float = field(default=LEAN, repr=False)


def at_other_noise(case: Census) -> Census:
    """The other noise level, and the same statement."""
    return replace(case, alpha_bar=0.9 if case.alpha_bar == 0.5 else 0.5)


@claim(
    source=PAPER.at("Theorem A.4, second point"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[
        Census(3, 0.5, 1000, 20.0, False, (0.94, 1.0)),
        Census(3, 0.9, 1000, 40.0, True, (0.55, 0.80)),
    ],
    thorough=[Census(4, 0.9, 1000, 200.0, False, (0.55, 0.85))],
    must_fail={
        "the other noise level": at_other_noise,
        "a maximum at twice the lean": lambda case: replace(case, lean=2 * LEAN),
        "most of them at the other maximum": lambda case: replace(
            case, off_axis=not case.off_axis
        ),
    },
    given=[
        "lu2025_local_generation_bias/three_bit_parity_has_a_second_maximum_off_the_axis_at_small_noise"
    ],
)
def most_neurons_of_a_three_bit_parity_end_off_the_axis_at_small_noise(case: Census) -> Finding:
    r"""On $v_1 v_2 v_3 = 1$ and for balanced neurons with $w, b \sim N(0, I)$ given $w_1 > 0$ and
    $a > 0$, the surrogate flow turns

    - at $\bar\alpha = .5$ at least 94 per cent of them to $(e_1, D^*)$ within time 20;
    - at $\bar\alpha = .9$ between 55 and 80 per cent of them to the second maximum of $K$, at
      $|w_\perp|/w_1 = .56$ and $b/w_1 = .46$, within time 40, and at most 20 per cent to
      $(e_1, D^*)$, where $K$ is largest.

    On the parity of 4 bits at $\bar\alpha = .9$ it is between 55 and 85 per cent to $(e_1, D^*)$
    within time 200 (in the thorough run). "To" is within .1 in both ratios.
    """
    path = followed(case.d, case.alpha_bar, case.neurons, case.time, case.seed, False)
    on_axis, n = ended_on_the_axis(path, case.alpha_bar), case.neurons
    if not case.off_axis:
        if case.share[1] == 1:
            return rate_at_most(n - on_axis, n, 1 - case.share[0], reach=3.0, **ERRORS)
        return rate_between(on_axis, n, case.share, reach=0.5, **ERRORS)
    off = ended_at(path, case.lean, BIAS)
    return all_hold(
        rate_between(off, n, case.share, reach=0.5, **ERRORS),
        rate_at_most(on_axis, n, 0.20, reach=1.5, **ERRORS),
    )
