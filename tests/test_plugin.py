"""The plugin on a synthetic folder of claims: what must be red is red, and says why."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from theorylab.report import ledger

pytest_plugins = ["pytester"]

HEAD = '''
import math, os, random, sys
from dataclasses import dataclass, replace
import numpy as np, pytest, torch
from theorylab.claims import *
from papers.{folder} import PAPER

@dataclass(frozen=True)
class Case:
    """A number."""
    value: float = 1.0
    seed: int = 5

def near_one(case):
    """The value is near 1."""
    return abs(case.value - 1) < 0.5

def off(case):
    return replace(case, value=1.02)
'''

GOOD = {
    "source": 'PAPER.at("Theorem 7")',
    "relation": "Relation.SHARPENS",
    "evidence": "Evidence.NUMERIC",
    "cases": "[Case(), Case(1.0, 6)]",
    "assumes": "[near_one]",
    "must_fail": '{"two per cent": off}',
}
EQUAL = "return equal(case.value, 1.0, budget=1e-6)"
PAPER = """
from theorylab.claims import Paper
PAPER = Paper("{folder}", "A made-up paper", "Nobody", 2026, "0000.00000", "v1", "Made-up 2026")
NOT_CHECKED = ()
"""
CHANCE = "false_alarm={0}, miss={0}"


def source(folder: str, name: str, check: str = EQUAL, **changes: str) -> str:
    """The text of a file that declares one claim."""
    statement = changes.pop("statement", r"The value is $1$, whatever $\beta$.")
    before = changes.pop("before", "")
    arguments = ",\n    ".join(f"{key}={value}" for key, value in (GOOD | changes).items())
    head = HEAD.format(folder=folder) + before
    return (
        f"{head}\n@claim(\n    {arguments},\n)\n"
        f'def {name}(case):\n    r"""{statement}"""\n    {check}\n'
    )


EIGEN = """
    matrix = torch.randn(120, 120, generator=torch.Generator().manual_seed(case.seed))
    values = torch.linalg.eigvalsh(matrix @ matrix.T)
    drawn = [random.random(), float(np.random.rand()), float(torch.rand(()))]
    found = equal(case.value * values.sum(), matrix.square().sum(), budget=1e-9)
    return found.with_series(x=values, drawn=drawn, dtype=str(torch.rand(1).dtype))"""

FILES: dict[str, dict[str, str]] = {
    "good2026": {
        "holds": source(
            "good2026", "holds", EIGEN, cases="[Case(seed=s) for s in (1, 2, 3)]",
            thorough="[Case(seed=99)]",
        ),
        "samples": source(
            "good2026", "samples",
            "return rate_equals(int(1000 * case.value), 2000, 0.5, reach=0.4, "
            + CHANCE.format("1e-11") + ")",
            evidence="Evidence.SAMPLED",
            must_fail='{"other rate": lambda case: replace(case, value=1.4)}',
        ),
        "rests_on_a_false_one": source(
            "good2026", "rests_on_a_false_one", given='["bad2026/is_false"]'
        ),
        "rests_on_that": source(
            "good2026", "rests_on_that", given='["good2026/rests_on_a_false_one"]'
        ),
        "_helper": "raise RuntimeError('a private module is no theorem')",
    },
    "bad2026": {
        "is_false": source(
            "bad2026", "is_false", "return equal(1.05 * case.value, 1.0, budget=1e-6)"
        ),
        "no_power": source(
            "bad2026", "no_power", must_fail='{"a hair": lambda case: Case(1 + 1e-9)}'
        ),
        "twin_changes_nothing": source(
            "bad2026", "twin_changes_nothing", "return equal(1.05, 1.0, budget=1e-6)",
            must_fail='{"the same": lambda case: replace(case)}',
        ),
        "nan": source("bad2026", "nan", "return equal(math.nan * case.value, 1.0, budget=1e-6)"),
        "empty_domain": source(
            "bad2026", "empty_domain", "return for_all([], lambda _: False)",
            evidence="Evidence.EXHAUSTIVE",
        ),
        "too_few_samples": source(
            "bad2026", "too_few_samples",
            "return rate_equals(5, 10, 0.5, reach=0.05, " + CHANCE.format("1e-11") + ")",
            evidence="Evidence.SAMPLED",
        ),
        "no_statement": source("bad2026", "no_statement", statement=" "),
        "no_cases": source("bad2026", "no_cases", cases="[]"),
        "no_twins": source("bad2026", "no_twins", must_fail="{}"),
        "violates": source("bad2026", "violates", cases="[Case(), Case(7.0)]"),
        "no_bool": source("bad2026", "no_bool", assumes="[lambda case: 1]"),
        "overstated": source("bad2026", "overstated", evidence="Evidence.SYMBOLIC"),
        "returns_nothing": source("bad2026", "returns_nothing", EQUAL.removeprefix("return ")),
        "raises": source("bad2026", "raises", "return 1 / (case.value - 1)"),
        "skips": source("bad2026", "skips", "pytest.skip('not today')"),
        "exits": source("bad2026", "exits", "sys.exit(0)"),
        "skips_the_file": "import pytest\npytest.skip('no', allow_module_level=True)\n",
        "two_claims": source("bad2026", "two_claims")
        + source("bad2026", "another").split("def off(case):")[1].partition("\n")[2],
        "wrong_name": source("bad2026", "another_name"),
        "wrong_paper": source(
            "bad2026", "wrong_paper", before="from papers.good2026 import PAPER"
        ),
        "unknown_given": source("bad2026", "unknown_given", given='["bad2026/nowhere"]'),
        "syntax_error": "def syntax_error(:\n",
        "no_claim": "x = 1\n",
        "unstated_chance": source(
            "bad2026", "unstated_chance",
            'return Finding(Verdict.HOLDS, Evidence.SAMPLED, 1.0, "trust me")',
            evidence="Evidence.SAMPLED",
        ),
        "not_json": source("bad2026", "not_json", EQUAL + ".with_series(y=[math.nan])"),
    },
    "stray2026": {"stray": source("stray2026", "stray").replace("import PAPER", "import NOPE")},
    "broken2026": {"fine": source("broken2026", "fine")},
    "crash2026": {
        "crashes": source(
            "crash2026", "crashes", "os._exit(3) if case.seed == 6 else None\n    " + EQUAL
        )
    },
    "spender2026": {
        "spends": source(
            "spender2026", "spends",
            "return rate_equals(int(1000 * case.value), 2000, 0.5, reach=0.4, "
            + CHANCE.format("1e-9") + ")",
            evidence="Evidence.SAMPLED",
            must_fail='{"other rate": lambda case: replace(case, value=1.4)}',
        )
    },
}  # fmt: skip

RED = {
    # stem: (verdict of the red items, how many items are red, a phrase of the account)
    "is_false": ("FAILS", 2, "largest relative difference 4.762e-02, budget 1.0e-06"),
    "no_power": ("ACCEPTED", 1, "no case rejects it"),
    "twin_changes_nothing": ("ACCEPTED", 1, "the twin leaves the case unchanged"),
    "nan": ("UNDECIDED", 2, "a side is not finite"),
    "empty_domain": ("UNDECIDED", 2, "the domain is empty"),
    "too_few_samples": ("UNDECIDED", 2, "too few samples: 10 draws"),
    "no_statement": ("ERROR", 1, "the docstring is the statement and it is empty"),
    "no_cases": ("ERROR", 1, "no cases, so nothing would be checked"),
    "no_twins": ("ERROR", 1, "no false twins"),
    "violates": ("ERROR", 1, "the case (value=7.0, seed=5) violates the assumption near_one"),
    "no_bool": ("ERROR", 1, "(it returned 1)"),
    "overstated": ("UNDECIDED", 2, "overstated: declares SYMBOLIC but carries NUMERIC"),
    "returns_nothing": ("UNDECIDED", 2, "the check must return a Finding, got None"),
    "raises": ("ERROR", 2, "ZeroDivisionError: "),
    "skips": ("ERROR", 3, "Skipped: not today"),
    "exits": ("ERROR", 3, "SystemExit: 0"),
    "skips_the_file": ("ERROR", 1, "Skipped: no"),
    "two_claims": (
        "ERROR",
        1,
        "exactly one claim, named two_claims, got ['two_claims', 'another'",
    ),
    "wrong_name": ("ERROR", 1, "exactly one claim, named wrong_name, got ['another_name']"),
    "wrong_paper": ("ERROR", 1, "must cite the paper of its folder, bad2026, got good2026"),
    "unknown_given": ("ERROR", 1, "given must name a known claim, got 'bad2026/nowhere'"),
    "syntax_error": ("ERROR", 1, "must be importable, got SyntaxError"),
    "no_claim": ("ERROR", 1, "exactly one claim, named no_claim, got []"),
    "unstated_chance": ("UNDECIDED", 2, "sampled evidence must state both error rates"),
    "not_json": ("ERROR", 3, "a series must hold finite numbers, got nan"),
}


def write(root: Path, *folders: str) -> Path:
    """The papers under root/papers."""
    papers = root / "papers"
    papers.mkdir()
    (papers / "__init__.py").touch()
    for folder in folders:
        (papers / folder).mkdir()
        init = PAPER.format(folder=folder)
        if folder == "stray2026":
            init = "NOPE = 1\n"
        if folder == "broken2026":
            init += "raise RuntimeError('this paper is broken')\n"
        (papers / folder / "__init__.py").write_text(init)
        for stem, text in FILES[folder].items():
            (papers / folder / f"{stem}.py").write_text(text)
    return papers


@dataclass
class Run:
    """A finished run."""

    code: int
    text: str
    folder: Path

    @property
    def records(self) -> list[dict[str, Any]]:
        return ledger.read(self.folder)

    def of(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.records if line["id"] == name]


def started(root: Path, name: str, *arguments: str) -> tuple[Any, Path]:
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(root)]
    command += ["-p", "theorylab.pytest_plugin", "-p", "no:cacheprovider", "-p", "xdist"]
    command += ["--disable-plugin-autoload", "--import-mode=importlib"]
    command += ["--theorylab-report", str(root / name), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "random"}
    with (root / f"{name}.txt").open("w") as out:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=out, stderr=out)
    return process, root / name


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All that needs a fresh process, started together: serial, and on two workers."""
    root = tmp_path_factory.mktemp("claims")
    papers = write(root, *(folder for folder in FILES if folder != "spender2026"))
    serial = [str(papers / f) for f in ("good2026", "bad2026", "stray2026", "broken2026")]
    processes = {
        "serial": started(root, "serial", *serial),
        "parallel": started(root, "parallel", *serial, str(papers / "crash2026"), "-n", "2"),
    }
    return {
        name: Run(process.wait(), (root / f"{name}.txt").read_text(), folder)
        for name, (process, folder) in processes.items()
    }


