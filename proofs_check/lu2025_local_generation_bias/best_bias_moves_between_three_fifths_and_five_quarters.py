r"""Equation (5) in numbers: the best bias D* and the largest growth rate at ten noise levels."""

from dataclasses import dataclass, field, replace

from flint import arb

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._axis_balls import ascent, share
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed
from theorylab.parity import best_axis_bias, stationary_biases

HALF = "0.00000000006"
"""Half a unit of the tenth digit, and a tenth of it."""


@dataclass(frozen=True)
class Level:
    """A noise level, the best bias, its share of nu, and the number of stationary points."""

    alpha_bar: str
    bias: str
    share: str
    stationary: int
    of_share: str = field(default="1", repr=False)


@claim(
    source=PAPER.at("Equation (5)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[
        Level("0.1", "0.6220414580", "0.6220193850", 1),
        Level("0.25", "0.6229128138", "0.6192168739", 1),
        Level("0.5", "0.6428648645", "0.6038309884", 1),
        Level("0.6", "0.6854161581", "0.5911843914", 1),
        Level("0.7", "0.8322097977", "0.5747943784", 1),
        Level("0.8", "1.0713807325", "0.5642306052", 1),
        Level("0.85", "1.1581464253", "0.5649898286", 3),
        Level("0.9", "1.2156171088", "0.5719847614", 3),
        Level("0.95", "1.2325278782", "0.5908522939", 3),
        Level("0.99", "1.1634130967", "0.6368248647", 3),
    ],
    must_fail={
        "a bias 1e-9 larger": lambda case: replace(case, bias=f"{float(case.bias) + 1e-9:.10f}"),
        "a share 1e-9 larger": lambda case: replace(
            case, share=f"{float(case.share) + 1e-9:.10f}"
        ),
        "one stationary point more": lambda case: replace(case, stationary=case.stationary + 1),
    },
)
def best_bias_moves_between_three_fifths_and_five_quarters(case: Level) -> Finding:
    r"""The maximiser $D^*$ of $f$ and $K_{\max}/\nu = f(D^*)/2$, to ten digits.

    | $\bar\alpha$ | $D^*$ | $K_{\max}/\nu$ |
    |---|---|---|
    | .1 | 0.6220414580 | 0.6220193850 |
    | .25 | 0.6229128138 | 0.6192168739 |
    | .5 | 0.6428648645 | 0.6038309884 |
    | .6 | 0.6854161581 | 0.5911843914 |
    | .7 | 0.8322097977 | 0.5747943784 |
    | .8 | 1.0713807325 | 0.5642306052 |
    | .85 | 1.1581464253 | 0.5649898286 |
    | .9 | 1.2156171088 | 0.5719847614 |
    | .95 | 1.2325278782 | 0.5908522939 |
    | .99 | 1.1634130967 | 0.6368248647 |

    $f'$ changes sign from plus to minus within the last digit, and the value there is enclosed;
    `theorylab.parity.best_axis_bias` returns the same numbers. It finds one stationary point of
    $f$ up to $\bar\alpha = .8$ and three from $.85$ on.
    """
    rest, bias, half = 1 - ball(case.alpha_bar), ball(case.bias), ball(HALF)
    found = [
        enclosed(lambda: ascent(bias - half, rest), bits=128),
        enclosed(lambda: -ascent(bias + half, rest), bits=128),
    ]
    off = share(bias, rest) - ball(case.share)
    found.append(enclosed(lambda: half - off.max(-off), bits=128))
    library, points = (
        best_axis_bias(float(case.alpha_bar)),
        stationary_biases(float(case.alpha_bar)),
    )
    gap = arb(library.bias) - bias
    found.append(enclosed(lambda: ball("1e-9") - gap.max(-gap)))
    count = ball(len(points) - case.stationary)
    found.append(enclosed(lambda: ball("0.5") - count.max(-count)))
    return all_hold(*found)
