"""Appendix A.7, Figure 24 (a, b): the loss falls in stairs; from the exact flow, small width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, at_most, claim, equal
from theorylab.parity import (
    LSODA,
    HypercubeLaw,
    TwoLayerReLU,
    gradient_flow,
    population_loss,
    ratio_of_means_dependency,
)
from theorylab.parity.plateaus import optimal_loss, pair_loss, univariate_loss


@dataclass(frozen=True)
class Training:
    """A parity of all d bits, a noise level, the fastest bias D*, and the length of the run."""

    d: int
    alpha_bar: float
    best_bias: float
    time: float
    width: int
    seed: int = 1
    level_factor: float = field(default=1.0, repr=False)
    univariate_factor: float = field(default=1.0, repr=False)
    dependency: float = field(default=0.99, repr=False)


@claim(
    source=PAPER.at("Appendix A.7, Figure 24 (a) and (b)"),
    relation=Relation.REPAIRS,
    evidence=Evidence.NUMERIC,
    cases=[Training(8, 0.5, 0.6428648645, 60.0, 6)],
    thorough=[
        Training(8, 0.5, 0.6428648645, 300.0, 6),
        Training(5, 0.5, 0.6428648645, 60.0, 12),
    ],
    must_fail={
        "a first stair 2 per cent higher": lambda case: replace(case, level_factor=1.02),
        "the best linear function first": lambda case: replace(
            case, level_factor=case.alpha_bar / 0.5505564
        ),
        "a univariate level 3 per cent lower": lambda case: replace(case, univariate_factor=0.97),
        "other bits seen on the stairs": lambda case: replace(case, dependency=1.01),
    },
)
def loss_of_a_small_network_falls_in_stairs_that_have_closed_forms(case: Training) -> Finding:
    r"""From a balanced start of size $10^{-4}$ the exact loss on the parity of $d = 8$ bits at
    $\bar\alpha = 1/2$ falls from 1 to the level $L(D^*) = 0.55056$ of one pair of neurons
    $(\pm e_i, D^*)$, not to the best linear function's level $\bar\alpha = 0.5$, and from there to
    the level $\gamma (1 - M_1) = 0.44960$ of the best univariate function.

    For a network of six neurons: the slowest fall of $\ln L$ between the levels 0.9 and 0.5 is
    within one per cent of $L(D^*)$, the loss at the end, time 60, within two per cent of the
    univariate level and not below it, and the ratio of means
    $E (\partial_i s)^2 / E |\nabla s|^2$ is above 0.99 at both.
    """
    times, networks, loss, dependency = trained(
        case.d, case.alpha_bar, case.time, case.width, case.seed
    )
    stair = int(slowest(times, loss))
    pair, univariate = levels(case)
    finding = all_hold(
        equal(loss[stair], case.level_factor * pair, budget=9.9e-3),
        at_most(loss[-1], 1.02 * case.univariate_factor * univariate, budget=1e-6),
        at_most(univariate, loss[-1], budget=1e-6),
        at_most(case.dependency, dependency[[stair, -1]].min(), budget=1e-9),
    )
    own = torch.stack([net.w[:, 0].abs().mean() for net in networks])
    others = torch.stack([net.w[:, 1:].norm(dim=-1).mean() for net in networks])
    optimum = optimal_loss(case.d, alpha_bar=case.alpha_bar)
    return finding.with_series(
        time=times,
        loss=loss,
        own=own,
        others=others,
        dependency=dependency,
        levels=[pair, univariate, optimum],
    )


@cache
def trained(
    d: int, alpha_bar: float, time: float, width: int, seed: int
) -> tuple[torch.Tensor, tuple[TwoLayerReLU, ...], torch.Tensor, torch.Tensor]:
    """Times and networks of the exact flow, their losses and dependency ratios."""
    setting: dict[str, Any] = {"law": HypercubeLaw.parity(d), "alpha_bar": alpha_bar}
    times = torch.cat((torch.linspace(0, 30, 61), torch.linspace(30, time, 21)[1:]))
    flow = gradient_flow(
        TwoLayerReLU.balanced(width, d, scale=1e-4, seed=seed),
        **setting,
        time=time,
        times=times,
        method=LSODA,
        rtol=1e-6,
        atol=1e-10,
    )
    networks = flow.networks
    loss = torch.stack([population_loss(net, **setting) for net in networks])
    dependency = torch.stack([ratio_of_means_dependency(net, **setting) for net in networks])
    return times, networks, loss, dependency


def levels(case: Training) -> tuple[float, float]:
    """Of the pair and of the best univariate function."""
    a = case.alpha_bar
    return pair_loss(case.best_bias, alpha_bar=a), univariate_loss(alpha_bar=a)


def slowest(times: torch.Tensor, loss: torch.Tensor) -> int:
    """The index at which ln L falls most slowly while 0.5 < L < 0.9."""
    speed = (loss[:-2].log() - loss[2:].log()) / (times[2:] - times[:-2])
    inside = (loss[1:-1] < 0.9) & (loss[1:-1] > 0.5)
    return 1 + int(torch.where(inside, speed, torch.inf).argmin())


def figure(ax: Any, series: Sequence[Mapping[str, Any]]) -> None:
    """Loss, mean weights and dependency ratio over time, with the levels."""
    part = series[0]
    ax.plot(part["time"][1:], part["loss"][1:], label="exact loss, 8 bits")
    names = (r"pair of neurons", "best univariate", "optimal")
    for level, name, style in zip(part["levels"], names, ("--", ":", "-."), strict=True):
        ax.axhline(level, linestyle=style, color="#9aa0a6", label=name)
    ax.plot(part["time"][1:], part["own"][1:], label=r"mean $|w_i|$")
    ax.plot(part["time"][1:], part["others"][1:], label=r"mean $|w_\perp|$")
    ax.plot(part["time"][1:], part["dependency"][1:], label="LDR, ratio of means")
    ax.set_xscale("log")
    ax.set_xlabel("flow time $s$")
    ax.set_ylabel("loss, weights, LDR")
    ax.set_ylim(-0.05, 1.9)
    ax.legend(ncols=2, loc="upper left")
