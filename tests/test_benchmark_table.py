"""What `make bench` reports: memory of a known size, growth of a known power, and its table."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import measure, table

MEBIBYTE = 2**20


def filled(mebibytes: int) -> bytearray:
    """So much memory, every page of it written to."""
    return bytearray(b"\1") * (mebibytes * MEBIBYTE)


def test_peak_of_a_known_allocation() -> None:
    """To 2 MiB of what the interpreter itself takes and gives back; what was there is left out."""
    before = filled(96)

    def twice() -> int:
        return len(filled(64)) + len(filled(32))

    def both() -> int:
        one, two = filled(64), filled(32)
        return len(one) + len(two)

    calls = ((both, 96), (twice, 64), (lambda: filled(64), 64), (lambda: None, 0))
    for call, expected in calls:
        found = measure.peak_mebibytes(call)
        if sys.platform != "linux":
            assert found is None
        else:
            assert found is not None
            assert abs(found - expected) < 2
    assert len(before) == 96 * MEBIBYTE


def test_no_peak_where_linux_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measure, "_RESET", tmp_path / "missing")
    assert measure.peak_mebibytes(lambda: None) is None


def test_seconds_are_the_median_of_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five rounds after a warm-up: 9 in one round and 0 in another move nothing."""
    rounds = iter([100.0, 3.0, 9.0, 3.5, 0.0, 4.0])
    clock = [0.0]

    def call() -> None:
        clock[0] += next(rounds)

    monkeypatch.setattr(time, "process_time", lambda: clock[0])
    assert measure.seconds(call) == 3.5
    assert next(rounds, None) is None


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0])
def test_growth_of_a_known_power(power: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(call: Callable[[], float]) -> float:
        return call()

    monkeypatch.setattr(measure, "seconds", seconds)
    found = measure.growth([10, 40, 1000], lambda n: lambda: 3e-6 * n**power)
    assert found["sizes"] == [10, 40, 1000]
    assert found["seconds"] == pytest.approx([3e-6 * n**power for n in (10, 40, 1000)])
    assert found["exponent"] == pytest.approx(power, abs=1e-9)


def bench(group: str, name: str, median: float, **beside: object) -> dict[str, object]:
    return {
        "group": group,
        "name": f"bench[{name}]",
        "params": {"name": name},
        "stats": {"median": median},
        "extra_info": beside,
    }


def results(*benches: dict[str, object], **machine: str) -> dict[str, object]:
    known = {"cpu": {}, "machine": "m", "system": "Linux", "python_version": "3.11"} | machine
    return {"benchmarks": list(benches), "machine_info": known, "datetime": "2026-01-02T03:04"}


RUN = results(
    bench("W1", "slow", 0.2),
    bench("W1", "fast", 0.005, error=2.24e-7),
    bench("W1", "theorylab", 0.01, error=0.0, deviation=1.034),
    bench("W2", "alone", 2.0, growth={"exponent": 0.987, "sizes": [1, 10]}),
)


def test_ratios_are_of_the_same_group_and_ours_comes_first() -> None:
    found = table.rows(RUN)
    assert [(row.group, row.name, row.ratio) for row in found] == [
        ("W1", "theorylab", 1.0),
        ("W1", "fast", 0.5),
        ("W1", "slow", 20.0),
        ("W2", "alone", None),
    ]


def test_lines_of_the_table() -> None:
    assert list(table.lines(table.rows(RUN))) == [
        "|  | time | ratio | beside it |",
        "|---|---|---|---|",
        "| **W1** |  |  |  |",
        "| theorylab | 10 ms | 1 | error 0, deviation 1.03 |",
        "| fast | 5 ms | 0.5 | error 2.2e-07 |",
        "| slow | 200 ms | 20 |  |",
        "| **W2** |  |  |  |",
        "| alone | 2 s |  | growth: exponent 0.99, sizes [1, 10] |",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.034, "1.03"), (0.978, "0.978"), (0.032, "0.032"), (0.0, "0"), (5.0, "5"),
        (2.24e-7, "2.2e-07"), (6.7e-16, "6.7e-16"), (58.94, "58.9"), (190.4, "190"),
        (1234.5, "1234"), (12e6, "12000000"), (-1.5e-3, "-1.5e-03"),
        (float("nan"), "nan"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_digits(value: float, shown: str) -> None:
    assert table._number(value) == shown


def test_two_runs_are_compared_by_their_ratios(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine twice as slow changes no ratio; what the older run lacks is left empty."""
    older = results(
        bench("W1", "theorylab", 0.02),
        bench("W1", "slow", 0.2),
        bench("W2", "theorylab", 1.0),
        bench("W2", "slow", 7.0),
    )
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    new.write_text(json.dumps(RUN | {"machine_info": RUN["machine_info"]}))
    old.write_text(json.dumps(older))
    monkeypatch.setattr(sys, "argv", ["table", str(new), "--against", str(old)])
    assert table.main() == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "2026-01-02, m, Linux, Python 3.11"
    assert "|  | time | ratio | ratio before | beside it |" in out
    assert "| slow | 200 ms | 20 | 10 |  |" in out
    assert "| fast | 5 ms | 0.5 |  | error 2.2e-07 |" in out
    assert out[-1] == "peers not installed, hence not measured: not recorded"
