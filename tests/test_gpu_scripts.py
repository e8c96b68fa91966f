"""The training scripts for a CUDA device, run on a CPU at sizes that show nothing."""

import json
import sys

import pytest
import torch

from benchmarks.gpu import train_grammar_images as script


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    status = script.main()
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("network", ["unet", "dit"])
@pytest.mark.parametrize(("grammar", "side"), [("parity", 16), ("dyck", 32), ("digits", 16)])
def test_a_tiny_training_reports_shares_and_ratios(
    network, grammar, side, tmp_path, monkeypatch, capsys
):
    arguments = ["--network", network, "--grammar", grammar, "--side", str(side)]
    arguments += ["--out", str(tmp_path), "--device", "cpu", "--tiny"]
    status, rows = run(monkeypatch, capsys, *arguments)
    assert status == 0
    assert rows[0]["parameters"] < 70_000
    counts = [row for row in rows if "hallucinated" in row]
    assert [row["step"] for row in counts] == [2]
    kinds = ("unreadable", "hallucinated", "trained", "extrapolated")
    assert all(sum(row[kind] for kind in kinds) == row["n"] for row in counts)
    ratios = [row for row in rows if "ldr_clean" in row]
    assert [row["root_alpha_bar"] for row in ratios] == [0.5]
    assert all(0 <= row[f"ldr_{name}"] <= 1 for row in ratios for name in ("clean", "noise"))
    kept = f"{network}_{grammar}_{side}_2"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"{kept}.json",
        f"{kept}.safetensors",
    ]


@pytest.mark.parametrize("side", [16, 32])
def test_the_large_networks_have_the_sizes_of_the_paper(side):
    """Within a third of 35.7 and 33 million parameters."""
    for name, paper in (("unet", 35.7e6), ("dit", 33e6)):
        network = script.LARGE[name](side, seed=0)
        count = sum(p.numel() for p in network.parameters())
        assert abs(count / paper - 1) < 1 / 3, (name, count)


def test_without_a_device_the_script_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(
        sys, "argv", ["train", "--network", "dit", "--grammar", "dyck", "--out", str(tmp_path)]
    )
    assert script.main() == 2
    assert "a CUDA device is needed" in capsys.readouterr().err
