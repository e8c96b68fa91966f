"""The pull of a mixture by ball arithmetic, and the size of the rounding errors it may have."""

from typing import NamedTuple

import flint
import torch
from torch import Tensor

BITS = 200


class Pull(NamedTuple):
    r"""What `exact_pull` returns, in float64.

    Attributes:
        value: p = sum_k r_k c_k (mu_k - x), (n, d).
        size: sum_k r_k (1 + |l_k|) (c_k |mu_k - x| + |p|), l_k the logit, (n, d).
        plain: the same without 1 + |l_k|, (n, d).
        place: max_k c_k (|x| + max_k |mu_k|), (n, d).
    """

    value: Tensor
    size: Tensor
    plain: Tensor
    place: Tensor


def exact_pull(
    x: Tensor, means: Tensor, variance: Tensor, log_weights: Tensor, *, weighted: bool
) -> Pull:
    """Correct to float64 for the numbers as given, whatever their dtype.

    The variance is shared (), one per mode (K,) or one per point (n, 1); c_k = 1 / v_k if weighted
    and 1 if not.
    """
    x, means, variance, log_weights = (part.double() for part in (x, means, variance, log_weights))
    table = variance.expand(len(x), len(means))
    rows = [
        _row(point, means, own, log_weights, weighted=weighted, volumes=variance.ndim == 1)
        for point, own in zip(x, table, strict=True)
    ]
    value, shares, logits = (
        torch.tensor(part, dtype=torch.float64) for part in zip(*rows, strict=True)
    )
    rates = 1 / table if weighted else torch.ones_like(table)
    parts = rates[..., None] * (means - x[:, None]).abs() + value.abs()[:, None]
    plain = (shares[..., None] * parts).sum(1)
    size = ((shares * (1 + logits.abs()))[..., None] * parts).sum(1)
    place = rates.amax(1, keepdim=True) * (x.abs() + means.abs().amax(0))
    return Pull(value, size, plain, place)


def _row(
    x: Tensor,
    means: Tensor,
    variances: Tensor,
    log_weights: Tensor,
    *,
    weighted: bool,
    volumes: bool,
) -> tuple[list[float], list[float], list[float]]:
    """The pull on one point, the shares and the logits; volumes: -d/2 ln v_k is part of these."""
    flint.ctx.prec = BITS
    at = [flint.arb(v) for v in x.tolist()]
    gaps = [[flint.arb(m) - v for m, v in zip(mean, at, strict=True)] for mean in means.tolist()]
    spreads = [flint.arb(v) for v in variances.tolist()]
    logits = [
        flint.arb(weight)
        - sum(g * g for g in gap) / (2 * v)
        - (v.log() * len(at) / 2 if volumes else 0)
        for weight, gap, v in zip(log_weights.tolist(), gaps, spreads, strict=True)
    ]
    top = max(logits, key=float)
    terms = [(logit - top).exp() for logit in logits]
    total = sum(terms)
    rates = [1 / v if weighted else flint.arb(1) for v in spreads]
    value = [
        float(sum(t * r * g for t, r, g in zip(terms, rates, axis, strict=True)) / total)
        for axis in zip(*gaps, strict=True)
    ]
    return value, [float(t / total) for t in terms], [float(logit) for logit in logits]
