"""One Euler and one Heun step in an eigendirection, from their definitions."""

from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Integer, Rational

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, identity

lam, now, then = sympy.symbols("lambda t s", positive=True)
y = sympy.Symbol("y", real=True)


@dataclass(frozen=True)
class Step:
    """The product of levels in Euler's gain, the share of the second slope in Heun's."""

    product: Expr = now * then
    share: Expr = Rational(1, 2)
    noise: Expr = Integer(1)


def slope(state: Expr, sigma: Expr) -> Expr:
    """(y - D_G(y))/sigma along an eigenvector, about the mean."""
    return (state - lam / (lam + sigma**2) * state) / sigma


@claim(
    source=PAPER.at("Equation 7 and the sampler of the released code", label="EDM, Algorithm 1"),
    relation=Relation.BEYOND,
    evidence=Evidence.SYMBOLIC,
    cases=[Step()],
    must_fail={
        "the later level squared": lambda case: replace(case, product=then**2),
        "weights 0.49 and 0.51": lambda case: replace(case, share=Rational(49, 100)),
        "two per cent more noise": lambda case: replace(case, noise=Rational(51, 50)),
    },
)
def steps_of_a_sampler_with_the_gaussian_denoiser_have_closed_gains(case: Step) -> Finding:
    r"""Along an eigenvector of $\Sigma$ with eigenvalue $\lambda$, one step of the probability
    flow $dy/d\sigma = (y - D_G)/\sigma$ from $\sigma = t$ to $\sigma = s$ multiplies $y - \mu$ by

    $$g_E = \frac{\lambda + ts}{\lambda + t^2} \text{ (Euler)}, \qquad
      g_H = 1 + \frac{s - t}{2}\Big[\frac{t}{\lambda + t^2}
      + \frac{s}{\lambda + s^2}\cdot\frac{\lambda + ts}{\lambda + t^2}\Big] \text{ (Heun)}.$$

    The flow itself has $g = \sqrt{(\lambda + s^2)/(\lambda + t^2)}$, and
    $g^2 - g_E^2 = \lambda (s - t)^2/(\lambda + t^2)^2$: an Euler step always shrinks too much.
    """
    ahead = y + (then - now) * slope(y, now)
    corrected = y + (then - now) * (
        (1 - case.share) * slope(y, now) + case.share * slope(ahead, then)
    )
    euler = (lam + case.product) / (lam + case.noise * now**2)
    told = (lam + now * then) / (lam + now**2)
    heun = 1 + (then - now) / 2 * (now / (lam + now**2) + then / (lam + then**2) * told)
    exact = (lam + then**2) / (lam + now**2)
    return all_hold(
        identity(ahead, euler * y),
        identity(corrected, heun * y),
        identity(exact - euler**2, lam * (then - now) ** 2 / (lam + now**2) ** 2),
    )
