r"""Integrals over the law of a noised mixture, by rules whose nodes and weights are explicit.

Notation: q = sum_k w_k N(mu_k, v_k I); nodes y_j (n, d) and weights p_j (n,) stand for q:
sum_j p_j f(y_j) is close to E_q f(y).

Nothing adapts: the caller chooses the rule and its size, and sees the error by doubling it.
"""

import numpy as np
import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import PerPoint, Points
from theorylab.diffusion import _points
from theorylab.diffusion.mixture import GaussianMixture

MOST_NODES = 2_000_000
"""A rule with more nodes is refused: it would fill the memory."""


def lattice_rule(
    law: GaussianMixture, *, spacing: float = 0.5, reach: float = 9.0
) -> tuple[Points, PerPoint]:
    r"""The trapezoidal rule on a lattice, its step `spacing` deviations of the narrowest mode.

    The box reaches `reach` deviations of the widest mode beyond the outermost means. For f
    analytic in a strip of half-width a around the real axes the error falls like
    exp(-2 pi a / step), and for f = 1 it is exp(-2 pi^2 / spacing^2): 5e-35 at the default.
    Weights are the density times the cell, not normalised.

    Raises:
        ValueError: no mixture, a spacing or reach that is not positive, more than MOST_NODES
            nodes.
    """
    _points.instance("law", law, GaussianMixture)
    step = _require.positive("spacing", spacing) * float(law.variance.min()) ** 0.5
    margin = _require.positive("reach", reach) * float(law.variance.max()) ** 0.5
    low, high = law.means.amin(0) - margin, law.means.amax(0) + margin
    counts = [int(c) + 2 for c in ((high - low) / step).tolist()]
    _refuse_if_many(int(np.prod(counts, dtype=float)))
    axes = [a + step * torch.arange(n).to(law.means) for a, n in zip(low, counts, strict=True)]
    nodes = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, law.d)
    return nodes, law.log_prob(nodes).exp() * step**law.d


def hermite_rule(law: GaussianMixture, *, nodes: int = 20) -> tuple[Points, PerPoint]:
    """Gauss and Hermite's product rule in every component: K nodes^d nodes.

    It is exact for polynomials of degree 2 nodes - 1 in every coordinate.

    Raises:
        ValueError: no mixture, nodes < 1, more than MOST_NODES nodes.
    """
    _points.instance("law", law, GaussianMixture)
    count = _require.integer("nodes", nodes, at_least=1)
    _refuse_if_many(law.K * count**law.d)
    node, weight = (torch.as_tensor(a).to(law.means) for a in _hermite(count))
    unit = torch.cartesian_prod(*[node] * law.d).reshape(-1, law.d)
    mass = torch.cartesian_prod(*[weight] * law.d).reshape(-1, law.d).prod(-1)
    spread = law.variance.sqrt().expand(law.K)
    y = law.means[:, None] + spread[:, None, None] * unit
    return y.reshape(-1, law.d), (law.weights[:, None] * mass).reshape(-1)


def _hermite(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.hermite_e.hermegauss(count)
    return node, weight / weight.sum()


def _refuse_if_many(count: int) -> None:
    if count > MOST_NODES:
        msg = f"the rule must have at most {MOST_NODES} nodes, got {count}"
        raise ValueError(msg)


def mixture_moments(law: GaussianMixture) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of a mixture, sum w_k (v_k I + (mu_k - mu)(mu_k - mu)^T).

    Raises:
        ValueError: no mixture.
    """
    _points.instance("law", law, GaussianMixture)
    mean = law.weights @ law.means
    off = law.means - mean
    within = (law.weights * law.variance).sum() * torch.eye(law.d).to(law.means)
    return mean, within + (off.T * law.weights) @ off
