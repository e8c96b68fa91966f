"""Theorem 1, gradient descent: its iterates in closed form and the step that is too long."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._laws import Law
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, equal, grid
from theorylab.diffusion import AffineDescent, AffineMap, hermite_rule


@dataclass(frozen=True)
class Descent:
    """A law, a noise level, and a step as a share of 1/lambda_max(M)."""

    sigma: float
    share: float
    law: Law
    steps: int = 200
    factor: float = 2.0
    noise: float = 1.0
    centred: bool = False


def descend(case: Descent, start: AffineMap, eta: float) -> AffineMap:
    """So many steps on E|W y + b - x|^2, the gradient by differentiation of the loss itself.

    The loss is a quadratic polynomial of y given x, for which three nodes a coordinate are exact.
    """
    means, shares = case.law.means, case.law.weights
    rules = [hermite_rule(Law(1, case.law.d).noised(case.sigma), nodes=3) for _ in means]
    shift = Law(1, case.law.d).means[0]
    y = torch.cat([rule[0] - shift + x for rule, x in zip(rules, means, strict=True)])
    p = torch.cat([w * rule[1] for rule, w in zip(rules, shares, strict=True)])
    x = means.repeat_interleave(len(rules[0][0]), 0)
    gain = start.matrix.clone().requires_grad_()
    bias = start.bias.clone().requires_grad_()
    for _ in range(case.steps):
        loss = p @ ((y @ gain.T + bias - x) ** 2).sum(-1)
        slopes = torch.autograd.grad(loss, (gain, bias))
        with torch.no_grad():
            gain -= eta * slopes[0]
            bias -= eta * slopes[1]
    return AffineMap(gain.detach(), bias.detach())


def stacked(affine: AffineMap) -> Tensor:
    """The matrix [W, b]."""
    return torch.cat((affine.matrix, affine.bias[:, None]), 1)


@claim(
    source=PAPER.at("Theorem 1 (gradient descent)"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=grid(Descent, sigma=[0.3, 2.0], share=[0.5, 0.99, 1.01], law=[Law(), Law(6, 3, 0.0, 9)]),
    must_fail={
        "rate without the factor 2": lambda case: replace(case, factor=1.0),
        "two per cent more noise": lambda case: replace(case, noise=1.02),
        "second moments of centred data": lambda case: replace(case, centred=True),
    },
    given=["li2024_gaussian_structure/best_affine_denoiser_is_the_wiener_filter"],
)
def gradient_descent_reaches_the_wiener_filter_below_a_sharp_step(case: Descent) -> Finding:
    r"""Gradient descent on $E|Wy + b - x|^2$ with step $\eta$ from any start $A_0 = [W_0, b_0]$ is

    $$A_k = A^* + (A_0 - A^*)(I - 2\eta M)^k, \qquad
      M = \begin{pmatrix}\Sigma + \mu\mu^\top + \sigma^2 I & \mu \\ \mu^\top & 1\end{pmatrix},$$

    with $A^* = [W^*, (I - W^*)\mu]$, $W^* = \Sigma(\Sigma + \sigma^2 I)^{-1}$, for every law with
    these moments. So it converges to the Gaussian denoiser from every start if
    $\eta < 1/\lambda_{\max}(M)$ ("small enough" in the theorem), and not if
    $\eta > 1/\lambda_{\max}(M)$: along the top eigenvector of $M$ the error is multiplied by
    $-0.98$ per step at 0.99 of this threshold and by $-1.02$ at 1.01 of it.
    """
    law, d = case.law, case.law.d
    gaussian = law.gaussian()
    mean = torch.zeros(d) if case.centred else gaussian.mean
    covariance = (gaussian.directions * gaussian.eigenvalues) @ gaussian.directions.T
    told = AffineDescent(mean, covariance, case.noise * case.sigma)
    true = AffineDescent(gaussian.mean, covariance, case.sigma)
    eta = case.share * true.threshold
    generator = torch.Generator().manual_seed(5)
    start = AffineMap(torch.randn(d, d, generator=generator), torch.randn(d, generator=generator))
    reached = stacked(descend(case, start, eta))
    closed = stacked(told.after(case.steps, case.factor / 2 * eta, start=start))
    top = torch.linalg.eigh(true.moments)[1][:, -1]
    goal = stacked(true.limit)
    before, after = (stacked(start) - goal) @ top, (reached - goal) @ top
    growth = (1 - case.factor * case.share) ** case.steps
    parts = [equal(reached, closed, budget=1e-9)]
    if abs(growth) > 1e-6:
        parts.append(equal(after, growth * before, budget=1e-8))
    return all_hold(*parts)
