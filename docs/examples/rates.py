"""Samplers with the exact score: few steps of DDIM put samples between the modes."""

import torch

from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    Outcome,
    VPSchedule,
    classify,
    ddim_sample,
    linear_nodes,
    quadratic_nodes,
    rates,
)

mixture, schedule = GaussianMixture.grid(), VPSchedule.ddpm()
score = ExactScore(mixture, schedule)
noise = torch.randn(1000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def show(name: str, nodes: list[int], eta: float) -> None:
    """Sample, classify, and print the shares."""
    path = ddim_sample(noise, nodes, schedule=schedule, score=score, eta=eta, seed=1)
    found = rates(classify(path.end, mixture))
    shares = ", ".join(f"{kind.name.lower()} {found[kind]:.3f}" for kind in Outcome)
    print(f"{name:<18} {shares}")


show("DDIM, 5 steps", quadratic_nodes(5), 0.0)
show("DDIM, 10 steps", quadratic_nodes(10), 0.0)
show("DDIM, 50 steps", quadratic_nodes(50), 0.0)
show("DDPM, 1000 steps", linear_nodes(1000), 1.0)
