"""Weights and states on disk: whole or absent, refused when changed, resumed to the bit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from theorylab.learn import (
    Card,
    Linear,
    MixtureData,
    NoisePrediction,
    Plan,
    RawIndices,
    Recipe,
    ResidualMLP,
    build,
    cook,
    load_state,
    load_weights,
    read_card,
    save_state,
    save_weights,
    shipped,
    train,
)
from theorylab.learn.grid import SCHEDULE, row_mixture


def small() -> ResidualMLP:
    return ResidualMLP(1, width=8, blocks=1)


OBJECTIVE = NoisePrediction(MixtureData(row_mixture()), SCHEDULE, RawIndices(), 16)
PLAN = Plan(40, Linear(1e-2, 1e-3), weight_decay=1e-4, clip=1.0, ema=0.9)
CARD = Card("tiny", 3, 0, (1.5,), (1.25,), {"batch": 16})


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_weights_return_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "tiny.safetensors"
    written = save_weights(build(small, seed=3), path, CARD)
    other = build(small, seed=4)
    assert not same(other, build(small, seed=3))
    assert load_weights(other, path) == read_card(path) == written
    assert same(other, build(small, seed=3))
    assert (written.first_losses, written.details) == ((1.5,), {"batch": 16})
    assert written.versions["torch"] == str(torch.__version__)
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "tiny.json",
        "tiny.safetensors",
    ]


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def another_sha(path: Path) -> None:
    side = path.with_suffix(".json")
    card = json.loads(side.read_text())
    side.write_text(json.dumps({**card, "sha256": "0" * 64}))


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (flip_a_byte, "path must hold the weights with sha256"),
        (cut, "path must hold the weights with sha256"),
        (another_sha, "path must hold the weights with sha256"),
        (lambda path: path.unlink(), "path must be an existing file"),
        (lambda path: path.with_suffix(".json").unlink(), "path must be an existing file"),
        (lambda path: path.with_suffix(".json").write_text("{"), "side-car that is a card"),
        (lambda path: path.with_suffix(".json").write_text('{"a": 1}'), "side-car that is a card"),
    ],
)
def test_changed_weights_are_refused(
    damage: Callable[[Path], None], match: str, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.safetensors"
    save_weights(build(small, seed=3), path, CARD)
    damage(path)
    module = build(small, seed=4)
    with pytest.raises(ValueError, match=match):
        load_weights(module, path)
    assert same(module, build(small, seed=4))


@pytest.mark.parametrize(
    "other",
    [
        lambda: ResidualMLP(2, width=8, blocks=1),
        lambda: build(small, seed=0).double(),
        nn.Identity,
    ],
)
def test_weights_of_another_module_are_refused(
    other: Callable[[], nn.Module], tmp_path: Path
) -> None:
    path = tmp_path / "tiny.safetensors"
    save_weights(build(small, seed=0), path, CARD)
    with pytest.raises(ValueError, match="module must have"):
        load_weights(other(), path)


def test_a_weight_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    module = small()
    nn.init.constant_(module.leave.bias, float("nan"))
    with pytest.raises(ValueError, match=r"weight leave\.bias must be finite"):
        save_weights(module, tmp_path / "a.safetensors", CARD)
    assert list(tmp_path.iterdir()) == []


def test_changed_states_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.state"
    save_state(path, {"step": 3, "values": torch.arange(4)})
    assert load_state(path)["step"] == 3
    for damage in (flip_a_byte, cut):
        save_state(path, {"step": 3})
        damage(path)
        with pytest.raises(ValueError, match="unchanged training state"):
            load_state(path)


def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.state"
    save_state(path, {"step": 3})

    def full(*_: object) -> None:
        msg = "no space left"
        raise OSError(msg)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        save_state(path, {"step": 4})
    assert load_state(path)["step"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["run.state"]


@pytest.mark.parametrize("stops", [(1,), (7, 8), (13, 39), (40,)])
def test_a_resumed_run_ends_with_the_same_bits(stops: tuple[int, ...], tmp_path: Path) -> None:
    whole = train(small, OBJECTIVE, PLAN, seed=5)
    state = tmp_path / "run.state"
    for stop in stops:
        train(small, OBJECTIVE, PLAN, seed=5, state=state, every=3, stop_after=stop)
    resumed = train(small, OBJECTIVE, PLAN, seed=5, state=state, every=3)
    assert same(whole.network, resumed.network)
    assert torch.equal(whole.losses, resumed.losses)


CHILD = """
import sys
import torch
from tests_of_learn import recipe
from theorylab.learn import cook
torch.set_num_threads(1)
cook(recipe(), 5, sys.argv[1], resume=True, every=2)
"""

MODULE = """
from theorylab.learn import *
from theorylab.learn.grid import SCHEDULE, row_mixture
def recipe():
    objective = NoisePrediction(MixtureData(row_mixture()), SCHEDULE, RawIndices(), 16)
    return Recipe("tiny", lambda: ResidualMLP(1, width=8, blocks=1), objective,
                  Plan(600, Linear(1e-2, 1e-3), clip=1.0))
