"""Words as images and back, small networks, recipes, and the weights that ship."""

import re

import pytest
import torch

from theorylab.learn import glyphs
from theorylab.learn import grammar_images as images
from theorylab.learn import grammar_recipes as recipes
from theorylab.learn.glyphs import UNREADABLE


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


GRAMMARS = {
    "parity of 8": lambda: glyphs.parity_brackets(8, trained=64),
    "parity of 4, larger": lambda: glyphs.parity_brackets(4, trained=4, scale=2),
    "brackets": lambda: glyphs.dyck_brackets(8),
    "digits": glyphs.quarter_digits,
}


@pytest.mark.parametrize("make", GRAMMARS.values(), ids=GRAMMARS)
def test_words_survive_drawing_and_reading(make):
    grammar = make()
    drawn = grammar.images(grammar.valid, generator=generator())
    assert drawn.shape == (len(grammar.valid), 1, *grammar.image_shape)
    assert bool((drawn.abs() <= 1).all())
    assert torch.equal(grammar.read(drawn), grammar.valid)
    counts = grammar.proportions(drawn)
    assert sum(counts.values()) == len(grammar.valid)
    assert counts["trained"] == len(grammar.trained)
    assert counts["extrapolated"] == len(grammar.valid) - len(grammar.trained)


def test_grammars_have_the_words_of_the_paper():
    sizes = [len(make().valid) for make in GRAMMARS.values()]
    assert sizes == [128, 8, 14, 670]
    assert len(glyphs.quarter_digits().trained) == 470
    assert bool((glyphs.parity_brackets(8, trained=3).valid.sum(-1) % 2 == 0).all())


def test_broken_and_unreadable_words_are_told_apart():
    grammar = glyphs.parity_brackets(8, trained=64)
    drawn = grammar.images(grammar.valid[:3], generator=generator())
    drawn[0, 0, :8, :4] = drawn[0, 0, :8, :4].flip(-1)  # the first bracket turned round
    drawn[1] = 0
    counts = grammar.proportions(drawn)
    assert (counts["hallucinated"], counts["unreadable"]) == (1, 1)
    assert bool((grammar.read(drawn)[1] == UNREADABLE).all())


def test_a_region_covers_its_cell():
    grammar = glyphs.parity_brackets(8, trained=64)
    drawn = grammar.images(grammar.valid[:1], generator=generator())
    cell = drawn.flatten()[grammar.region(5)].reshape(8, 4)
    assert torch.equal(cell, grammar.templates.pictures[grammar.valid[0, 5]])
    assert len(torch.cat([grammar.region(k) for k in range(8)]).unique()) == 256


def test_the_sampler_returns_what_an_exact_denoiser_knows():
    target = torch.full((1, 1, 4, 4), 0.5)

    def network(x, t):
        s, nu = images.signal_and_noise(t)
        xi = (x - s * target) / nu
        return s * xi - nu * target

    got = images.generate(network, 3, (4, 4), steps=10, seed=1)
    torch.testing.assert_close(got, target.expand(3, 1, 4, 4), rtol=0, atol=1e-5)


def test_predictions_add_up_to_the_input():
    network = images.small_dit(16, seed=1)
    x = torch.randn(2, 1, 16, 16, generator=generator(), dtype=torch.float32)
    clean = images.clean_prediction(network, 0.3)(x)
    noise = images.noise_prediction(network, 0.3)(x)
    torch.testing.assert_close(0.3**0.5 * clean + 0.7**0.5 * noise, x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_networks_depend_on_their_seed_alone(name):
    make = recipes.image_recipe(name).network
    first, again, other = (make(seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_retraining_from_the_seed_repeats_the_recorded_losses(name):
    _, grammar, card = recipes.shipped_images(name)
    recipe = recipes.image_recipe(name)
    assert (card.recipe, card.steps, card.seed) == (name, recipe.budget.steps, recipe.budget.seed)
    run = images.train_on_images(recipe.network(card.seed), grammar, recipe.budget)
    losses = [loss for _, (_, loss, _) in zip(range(3), run, strict=False)]
    assert losses == pytest.approx(card.first_losses[:3], rel=1e-3)


def test_an_early_network_comes_from_the_run_of_the_longer_one():
    early = [name for name in recipes.RECIPES if name.endswith("_early")]
    assert len(early) == 3
    for name in early:
        _, _, card = recipes.shipped_images(name)
        _, _, longer = recipes.shipped_images(name.removesuffix("_early"))
        assert card.first_losses == pytest.approx(longer.first_losses, rel=1e-3)
        assert card.steps < longer.steps


def test_the_weights_of_images_stay_small():
    files = [recipes.shipped(name) for name in recipes.RECIPES]
    assert sum(file.stat().st_size for file in files) < 1_300_000


def test_a_short_run_is_stored_and_read_back(tmp_path, capsys):
    arguments = ["--recipe", "dit_parity8", "--steps", "2", "--seed", "4", "--out", str(tmp_path)]
    assert recipes.main(arguments) == 0
    assert "2 steps" in capsys.readouterr().out
    network = recipes.image_recipe("dit_parity8").network(5).half()
    card = recipes.load_weights(network, tmp_path / "dit_parity8.safetensors")
    assert (card.steps, card.seed) == (2, 4)
    assert card.details["stored"] == "float16"


BAD = {
    "length must be 4 or 8, got 6": lambda: glyphs.parity_brackets(6, trained=1),
    "trained must be at most 128": lambda: glyphs.parity_brackets(8, trained=129),
    "trained must be at least 1": lambda: glyphs.quarter_digits(trained=0),
    "scale must be at least 1": lambda: glyphs.dyck_brackets(8, scale=0),
    "height must be a multiple of 8": lambda: glyphs.bracket_templates(height=12),
    "name must be one of": lambda: recipes.image_recipe("gan"),
    "alpha_bar must be in [0, 1]": lambda: images.clean_prediction(lambda x, _: x, 1.5),
}


@pytest.mark.parametrize(("message", "call"), BAD.items(), ids=BAD)
def test_bad_input_is_named(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
