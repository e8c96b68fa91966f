"""What a run shows while it goes: a bar on a terminal, a line per statement when piped.

Notation: an item is a case or a false twin; `expected` counts the items of each statement.

A pytest plugin that replaces pytest's own terminal. It judges nothing: the records come from
`theorylab.pytest_plugin`, and a red item prints the theorem's own account of itself.
"""

import contextlib
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import pytest
from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

KEY = "theorylab"


def stream() -> TextIO:
    """A copy of standard output that pytest's capture does not redirect."""
    try:
        return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
    except (OSError, AttributeError, ValueError):
        return sys.stdout


class Console:
    """Follows a pytest session and says how the statements fare."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.records: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.interrupted = False
        self.collected = 0
        self._expected: dict[str, int] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=terminal,
            transient=True,
            disable=not terminal.is_terminal,
        )
        self._task = self._progress.add_task("collecting", total=None)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Silence pytest's own terminal; its options stay."""
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)

    def pytest_sessionstart(self) -> None:
        """Show the bar."""
        self._progress.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many items each statement has."""
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The same, from a worker of pytest-xdist."""
        self._expect(ids)

    def _expect(self, nodes: list[str]) -> None:
        counts: dict[str, int] = defaultdict(int)
        for node in nodes:
            counts[_statement(node)] += 1
        if nodes:
            self._expected, self.collected = dict(counts), len(nodes)
            self._progress.update(self._task, total=len(nodes), description="checking")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected."""
        if report.failed:
            self._red(str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count an item; a red one is told in full, a finished statement in one line."""
        kept = dict(report.user_properties).get(KEY)
        if report.when != "call" or not isinstance(kept, dict):
            if report.failed:
                self._red(f"{report.nodeid}\n{report.longreprtext}")
            return
        line = kept["line"]
        self.records.append(line)
        self._progress.update(self._task, advance=1, description=escape(line["id"]))
        if not line["ok"]:
            self._tell(report.longreprtext, style="red")
        mine = [other for other in self.records if other["id"] == line["id"]]
        if len(mine) == self._expected.get(_statement(report.nodeid), 0):
            self._tell(one_line(line["id"], mine))

    def pytest_keyboard_interrupt(self) -> None:
        """The user stopped the run."""
        self.interrupted = True

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Something outside of the theorems broke."""
        self._red(str(excrepr))

    def pytest_sessionfinish(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _red(self, text: str) -> None:
        self.errors.append(text)
        self._tell(text, style="red")

    def _tell(self, text: str, *, style: str | None = None) -> None:
        target = self._progress.console if self.terminal.is_terminal else self.terminal
        with contextlib.suppress(BrokenPipeError, SystemExit):  # a reader that left, `| head`
            target.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _statement(node: str) -> str:
    """The part of a node id that names the statement's file."""
    return node.partition("::")[0]


def one_line(name: str, items: Sequence[Mapping[str, Any]]) -> str:
    """A statement that is finished, in one line."""
    cases = [line for line in items if line["kind"] == "case"]
    twins = [line for line in items if line["kind"] == "twin"]
    red = [line for line in items if not line["ok"]]
    margins = [line["margin"] for line in cases if line["margin"] is not None]
    word = "holds" if not red else red[0]["verdict"].lower()
    worst = f"worst margin {min(margins):+.2g}" if margins else "exact"
    return (
        f"{word:<9} {name}  {counted(cases, 'case')} ({worst}), "
        f"{counted(twins, 'false twin')} rejected, {sum(line['seconds'] for line in items):.1f} s"
    )


def counted(items: Sequence[Mapping[str, Any]], noun: str) -> str:
    """How many items there are, or how many of them are as they should be."""
    done = sum(bool(line["ok"]) for line in items)
    plural = noun if len(items) == 1 else noun + "s"
    return f"{len(items)} {plural}" if done == len(items) else f"{done} of {len(items)} {plural}"
