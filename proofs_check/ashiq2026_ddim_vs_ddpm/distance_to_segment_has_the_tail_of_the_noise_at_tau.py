"""Theorem 4.2, the probability: repaired by taking the tail at tau instead of at T."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._dominated import (
    Dominated,
    closest_modes,
    distance,
    nearest,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import RANDOM, USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, at_most, claim, grid
from theorylab.diffusion import GaussianMixture, clock_dynamics
from theorylab.integrate import DOPRI5, solve_ode

STARTS = 150
PLACES = 13


@dataclass(frozen=True)
class Start:
    """A law entered at ell/s = `separations`; factors of the two terms of the bound."""

    law: Law
    separations: float
    seed: int = 41
    noise: float = 1.0
    power: float = 1.0
    leak: float = 1.0
    rescaled: bool = False


@claim(
    source=read_at("Theorem 4.2 (probability)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[Start(RANDOM, 2.0), *grid(Start, law=USUAL, separations=[5.0])],
    must_fail={
        "noise two per cent smaller": lambda case: replace(case, noise=0.98),
        "two per cent faster": lambda case: replace(case, power=1.02),
        "nothing leaks to other modes": lambda case: replace(case, leak=0.0),
        "the distance of y, not of x": lambda case: replace(case, rescaled=True),
    },
    given=[
        "ashiq2026_ddim_vs_ddpm/distance_to_segment_contracts_along_the_flow",
        "ashiq2026_ddim_vs_ddpm/"
        "gaussian_norm_exceeds_root_d_by_more_than_its_tail_with_small_probability",
    ],
)
def distance_to_segment_has_the_tail_of_the_noise_at_tau(case: Start) -> Finding:
    r"""Let $x_\tau = \sqrt{\bar\alpha_\tau}\mu_K + \sigma_\tau g$ be drawn from $p_\tau$
    ($g \sim N(0, I_d)$), and let its two nearest modes dominate with margin $\kappa$ from $\tau$
    down to $t$. Then, on every trajectory of the probability flow,

    $$d_\perp(x_t) \le \sigma_t\,|g|
      + \sqrt{\bar\alpha_t}\,\Big(1 - \frac{s_t}{s_\tau}\Big)\frac{\rho}{1+\rho}\,\Delta,$$

    with $\rho$ and $\Delta$ as in the bound for trajectories; hence by Lemma G.5 the event that
    they dominate and $d_\perp(x_t) > \sigma_t(\sqrt d + \sqrt{2\ln(1/\delta)})
    + \sqrt{\bar\alpha_t}\tfrac{\rho}{1+\rho}\Delta$ has probability at most $\delta$.
    No factor $1/\sqrt{\bar\alpha_T}$ is left, and $\sigma_t \le \max(1, \sigma)$.
    """
    mixture = case.law.mixture()
    s = closest_modes(mixture) / case.separations
    y, norm = draws(case, mixture, s)
    flow = clock_dynamics(mixture, s_start=s)
    times = torch.linspace(0.0, flow.stop, PLACES)
    path = solve_ode(flow, y, method=DOPRI5, times=times, rtol=1e-9, atol=1e-10 * s)
    pair = nearest(mixture, s, y)
    ratio = torch.exp(-path.times)[:, None]
    at = [
        Dominated(mixture, s * float(r), state, pair.pair)
        for r, state in zip(ratio, path.states, strict=True)
    ]
    kappa = torch.stack([one.kappa for one in at]).cummin(0).values
    rho = pair.rho(kappa)
    levels = s * ratio
    shrink = 1 / torch.sqrt(1 + levels**2 - mixture.variance)
    own = case.noise * shrink * levels * ratio ** (case.power - 1) * norm
    leak = case.leak * shrink * (1 - ratio) * rho / (1 + rho) * pair.delta
    a, b = pair.ends
    found = distance(path.states, a, b) * (1 if case.rescaled else shrink)
    share = (found / (own + leak))[kappa > 0]
    return at_most(share, torch.ones_like(share), budget=1e-7, tight=0.999)


def draws(case: Start, mixture: GaussianMixture, s: float) -> tuple[Tensor, Tensor]:
    """Points of the law at deviation s, and |g| of each."""
    generator = torch.Generator().manual_seed(case.seed)
    which = torch.multinomial(mixture.weights, STARTS, replacement=True, generator=generator)
    g = torch.randn(STARTS, mixture.d, generator=generator)
    return mixture.means[which] + s * g, g.norm(dim=-1)
