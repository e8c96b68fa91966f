"""The command: its exit status, its one line on bad usage, what it prints and what it leaves."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from theorylab import __version__, cli
from theorylab.report import ledger

PARABOLA = "circles2024/parabola_bounds_line_of_positive_width"

LIGHT = """
import sys
from theorylab import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code == 0, stopped.code
heavy = {"torch", "matplotlib", "sympy", "numpy", "pytest", "rich", "jinja2"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["verify", "--help"]])
def test_help_imports_nothing_heavy(words) -> None:
    call = [sys.executable, "-c", LIGHT, *words]
    subprocess.run(call, check=True, capture_output=True, timeout=60)


def test_help_answers_in_half_a_second(theorylab) -> None:
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        run = theorylab("--help")
        seconds.append(time.perf_counter() - started)
        assert run.returncode == 0
        assert "verify" in run.stdout
    assert min(seconds) < 0.5


def test_version(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


def bad_usage(laboratory: Path, tmp_path: Path) -> dict[str, list[str]]:
    """Command lines that the user can put right, by what is wrong with them."""
    file, empty, report = tmp_path / "file", tmp_path / "empty", tmp_path / "report"
    file.write_text("no ledger")
    empty.mkdir()
    foreign, corrupt, binary = (tmp_path / name for name in ("foreign", "corrupt", "binary"))
    for folder, content in [
        (foreign, b'{"an": "object"}\n'),
        (corrupt, b'{"id": \n'),
        (binary, b"\xff\xfe\x00\n"),
    ]:
        folder.mkdir()
        (folder / "ledger.jsonl").write_bytes(content)
    mine = ["--from", str(laboratory)]
    into = ["--report", str(report)]
    bare = tmp_path / "bare" / "paper"
    bare.mkdir(parents=True)
    shutil.copy(laboratory / "circles2024" / "__init__.py", bare)
    return {
        "no command": [],
        "unknown command": ["prove"],
        "unknown option": ["claims", "--yaml"],
        "claims of an unknown paper": ["claims", "nobody2020", *mine],
        "claims of an id": ["claims", PARABOLA, *mine],
        "claims of a claim folder that is a file": ["claims", "--from", str(file)],
        "claims of a claim folder without papers": ["claims", "--from", str(empty)],
        "claims of no folder": ["claims", "--from", str(tmp_path / "nowhere")],
        "verify an unknown id": ["verify", PARABOLA[:-1], *mine, *into],
        "verify one known and one unknown": ["verify", PARABOLA, "nobody", *mine, *into],
        "verify with no jobs": ["verify", "--jobs", "0", *mine, *into],
        "verify with negative jobs": ["verify", "--jobs", "-2", *mine, *into],
        "verify with half a job": ["verify", "--jobs", "0.5", *mine, *into],
        "verify with jobs in words": ["verify", "--jobs", "many", *mine, *into],
        "verify into a file": ["verify", *mine, "--report", str(file)],
        "verify below a file": ["verify", *mine, "--report", str(file / "report")],
        "verify where nothing can be written": ["verify", *mine, "--report", "/proc/report"],
        "verify a paper without claims": ["verify", "--from", str(tmp_path / "bare"), *into],
        "figures of an unknown name": ["figures", "nothing", *mine, *into],
        "figures without a report": ["figures", *mine, *into],
        "figures of a file": ["figures", *mine, "--report", str(file)],
        "figures of a foreign ledger": ["figures", *mine, "--report", str(foreign)],
        "figures of a corrupt ledger": ["figures", *mine, "--report", str(corrupt)],
        "figures of a binary ledger": ["figures", *mine, "--report", str(binary)],
        "figures in an unknown format": ["figures", *mine, *into, "--format", "bmp"],
    }


CASES = [
    "no command", "unknown command", "unknown option", "claims of an unknown paper",
    "claims of an id", "claims of a claim folder that is a file",
    "claims of a claim folder without papers", "claims of no folder", "verify an unknown id",
    "verify one known and one unknown", "verify with no jobs", "verify with negative jobs",
    "verify with half a job", "verify with jobs in words", "verify into a file",
    "verify below a file", "verify where nothing can be written", "verify a paper without claims",
    "figures of an unknown name", "figures without a report", "figures of a file",
    "figures of a foreign ledger", "figures of a corrupt ledger", "figures of a binary ledger",
    "figures in an unknown format",
]  # fmt: skip


@pytest.mark.parametrize("wrong", CASES)
def test_bad_usage_is_one_line_and_status_two(wrong, laboratory, tmp_path, capfd) -> None:
    table = bad_usage(laboratory, tmp_path)
    assert list(table) == CASES
    try:
        status = cli.main(table[wrong])
    except SystemExit as stopped:
        status = stopped.code
    out, err = capfd.readouterr()
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("theorylab")
    assert not (tmp_path / "report" / "ledger.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["claims", "nobody2020"], "(known papers: circles2024, sums2025)"),
        (["claims", "circles2025"], "did you mean 'circles2024'?"),
        (["verify", PARABOLA[:-1]], f"did you mean '{PARABOLA}'?"),
        (["verify", "--jobs", "0"], "--jobs must be at least 1, got 0"),
    ],
)
def test_bad_usage_says_what_is_possible(words, told, laboratory, tmp_path, capsys) -> None:
    where = ["--from", str(laboratory)]
    where += ["--report", str(tmp_path)] if words[0] == "verify" else []
    assert cli.main([*words, *where]) == 2
    assert told in capsys.readouterr().err


