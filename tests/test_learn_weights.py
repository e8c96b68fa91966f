"""The shipped weights: of the recipes that are named, small, and made by them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from theorylab.diffusion import GaussianMixture
from theorylab.learn import Recipe, load_weights, read_card, shipped, shipped_network, train
from theorylab.learn.checkpoint import SHIPPED
from theorylab.learn.grid import (
    RECIPES,
    SCHEDULE,
    SEEDS,
    SETTINGS,
    Setting,
    plane,
    row,
    row_mixture,
)
from theorylab.learn.objective import MixtureData, NoisePrediction, RawIndices
from theorylab.learn.recipe import FIRST, command

FEW = 3


@pytest.mark.parametrize("seed", SEEDS)
def test_shipped_weights_are_those_of_the_recipe(seed: int) -> None:
    recipe = row()
    card = read_card(shipped(recipe.file(seed)))
    assert (card.recipe, card.seed, card.steps) == ("row", seed, recipe.plan.steps)
    assert len(card.first_losses) == FIRST
    assert card.mean_losses[-1] < 0.25 < card.mean_losses[0]
    network = shipped_network(recipe, seed)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    with pytest.raises(ValueError, match="module must have"):
        load_weights(plane().factory(), shipped(recipe.file(seed)))


@pytest.mark.parametrize(
    ("recipe", "seed"),
    [
        *((row(), seed) for seed in SEEDS),
        (plane(), 0),
        *((RECIPES[name](), 0) for name in SETTINGS),
    ],
    ids=lambda one: one.name if isinstance(one, Recipe) else str(one),
)
def test_retraining_begins_with_the_recorded_losses(recipe: Recipe, seed: int) -> None:
    """Float32 on another machine may sum in another order; the losses agree to 1e-4."""
    result = train(recipe.factory, recipe.objective, recipe.plan, seed=seed, stop_after=FEW)
    recorded = read_card(shipped(recipe.file(seed))).first_losses[:FEW]
    torch.testing.assert_close(result.losses, torch.tensor(recorded), rtol=1e-4, atol=0)
    other = train(recipe.factory, recipe.objective, recipe.plan, seed=seed + 7, stop_after=1)
    assert abs(float(other.losses[0]) / recorded[0] - 1) > 1e-3


@pytest.mark.parametrize("name", list(SETTINGS))
def test_the_network_of_a_setting_is_that_of_its_recipe(name: str) -> None:
    card = read_card(shipped(RECIPES[name]().file(0)))
    assert (card.recipe, card.seed, card.steps) == (name, 0, row().plan.steps)
    setting = SETTINGS[name]
    assert card.details["ratio"] == setting.ratio
    assert card.details["schedule steps"] == setting.steps
    assert card.mean_losses[-1] < 0.9 * card.mean_losses[0]
    assert shipped_network(RECIPES[name](), 0).d == 1


def test_a_setting_changes_the_ratio_or_the_number_of_steps() -> None:
    """The modes are r deviations apart and the variance is 1; the plain setting is `row`."""
    for ratio in (20.0, 100.0, 200.0):
        mixture = row_mixture(ratio)
        deviation = float(mixture.variance) ** 0.5
        spacings = mixture.means[:, 0].diff() / deviation
        torch.testing.assert_close(spacings, torch.full((4,), ratio, dtype=torch.float64))
        second = float(mixture.means.square().mean() + mixture.variance)
        assert second == pytest.approx(1, rel=1e-12)
    assert Setting(steps=500).recipe("short").objective.schedule.steps == 500
    assert Setting().recipe("row").objective.schedule == SCHEDULE
    with pytest.raises(ValueError, match="ratio must be positive, got 0"):
        row_mixture(0.0)


def test_the_network_of_the_plane_is_that_of_its_recipe() -> None:
    card = read_card(shipped(plane().file(0)))
    assert (card.recipe, card.seed, card.steps) == ("plane", 0, 10_000)
    assert card.mean_losses[-1] < 0.25 < card.mean_losses[0]
    assert shipped_network(plane(), 0).d == 2


def test_weights_of_another_recipe_are_refused() -> None:
    longer = row()
    longer = replace(longer, plan=replace(longer.plan, steps=15_001))
    with pytest.raises(ValueError, match="recipe must be the one that made the weights"):
        shipped_network(longer, 0)


def test_a_shipped_network_knows_its_modes_at_high_noise() -> None:
    """The mean error of the predicted noise at raw 500 and 900 is below 5 per cent of its size."""
    mixture, network = row_mixture(), shipped_network(row(), 0)
    for t in (500.0, 900.0):
        alpha, sigma = float(SCHEDULE.alpha(t)), float(SCHEDULE.sigma(t))
        noised = mixture.noised(alpha, sigma)
        x = noised.sample(2000, seed=3)
        exact = -sigma * noised.score(x)
        got = network(x.float(), torch.tensor(t, dtype=torch.float32)).double()
        assert float((got - exact).square().mean()) < 0.05**2 * float(exact.square().mean())


def test_a_row_is_the_marginal_of_the_grid() -> None:
    grid, line = GaussianMixture.grid(), row_mixture()
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    pairs = torch.cartesian_prod(x[:, 0], x[:, 0])
    along = line.log_prob(x)
    expected = (along[:, None] + along[None, :]).reshape(-1)
    torch.testing.assert_close(grid.log_prob(pairs), expected)


def test_the_weights_stay_small() -> None:
    names = ("row", "plane", *SETTINGS)
    files = [file for name in names for file in SHIPPED.glob(f"{name}-*")]
    assert len(files) == 2 * (len(SEEDS) + 1 + len(SETTINGS))
    assert sum(file.stat().st_size for file in files) < 1_000_000


def test_every_recipe_is_named_by_its_key() -> None:
    assert {name: make().name for name, make in RECIPES.items()} == {n: n for n in RECIPES}


def test_the_command_trains_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tiny() -> Recipe:
        whole = row()
        objective = NoisePrediction(MixtureData(row_mixture()), SCHEDULE, RawIndices(), 8)
        return Recipe("tiny", whole.factory, objective, replace(whole.plan, steps=4))

    assert command({"tiny": tiny}, ["--seed", "3", "--out", str(tmp_path)]) == 0
    card = read_card(tmp_path / "tiny-3.safetensors")
    assert f"tiny, seed 3: 4 steps, loss {card.mean_losses[-1]:.5f}" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "tiny-3.json",
        "tiny-3.safetensors",
    ]
