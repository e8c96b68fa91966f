r"""Lemma A.6 and the first point of Theorem A.4, sharpened: |K| < nu |w_i|, for every law."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from proofs_check.lu2025_local_generation_bias._laws import (
    balanced_brackets,
    parity_of_three_bits,
    parity_of_two_bits,
    skewed,
)
from proofs_check.lu2025_local_generation_bias._quadrature import growth_rate_by_quadrature
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, grid
from theorylab.parity import HypercubeLaw, growth_rate
from theorylab.parity.posterior import signal_and_noise

COORDINATE = 1
CHOSEN = (50, 51, 52)


@dataclass(frozen=True)
class Neurons:
    """A law and a noise level; neurons on the unit sphere of (w, b)."""

    law: Callable[[], HypercubeLaw]
    alpha_bar: float
    share: float = field(default=1.0, repr=False)
    coordinate: int = field(default=COORDINATE, repr=False)
    sign: int = field(default=1, repr=False)


@claim(
    source=PAPER.at("Lemma A.6 and Theorem A.4, first point"),
    relation=Relation.SHARPENS,
    evidence=Evidence.NUMERIC,
    cases=[
        *grid(
            Neurons,
            law=[parity_of_two_bits, parity_of_three_bits, skewed],
            alpha_bar=[0.1, 0.5, 0.9],
        ),
        Neurons(balanced_brackets, 0.1),
    ],
    thorough=grid(Neurons, law=[balanced_brackets], alpha_bar=[0.5, 0.9]),
    must_fail={
        "2 per cent less": lambda case: replace(case, share=0.98),
        "the weight of another coordinate": lambda case: replace(case, coordinate=0),
        "the other sign": lambda case: replace(case, sign=-1),
    },
    given=["lu2025_local_generation_bias/growth_rate_is_activation_probability"],
)
def growth_rate_has_the_sign_of_its_own_weight_and_is_below_nu_times_it(
    case: Neurons,
) -> Finding:
    r"""$0 < K(w, b) < \nu\, w_i$ where $w_i > 0$, and $0 > K(w, b) > \nu\, w_i$ where $w_i < 0$.

    For every law $p_0$ on $\{-1, 1\}^d$, without Assumption 5.1: $K = \nu\, w_i P(w \cdot x + b
    > 0)$, and the probability lies strictly between 0 and 1. Hence $|K| < \nu |w_i| \le \nu$ on
    the unit sphere, which is Lemma A.6. The bound is attained in the limit of large $b$. Checked
    on the closed form at 4000 neurons, of which three also by integration of the definition.
    """
    law, (_, noise) = case.law(), signal_and_noise(case.alpha_bar)
    generator = torch.Generator().manual_seed(11)
    y = torch.randn(4000, law.dimension + 1, generator=generator)
    y[:40, -1] = 6 * torch.linalg.vector_norm(y[:40, :-1], dim=-1)
    w, b = y[:, :-1], y[:, -1]
    options: dict[str, Any] = {"law": law, "coordinate": COORDINATE, "alpha_bar": case.alpha_bar}
    closed = growth_rate(w, b, **options)
    integrals = torch.stack([growth_rate_by_quadrature(w[k], b[k], **options) for k in CHOSEN])
    own = case.sign * w[:, case.coordinate]
    found = []
    for rate, weight in ((closed, own), (integrals, own[list(CHOSEN)])):
        size = torch.sign(weight) * rate  # K with the sign of w_i taken off
        found.append(at_most(size, case.share * noise * weight.abs(), budget=1e-9))
        found.append(_positive(size))
    ratio = closed / (noise * w[:, COORDINATE])
    attained = at_most(ratio, torch.ones_like(ratio), budget=1e-12, tight=0.999)
    return all_hold(*found, attained)


def _positive(size: torch.Tensor) -> Finding:
    """No value is below zero: shifted by one, since a bound of zero has no scale."""
    return at_most(1 - size, torch.ones_like(size), budget=1e-9)