def test_a_run_with_red_items_is_red(runs: dict[str, Run]) -> None:
    assert runs["serial"].code == pytest.ExitCode.TESTS_FAILED
    assert runs["parallel"].code == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in runs["serial"].text + runs["parallel"].text
    assert " skipped" not in runs["serial"].text.splitlines()[-1]


@pytest.mark.parametrize("stem", RED)
def test_what_must_be_red_is_red_and_says_why(runs: dict[str, Run], stem: str) -> None:
    verdict, count, phrase = RED[stem]
    red = [line for line in runs["serial"].of(f"bad2026/{stem}") if not line["ok"]]
    reasons = [line for line in red if line["verdict"] == verdict]
    assert len(reasons) == count
    assert phrase in reasons[0]["detail"]
    assert phrase in runs["serial"].text


def test_the_table_names_every_bad_file(runs: dict[str, Run]) -> None:
    assert RED.keys() == FILES["bad2026"].keys()
    red = {line["id"] for line in runs["serial"].records if not line["ok"]}
    assert red == {f"bad2026/{stem}" for stem in RED} | {"stray2026/stray", "broken2026/fine"}


def test_a_failing_theorem_tells_source_statement_case_and_numbers(runs: dict[str, Run]) -> None:
    text = runs["serial"].text
    account = text[text.index("CASE FAILS: bad2026/is_false") :]
    account = account[: account.index("margin:")]
    for part in (
        "source:    Made-up 2026 (arXiv:0000.00000, v1), Theorem 7",
        "relation:  sharpens, declared NUMERIC",
        r"The value is $1$, whatever $\beta$.",
        "case:      value=1.0, seed=5",
        "numbers:   largest relative difference 4.762e-02",
    ):
        assert part in account


