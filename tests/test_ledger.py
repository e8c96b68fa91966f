"""The ledger survives kills, refuses what is not its own, and no name can break a line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from theorylab.report import ledger, provenance
from theorylab.report.ledger import TornLine

WRITER = """
import sys
from pathlib import Path
from theorylab.report import ledger
folder = Path(sys.argv[1])
ledger.start(folder, command=["writer"], thorough=False)
assert "torch" not in sys.modules
print("go", flush=True)
for index in range(10**6):
    line = {"id": "paper/claim", "kind": "case", "case": "x" * (index % 3000), "index": index,
            "verdict": "HOLDS", "ok": True, "evidence": "NUMERIC", "margin": 0.5, "detail": "d",
            "seconds": 0.0, "seed": None}
    ledger.append(folder, line, {"i": [index] * 50} if index % 50 == 0 else None)
"""


def line(**changes: Any) -> dict[str, Any]:
    """A record as the plugin makes it."""
    made = {
        "id": "paper/claim", "paper": "paper", "item": "Lemma 1", "relation": "AS_STATED",
        "kind": "case", "case": "x=1", "index": 0, "verdict": "HOLDS", "ok": True,
        "evidence": "NUMERIC", "declared": "NUMERIC", "margin": 0.5, "detail": "d",
        "seconds": 0.1, "seed": 3, "false_alarm": 0.0, "miss": 0.0, "reach": None, "given": [],
    }  # fmt: skip
    return made | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A begun ledger."""
    ledger.start(tmp_path / "report", command=["pytest"], thorough=False)
    return tmp_path / "report"