def test_folder_that_cannot_be_written_is_found_out_first(
    laboratory, tmp_path, capsys, monkeypatch
) -> None:
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    words = ["verify", "--from", str(laboratory), "--report", str(tmp_path)]
    assert cli.main(words) == 2
    assert f"written, got '{tmp_path}' (Permission denied)" in capsys.readouterr().err


def test_claims_as_json(laboratory, capsys) -> None:
    assert cli.main(["claims", "--json", "--from", str(laboratory)]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 6
    keys = {"id", "paper", "item", "relation", "evidence", "statement", "cases", "false_twins"}
    assert all(keys | {"given", "file"} <= set(one) for one in listed)
    assert len({one["id"] for one in listed}) == 6
    first = listed[0]
    assert first["id"] == PARABOLA
    assert first["false_twins"] == ["exponent 3", "a factor <2>"]
    assert first["given"] == ["circles2024/square_of_a_sum"]
    assert (laboratory.parent / first["file"]).is_file()
    reasons = [one["not_checked"] for one in listed if "not_checked" in one]
    assert reasons == ["no finite check exists"] * 2
    assert cli.main(["claims", "sums2025", "--json", "--from", str(laboratory)]) == 0
    only = json.loads(capsys.readouterr().out)
    assert [one["paper"] for one in only] == ["sums2025"] * 3


def test_claims_as_plain_lines_and_as_a_table(laboratory, capsys, monkeypatch) -> None:
    assert cli.main(["claims", "--from", str(laboratory)]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [len(row) for row in rows] == [7] * 6
    assert rows[0][:6] == [PARABOLA, "Prop. 2", "sharpens", "numeric", "3", "2"]
    assert rows[2][2:] == ["not checked", "", "0", "0", "no finite check exists"]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["claims", "--from", str(laboratory)]) == 0
    table = capsys.readouterr().out
    assert "Parabola bounds line of positive width" in table
    assert "Sums of <squares>" in table
    assert "┃" in table


def test_closed_pipe_is_no_error(laboratory) -> None:
    call = f"{sys.executable} -m theorylab claims --from {laboratory} | head -c 5"
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", call], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == PARABOLA[:5]
    assert run.stderr == ""


def test_verify_green(verified) -> None:
    report, run = verified
    assert run.returncode == 0
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        ["holds", PARABOLA],
        ["holds", "circles2024/square_of_a_sum"],
        ["holds", "sums2025/no_square_is_three_of_modulus_five"],
        ["holds", "sums2025/rare_event_is_rare"],
    ]
    assert "3 cases" in lines[0]
    assert "2 false twins rejected" in lines[0]
    assert "6 of 6 cases hold, 5 of 5 false twins rejected" in run.stdout
    assert lines[-1] == f"page: {report / 'index.html'}"
    assert "\x1b" not in run.stdout
    assert len(ledger.read(report)) == 11
    assert ledger.read_environment(report)["items"] == 11


