"""What a run prints, and when it counts as green."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console as Terminal

from theorylab.report import session
from theorylab.report.console import Console, counted, one_line

LINE = {
    "id": "paper/claim",
    "kind": "case",
    "case": "n=1",
    "index": 0,
    "verdict": "HOLDS",
    "ok": True,
    "margin": 0.5,
    "seconds": 0.25,
    "false_alarm": 0.0,
    "miss": 0.0,
}
TWIN = {**LINE, "kind": "twin", "case": "a twin", "verdict": "REJECTED", "margin": -3.0}


def report(line, text="", when="call", failed=False):
    kept = {"line": line, "series": None}
    return SimpleNamespace(
        when=when,
        failed=failed,
        longreprtext=text,
        nodeid="paper/claim.py::x",
        user_properties=[("theorylab", kept)] if line else [],
    )


def follow(lines, *, terminal=False, collected=2):
    out = io.StringIO()
    console = Console(Terminal(file=out, force_terminal=terminal, width=100, soft_wrap=True))
    items = [SimpleNamespace(nodeid=f"paper/claim.py::{n}") for n in range(collected)]
    console.pytest_sessionstart()
    console.pytest_collection_finish(SimpleNamespace(items=items))
    for line in lines:
        console.pytest_runtest_logreport(report(line, text=f"told {line['case']} [x]"))
    console.pytest_sessionfinish()
    return console, out.getvalue()


def test_statement_is_one_line_when_it_is_finished() -> None:
    assert follow([LINE])[1] == ""
    shown = "holds     paper/claim  1 case (worst margin +0.5), 1 false twin rejected, 0.5 s\n"
    assert follow([LINE, TWIN])[1] == shown


def test_red_item_is_told_in_full() -> None:
    red = {**LINE, "ok": False, "verdict": "FAILS"}
    shown = follow([red, TWIN])[1].splitlines()
    assert shown[0] == "told n=1 [x]"
    assert shown[1].startswith("fails     paper/claim  0 of 1 case")


def test_bar_on_a_terminal() -> None:
    shown = follow([LINE, TWIN], terminal=True)[1]
    assert "\x1b[" in shown
    assert "2/2" in shown
    assert "holds     paper/claim" in shown


def test_exact_margins_and_plurals() -> None:
    lines = [{**LINE, "margin": None}, {**LINE, "margin": None}, TWIN, {**TWIN, "ok": False}]
    assert one_line("a/b", lines) == (
        "rejected  a/b  2 cases (exact), 1 of 2 false twins rejected, 1.0 s"
    )
    assert [counted(lines[:n], "case") for n in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]


@pytest.mark.parametrize(
    ("lines", "collected", "green"),
    [
        ([LINE, TWIN], 2, True),
        ([LINE], 2, False),
        ([], 0, False),
        ([LINE, {**TWIN, "ok": False}], 2, False),
        ([{**LINE, "false_alarm": 6e-10}, {**TWIN, "miss": 6e-10}], 2, False),
        ([{**LINE, "false_alarm": 4e-10}, {**TWIN, "miss": 4e-10}], 2, True),
    ],
    ids=["all hold", "one is missing", "nothing", "one is red", "chance overspent", "chance left"],
)
def test_green_means_complete_and_all_ok(lines, collected, green) -> None:
    assert session.is_green(follow(lines, collected=collected)[0]) is green


def test_trouble_outside_of_the_theorems_is_red() -> None:
    for trouble in (
        lambda c: c.pytest_collectreport(SimpleNamespace(failed=True, longrepr="no file")),
        lambda c: c.pytest_internalerror("internal"),
        lambda c: c.pytest_runtest_logreport(report(None, "no setup", "setup", failed=True)),
    ):
        console, _ = follow([LINE, TWIN])
        assert session.is_green(console) is True
        trouble(console)
        assert session.is_green(console) is False
        assert len(console.errors) == 1


def test_workers_announce_the_same_items() -> None:
    console, _ = follow([])
    console.pytest_xdist_node_collection_finished(["a.py::1", "a.py::2", "b.py::1"])
    assert console.collected == 3
    assert console._expected == {"a.py": 2, "b.py": 1}


def test_selection_of_a_job(tmp_path) -> None:
    job = session.Job(tmp_path, tmp_path, ("paper", "other/claim"), jobs=3, thorough=True)
    assert job.selects("paper/anything")
    assert job.selects("other/claim")
    assert not job.selects("other/thing")
    words = job.arguments()
    assert words[words.index("-n") + 1] == "3"
    assert "--thorough" in words
    assert words[words.index("other/claim") - 1] == "--claims-select"
    plain = session.Job(tmp_path, tmp_path)
    assert plain.selects("x/y")
    assert not {"xdist", "-n", "--thorough", "--claims-select"} & set(plain.arguments())