"""


def test_a_killed_run_resumes_with_the_same_bits(tmp_path: Path) -> None:
    """SIGKILL at two moments of a run that writes its state all the time."""
    (tmp_path / "tests_of_learn.py").write_text(MODULE)
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    out = tmp_path / "out"
    run = [sys.executable, "-c", CHILD, str(out)]
    seen = 0
    for _ in range(2):
        child = subprocess.Popen(run, env=env)
        state = out / "tiny-5.state"
        limit = time.monotonic() + 60
        while time.monotonic() < limit and not (state.exists() and steps(state) > seen + 20):
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
        seen = steps(state)
        assert 0 < seen < 600
    resumed = subprocess.run(run, env=env, check=False)
    assert resumed.returncode == 0
    plan = Plan(600, Linear(1e-2, 1e-3), clip=1.0)
    whole = cook(Recipe("tiny", small, OBJECTIVE, plan), 5, tmp_path / "whole")
    assert read_card(out / "tiny-5.safetensors").sha256 == whole.sha256
    assert not list(out.glob("*.state"))


def steps(state: Path) -> int:
    return len(load_state(state)["losses"])


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    train(small, OBJECTIVE, PLAN, seed=5, state=state, stop_after=2)
    for seed, plan in ((6, PLAN), (5, replace(PLAN, clip=2.0))):
        with pytest.raises(ValueError, match="state must be one of the run"):
            train(small, OBJECTIVE, plan, seed=seed, state=state)
    recipe = Recipe("run", small, OBJECTIVE, PLAN)
    state.rename(tmp_path / "run-5.state")
    with pytest.raises(ValueError, match="resume must be true"):
        cook(recipe, 5, tmp_path)


BAD = [
    (lambda: Card("", 0, 1), "recipe must be a non-empty name, got ''"),
    (lambda: Card("a", -1, 1), "seed must be at least 0, got -1"),
    (lambda: Card("a", 0, -1), "steps must be at least 0, got -1"),
    (lambda: Card("a", 0, 1, (float("nan"),)), "first_losses must be finite numbers"),
    (lambda: save_weights(small(), "w.pt", CARD), "path must end in .safetensors, got 'w.pt'"),
    (lambda: save_weights(3, "w.safetensors", CARD), "module must be a torch.nn.Module, got 3"),
    (lambda: read_card("nowhere.safetensors"), "path must be an existing file, got nowhere"),
    (lambda: load_state("nowhere.state"), "path must be an existing file, got nowhere"),
    (lambda: shipped("nothing"), "name must be one of .*, got 'nothing'"),
    (lambda: Recipe("a b", small, OBJECTIVE, PLAN), "name must be made of letters.*got 'a b'"),
    (lambda: Recipe("a", 3, OBJECTIVE, PLAN), "factory must be callable, got 3"),
    (lambda: Recipe("a", small, 3, PLAN), "objective must be callable, got 3"),
    (lambda: Recipe("a", small, OBJECTIVE, 3), "plan must be a Plan, got 3"),
    (lambda: Recipe("a", small, OBJECTIVE, PLAN).file(-1), "seed must be at least 0, got -1"),
]


@pytest.mark.parametrize(("call", "match"), BAD)
def test_bad_input_is_refused(call: Callable[[], object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