# ---------------------------------------------------------------- kills


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten writers, each killed at a random moment while it writes as fast as it can."""
    root, chance, folders = tmp_path_factory.mktemp("killed"), random.Random(11), []
    for index in range(10):
        target = root / str(index)
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        time.sleep(0.01 + 0.15 * chance.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        folders.append(target)
    return folders


@pytest.mark.filterwarnings("ignore::theorylab.report.ledger.TornLine")
def test_a_killed_run_leaves_whole_lines(killed: list[Path]) -> None:
    counts = []
    for target in killed:
        records = ledger.read(target)
        assert [record["index"] for record in records] == list(range(len(records)))
        assert all(len(record["case"]) == record["index"] % 3000 for record in records)
        counts.append(len(records))
    assert sum(counts) > 500
    assert len(set(counts)) > 3


@pytest.mark.filterwarnings("ignore::theorylab.report.ledger.TornLine")
def test_a_killed_run_leaves_whole_series(killed: list[Path]) -> None:
    for target in killed:
        for record in ledger.read(target):
            if record["series"] is not None:
                assert ledger.read_series(target, record) == {"i": [record["index"]] * 50}


def test_what_a_killed_run_left_aside_is_swept(killed: list[Path]) -> None:
    target = killed[0]
    (target / ".ledger.jsonl.4242").write_bytes(b"half")
    (target / "series" / ".a__b__0.json.4242").write_bytes(b"half")
    ledger.start(target, command=[], thorough=False)
    assert ledger.read(target) == []
    names = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert names == ["environment.json", "ledger.jsonl"]


@pytest.mark.parametrize("cut", [1, 5, 9, 40, 200])
def test_a_torn_last_line_is_left_out_and_reported(folder: Path, cut: int) -> None:
    ledger.append(folder, line(index=0), None)
    ledger.append(folder, line(index=1), None)
    file = folder / "ledger.jsonl"
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    file.write_bytes(whole[: first + cut])
    with pytest.warns(TornLine, match=r"ledger.jsonl line 2 was cut off"):
        records = ledger.read(folder)
    assert [record["index"] for record in records] == [0]


def test_a_whole_ledger_is_read_without_a_warning(folder: Path) -> None:
    assert ledger.read(folder) == []
    ledger.append(folder, line(), None)
    assert ledger.read(folder) == [line(series=None, sha256=None)]


def test_a_line_that_was_cut_by_a_full_disk_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    with pytest.raises(OSError, match="was cut to 7"):
        ledger.append(folder, line(), None)


def test_a_line_is_one_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _, data: written.append(data) or len(data))
    ledger.append(folder, line(case="x" * 100_000), None)
    assert len(written) == 1
    assert written[0].endswith(b"}\n")


# ---------------------------------------------------------------- names and numbers

ODD = [
    "ä→∞",
    "a\u2028b",
    "a\x85b\x0bc\x1dd",
    "line\nbreak\r\n",
    '"quoted"\\',
    "\0",
    "\ud800",
    "🙂",
    "",
]


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_no_name_can_break_a_line(folder: Path, name: str) -> None:
    """str.splitlines breaks at U+2028 and others; a lone surrogate cannot be encoded."""
    ledger.append(folder, line(case=name, detail=name), None)
    ledger.append(folder, line(index=1), None)
    assert (folder / "ledger.jsonl").read_bytes().isascii()
    records = ledger.read(folder)
    assert [record["index"] for record in records] == [0, 1]
    assert (records[0]["case"], records[0]["detail"]) == (name, name)


@pytest.mark.parametrize(
    ("margin", "kept"),
    [
        (float("nan"), None), (float("inf"), None), (-float("inf"), None), (None, None),
        (0.25, 0.25), (-1, -1.0), (True, None), ("0.5", None),
    ],
)  # fmt: skip
def test_a_margin_is_a_finite_number_or_null(folder: Path, margin: Any, kept: Any) -> None:
    ledger.append(folder, line(margin=margin), None)
    assert ledger.read(folder)[0]["margin"] == kept
    assert "NaN" not in (folder / "ledger.jsonl").read_text()


def test_a_number_that_json_lacks_is_refused_when_written(folder: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.append(folder, line(false_alarm=float("nan")), None)
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.append(folder, line(), {"x": [float("inf")]})
    assert ledger.read(folder) == []


# ---------------------------------------------------------------- foreign files


def whole(**changes: Any) -> bytes:
    return (json.dumps(line(series=None, sha256=None) | changes) + "\n").encode()


FOREIGN = [
    b"hello\n",
    b"hello",
    b"\n",
    b"[]\n",
    b"null\n",
    b"3\n",
    b"{}\n",
    b'{"id": "x"}\n',
    b"\xff\xfe\n",
    b"\x00\x01\x02",
    b"PK\x03\x04\n",
    "ä".encode("utf-16") + b"\n",
    b"[" * 100_000 + b"\n",
    b"1" * 10_000 + b"\n",
    whole().replace(b'"margin": 0.5', b'"margin": NaN'),
    whole().replace(b'"margin": 0.5', b'"margin": -Infinity'),
    whole(margin="0.5"),
    whole(margin=True),
    whole(ok="yes"),
    whole(ok=1),
    whole(index=None),
    whole(index=True),
    whole(seed=1.5),
    whole(id=3),
    whole(series=7),
    whole(verdict=None),
    whole()[:-2] + b"\n",
    whole().replace(b'"id"', b'"di"'),
]


@pytest.mark.parametrize("content", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_line_is_refused_by_file_and_line(folder: Path, content: bytes) -> None:
    (folder / "ledger.jsonl").write_bytes(whole() + content)
    with pytest.raises(ValueError, match=r"ledger\.jsonl line 2 must be"):
        ledger.read(folder)


def test_a_folder_without_a_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold a ledger\.jsonl"):
        ledger.read(tmp_path)
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ValueError, match=r"must hold a ledger\.jsonl"):
        ledger.read(tmp_path)
    with pytest.raises(ValueError, match=r"must hold a ledger\.jsonl"):
        ledger.read(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"3", b"[" * 100_000])
def test_a_foreign_environment_is_refused(folder: Path, content: bytes) -> None:
    (folder / "environment.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"environment\.json must"):
        ledger.read_environment(folder)


# ---------------------------------------------------------------- series


def test_a_changed_series_is_refused(folder: Path) -> None:
    ledger.append(folder, line(), {"x": [1.0, 2.0]})
    (record,) = ledger.read(folder)
    assert ledger.read_series(folder, record) == {"x": [1.0, 2.0]}
    file = folder / "series" / "paper__claim__0.json"
    file.write_text(file.read_text().replace("2.0", "2.1"))
    with pytest.raises(ValueError, match=r"paper__claim__0\.json must have the checksum"):
        ledger.read_series(folder, record)
    file.unlink()
    with pytest.raises(ValueError, match="the series of paper/claim must lie in"):
        ledger.read_series(folder, record)


@pytest.mark.parametrize("name", [None, "../ledger.jsonl", "/etc/hostname", "..", ".", "", "a/b"])
def test_a_series_lies_in_its_folder(folder: Path, name: Any) -> None:
    with pytest.raises(ValueError, match="the series of paper/claim must lie in"):
        ledger.read_series(folder, line(series=name, sha256="0" * 64))


def test_writing_is_atomic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep" / "file"
    ledger.write_atomically(file, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        ledger.write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_file_is_replaced_and_never_overwritten(tmp_path: Path) -> None:
    """A second name of the old file still sees the old file, whole."""
    ledger.write_atomically(tmp_path / "file", b"old")
    os.link(tmp_path / "file", tmp_path / "reader")
    ledger.write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "reader").read_bytes() == b"old"


def test_a_second_run_replaces_the_first(folder: Path) -> None:
    ledger.append(folder, line(index=0), {"x": [1]})
    ledger.append(folder, line(index=1), {"x": [2]})
    ledger.finish(folder, [line()])
    (folder / "index.html").write_text("kept")
    ledger.start(folder, command=["second"], thorough=True)
    assert ledger.read(folder) == []
    assert list((folder / "series").iterdir()) == []
    ledger.append(folder, line(index=0), {"x": [3]})
    assert len(ledger.read(folder)) == 1
    environment = ledger.read_environment(folder)
    assert (environment["command"], environment["thorough"]) == (["second"], True)
    assert "finished" not in environment
    assert (folder / "index.html").read_text() == "kept"


# ---------------------------------------------------------------- account


def test_chance_is_added_up() -> None:
    lines = [line(false_alarm=1e-10, miss=2e-10), line(false_alarm=3e-10, miss=4e-10), line()]
    assert ledger.false_alarm_probability(lines) == pytest.approx(1e-9)
    assert ledger.false_alarm_probability([]) == 0


def test_conditional_follows_the_chain_and_only_red_ones() -> None:
    lines = [
        line(id="p/a", ok=False),
        line(id="p/b", given=["p/a", "p/e"]),
        line(id="p/c", given=["p/b"]),
        line(id="p/d", given=["p/e"]),
        line(id="p/e", given=["p/d"]),
        line(id="p/f", given=["q/not_run"]),
        line(id="p/a", index=1),
    ]
    assert ledger.conditional(lines) == {"p/b": ["p/a"], "p/c": ["p/a"]}


def test_the_summary_counts_statements_and_skips_broken_files() -> None:
    broken = line(id="p/x", relation=None, declared=None, evidence=None, verdict="ERROR", ok=False)
    twin = line(kind="twin", verdict="REJECTED", margin=None)
    lines = ledger.summary_lines([line(), line(index=1, margin=0.125), twin, broken])
    assert lines[:3] == [
        "1 statements: 1 AS_STATED",
        "evidence: 1 NUMERIC",
        "2 of 3 cases hold, 1 of 1 false twins rejected",
    ]
    assert "1 items ended in an error and say nothing about their statement" in lines
    margins = [text.split()[2] for text in lines if text.startswith("small margin")]
    assert margins == ["+1.25e-01", "+5.00e-01"]


def test_the_summary_names_the_five_slowest_statements() -> None:
    names = "abcdefg"
    lines = [line(id=f"p/{name}", seconds=float(rank)) for rank, name in enumerate(names, 1)]
    told = ledger.summary_lines([*lines, line(id="p/a", index=1, seconds=9.25)])
    slow = [text for text in told if text.startswith("slow ")]
    expected = [("10.2", "a"), ("7.0", "g"), ("6.0", "f"), ("5.0", "e"), ("4.0", "d")]
    assert slow == [f"slow {seconds} s  p/{name}" for seconds, name in expected]


def test_provenance_names_no_folder_of_the_user() -> None:
    made = provenance.environment(
        command=["/srv/me/bin/pytest", "--theorylab-report=/srv/me/out", "-k", "a=b"],
        thorough=False,
    )
    assert made["command"] == ["pytest", "--theorylab-report=out", "-k", "a=b"]
    assert "/srv" not in json.dumps(made)
    assert made["threads"]["of a check"] == 1
    assert made["packages"]["torch"]
