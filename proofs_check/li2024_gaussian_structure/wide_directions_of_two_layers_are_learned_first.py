"""The two-layer law in matrices: a whole network, its half-times, and one layer beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_check.li2024_gaussian_structure import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.diffusion import (
    one_layer_gain,
    one_layer_half_time,
    two_layer_gain,
    two_layer_half_time,
)

EIGENVALUES = (3.0, 1.0, 0.3, 0.1, 0.02)


@dataclass(frozen=True)
class Training:
    """Noise, start, and the half-times to be found; a network is run up to `until`."""

    sigma: float = 0.4
    start: float = 1e-3
    two: tuple[float, ...] = (0.571, 1.69, 5.40, 14.9, 58.8)
    one: tuple[float, ...] = (0.110, 0.299, 0.753, 1.33, 1.93)
    until: float = 12.0
    told: float = 1.0
    begun: float = 1.0


def network(case: Training, covariance: Tensor, times: Tensor, rotation: Tensor) -> Tensor:
    """W2 W1 at the times, by a fourth-order method on both matrices of a balanced network.

    W1 = sqrt(start) Q V^T and W2 = sqrt(start) V Q^T with V the eigenvectors, Q any rotation.
    """
    d = len(covariance)
    vectors = torch.linalg.eigh(covariance)[1]
    first = case.start**0.5 * rotation @ vectors.T
    state = torch.stack((first, first.T))
    noisy = covariance + case.sigma**2 * torch.eye(d)

    def velocity(w: Tensor) -> Tensor:
        residual = w[1] @ w[0] @ noisy - covariance
        return -2 * torch.stack((w[1].T @ residual, residual @ w[0].T))

    found, h = [], float(times[1] - times[0]) / 20
    for _ in times:
        found.append(state[1] @ state[0])
        for _ in range(20):
            k1 = velocity(state)
            k2 = velocity(state + h / 2 * k1)
            k3 = velocity(state + h / 2 * k2)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + velocity(state + h * k3))
    return torch.stack(found)


@claim(
    source=PAPER.at("Section 4 (training dynamics)"),
    relation=Relation.BEYOND,
    evidence=Evidence.NUMERIC,
    cases=[Training()],
    must_fail={
        "one layer with the rate of two": lambda case: replace(case, one=case.two),
        "two per cent more noise": lambda case: replace(case, told=1.02),
        "two per cent larger start": lambda case: replace(case, begun=1.02),
    },
    given=["li2024_gaussian_structure/two_balanced_layers_learn_a_direction_logistically"],
)
def wide_directions_of_two_layers_are_learned_first(case: Training) -> Finding:
    r"""Gradient flow of $E|W_2 W_1 y - x|^2$ from a balanced start
    $W_1 = \sqrt{u_0}\,QV^\top$, $W_2 = W_1^\top$ ($V$ the eigenvectors of $\Sigma$, $Q$ any
    rotation) keeps the eigenvectors, and its gains are the logistic curves of single directions.
    For $\Sigma$ with eigenvalues 3, 1, 0.3, 0.1, 0.02, $\sigma = 0.4$ and $u_0 = 10^{-3}$ they are
    half of their limits at $t = 0.571, 1.69, 5.40, 14.9, 58.8$: like $1/\lambda$ up to a
    logarithm, over a hundred times apart. One layer is half-way at
    $0.110, 0.299, 0.753, 1.33, 1.93$.
    """
    generator = torch.Generator().manual_seed(2)
    basis, rotation = torch.linalg.qr(torch.randn(2, 5, 5, generator=generator))[0]
    values = torch.tensor(EIGENVALUES)
    covariance = (basis * values) @ basis.T
    times = torch.linspace(0, case.until, 61)
    product = network(case, covariance, times, rotation)
    along = basis.T @ product @ basis
    told = case.told * case.sigma
    start = case.begun * case.start
    closed = two_layer_gain(values, told, times[:, None], start=start)
    half_two = two_layer_half_time(values, told, start=start)
    half_one = one_layer_half_time(values, told)
    ends = (half_two, half_one)
    curves = torch.logspace(-1.5, 2.2, 120)
    limits = values / (values + case.sigma**2)
    return all_hold(
        equal(along, torch.diag_embed(closed), budget=1e-6),
        equal(half_two / torch.tensor(case.two), torch.ones(5), budget=2e-3),
        equal(half_one / torch.tensor(case.one), torch.ones(5), budget=5e-3),
        at_most(100 * ends[0][0], ends[0][-1], budget=1e-9),
    ).with_series(
        eigenvalues=list(EIGENVALUES),
        time=curves.tolist(),
        two=(two_layer_gain(values, told, curves[:, None], start=start) / limits).T.tolist(),
        one=(one_layer_gain(values, told, curves[:, None]) / limits).T.tolist(),
        run_time=times[1::4].tolist(),
        run=(along.diagonal(dim1=1, dim2=2)[1::4] / limits).T.tolist(),
    )


def figure(ax: Any, series: list[Mapping[str, Any]]) -> None:
    """Share of the Wiener gain over time, direction by direction."""
    shown = series[0]
    for index, value in enumerate(shown["eigenvalues"]):
        colour = f"C{index}"
        ax.plot(shown["time"], shown["two"][index], color=colour,
                label=rf"$\lambda$ = {value:g}")  # fmt: skip
        ax.plot(shown["time"], shown["one"][index], color=colour, linestyle=":")
        ax.plot(shown["run_time"], shown["run"][index], color=colour, marker=".",
                linestyle="none")  # fmt: skip
    ax.axhline(0.5, color="0.5", linewidth=0.6)
    ax.set_xscale("log")
    ax.set_xlabel("time of gradient flow")
    ax.set_ylabel("gain / Wiener gain")
    ax.set_title("two layers (solid, dots: network), one layer (dotted)")
    ax.set_xlim(0.002, 200)
    ax.legend(loc="center left")
