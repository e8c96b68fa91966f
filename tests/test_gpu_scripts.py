"""The scripts for a CUDA device, run on a CPU at sizes that show nothing."""

import json
import re
import sys

import pytest
import torch

from benchmarks import table
from benchmarks.gpu import (
    bench_flow_cuda,
    bench_gradient_flow_cuda,
    bench_reverse_sde_cuda,
    bench_score_cuda,
    measure_cuda,
    run_all,
)
from benchmarks.gpu import train_grammar_images as script
from theorylab.diffusion import GaussianMixture, clock_dynamics
from theorylab.integrate import EXPONENTIAL_RK4, solve_ode


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


WORKLOADS = {module.__name__.rpartition(".")[2]: module for module in run_all.WORKLOADS}


@pytest.mark.filterwarnings("ignore")  # deprecations that torch.compile meets in torch
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_benchmark_runs_at_sizes_that_show_nothing(name, monkeypatch, capsys):
    """All rows are whole, and what they compute is right."""
    monkeypatch.setattr(sys, "argv", [name, "--device", "cpu", "--tiny"])
    assert measure_cuda.main_of(WORKLOADS[name].rows, WORKLOADS[name].__doc__) == 0
    head, *rows = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert head["cpu"]["brand_raw"] == "host, to try the scripts"
    assert len(rows) > 4
    assert len({(row["group"], row["name"]) for row in rows}) == len(rows)
    assert all(row["median ms"] > 0 for row in rows)
    timed = [row for row in rows if "least ms" in row]
    assert len(timed) >= len(rows) - 1
    for row in timed:
        low, high = row["quartiles ms"]
        assert row["least ms"] <= low <= row["median ms"] <= high
    for group in {row["group"] for row in rows} - {"ceilings"}:
        assert [row["name"] for row in rows if row["group"] == group].count("theorylab") == 1


@pytest.mark.filterwarnings("ignore")
def test_the_scores_and_gradients_are_right():
    """To a hundred roundings of the dtype that the group names."""
    setting = measure_cuda.Setting("cpu", tiny=True, rounds=2)
    rows = [*bench_score_cuda.rows(setting), *bench_gradient_flow_cuda.rows(setting)]
    assert len(rows) > 30
    for row in rows:
        dtype = torch.float32 if row["group"].endswith("float32") else torch.float64
        assert row["error"] < 100 * torch.finfo(dtype).eps, row
        assert row.get("fraction", 1) > 0


def flow_problem(steps):
    law = GaussianMixture.grid(2)
    return bench_flow_cuda._problem(law, 20, steps, "cpu")


@pytest.mark.filterwarnings("ignore")
def test_the_graphed_loop_takes_the_steps_of_the_exponential_method():
    problem = flow_problem(12)
    setting = measure_cuda.Setting("cpu", tiny=True)
    flow = clock_dynamics(problem.law, s_start=5.0, s_stop=problem.s_stop)
    expected = solve_ode(flow, problem.y, method=EXPONENTIAL_RK4, step=problem.step).end
    for graph in (False, True):
        found = bench_flow_cuda.fixed(problem, setting, graph=graph)()
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore")
def test_adaptive_solvers_of_the_flow_reach_their_tolerance():
    rows = list(bench_flow_cuda.rows(measure_cuda.Setting("cpu", tiny=True, rounds=2)))
    assert all(row["wrong modes"] == 0 for row in rows)
    for name in ("theorylab", "theorylab, exact transport", "theorylab, torchdiffeq"):
        (row,) = [row for row in rows if row["name"] == name]
        assert row["largest error"] < 1e-5, row
        assert row["median error"] <= row["p99 error"] <= row["largest error"]


@pytest.mark.filterwarnings("ignore")
def test_the_loops_of_the_reverse_equation_take_the_same_steps():
    """At equal noise the compiled step is the eager one, and a second run draws anew."""
    law, setting = GaussianMixture.grid(2), measure_cuda.Setting("cpu", tiny=True)
    y = law.noised(1.0, 5.0).sample(30, seed=1)
    known = {"steps": 7, "setting": setting}
    ends = []
    for fused in (False, True):
        solve = bench_reverse_sde_cuda.loop(law, y, **known, fused=fused, graph=False)
        ends += [solve().clone(), solve().clone()]
    torch.testing.assert_close(ends[0], ends[2], rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(ends[1], ends[3], rtol=1e-8, atol=1e-8)
    assert not torch.allclose(ends[0], ends[1])


@pytest.mark.filterwarnings("ignore")
def test_one_command_writes_json_and_a_table(tmp_path, monkeypatch, capsys):
    out = tmp_path / "results.json"
    monkeypatch.setattr(run_all, "WORKLOADS", (bench_gradient_flow_cuda,))
    monkeypatch.setattr(sys, "argv", ["all", "--out", str(out), "--device", "cpu", "--tiny"])
    assert run_all.main() == 0
    text = (tmp_path / "results.md").read_text()
    assert text.strip() == capsys.readouterr().out.strip()
    head, _, *lines = text.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d, host, to try the scripts, ", head)
    assert head.endswith("Tiny sizes, which show nothing.")
    assert f"torch {torch.__version__.split('+')[0]}" in head
    found = table.rows(json.loads(out.read_text()))
    assert len(lines) == len(found) + 2 + len({row.group for row in found})
    assert {row.ratio for row in found if row.name == "theorylab"} == {1.0}
    monkeypatch.setattr(sys, "argv", ["table", str(out)])
    assert table.main() == 0


@pytest.mark.parametrize("name", [*WORKLOADS, "run_all"])
def test_without_a_device_a_benchmark_says_so(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    words = ["--out", str(tmp_path / "results.json")] if name == "run_all" else []
    monkeypatch.setattr(sys, "argv", [name, *words])
    if name == "run_all":
        assert run_all.main() == 2
    else:
        assert measure_cuda.main_of(WORKLOADS[name].rows, WORKLOADS[name].__doc__) == 2
    printed = capsys.readouterr()
    assert "a CUDA device is needed, got none" in printed.err
    assert printed.out == ""
    assert not list(tmp_path.iterdir())


def test_a_limit_is_the_longest_of_its_parts():
    setting = measure_cuda.Setting("cpu", tiny=True)
    setting.__dict__["ceilings"] = {
        "copy bytes/s": 1e3,
        "exp float32 /s": 1e4,
        "products float32 flop/s": 1e5,
    }
    for size, exps, flops, seconds in ((10, 1, 1, 0.01), (1, 700, 1, 0.07), (1, 1, 3e5, 3.0)):
        found = setting.limit(torch.float32, size=size, exps=exps, flops=flops)
        assert found == {"limit ms": pytest.approx(1e3 * seconds)}
    row = measure_cuda.of_limit({"limit ms": 2.0, "median ms": 8.0})
    assert row["fraction"] == 0.25
