"""Denoisers that are trained, the digits and the patches: shapes, recorded losses, bad input."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from theorylab.diffusion import Denoiser, EDMPreconditioning, VEPreconditioning
from theorylab.learn import FixedData, build, read_card, shipped, shipped_network, train
from theorylab.learn.denoising import DenoisingLoss, DenoisingMLP, LearnedDenoiser
from theorylab.learn.digits import (
    RECIPES,
    denoiser_recipe,
    held_out,
    images,
    shipped_denoiser,
    training_set,
)
from theorylab.learn.patches import patches
from theorylab.learn.recipe import FIRST
from theorylab.learn.three_modes import mixture, three_modes


def test_untrained_denoiser_is_its_skip() -> None:
    y = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sigma = torch.tensor([0.1, 0.2, 0.5, 1.0, 9.0], dtype=torch.float64)
    for factors in (EDMPreconditioning(0.5), VEPreconditioning()):
        denoiser = LearnedDenoiser(DenoisingMLP(7), factors)
        assert isinstance(denoiser, Denoiser)
        found = denoiser(y, sigma)
        assert found.dtype == torch.float64
        assert not found.requires_grad
        expected = factors.skip(sigma)[:, None] * y
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(denoiser(y, 0.5)[2], denoiser(y[2], 0.5), atol=0, rtol=1e-6)


def test_loss_of_the_untrained_network_is_that_of_the_skip() -> None:
    """Of x = 0 the skip keeps c_skip sigma n, of squared size c_skip^2 sigma^2."""
    loss = DenoisingLoss(FixedData(torch.zeros(1, 3)), batch=200_000, mean=-0.5, deviation=0.0)
    network = build(partial(DenoisingMLP, 3), seed=0)
    found = float(loss(network, torch.Generator().manual_seed(1)).detach())
    sigma, factors = torch.exp(torch.tensor(-0.5)), EDMPreconditioning()
    expected = float((factors.skip(sigma) * sigma / factors.out(sigma)) ** 2)
    assert found == pytest.approx(expected, rel=0.01)


def test_digits_are_split_without_overlap_and_centred() -> None:
    data = images()
    assert data.shape == (1797, 64)
    assert data.dtype == torch.float64
    assert float(data.mean(0).abs().max()) < 1e-12
    assert float(data.max() - data.min()) <= 4
    parts = torch.cat((training_set(700, 0), training_set(700, 1), held_out()))
    torch.testing.assert_close(parts, data)
    torch.testing.assert_close(training_set(20, 1), training_set(700, 1)[:20])


@pytest.mark.parametrize("name", list(RECIPES))
def test_retraining_the_first_steps_gives_the_recorded_losses(name: str) -> None:
    recipe, card = RECIPES[name](), read_card(shipped(f"{name}-0"))
    again = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=FIRST)
    torch.testing.assert_close(
        again.losses.double(), torch.tensor(card.first_losses).double(), rtol=1e-4, atol=0
    )
    y = held_out()[:3]
    assert shipped_denoiser(name)(y, 0.5).shape == y.shape
    assert card.mean_losses[-1] < 0.9 * card.mean_losses[0]


def test_three_modes_come_with_weights_that_denoise() -> None:
    recipe, card = three_modes(), read_card(shipped("three_modes-0"))
    again = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=FIRST)
    torch.testing.assert_close(
        again.losses.double(), torch.tensor(card.first_losses).double(), rtol=1e-4, atol=0
    )
    denoiser = LearnedDenoiser(shipped_network(recipe, 0))
    y = torch.linspace(1, 3, 9, dtype=torch.float64)[:, None]
    exact = mixture().posterior_mean(y, 0.2)
    assert float((denoiser(y, 0.2) - exact).abs().mean()) < float((y - exact).abs().mean())


def test_patches_are_windows_of_the_photograph() -> None:
    some = patches("china.jpg", 8, 50, seed=3)
    assert some.shape == (50, 64)
    torch.testing.assert_close(some, patches("china.jpg", 8, 50, seed=3))
    assert float(some.abs().max()) <= 1
    whole = patches("flower.jpg", 427, 2, seed=0)
    assert float(whole.std()) > 0.1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: DenoisingMLP(0), "d must be at least 1"),
        (lambda: DenoisingMLP(2, width=0), "width must be at least 1"),
        (lambda: DenoisingMLP(2)(torch.zeros(3), torch.zeros(())), "z must have shape"),
        (lambda: DenoisingLoss(3), "data must be callable"),  # type: ignore[arg-type]
        (lambda: DenoisingLoss(abs, 3), "preconditioning must have"),  # type: ignore[arg-type]
        (lambda: DenoisingLoss(abs, batch=0), "batch must be at least 1"),  # type: ignore[arg-type]
        (lambda: DenoisingLoss(abs, deviation=-1.0), "deviation must be non-neg"),  # type: ignore[arg-type]
        (lambda: LearnedDenoiser(3), "network must be a torch.nn.Module"),  # type: ignore[arg-type]
        (lambda: LearnedDenoiser(DenoisingMLP(2), 3), "preconditioning must have"),  # type: ignore[arg-type]
        (lambda: training_set(701, 0), "count must be at most 700"),
        (lambda: training_set(5, 2), "half 0 or 1"),
        (lambda: denoiser_recipe("x", 0, 0), "count must be at least 1"),
        (lambda: shipped_denoiser("none"), "name must be one of"),
        (lambda: patches("cat.jpg", 8, 1, seed=0), "name must be one of"),
        (lambda: patches("china.jpg", 500, 1, seed=0), "side must be at most 427"),
        (lambda: patches("china.jpg", 8, 0, seed=0), "count must be at least 1"),
    ],
)  # fmt: skip
def test_bad_input_names_the_argument(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
