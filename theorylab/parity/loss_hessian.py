r"""The exact second derivatives of the loss of a two-layer ReLU network on a law of the cube.

Notation: as `theorylab.parity.population`; x^ = (x, 1), theta_j = (w_j, b_j), s_j = nu |w_j|,
u_j = w_j / |w_j|; U_j / s_j = h + X and U_k / s_k = k + Y have correlation r, q = sqrt(1 - r^2),
t = (k - r h) / q; A = Phi(t). At a fixed vertex, xi the noise, d = u_k - r u_j:

.. math::
    E[1_j 1_k \xi] &= u_j e_j + u_k e_k, \qquad e_j = \phi(h) A, \\
    E[1_j 1_k \xi \xi^T] &= E[1_j 1_k] I - h e_j u_j u_j^T - k e_k u_k u_k^T
        + \frac{\phi(h) \phi(t)}{q} (u_j u_k^T + u_k u_j^T - r u_j u_j^T - r u_k u_k^T), \\
    E[\delta_j U_k^+ \xi] &= \frac{s_k}{s_j} (e_j d - h \epsilon u_j), \qquad
        \epsilon = \phi(h) (q t A + q \phi(t)), \\
    E[\delta_j U_k^+ \xi \xi^T] &= \frac{s_k}{s_j} \Big(\epsilon (I + (h^2 - 1) u_j u_j^T)
        - h e_j (u_j d^T + d u_j^T) + \frac{\phi(h) \phi(t)}{q} d d^T\Big).

What is divided by q vanishes like q^2. All vertices of the law are summed, none are grouped.
"""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from theorylab._typing import Matrices
from theorylab.parity.curvature import growth_rate_hessian
from theorylab.parity.growth import growth_rate_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.network import TwoLayerReLU
from theorylab.parity.normal_pairs import TINY, Correlation, Level, standard_moments
from theorylab.parity.population import setting_of
from theorylab.parity.posterior import signal_and_noise

BLOCK = 2**13
"""About how many (pair, vertex) entries are held at once."""

Fields: TypeAlias = list[tuple[tuple[Tensor, ...], Tensor]]
"""Means of some fields, as `_Scene.means` gives them, each with a vector (m, d)."""


