r"""How affine, how close and how new: the numbers by which denoisers and samples are compared.

Notation: D a denoiser at one noise level sigma, D_L its best affine fit; alpha, beta the weights
of a linear combination; N training points.

The linearity score is the literature's and measures no affinity (a constant has score 1);
`nonlinearity` is 0 for affine maps and only for them. Nothing is drawn here.
"""

import math

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, PerPoint
from theorylab.diffusion import _points
from theorylab.diffusion.affine import best_affine_fit, mean_square
from theorylab.diffusion.denoiser import Denoiser, GaussianDenoiser

HALF = math.sqrt(0.5)


def linearity_score(
    denoiser: Denoiser,
    first: ArrayLike,
    second: ArrayLike,
    sigma: float,
    *,
    alpha: float = HALF,
    beta: float = HALF,
) -> PerPoint:
    r"""The absolute cosine of D(a x_1 + b x_2) and a D(x_1) + b D(x_2), pair by pair; the LS.

    .. math:: LS = \frac{|\langle u, v\rangle|}{|u|\,|v|}, \quad
              u = D(\alpha x_1 + \beta x_2), \quad v = \alpha D(x_1) + \beta D(x_2)

    Raises:
        ValueError: points of different shapes, or a pair at which u or v is 0.
    """
    combined, apart = _combination(denoiser, first, second, sigma, alpha, beta)
    sizes = combined.norm(dim=-1) * apart.norm(dim=-1)
    if not bool((sizes > 0).all()):
        msg = "denoiser must not vanish on a pair, got a cosine with the vector 0"
        raise ValueError(msg)
    return (combined * apart).sum(-1).abs() / sizes


def linearity_defect(
    denoiser: Denoiser,
    first: ArrayLike,
    second: ArrayLike,
    sigma: float,
    *,
    alpha: float = HALF,
    beta: float = HALF,
) -> PerPoint:
    """The normalised form |u - v| / |u| of `linearity_score`, the NMSE, pair by pair.

    Raises:
        ValueError: as `linearity_score`.
    """
    combined, apart = _combination(denoiser, first, second, sigma, alpha, beta)
    size = combined.norm(dim=-1)
    if not bool((size > 0).all()):
        msg = "denoiser must not vanish on a pair, got a ratio with the vector 0"
        raise ValueError(msg)
    return (combined - apart).norm(dim=-1) / size


def _combination(
    denoiser: Denoiser,
    first: ArrayLike,
    second: ArrayLike,
    sigma: float,
    alpha: float,
    beta: float,
) -> tuple[Tensor, Tensor]:
    a, b = _require.number("alpha", alpha), _require.number("beta", beta)
    x = _require.array("first", first)
    y = _require.array("second", second, like=x).to(x)
    if x.shape != y.shape or x.ndim < 1:
        shapes = f"{tuple(x.shape)} and {tuple(y.shape)}"
        msg = f"first and second must be of one shape (*n, d), got {shapes}"
        raise ValueError(msg)
    return denoiser(a * x + b * y, sigma), a * denoiser(x, sigma) + b * denoiser(y, sigma)


def nonlinearity(y: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""The share of a denoiser that no affine map explains, in [0, 1].

    .. math:: NL = \frac{E|D - D_L|^2}{E|D - E D|^2}

    It is 0 exactly for maps that are affine almost everywhere on the law of y. It does not change
    when the data are shifted or scaled.

    Args:
        y: (n, d), samples or quadrature nodes.
        values: D(y), (n, d).
        weights: of the nodes, (n,).

    Raises:
        ValueError: as `best_affine_fit`, or values that are all equal.
    """
    points = _require.array("y", y)
    target = _require.array("values", values, like=points)
    fitted = best_affine_fit(points, target, weights)
    p = torch.full_like(points[:, 0], 1 / len(points))
    if weights is not None:
        p = _require.array("weights", weights, like=points).to(points)
    spread = mean_square(target - p @ target / p.sum(), weights)
    if spread == 0:
        msg = "values must not all be equal, got a denoiser that is constant"
        raise ValueError(msg)
    return mean_square(target - fitted(points), weights) / spread


def score_difference(first: ArrayLike, second: ArrayLike) -> PerPoint:
    """The distance |D_a - D_b| / sqrt(d) of two denoisers at each point, (*n, d) -> (*n).

    Its mean over the points is the "score difference" of the literature, which compares denoisers,
    not scores.

    Raises:
        ValueError: different shapes.
    """
    a = _require.array("first", first)
    b = _require.array("second", second, like=a)
    if a.shape != b.shape or a.ndim < 1:
        msg = f"first and second must be of one shape, got {tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(msg)
    return (a - b).norm(dim=-1) / math.sqrt(a.shape[-1])


def generalisation_score(samples: ArrayLike, data: ArrayLike) -> PerPoint:
    """The distance |x - NN(x)| / |x| of each sample from the nearest training point; the GL.

    It depends on where the origin of the pixel values lies.

    Raises:
        ValueError: different dimensions, no data, a sample at the origin.
    """
    points = _require.array("data", data)
    if points.ndim != 2 or 0 in points.shape:
        msg = f"data must be of shape (N, d) with N, d >= 1, got {tuple(points.shape)}"
        raise ValueError(msg)
    x = _points.points("samples", samples, like=points)
    size = x.norm(dim=-1)
    if not bool((size > 0).all()):
        msg = "samples must not be at the origin, got one that is"
        raise ValueError(msg)
    flat = x.reshape(-1, x.shape[-1])
    # the other mode of cdist loses half of the digits where a sample is a copy of a point
    apart = torch.cdist(flat, points.to(x), compute_mode="donot_use_mm_for_euclid_dist")
    return apart.amin(-1).reshape(size.shape) / size


def expected_disagreement(denoiser: GaussianDenoiser, sigma: float, count: int) -> float:
    r"""The leading term of E|D_G^{S1} - D_G^{S2}|^2 for two independent samples of a Gaussian law.

    .. math:: \frac{2}{N} \sum_i \frac{\sigma^4 \lambda_i}{(\lambda_i + \sigma^2)^2}
              \big(1 + df(\sigma) + g_i\big), \qquad
              g_i = \frac{\lambda_i}{\lambda_i + \sigma^2},\quad df = \sum_i g_i

    The true law is N(mu, Sigma) with the moments of `denoiser`, each set has N = `count` points,
    and the mean is over the sets and over y = x + sigma n; the remainder is O(1/N^2).

    Raises:
        ValueError: sigma < 0, count < 1.
    """
    gains = denoiser.gains(sigma)
    n = _require.integer("count", count, at_least=1)
    lost = denoiser.eigenvalues * (1 - gains) ** 2
    return 2 / n * float((lost * (1 + gains.sum() + gains)).sum())