BAD = '''
@claim(source=PAPER.at("{item}"), relation=Relation.AS_STATED, evidence=Evidence.NUMERIC,
       cases=[Size(1.0), Size(2.0)], must_fail={{"twin": lambda case: replace(case, n={twin})}})
def {name}(case):
    """One equals $n$."""
    {extra}
    return equal(1.0, case.n, budget=1e-9)
'''


@pytest.fixture(scope="module")
def red(laboratory, tmp_path_factory, theorylab):
    """A run, by two processes, of a laboratory in which much is wrong."""
    root = tmp_path_factory.mktemp("red")
    folder = root / "unsound2024"
    folder.mkdir()
    text = (laboratory / "circles2024" / "__init__.py").read_text()
    (folder / "__init__.py").write_text(text.replace("circles2024", "unsound2024"))
    head = (laboratory / "circles2024" / "square_of_a_sum.py").read_text().split("import sympy")[0]
    head = head.replace("circles2024", "unsound2024")
    for name, extra, twin in [
        ("false_claim", "", 3.0),
        ("broken_check", "raise KeyError('lost')", 3.0),
        ("powerless_check", "case = Size(1.0)", 3.0),
    ]:
        body = BAD.format(item=name, name=name, extra=extra, twin=twin)
        (folder / f"{name}.py").write_text(head + body)
    (folder / "no_claim.py").write_text("nothing = here\n")
    sound = laboratory / "circles2024" / "square_of_a_sum.py"
    moved = sound.read_text().replace("circles2024", "unsound2024")
    (folder / "square_of_a_sum.py").write_text(moved)
    run = theorylab("verify", "--from", root, "--report", root / "report", "--jobs", 2)
    return root / "report", run


def test_verify_red_tells_everything_and_goes_on(red) -> None:
    report, run = red
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    for part in (
        "CASE FAILS: unsound2024/false_claim",
        "One equals $n$.",
        "Authors 2024",
        "n=2.0, seed=7",
        "KeyError: 'lost'",
        "FALSE TWIN ACCEPTED: unsound2024/powerless_check",
        "NameError: name 'here' is not defined",
        "holds     unsound2024/square_of_a_sum",
    ):
        assert part in run.stdout
    verdicts = {(line["id"].partition("/")[2], line["verdict"]) for line in ledger.read(report)}
    assert {
        ("false_claim", "FAILS"),
        ("broken_check", "ERROR"),
        ("powerless_check", "ACCEPTED"),
        ("no_claim", "ERROR"),
        ("square_of_a_sum", "REJECTED"),
    } <= verdicts


def test_page_of_a_red_run_is_red(red) -> None:
    page = (red[0] / "index.html").read_text()
    found = {
        name: page.split(f'<article id="unsound2024.{name}"')[1].split('data-verdict="')[1]
        for name in ("false_claim", "broken_check", "powerless_check", "no_claim")
    }
    assert {name: text.partition('"')[0] for name, text in found.items()} == {
        "false_claim": "FAILS",
        "broken_check": "ERROR",
        "powerless_check": "UNDECIDED",
        "no_claim": "ERROR",
    }
    assert "<h1>1 of 5 statements hold</h1>" in page
    assert "unsound2024/no_claim could not be read as a claim" in page


