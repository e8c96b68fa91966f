"""What the tube of radius 25 e^{-7} holds of the exact law, at the end of the run and before."""

from dataclasses import dataclass, replace

from flint import arb

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from theorylab.claims import Evidence, Finding, Relation, all_hold, ball, claim, enclosed


@dataclass(frozen=True)
class Step:
    """A raw step and the share to three digits; what is taken for the deviation and radius."""

    raw: int
    share: str
    modes: int = 25
    kappa: str = "7"
    spread: str = "1"
    beta_max: str = "0.02"


@claim(
    source=read_at("Theorem 4.2 and Proposition 4.7 (the tube that later results condition on)"),
    relation=Relation.BEYOND,
    evidence=Evidence.ENCLOSED,
    cases=[
        Step(24, "0.195"),
        Step(21, "0.217"),
        Step(20, "0.226"),
        Step(8, "0.424"),
        Step(2, "0.740"),
        Step(0, "0.937"),
    ],
    must_fail={
        "one more step": lambda case: replace(case, raw=case.raw + 1),
        "one more mode in N e^{-kappa}": lambda case: replace(case, modes=26),
        "kappa one per cent larger": lambda case: replace(case, kappa="7.07"),
        "noise two per cent wider": lambda case: replace(case, spread="1.02"),
        "betas two per cent larger": lambda case: replace(case, beta_max="0.0204"),
    },
    given=["ashiq2026_ddim_vs_ddpm/modes_are_far_apart_exactly_up_to_raw_step_24"],
)
def fixed_pair_tube_holds_one_sample_in_five_when_modes_are_far_apart(case: Step) -> Finding:
    r"""On the 25-mode grid in $d = 2$ let $x_t = \sqrt{\bar\alpha_t}\mu_i + \sigma_t g$ be a
    sample of $p_t$ from the mode $i$ and $j$ a neighbour, $z_t$ the offset of $x_t$ across their
    line. Then

    $$P(|z_t| \le 25 e^{-7}) = \operatorname{erf}\Big(\frac{25 e^{-7}}{\sqrt2\,\sigma_t}\Big)
      = 0.195,\ 0.217,\ 0.226,\ 0.424,\ 0.740,\ 0.937$$

    at the raw steps $24, 21, 20, 8, 2, 0$, to three digits. So at the first step at which the
    modes are far apart at $\kappa = 7$ (raw 24) four of five samples are outside the tube, for
    every sampler that has the exact marginals.
    """
    half = ball("0.0005")
    return all_hold(
        enclosed(lambda: share(case) - (ball(case.share) - half)),
        enclosed(lambda: ball(case.share) + half - share(case)),
    )


def share(case: Step) -> arb:
    """erf(r / (sqrt(2) sigma_t)) with r = N e^{-kappa}."""
    low, high = ball("0.0001"), ball(case.beta_max)
    kept = ball(1)
    for step in range(case.raw + 1):
        kept *= 1 - (low + (high - low) * step / 999)
    squared_scale = (ball(16) + 2 * ball("0.02") ** 2) / 2
    deviation = (kept * ball("0.02") ** 2 / squared_scale + 1 - kept).sqrt()
    radius = case.modes * (-ball(case.kappa)).exp()
    return (radius / (ball(2).sqrt() * ball(case.spread) * deviation)).erf()
