"""Recipes for narrow modes, the shipped weights, and the recursion over generations."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from theorylab.diffusion import GaussianMixture
from theorylab.learn import parameter_count, read_card, shipped, shipped_network, train
from theorylab.learn.modes import (
    LINE,
    RECIPES,
    DenoiserScore,
    Denoising,
    PlainMLP,
    SharedResidualMLP,
    deviation_of,
    smooth_line,
)
from theorylab.learn.objective import MixtureData
from theorylab.learn.recursion import Recursion, main, recurse, shipped_curves, small, write

TINY = replace(small(), points=60, steps=3, batch=16, generations=2, nodes=12, width=8)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_retraining_from_the_seed_repeats_the_first_losses(name: str) -> None:
    recipe = RECIPES[name]()
    card = read_card(shipped(recipe.file(0)))
    again = train(recipe.factory, recipe.objective, recipe.plan, seed=0, stop_after=3)
    expected = torch.tensor(card.first_losses[:3])
    torch.testing.assert_close(again.losses.double(), expected.double(), rtol=1e-4, atol=0)


def test_the_shared_block_has_the_parameters_of_the_released_code() -> None:
    assert parameter_count(SharedResidualMLP(1)) == 66_817
    assert parameter_count(SharedResidualMLP(2)) == 67_074


@pytest.mark.parametrize("d", [1, 3])
def test_networks_do_not_depend_on_the_batch(d: int) -> None:
    plain, shared = PlainMLP(d, width=8).double(), SharedResidualMLP(d, width=8).double()
    x, t = torch.linspace(-1, 1, 5 * d).reshape(5, d), torch.full((5,), 7.0)
    torch.testing.assert_close(plain(x, t[:, None])[2:3], plain(x[2:3], t[:1, None]))
    torch.testing.assert_close(shared(x, t)[2:3], shared(x[2:3], t[:1]))
    torch.testing.assert_close(shared(x, t[0]), shared(x, t))


def test_the_score_of_a_denoiser_is_tweedie_turned_around() -> None:
    network = shipped_network(smooth_line(), 0).double()
    score = DenoiserScore(network, deviation_of(LINE))
    y = torch.tensor([[0.1], [0.7]])
    torch.testing.assert_close(y + 0.3**2 * score(y, torch.tensor(0.3)), score.denoiser(y, 0.3))


def test_the_deviation_is_the_root_mean_square_of_a_coordinate() -> None:
    x = LINE.sample(200_000, seed=1)
    assert deviation_of(LINE) == pytest.approx(float(x.square().mean().sqrt()), rel=0.01)


def test_a_recursion_is_fixed_by_its_seed_and_starts_alike_with_the_filter() -> None:
    first, second = (recurse(TINY, seed=3, filtered=False) for _ in range(2))
    assert first == second
    filtered = recurse(TINY, seed=3, filtered=True)
    assert filtered[0].hallucinated == first[0].hallucinated
    assert filtered[0].kept_hallucinated <= filtered[0].hallucinated
    assert [one.number for one in filtered] == [1, 2]


def test_curves_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "curves.json"
    write(path, shipped_curves(), 0)
    assert "unfiltered" in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["curves.json"]


def test_the_command_line_writes_both_curves(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("theorylab.learn.recursion.small", lambda: TINY)
    assert main(["--generations", "1", "--out", str(tmp_path / "c.json")]) == 0
    assert (tmp_path / "c.json").exists()


def test_the_loss_of_a_network_of_zeros_is_that_of_the_skip() -> None:
    """With F = 0 the error over c_out has mean square 1 for data of the assumed deviation."""
    network = PlainMLP(1).float()
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    wide = GaussianMixture([[0.0]], 0.49)
    loss = Denoising(MixtureData(wide), 0.7, 40_000)
    value = loss(network, torch.Generator().manual_seed(1)).detach()
    assert float(value) == pytest.approx(1, abs=0.05)


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: PlainMLP(0), "d must be"),
    (lambda: SharedResidualMLP(1, width=7), "width must be even"),
    (lambda: Denoising(3, 0.5, 8), "data must be callable"),  # type: ignore[arg-type]
    (lambda: Denoising(MixtureData(LINE), 0.5, 0), "batch must be"),
    (lambda: Recursion(LINE, drawn=0.9), "drawn must be at least 1"),
    (lambda: Recursion(LINE, window=(0.3, 0.1)), "window must be"),
    (lambda: shipped_curves(99), "seed must be one of"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