def heeding_interrupts() -> None:
    """A program started from a background job inherits that it ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_run_leaves_a_readable_ledger(laboratory, tmp_path) -> None:
    root, report = tmp_path / "slow", tmp_path / "report"
    shutil.copytree(laboratory / "circles2024", root / "circles2024")
    slow = root / "circles2024" / "square_of_a_sum.py"
    slow.write_text(
        "import time\n" + slow.read_text().replace("    return", "    time.sleep(100)\n    return")
    )
    call = [sys.executable, "-m", "theorylab", "verify", "--from", str(root)]
    running = subprocess.Popen(
        [*call, "--report", str(report)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=heeding_interrupts,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (report / "ledger.jsonl").is_file() and len(ledger.read(report)) == 5:
            break
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in out + err
    assert "interrupted after 5 of 7 items" in out
    assert [line["id"] for line in ledger.read(report)] == [PARABOLA] * 5
    assert "This run was stopped before its end" in (report / "index.html").read_text()


def test_figures_of_a_verified_report(laboratory, verified, tmp_path, capsys) -> None:
    report, _ = verified
    common = ["--from", str(laboratory), "--report", str(report)]
    assert cli.main(["figures", *common, "--out", str(tmp_path / "all")]) == 0
    made = tmp_path / "all" / f"{PARABOLA}.pdf"
    assert capsys.readouterr().out == f"{made}\n"
    assert made.read_bytes().startswith(b"%PDF-")
    name = PARABOLA.partition("/")[2]
    for wanted in (PARABOLA, name, "circles2024"):
        out = tmp_path / wanted.replace("/", "_")
        words = ["figures", wanted, *common, "--out", str(out), "--format", "pdf", "--format"]
        assert cli.main([*words, "png"]) == 0
        files = sorted(path.name for path in out.rglob("*.*"))
        assert files == [f"{name}.pdf", f"{name}.png"]
        assert (out / f"{PARABOLA}.pdf").read_bytes() == made.read_bytes()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("circles2024/square_of_a_sum", "must have a figure(ax, series) in its file, got none"),
        ("sums2025", "the ledger must hold one of these statements and a figure"),
    ],
)
def test_figures_that_do_not_exist(laboratory, verified, name, told, tmp_path, capsys) -> None:
    words = ["figures", name, "--from", str(laboratory), "--report", str(verified[0])]
    assert cli.main([*words, "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err


def test_figures_of_changed_or_missing_series(laboratory, verified, tmp_path, capsys) -> None:
    report = tmp_path / "report"
    shutil.copytree(verified[0], report)
    words = ["figures", "--from", str(laboratory), "--report", str(report)]
    words += ["--out", str(tmp_path / "out")]
    series = sorted((report / "series").iterdir())
    series[0].write_text("{}")
    assert cli.main(words) == 2
    assert "it was changed" in capsys.readouterr().err
    series[0].unlink()
    assert cli.main(words) == 2
    assert "must lie in" in capsys.readouterr().err
    lines = (report / "ledger.jsonl").read_text().splitlines(keepends=True)
    (report / "ledger.jsonl").write_text("".join(line for line in lines if PARABOLA not in line))
    assert cli.main([*words, PARABOLA]) == 2
    assert f"run `theorylab verify {PARABOLA}` first" in capsys.readouterr().err


def test_figure_that_raises_is_status_one(laboratory, verified, tmp_path, capsys, monkeypatch):
    from theorylab.claims.catalogue import load

    claim = next(c for entry in load(laboratory) for c in entry.claims if c.id == PARABOLA)

    def broken(_, series):
        msg = f"{len(series)}\nseries"
        raise RuntimeError(msg)

    monkeypatch.setattr(sys.modules[claim.check.__module__], "figure", broken)
    words = ["figures", "--from", str(laboratory), "--report", str(verified[0])]
    assert cli.main([*words, "--out", str(tmp_path / "out")]) == 1
    assert "could not be drawn: RuntimeError: 3 series\n" in capsys.readouterr().err


def test_claims_that_cannot_be_read_are_one_line(tmp_path, capsys) -> None:
    root = tmp_path / "torn"
    (root / "torn2024").mkdir(parents=True)
    (root / "torn2024" / "__init__.py").write_text("PAPER = (\n")
    assert cli.main(["claims", "--from", str(root)]) == 2
    err = capsys.readouterr().err
    assert "SyntaxError" in err
    assert len(err.splitlines()) == 1


def test_shipped_claims_are_the_default(monkeypatch) -> None:
    from theorylab.report import names

    found = names.folder(None)
    assert found.name == "proofs_check"
    assert (found / "__init__.py").is_file()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(names.UsageError, match="not installed; name a folder with --from"):
        names.folder(None)
