"""Theorem 4.2, the probability: the tail of x_T is not one of the rescaled distance."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Prior:
    """A linear schedule; brackets of 1/sqrt(abar_T) and of the constant that would be needed."""

    steps: int
    factor: tuple[str, str]
    constant: tuple[str, str]
    delta: str = "0.01"
    beta_max: str = "0.02"
    root: bool = True


@claim(
    source=read_at("Theorem 4.2 (probability, read with a constant free of abar_T)"),
    relation=Relation.REFUTES,
    evidence=Evidence.ENCLOSED,
    cases=[
        Prior(500, ("12.546", "12.547"), ("8.558", "8.559")),
        Prior(1000, ("157.41", "157.42"), ("107.37", "107.38")),
        Prior(2000, ("24777", "24778"), ("16901", "16902")),
    ],
    must_fail={
        "noise two per cent weaker": lambda case: replace(case, beta_max="0.0196"),
        "abar instead of its root": lambda case: replace(case, root=False),
        "delta five times larger": lambda case: replace(case, delta="0.05"),
        "a constant of one": lambda case: replace(case, constant=("0.9", "1.1")),
    },
)
def tail_of_the_prior_in_rescaled_coordinates_carries_the_root_of_abar(case: Prior) -> Finding:
    r"""In the reading where Lemma G.5, a tail of $x_T \sim N(0, I_d)$, bounds $|y_T|$ in the
    rescaled coordinates $y = x/\sqrt{\bar\alpha}$ (the distance to a segment, up to the norms of
    its points) by $C(\sqrt d + \sqrt{2\ln(1/\delta)})$ with probability $1 - \delta$, there is no
    constant $C$ free of $\bar\alpha_T$. In $d = 2$ the smallest one is

    $$C = \frac{1}{\sqrt{\bar\alpha_T}}\cdot
      \frac{\sqrt{2\ln(1/\delta)}}{\sqrt 2 + \sqrt{2\ln(1/\delta)}},$$

    as $P(|x_T| > r) = e^{-r^2/2}$. For the schedule of the paper ($\beta$ from $10^{-4}$ to
    $0.02$ in 1000 steps) $1/\sqrt{\bar\alpha_T} = 157.4$ and $C = 107.4$ at $\delta = 0.01$; with
    500 steps they are $12.5$ and $8.56$, with 2000 steps $24778$ and $16902$.
    """

    def inverse_root() -> arb:
        kept = abar(case)
        return 1 / (kept.sqrt() if case.root else kept)

    def needed() -> arb:
        quantile = (-2 * ball(case.delta).log()).sqrt()
        return inverse_root() * quantile / (ball(2).sqrt() + quantile)

    return all_hold(
        enclosed(lambda: inverse_root() - ball(case.factor[0])),
        enclosed(lambda: ball(case.factor[1]) - inverse_root()),
        enclosed(lambda: needed() - ball(case.constant[0])),
        enclosed(lambda: ball(case.constant[1]) - needed()),
    )


def abar(case: Prior) -> arb:
    """abar_T, the product of 1 - beta over all steps."""
    low, high = ball("0.0001"), ball(case.beta_max)
    kept = ball(1)
    for step in range(case.steps):
        kept *= 1 - (low + (high - low) * step / (case.steps - 1))
    return kept
