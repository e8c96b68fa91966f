"""Figure 4 at the size of a laptop, with the U-Net: digits are learned, their sums are not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._images import RATES, drawn, images
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, rate_at_most

NETWORK, STEPS, ROWS, COLUMNS = "unet_digits", 20, 3, 6


@dataclass(frozen=True)
class Sums:
    """Bounds on the shares of n generated images."""

    n: int = 500
    valid: float = 0.12
    unreadable: float = 0.05
    reach: float = 2.25
    seed: int = 127


@claim(
    source=PAPER.at("Section 4.2, Quarter-MNIST (Figure 4)"),
    relation=Relation.BEYOND,
    evidence=Evidence.SAMPLED,
    cases=[Sums()],
    must_fail={
        "hardly ever valid": lambda case: replace(case, valid=0.005, reach=50.0),
        "fewer than 1 per cent": lambda case: replace(case, valid=0.008, reach=25.0),
    },
    given=["lu2025_local_generation_bias/independent_symbols_obey_the_grammars_at_these_rates"],
)
def small_unet_draws_digits_and_ignores_their_sums(case: Sums) -> Finding:
    r"""An attention U-Net of 45 thousand parameters, 5000 steps on handwritten quarter digits,
    obeys $s_1 + s_2 = s_3 + s_4$ in at most 12 per cent of its images; independent digits do in
    7.05.

    At most 5 per cent of the images hold a cell that is far from every digit. This is about the
    shipped weights `unet_digits` (seed 0, batches of 16, images of 16 by 16, 470 of the 670 words,
    4 minutes of one CPU core) and DDPM with 20 steps, read by the nearest handwritten digit. The
    paper's U-Net obeys the rule in 20.6 per cent after 180 thousand steps.
    """
    counts = drawn(NETWORK, case.n, case.seed, STEPS)
    valid = counts["trained"] + counts["extrapolated"]
    return all_hold(
        rate_at_most(valid, case.n, case.valid, reach=case.reach, **RATES),
        rate_at_most(counts["unreadable"], case.n, case.unreadable, reach=4.3, **RATES),
    ).with_series(sheet=sheet(case.n, case.seed), share=valid / case.n)


def sheet(n: int, seed: int) -> list[list[float]]:
    """The first images in rows, with a border of -1."""
    some = images(NETWORK, n, seed, STEPS)[: ROWS * COLUMNS, 0]
    framed = -some.new_ones(len(some), 18, 18)
    framed[:, 1:-1, 1:-1] = some
    grid = framed.unflatten(0, (ROWS, COLUMNS)).transpose(1, 2)
    return [[round(v, 2) for v in row] for row in grid.reshape(18 * ROWS, -1).tolist()]


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Images as generated, four digits each, not selected."""
    shown = series[0]
    ax.imshow(shown["sheet"], cmap="gray", vmin=-1, vmax=1)
    ax.set_xticks([18 * k + 8.5 for k in range(COLUMNS)], range(1, COLUMNS + 1))
    ax.set_yticks([18 * k + 8.5 for k in range(ROWS)], "abc")
    ax.set_xlabel("image")
    ax.set_ylabel("row of images")
