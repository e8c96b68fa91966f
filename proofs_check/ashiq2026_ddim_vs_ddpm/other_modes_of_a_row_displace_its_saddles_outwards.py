"""Proposition B.1 (2) on the paper's grid: the displacement of each saddle of a row."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Row:
    """Separation a = ell^2/s^2 and the displacements of the four saddles of a row, over ell."""

    a: str
    displacements: tuple[str, ...]
    modes: int = 5
    mirrored: bool = False


@claim(
    source=read_at("Proposition B.1 (2)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[
        Row("56", ("-2.758e-26", "-1.051e-74", "1.051e-74", "2.758e-26")),
        Row("16", ("-2.813e-8", "-5.938e-22", "5.938e-22", "2.813e-8")),
        Row("8", ("-2.509e-4", "-4.692e-11", "4.692e-11", "2.509e-4")),
    ],
    must_fail={
        "the other direction": lambda case: replace(case, mirrored=True),
        "six modes in a row": lambda case: replace(case, modes=6),
        "two per cent less separated": lambda case: replace(case, a=str(0.98 * float(case.a))),
        "two per cent more displaced": lambda case: replace(
            case, displacements=tuple(str(1.02 * float(d)) for d in case.displacements)
        ),
    },
    given=["ashiq2026_ddim_vs_ddpm/scores_and_samplers_of_a_product_grid_split_by_coordinate"],
)
def other_modes_of_a_row_displace_its_saddles_outwards(case: Row) -> Finding:
    r"""On the line through a row of the 25-mode grid (five modes; the other rows cancel, as the
    grid is a product) the exact drift at $a = \ell^2/s^2$ turns from negative to positive within
    half a per cent of the points that lie, for the four pairs from one end to the other,

    $$-2.758\cdot 10^{-26}, \quad -1.051\cdot 10^{-74}, \quad 1.051\cdot 10^{-74}, \quad
      2.758\cdot 10^{-26} \qquad (a = 56)$$

    lengths $\ell$ from the midpoints: outwards. At $a = 16$ it is $2.813\cdot 10^{-8}$ and
    $5.938\cdot 10^{-22}$, at $a = 8$ it is $2.509\cdot 10^{-4}$ and $4.692\cdot 10^{-11}$. The
    inner pairs are moved only by the one mode that has no mirror image.
    """
    parts = []
    for k, shift in enumerate(case.displacements):
        sign = -1 if case.mirrored else 1
        stated = sign * ball(shift)
        inner, outer = (stated * ball(share) for share in ("0.995", "1.005"))
        low, high = (inner, outer) if sign * float(shift) > 0 else (outer, inner)
        parts.append(enclosed(lambda k=k, x=low: -drift(case, k, x), bits=400))
        parts.append(enclosed(lambda k=k, x=high: drift(case, k, x), bits=400))
    return all_hold(*parts)


def drift(case: Row, k: int, x: arb) -> arb:
    """The exact parallel drift at p = 1/2 + x between modes k and k + 1 of the row."""
    a = ball(case.a)
    places = [m - k for m in range(case.modes)]
    p = ball("0.5") + x
    weights = [(-a / 2 * (p - q) ** 2).exp() for q in places]
    mean = sum((w * q for w, q in zip(weights, places, strict=True)), ball(0))
    return mean / sum(weights, ball(0)) - p
