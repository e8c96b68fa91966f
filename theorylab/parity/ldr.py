r"""The local dependency ratio of a network: exact, as a ratio of means, and without gradients.

Notation: f a network whose outputs are shaped like its inputs, flattened to d entries; R a region,
a set of entries; J the Jacobian of f at x, J_R its rows in R, J_RR these rows' columns in R.
The ratio at x is |J_RR|_F^2 / |J_R|_F^2, and LDR(R) its mean over x.

Source: arXiv 2503.03595, Equations (1) and (2) and Appendix A.6.

The points are the caller's: this module draws no x, and it is told no law of x. f must treat the
points of a batch separately (no batch statistics).
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike

Network = Callable[[Tensor], Tensor]
"""Any module or function (n, *shape) -> (n, *shape)."""


def local_dependency_ratio(
    network: Network, x: ArrayLike, region: Iterable[int] | Tensor, *, zero: float | None = 1.0
) -> Tensor:
    r"""LDR(R), the mean over the points of the pointwise ratios.

    .. math:: \frac1n \sum_x \frac{\|J_{RR}(x)\|_F^2}{\|J_R(x)\|_F^2}

    Args:
        network: f, differentiable.
        x: (n, *shape), draws of p_t.
        region: entries of a flattened point, counted from 0, or a boolean mask of that shape.
        zero: the value in [0, 1] of 0/0, at points where J_R vanishes, which a ReLU network has
            with positive probability: 1 is the convention under which Theorem 5.2 holds, 0 the
            one of the proof of Lemma A.7. None leaves such points out of the mean.

    Returns:
        A scalar in [0, 1], float64.

    Raises:
        ValueError: x has no axis of entries, no point, or is not finite; region is empty, repeated
            or outside; zero is outside [0, 1]; f returns another shape or values that are not
            finite; zero is None and J_R vanishes at every point.
    """
    zero = None if zero is None else _require.between("zero", zero, 0, 1)
    ratios = dependency_ratios(network, x, region, zero=zero)
    kept = ratios[~torch.isnan(ratios)]
    if len(kept) == 0:
        msg = "x must hold a point where the Jacobian does not vanish, got none"
        raise ValueError(msg)
    return kept.mean()


def dependency_ratios(
    network: Network, x: ArrayLike, region: Iterable[int] | Tensor, *, zero: float | None = 1.0
) -> Tensor:
    """The ratio at every point (n,), NaN where it is 0/0 and zero is None.

    Arguments and errors as `local_dependency_ratio`.
    """
    zero = None if zero is None else _require.between("zero", zero, 0, 1)
    local, total = _energies(network, x, region)
    filler = torch.nan if zero is None else zero
    return torch.where(total > 0, local / total, torch.full_like(total, filler))


def ratio_of_means(network: Network, x: ArrayLike, region: Iterable[int] | Tensor) -> Tensor:
    r"""The other average of the same energies, which gives steep points more weight.

    .. math:: \frac{\sum_x \|J_{RR}(x)\|_F^2}{\sum_x \|J_R(x)\|_F^2}

    Arguments, return value and errors as `local_dependency_ratio`; there is no 0/0 but where J_R
    vanishes at every point, which is an error.
    """
    local, total = _energies(network, x, region)
    if not bool(total.sum() > 0):
        msg = "x must hold a point where the Jacobian does not vanish, got none"
        raise ValueError(msg)
    return local.sum() / total.sum()


def saliency_map(network: Network, x: ArrayLike, region: Iterable[int] | Tensor) -> Tensor:
    r"""How strongly the outputs in R depend on each input entry.

    .. math:: \sum_{r \in R} \Big(\frac{\partial f_r}{\partial x_k}\Big)^2

    One backward pass for each entry of R.

    Returns:
        Shaped like x, float64: gradients are squared in float64, and their squares count as 0
        below its smallest number.

    Arguments and errors as `local_dependency_ratio`.
    """
    place, members = _points_and_region(x, region)
    leaf = place.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        output = _evaluated(network, leaf).flatten(1)
        energy = torch.zeros_like(leaf, dtype=torch.float64)
        if not output.requires_grad:
            return energy
        for row in members.tolist():
            (gradient,) = torch.autograd.grad(
                output[:, row].sum(), leaf, retain_graph=True, materialize_grads=True
            )
            energy += gradient.double().square()
    return energy


def zeroth_order_ratios(
    network: Network,
    x: ArrayLike,
    region: Iterable[int] | Tensor,
    *,
    scale: float,
    draws: int,
    seed: int,
) -> Tensor:
    r"""Estimates of the pointwise ratio from values of f alone, for networks too large for J_R.

    .. math::
        \frac{\sum_k |f_R(x + \epsilon'_k) - f_R(x)|^2}{\sum_k |f_R(x + \epsilon_k) - f_R(x)|^2},
        \qquad \epsilon_k \sim N(0, h^2 I_d), \quad \epsilon'_k \sim N(0, h^2 P_R P_R^T)

    Both differences are read in R only. As h -> 0 their expectations are h^2 |J_R|^2 and
    h^2 |J_RR|^2, so that the plain ratio is consistent: no factor of d or |R| enters.

    Args:
        network: f; needs no gradient.
        x: as in `local_dependency_ratio`.
        region: as in `local_dependency_ratio`.
        scale: h > 0; the expectations err by relative O(h^2) where f is smooth.
        draws: k = 1, ..., draws, of each kind.
        seed: of the draws.

    Returns:
        (n,), float64, not bounded by 1: numerator and denominator are independent. NaN where the
        denominator is 0.

    Raises:
        ValueError: as `local_dependency_ratio`; scale not positive, draws below 1.
    """
    place, members = _points_and_region(x, region)
    scale = _require.positive("scale", scale)
    draws = _require.integer("draws", draws, at_least=1)
    generator = torch.Generator().manual_seed(_require.integer("seed", seed, at_least=0))
    mask = torch.zeros(place[0].numel(), dtype=place.dtype, device=place.device)
    mask[members] = 1
    mask = mask.reshape(place.shape[1:])
    with torch.no_grad():
        base = _evaluated(network, place).flatten(1)[:, members]

        def energy(step: Tensor) -> Tensor:
            moved = _evaluated(network, place + scale * step).flatten(1)[:, members]
            return (moved - base).double().square().sum(dim=-1)

        local = torch.zeros(len(place), dtype=torch.float64, device=place.device)
        total = torch.zeros_like(local)
        for _ in range(draws):
            local += energy(mask * _normal(place, generator))
            total += energy(_normal(place, generator))
    return local / total


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    draw = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    return draw.to(dtype=like.dtype, device=like.device)


def _energies(
    network: Network, x: ArrayLike, region: Iterable[int] | Tensor
) -> tuple[Tensor, Tensor]:
    """|J_RR|_F^2 and |J_R|_F^2 at every point, (n,) each."""
    place, members = _points_and_region(x, region)
    energy = saliency_map(network, place, members.tolist()).flatten(1)
    inside = torch.zeros(energy.shape[1], dtype=torch.bool, device=energy.device)
    inside[members] = True
    local, outside = energy[:, inside].sum(dim=-1), energy[:, ~inside].sum(dim=-1)
    return local, local + outside


def _evaluated(network: Network, x: Tensor) -> Tensor:
    if not callable(network):
        msg = f"network must be callable as network(x), got {network!r}"
        raise ValueError(msg)
    output = network(x)
    if not isinstance(output, Tensor) or output.shape != x.shape:
        got = tuple(output.shape) if isinstance(output, Tensor) else output
        msg = f"network must return the shape of its input, {tuple(x.shape)}, got {got!r}"
        raise ValueError(msg)
    return _require.array("network(x)", output)


def _points_and_region(x: ArrayLike, region: Iterable[int] | Tensor) -> tuple[Tensor, Tensor]:
    place = _require.array("x", x)
    if place.ndim < 2 or place.numel() == 0:
        msg = f"x must be of shape (n, *shape) with n >= 1 and entries, got {tuple(place.shape)}"
        raise ValueError(msg)
    return place, _members(region, place[0]).to(place.device)


def _members(region: Iterable[int] | Tensor, point: Tensor) -> Tensor:
    """The region as distinct entries of the flattened point."""
    if isinstance(region, Tensor) and region.dtype == torch.bool:
        if region.shape != point.shape:
            msg = f"region must be a mask of shape {tuple(point.shape)}, got {tuple(region.shape)}"
            raise ValueError(msg)
        members = torch.nonzero(region.flatten()).flatten()
    else:
        entries = region.tolist() if isinstance(region, Tensor) else region
        if not isinstance(entries, Iterable) or isinstance(entries, str | bytes):
            msg = f"region must be a sequence of entries or a mask, got {entries!r}"
            raise ValueError(msg)
        listed = [_require.integer("region", entry, at_least=0) for entry in entries]
        members = torch.tensor(listed, dtype=torch.int64)
    _check_members(members, point.numel())
    return members


def _check_members(members: Tensor, size: int) -> None:
    if len(members) == 0:
        msg = "region must hold at least one entry, got none"
        raise ValueError(msg)
    if int(members.max()) >= size:
        msg = f"region must lie in 0..{size - 1}, got {int(members.max())}"
        raise ValueError(msg)
    if len(members.unique()) != len(members):
        msg = f"region must have distinct entries, got {members.tolist()}"
        raise ValueError(msg)
