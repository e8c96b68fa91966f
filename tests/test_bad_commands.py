"""Bad usage of the command line: exit status 2, one line on standard error, no traceback.

The rows run in this process through `theorylab.cli.main`; one runs `python -m theorylab`.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from theorylab import cli
from theorylab.report import ledger

PAPER = "ashiq2026_ddim_vs_ddpm"
CLAIM = f"{PAPER}/clock_is_log_of_effective_deviation"
LINE = {
    "id": CLAIM, "case": "case", "kind": "case", "index": 0, "verdict": "HOLDS", "ok": True,
    "evidence": "SYMBOLIC", "margin": None, "detail": "", "seconds": 0.1, "seed": None,
    "series": None, "sha256": None,
}  # fmt: skip
WHOLE = json.dumps(LINE)


def _with_ledger(content: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "report").mkdir()
        (folder / "report" / ledger.LEDGER).write_text(content, encoding="latin-1")

    return make


def _file(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text("mine", encoding="utf-8")


def _claims(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        paper = folder / "claims_of_mine" / "mine2026_topic"
        paper.mkdir(parents=True)
        (paper.parent / "__init__.py").touch()
        (paper / "__init__.py").write_text(text, encoding="utf-8")

    return make


def _nothing(_: Path) -> None:
    return None


EMPTY = "PAPER = 1\nNOT_CHECKED = ()\n"
UNKNOWN = [
    ("claims nobody2020_nothing", _nothing, ["unknown paper 'nobody2020_nothing'", PAPER]),
    ("claims ashiq2026_ddim_vs_ddmp", _nothing, ["unknown paper", f"did you mean '{PAPER}'"]),
    (f"claims {CLAIM}", _nothing, ["unknown paper", CLAIM]),
    ("verify nobody2020_nothing", _nothing, ["unknown paper or id 'nobody2020_nothing'"]),
    (f"verify {CLAIM}s", _nothing, ["unknown paper or id", f"did you mean '{CLAIM}'"]),
    (f"verify {PAPER} nobody", _nothing, ["unknown paper or id 'nobody'"]),
    ("verify ''", _nothing, ["unknown paper or id ''"]),
    ("verify ../proofs_check", _nothing, ["unknown paper or id '../proofs_check'"]),
    ("figures no_such_figure", _nothing, ["unknown paper, id or name 'no_such_figure'"]),
]
OPTIONS = [
    ("", _nothing, ["COMMAND"]),
    ("prove", _nothing, ["invalid choice", "'prove'"]),
    ("claims --yaml", _nothing, ["unrecognized arguments", "--yaml"]),
    ("claims a b", _nothing, ["unrecognized arguments", "b"]),
    ("verify --jobs 0", _nothing, ["--jobs must be at least 1", "got 0"]),
    ("verify --jobs -2", _nothing, ["--jobs must be at least 1", "got -2"]),
    ("verify --jobs two", _nothing, ["--jobs", "invalid int value", "'two'"]),
    ("verify --jobs 1.5", _nothing, ["--jobs", "invalid int value", "'1.5'"]),
    ("verify --jobs", _nothing, ["--jobs", "expected one argument"]),
    ("verify --report", _nothing, ["--report", "expected one argument"]),
    ("figures --format gif", _nothing, ["--format", "invalid choice", "'gif'", "pdf"]),
]
FOLDERS = [
    (f"verify {CLAIM} --report taken", _file("taken"), ["--report must be a folder", "taken"]),
    (f"verify {CLAIM} --report taken/in", _file("taken"), ["--report must be a folder", "taken"]),
    ("claims --from absent", _nothing, ["--from must be a folder of claims", "'absent'"]),
    ("verify --from absent", _nothing, ["--from must be a folder of claims", "'absent'"]),
    ("figures --from taken", _file("taken"), ["--from must be a folder of claims", "'taken'"]),
    ("claims --from .", _nothing, ["--from must hold a folder whose __init__.py assigns PAPER"]),
    ("verify --from claims_of_mine", _claims(EMPTY), ["must hold at least one claim", "none"]),
    ("claims --from claims_of_mine", _claims(EMPTY), ["PAPER must be a Paper", "got 1"]),
    ("claims --from claims_of_mine", _claims("PAPER = ("), ["cannot be read", "SyntaxError"]),
    ("claims --from claims_of_mine", _claims("PAPER = 1 / 0"), ["cannot be read", "ZeroDivision"]),
]
LEDGERS = [
    ("figures", _nothing, ["must hold a ledger.jsonl", "theorylab verify"]),
    ("figures --report taken", _file("taken"), ["must hold a ledger.jsonl", "taken"]),
    ("figures", _with_ledger("not json\n"), ["line 1 must be a JSON object"]),
    ("figures", _with_ledger("\xff\xfe\n"), ["line 1 must be a JSON object"]),
    ("figures", _with_ledger(f"{WHOLE}\n[1]\n"), ["line 2 must be a line of a ledger"]),
    ("figures", _with_ledger('{"id": "x"}\n'), ["line 1 must be a line of a ledger", "verdict"]),
    ("figures", _with_ledger('{"loss": 1}'), ["line 1 must be a line of a ledger", "loss"]),
    ("figures", _with_ledger(f"{WHOLE}\n"), ["the ledger must hold one of these statements"]),
    (f"figures {CLAIM}", _with_ledger(f"{WHOLE}\n"), [CLAIM, "must have a figure(ax, series)"]),
    ("figures", _with_ledger(""), ["the ledger must hold one of these statements"]),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; what a row puts on the path or imports goes with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in sys.modules if name.startswith("claims_of_mine")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "make", "told"),
    [*UNKNOWN, *OPTIONS, *FOLDERS, *LEDGERS],
    ids=lambda value: value or "none" if isinstance(value, str) else "",
)
def test_is_refused_in_one_line(
    words: str,
    make: Callable[[Path], None],
    told: list[str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(folder)
    arguments = ["" if word == "''" else word for word in words.split()]
    before = sorted(folder.rglob("*"))
    try:
        status = cli.main(arguments)
    except SystemExit as error:  # argparse's own way out
        status = error.code
    out, err = capsys.readouterr()
    assert status == 2, out + err
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err.startswith("theorylab")
    assert all(part in err for part in told), err
    left = [path for path in folder.rglob("*") if "__pycache__" not in path.parts]
    assert sorted(left) == before, "a refused command leaves nothing behind"


def test_the_same_from_a_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "theorylab", "figures", "--report", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "theorylab: the report folder must hold a ledger.jsonl (run `theorylab verify` first), "
        f"got {tmp_path}\n"
    )