def population_hessian(
    network: TwoLayerReLU, *, law: HypercubeLaw, coordinate: int = 0, alpha_bar: float
) -> Matrices:
    r"""The matrix of second derivatives of `population_loss`, exactly.

    .. math::
        \partial_{a_j} \partial_{a_k} L &= 2 E[U_j^+ U_k^+], \\
        \partial_{\theta_j} \partial_{a_k} L &= 2 a_j E[1_j U_k^+ \hat x]
            + 2 [j = k] \Big(\sum_l a_l E[1_j U_l^+ \hat x] - \nabla K_j\Big), \\
        \partial_{\theta_j} \partial_{\theta_k} L &= 2 a_j a_k E[1_j 1_k \hat x \hat x^T]
            + 2 [j = k]\, a_j \Big(\sum_l a_l E[\delta_j U_l^+ \hat x \hat x^T]
            - \nabla^2 K_j\Big) .

    Arguments and errors as `population_loss`, for a network of one output.

    Returns:
        (m (d + 2), m (d + 2)), the parameters in the order a_1, w_1, b_1, a_2, ....
    """
    setting = setting_of(network, law, coordinate, alpha_bar)
    if network.has_all_outputs:
        msg = "network must have one output here, got all: use network.output(coordinate)"
        raise ValueError(msg)
    i, place = setting.coordinate, (network.w, network.b)
    slope = growth_rate_gradient(*place, law=law, coordinate=i, alpha_bar=alpha_bar)
    slopes = torch.cat((slope[0], slope[1][:, None]), 1)
    bends = growth_rate_hessian(*place, law=law, coordinate=i, alpha_bar=alpha_bar)
    scene = _Scene.of(network, law, alpha_bar)
    m, d = network.w.shape
    hessian = network.w.new_zeros(m, d + 2, m, d + 2)
    rows = max(1, BLOCK // (m * len(scene.moments)))
    for j in torch.arange(m, device=network.w.device).split(rows):
        hessian[j] = _rows(scene, network.a, j, slopes[j], bends[j])
    hessian[:, 0, :, 1:] = hessian[:, 1:, :, 0].permute(2, 0, 1)
    return hessian.reshape(m * (d + 2), m * (d + 2))


def _rows(scene: "_Scene", a: Tensor, j: Tensor, slope: Tensor, bend: Tensor) -> Tensor:
    """The derivatives in a_j and theta_j, then in every neuron: (J, d + 2, m, d + 2).

    Those in a_j and theta_k are left to the row of k.
    """
    product, pulls, squares, edges = _pair_means(scene, j)
    m, size = len(a), scene.unit.shape[1] + 2
    rows, own = a.new_zeros(len(j), size, m, size), torch.arange(len(j), device=j.device)
    rows[:, 0, :, 0] = 2 * product.reshape(-1, m)
    pulls = pulls.reshape(-1, m, size - 1)
    rows[:, 1:, :, 0] = 2 * (a[j, None, None] * pulls).mT
    rows[own, 1:, j, 0] += 2 * (a @ pulls - slope)
    squares = squares.reshape(-1, m, size - 1, size - 1)
    rows[:, 1:, :, 1:] = 2 * (a[j, None, None, None] * a[:, None, None] * squares).transpose(1, 2)
    edges = torch.einsum("k,jkxy->jxy", a, edges.reshape(-1, m, size - 1, size - 1))
    rows[own, 1:, j, 1:] += 2 * a[j, None, None] * (edges - bend)
    return rows


@dataclass(frozen=True)
class _Scene:
    """What all rows share; moments (S, 1 + d + d^2) are p, p v and p v v^T."""

    unit: Tensor
    deviation: Tensor
    level: Level
    moments: Tensor
    signal: float
    noise: float

    @classmethod
    def of(cls, network: TwoLayerReLU, law: HypercubeLaw, alpha_bar: float) -> "_Scene":
        signal, noise = signal_and_noise(alpha_bar)
        vertices, masses = law.weighted_vertices(like=network.w)
        norm = torch.linalg.vector_norm(network.w, dim=-1)
        means = signal * (network.w @ vertices.T) + network.b[:, None]
        squares = (vertices[:, :, None] * vertices[:, None, :]).flatten(1)
        powers = torch.cat((torch.ones_like(vertices[:, :1]), vertices, squares), 1)
        level = Level.at(means / (noise * norm)[:, None])
        unit = network.w / norm[:, None]
        return cls(unit, noise * norm, level, masses[:, None] * powers, signal, noise)

    def means(self, field: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of a field f (m, S): the means of f (m), f v (m, d) and f v v^T (m, d, d)."""
        d = self.unit.shape[1]
        one, first, second = (field @ self.moments).split((1, d, d * d), 1)
        return one[:, 0], first, second.reshape(-1, d, d)


def _pair_means(scene: _Scene, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of all pairs (j, k) with j in rows (J): P = J m of them, k running fastest.

    E[U_j+ U_k+] (P), E[1_j U_k+ x^] (P, d + 1), E[1_j 1_k x^ x^T] and E[delta_j U_k+ x^ x^T].
    """
    m = len(scene.unit)
    j, k = rows.repeat_interleave(m), torch.arange(m, device=rows.device).repeat(len(rows))
    u, v, scale, other = scene.unit[j], scene.unit[k], scene.deviation[j], scene.deviation[k]
    near = Correlation.between(u[:, None], v[:, None])
    pair = scene.level[torch.stack((j, k))]
    see = standard_moments(pair, near)
    level, other_level = pair.mean
    e, f = see.cut
    inverse = 1 / torch.clamp(near.q, min=TINY)
    both, first, second = scene.means(see.both), scene.means(e), scene.means(f)
    edge, pull = scene.means(see.edge[0]), scene.means(level * e)[0]
    tail = scene.means(see.density)[0]
    bend = tail[:, None, None] * inverse[..., None]
    sign = torch.where(near.value > 0, 1.0, -1.0).to(v.dtype)
    small = torch.where(near.value > 0, near.below_one, near.above_minus_one)
    gap = u - sign * v
    rest = (v - sign * u) + sign * small * u  # v - r u
    eye = torch.eye(v.shape[1], dtype=v.dtype, device=v.device)[None]
    uu, vv = _outer(u, u), _outer(v, v)
    spread = bend * sign[..., None] * (small[..., None] * (uu + vv) - _outer(gap, gap))
    noise_both = (
        _times(both[0], eye)
        - _times(pull, uu)
        - _times(scene.means(other_level * f)[0], vv)
        + spread
    )
    squares = _lift(scene, both, [(first, u), (second, v)], noise_both)
    sloped = scene.means(level * see.edge[0])
    noise_edge = (
        _times(edge[0], eye)
        + _times(scene.means((level * level - 1) * see.edge[0])[0], uu)
        - _times(pull, _outer(u, rest) + _outer(rest, u))
        + bend * _outer(rest, rest)
    )
    minus = (-sloped[0], -sloped[1])
    edges = _lift(scene, edge, [(first, rest), (minus, u)], noise_edge)
    pulls = _side(scene, scene.means(see.on[0]), [(edge, u), (both, v)])
    product = scale * other * scene.means(see.product)[0]
    return product, other[:, None] * pulls, squares, _times(other / scale, edges)


def _side(scene: _Scene, scalar: tuple[Tensor, ...], vectors: Fields) -> Tensor:
    """The means of f x^ from those of f and f xi = sum of fields times vectors."""
    along = torch.stack([_times(field[0], vector) for field, vector in vectors]).sum(0)
    return torch.cat((scene.signal * scalar[1] + scene.noise * along, scalar[0][:, None]), 1)


def _lift(scene: _Scene, scalar: tuple[Tensor, ...], vectors: Fields, matrix: Tensor) -> Tensor:
    """The means of f x^ x^T from those of f, f xi and f xi xi^T (the last without vertices)."""
    s, n, side = scene.signal, scene.noise, _side(scene, scalar, vectors)
    mixed = torch.stack([_outer(field[1], vector) for field, vector in vectors]).sum(0)
    block = s**2 * scalar[2] + s * n * (mixed + mixed.mT) + n**2 * matrix
    return torch.cat((torch.cat((block, side[:, None, :-1]), 1), side[:, :, None]), 2)


def _outer(x: Tensor, y: Tensor) -> Tensor:
    return x[..., :, None] * y[..., None, :]


def _times(weights: Tensor, parts: Tensor) -> Tensor:
    """weights (m) times parts, (m, ...) or (1, ...)."""
    return weights.reshape(-1, *[1] * (parts.ndim - 1)) * parts
