"""Corollary 4.3 in the coordinates of the sampler: what a fixed radius there costs."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Entry:
    """The raw step of entry, and the growth of the radius in x until the data, to 1e-4."""

    raw: int
    growth: str
    beta_max: str = "0.02"
    root: bool = True


@claim(
    source=read_at("Corollary 4.3 (a tube of fixed radius in x)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.ENCLOSED,
    cases=[Entry(24, "1.0042"), Entry(8, "1.0008"), Entry(72, "1.0303"), Entry(300, "1.5931")],
    must_fail={
        "abar, not its root": lambda case: replace(case, root=False),
        "betas three per cent larger": lambda case: replace(case, beta_max="0.0206"),
        "one step later": lambda case: replace(case, raw=case.raw - 1),
    },
    given=["ashiq2026_ddim_vs_ddpm/trajectories_stay_in_the_tube_they_entered"],
)
def radius_of_the_tube_in_x_grows_by_less_than_half_a_per_cent(case: Entry) -> Finding:
    r"""A trajectory that enters the tube of radius $r$ in $y$ at $t^*$ is, in $x =
    \sqrt{\bar\alpha_t}\,y$, within $\sqrt{\bar\alpha_t}\,r$ of the segment afterwards: relative
    to the radius $\sqrt{\bar\alpha_{t^*}}\,r$ at its entry the tube grows by the factor
    $\sqrt{\bar\alpha_t/\bar\alpha_{t^*}}$, which increases to $1/\sqrt{\bar\alpha_{t^*}}$ at the
    data. With the schedule of the paper this is $1.0042$ for an entry at the raw step $24$,
    $1.0008$ at $8$, but $1.0303$ at $72$ and $1.5931$ at $300$ (to $10^{-4}$).
    """
    half = ball("0.00005")
    return all_hold(
        enclosed(lambda: growth(case) - (ball(case.growth) - half)),
        enclosed(lambda: ball(case.growth) + half - growth(case)),
        enclosed(lambda: growth(case) - 1),
    )


def growth(case: Entry) -> arb:
    """1 / sqrt(abar) at the raw step of entry."""
    low, high = ball("0.0001"), ball(case.beta_max)
    kept = ball(1)
    for step in range(case.raw + 1):
        kept *= 1 - (low + (high - low) * step / 999)
    return 1 / (kept.sqrt() if case.root else kept)