def test_a_twin_that_is_accepted_is_told_as_one(runs: dict[str, Run]) -> None:
    assert "FALSE TWIN ACCEPTED: bad2026/no_power" in runs["serial"].text
    assert "twin:      a hair" in runs["serial"].text


def test_an_exception_shows_where_it_came_from(runs: dict[str, Run]) -> None:
    text = runs["serial"].text
    assert "CASE ERROR: bad2026/raises" in text
    assert "return 1 / (case.value - 1)" in text
    assert "DECLARATION REFUSED: bad2026/syntax_error" in text


def test_a_claim_outside_of_a_paper_is_red(runs: dict[str, Run]) -> None:
    (line,) = runs["serial"].of("stray2026/stray")
    assert line["verdict"] == "ERROR"
    assert "__init__.py has no PAPER" in line["detail"]


def test_a_paper_that_cannot_be_imported_leaves_a_line(runs: dict[str, Run]) -> None:
    lines = runs["serial"].of("broken2026/fine")
    assert lines
    assert {line["verdict"] for line in lines} == {"ERROR"}
    assert "this paper is broken" in lines[0]["detail"]


def test_the_good_claims_are_green(runs: dict[str, Run]) -> None:
    lines = [line for line in runs["serial"].records if line["paper"] == "good2026"]
    assert all(line["ok"] for line in lines)
    assert [(line["kind"], line["case"]) for line in runs["serial"].of("good2026/holds")] == [
        ("case", "value=1.0, seed=1"),
        ("case", "value=1.0, seed=2"),
        ("case", "value=1.0, seed=3"),
        ("twin", "two per cent"),
    ]
    first, *_, twin = runs["serial"].of("good2026/holds")
    assert (first["verdict"], twin["verdict"]) == ("HOLDS", "REJECTED")
    assert (first["seed"], first["declared"], first["evidence"]) == (1, "NUMERIC", "NUMERIC")
    assert 0 < first["margin"] <= 1
    (sampled, _, _) = runs["serial"].of("good2026/samples")
    assert (sampled["false_alarm"], sampled["miss"]) == (1e-11, 1e-11)


