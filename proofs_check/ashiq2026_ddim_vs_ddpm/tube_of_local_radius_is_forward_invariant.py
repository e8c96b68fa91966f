"""Theorem 4.2, sharper: a radius that knows neither the other modes' distance nor their place."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.ashiq2026_ddim_vs_ddpm import read_at
from proofs_check.ashiq2026_ddim_vs_ddpm._dominated import (
    Dominated,
    closest_modes,
    points_about,
    project,
)
from proofs_check.ashiq2026_ddim_vs_ddpm._laws import USUAL, Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import GaussianMixture

POINTS = 4000


@dataclass(frozen=True)
class Tube:
    """A law at ell^2/s^2 = `a`, a margin, and the factor of the radius.

    The law None is the extremal one: a pair and one outsider at the margin, straight above the
    point of the tube where the field points outward the most.
    """

    law: Law | None
    a: float
    kappa: float
    size: float = 1.0
    lighter: float = 1 / 3
    weighted: bool = True
    far: bool = True
    unit: float = 1.0
    tight: float = 0.999


@claim(
    source=read_at("Theorem 4.2 and Corollary 4.3"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        Tube(None, 3e4, 1.0),
        Tube(None, 3e4, 3.0, lighter=0.2),
        Tube(None, 3e4, 3.0, unit=100.0),
        Tube(None, 200.0, 8.0, tight=0.95),
        *[Tube(law, 56.0, 7.0) for law in USUAL],
        *[Tube(law, 20.0, 5.0) for law in USUAL],
    ],
    must_fail={
        "two per cent smaller": lambda case: replace(case, size=0.98),
        "the margin's own distance is dropped": lambda case: replace(case, far=False),
        "equal weights supposed": lambda case: replace(case, weighted=False),
    },
)
def tube_of_local_radius_is_forward_invariant(case: Tube) -> Finding:
    r"""Let $i, j$ dominate with margin $\kappa \ge 1/2$ wherever
    $\operatorname{dist}(y, L) = r$, with
    $\rho = e^{-\kappa}\max_{n\in\{i,j\}}\sum_{k\ne i,j}\pi_k/\pi_n < 1$ and

    $$r \ge \rho\,\sqrt{\frac{\ell^2/4 + 2\kappa s^2}{1-\rho^2}} .$$

    Then $\langle n, \bar m(y) - y\rangle \le 0$ on the boundary of the tube of radius $r$ about
    the plain segment, caps included ($n$ is its outer normal), so the tube is forward invariant,
    and stays so as $s$ decreases. The distance $\Delta$ of the other modes does not occur, and
    the constant cannot be smaller by two per cent. On the grid of the paper at
    $\kappa = 7$, $s^2 = \ell^2/56$ the radius is $0.010489 = 1.483\sigma$.

    Proof. With $\phi = \operatorname{dist}(\cdot, L)$ and $D_k = |y-\mu_k|^2$, and $h$ the
    nearer of $i, j$: $\phi(\mu_k) \le \sqrt{D_k} + \phi(y)$, $w_k\sqrt{D_k} \le
    w_h\,\tfrac{\pi_k}{\pi_h}e^{-\kappa}\sqrt{D_h + 2\kappa s^2}$ (as $\sqrt D e^{-D/2s^2}$ falls
    for $D > s^2$) and $D_h \le \ell^2/4 + r^2$, so the field points inward
    as soon as $\rho\sqrt{\ell^2/4 + r^2 + 2\kappa s^2} \le r$.
    """
    at, r = extremal(case) if case.law is None else boundary(case, case.law)
    kept = at.kappa >= case.kappa * (1 - 1e-12)
    a, b = at.ends
    foot = project(at.y, a, b)
    normal = (at.y - foot) / r[:, None]
    pull = ((at.mbar - foot) * normal).sum(-1) / r
    tight = case.tight if case.law is None else None
    inward = at_most(pull[kept], torch.ones_like(pull[kept]), budget=1e-9, tight=tight)
    if case.law != USUAL[0] or case.kappa != 7.0 or case.a != 56.0:
        return inward
    value = equal(r / case.size, 0.010489, budget=1e-4)
    sigma = equal(r / case.size / float(at.mixture.variance) ** 0.5, 1.4834, budget=1e-4)
    return all_hold(inward, value, sigma)


def radius(case: Tube, rho: Tensor, ell: Tensor, s: float) -> Tensor:
    """The radius of the statement."""
    margin = 2 * case.kappa * s**2 if case.far else 0.0
    return case.size * rho * torch.sqrt((ell**2 / 4 + margin) / (1 - rho**2))


def boundary(case: Tube, law: Law) -> tuple[Dominated, Tensor]:
    """Points on the boundary of the tube about every mode's nearest edge."""
    mixture = law.mixture()
    ell = closest_modes(mixture)
    s = ell / math.sqrt(case.a)
    drawn = points_about(mixture, 0.2 * ell / math.sqrt(mixture.d), POINTS, seed=43)
    apart = (mixture.means[:, None] - mixture.means).norm(dim=-1).fill_diagonal_(torch.inf)
    ends = torch.tensor(divmod(int(apart.argmin()), mixture.K)).expand(POINTS, 2)
    near = mixture.means[ends[0]].mean(0)
    y = near + (drawn - mixture.means[torch.cdist(drawn, mixture.means).argmin(-1)])
    at = Dominated(mixture, s, y, ends)
    rho = at.rho(torch.full((POINTS,), case.kappa), weighted=case.weighted)
    r = radius(case, rho, at.ell, s)
    foot = project(y, *at.ends)
    outward = (y - foot) / (y - foot).norm(dim=-1, keepdim=True)
    return Dominated(mixture, s, foot + r[:, None] * outward, ends), r


def extremal(case: Tube) -> tuple[Dominated, Tensor]:
    """One point above the segment, near its middle, with the outsider straight above it."""
    ell = case.unit
    s = ell / math.sqrt(case.a)
    weights = torch.tensor([case.lighter, 2 / 3 - case.lighter, 1 / 3])
    pair = torch.tensor([[0, 1]])
    flat = torch.tensor([[ell / 2, 0.0], [-ell / 2, 0.0], [0.0, 9.0 * ell]])
    alone = Dominated(GaussianMixture(flat, s**2 / 4, weights), s, torch.zeros(1, 2), pair)
    rho = alone.rho(torch.tensor([case.kappa]), weighted=case.weighted)
    r = radius(case, rho, torch.tensor([ell]), s)
    aside = math.log(case.a / 2) * s**2 / ell
    near = (ell / 2 - aside) ** 2 + float(r) ** 2
    above = float(r) + math.sqrt(near + 2 * case.kappa * s**2)
    means = torch.tensor([[ell / 2, 0.0], [-ell / 2, 0.0], [aside, above]])
    mixture = GaussianMixture(means, s**2 / 4, weights)
    return Dominated(mixture, s, torch.tensor([[aside, float(r)]]), pair), r