def test_series_are_kept_beside_the_ledger(runs: dict[str, Run]) -> None:
    folder = runs["serial"].folder
    first = runs["serial"].of("good2026/holds")[0]
    assert first["series"] == "good2026__holds__0.json"
    series = ledger.read_series(folder, first)
    assert len(series["x"]) == 120
    assert series["dtype"] == "torch.float64"
    assert sorted(path.name for path in (folder / "series").iterdir()) == [
        f"good2026__holds__{index}.json" for index in range(3)
    ]


def test_what_rests_on_a_false_claim_is_conditional(runs: dict[str, Run]) -> None:
    expected = {
        "good2026/rests_on_a_false_one": ["bad2026/is_false"],
        "good2026/rests_on_that": ["bad2026/is_false"],
    }
    assert ledger.conditional(runs["serial"].records) == expected
    assert ledger.read_environment(runs["serial"].folder)["conditional"] == expected
    assert "conditional good2026/rests_on_that  rests on bad2026/is_false" in runs["serial"].text


def test_the_summary_counts(runs: dict[str, Run]) -> None:
    records = runs["serial"].records
    cases = [line for line in records if line["kind"] == "case"]
    twins = [line for line in records if line["kind"] == "twin"]
    held, rejected = (sum(line["ok"] for line in part) for part in (cases, twins))
    expected = (
        f"{held} of {len(cases)} cases hold, {rejected} of {len(twins)} false twins rejected"
    )
    assert expected in runs["serial"].text
    errors = sum(line["verdict"] == "ERROR" for line in records)
    assert f"{errors} items ended in an error" in runs["serial"].text
    environment = ledger.read_environment(runs["serial"].folder)
    assert environment["items"] == len(records)
    assert environment["thorough"] is False
    assert environment["finished"] >= environment["started"]


def comparable(run: Run, *papers: str) -> list[str]:
    """The ledger without times, sorted."""
    lines = [line for line in run.records if line["paper"] in papers]
    plain = [json.dumps(line | {"seconds": 0}, sort_keys=True) for line in lines]
    return sorted(re.sub(r" at 0x[0-9a-f]+", "", text) for text in plain)


def test_two_workers_write_the_same_ledger(runs: dict[str, Run]) -> None:
    """Also for checks that draw from the global generators, which are seeded for every item."""
    papers = ("good2026", "bad2026", "stray2026")
    assert comparable(runs["parallel"], *papers) == comparable(runs["serial"], *papers)


def test_a_dead_worker_leaves_a_red_line(runs: dict[str, Run]) -> None:
    lines = {line["case"]: line for line in runs["parallel"].of("crash2026/crashes")}
    dead = lines["value=1.0, seed=6"]
    assert (dead["verdict"], dead["ok"], dead["kind"]) == ("ERROR", False, "case")
    assert "crashed while running" in dead["detail"]
    assert lines["value=1.0, seed=5"]["verdict"] == "HOLDS"
    assert lines["two per cent"]["verdict"] == "REJECTED"


# ------------------------------------------------- runs in this process: torch is loaded already


@pytest.fixture
def inner(pytester: pytest.Pytester, tmp_path: Path) -> Any:
    """Run pytest on `papers` in this process."""
    write(tmp_path, "good2026", "bad2026", "spender2026")

    def run(*arguments: str) -> Run:
        fixed = ("-c", os.devnull, f"--rootdir={tmp_path}", "--disable-plugin-autoload")
        plugins = ("-p", "theorylab.pytest_plugin", "-p", "no:cacheprovider")
        report = ("--import-mode=importlib", "--theorylab-report", str(tmp_path / "report"))
        result = pytester.runpytest_inprocess(*fixed, *plugins, *report, *arguments)
        return Run(int(result.ret), result.stdout.str(), tmp_path / "report")

    run.papers = tmp_path / "papers"  # type: ignore[attr-defined]
    return run


def test_chance_overspent_turns_a_green_run_red(inner: Any) -> None:
    run = inner(str(inner.papers / "spender2026"))
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert all(line["ok"] for line in run.records)
    assert "RED: the run's share of chance is overspent" in run.text
    assert ledger.read_environment(run.folder)["false_alarm_probability"] == pytest.approx(6e-9)


def test_select_takes_papers_and_ids(inner: Any) -> None:
    run = inner(str(inner.papers), "--claims-select", "good2026/samples")
    assert (run.code, {line["id"] for line in run.records}) == (0, {"good2026/samples"})
    run = inner(str(inner.papers), "--claims-select", "good2026")
    assert (run.code, len({line["id"] for line in run.records})) == (0, 4)
    run = inner(
        str(inner.papers), "--claims-select", "good2026/samples", "--claims-select", "bad2026/nan"
    )
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert {line["id"] for line in run.records} == {"good2026/samples", "bad2026/nan"}


def test_selecting_what_does_not_exist_is_red(inner: Any) -> None:
    run = inner(str(inner.papers), "--claims-select", "good2026", "--claims-select", "good2026/no")
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert "RED: --claims-select good2026/no matched nothing that ran" in run.text
    run = inner(str(inner.papers), "--claims-select", "good2026/no")
    assert run.code == pytest.ExitCode.NO_TESTS_COLLECTED


def test_one_file_and_k(inner: Any) -> None:
    run = inner(str(inner.papers / "good2026" / "holds.py"))
    assert (run.code, len(run.records)) == (0, 4)
    run = inner(str(inner.papers / "good2026" / "holds.py"), "-k", "twin")
    assert (run.code, [line["kind"] for line in run.records]) == (0, ["twin"])


def test_a_file_with_a_syntax_error_named_on_the_command_line(inner: Any) -> None:
    bad, good = (
        inner.papers / "bad2026" / "syntax_error.py",
        inner.papers / "good2026" / "holds.py",
    )
    run = inner(str(bad), str(good))
    assert run.code == pytest.ExitCode.TESTS_FAILED
    assert [line["verdict"] for line in run.records] == ["ERROR", *["HOLDS"] * 3, "REJECTED"]


def test_collecting_leaves_an_earlier_ledger_alone(inner: Any) -> None:
    before = inner(str(inner.papers / "good2026" / "holds.py")).records
    run = inner(str(inner.papers), "--collect-only")
    assert run.records == before
    assert "twin[two per cent]" in run.text
    assert inner(str(inner.papers / "good2026" / "samples.py")).records != before


def test_checks_leave_the_global_state_alone(inner: Any) -> None:
    import random

    import torch

    torch.manual_seed(1)
    random.seed(1)
    torch.set_default_dtype(torch.float32)
    before = (torch.get_num_threads(), torch.initial_seed(), random.getstate())
    assert inner(str(inner.papers / "good2026" / "holds.py")).code == 0
    assert torch.get_default_dtype() is torch.float32
    assert (torch.get_num_threads(), torch.initial_seed(), random.getstate()) == before


def test_thorough_adds_its_cases_and_threads_change_nothing(
    inner: Any, runs: dict[str, Run]
) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run = inner(str(inner.papers / "good2026" / "holds.py"), "--thorough")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert run.code == pytest.ExitCode.OK
    assert [line["seed"] for line in run.records] == [1, 2, 3, 99, None]
    shared = {line for line in comparable(run, "good2026") if '"seed": 99' not in line}
    assert len(shared) == 4
    assert shared < set(comparable(runs["serial"], "good2026"))
    assert ledger.read_environment(run.folder)["thorough"] is True
