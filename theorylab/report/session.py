"""Running the theorems of a folder: pytest in this process, with our plugin and nothing else.

Notation: a selection is a list of paper keys and ids of claims; an empty one means all.

This module decides nothing about a statement; whether a run is green is read off its ledger.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from theorylab.report import ledger
from theorylab.report.console import Console, stream

GREEN, RED, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True)
class Job:
    """What to run, and where the ledger goes."""

    folder: Path
    report: Path
    selection: tuple[str, ...] = ()
    thorough: bool = False
    jobs: int = 1

    def selects(self, name: str) -> bool:
        """Whether a paper or an id is part of the selection."""
        return not self.selection or bool({name, name.partition("/")[0]} & set(self.selection))

    def arguments(self) -> list[str]:
        """What pytest is called with."""
        plugins = ["-p", "theorylab.pytest_plugin", "-p", "no:cacheprovider"]
        if self.jobs > 1:
            # a file stays in one process: its cases and twins share what they have computed
            plugins += ["-p", "xdist", "-n", str(self.jobs), "--dist", "loadfile"]
        selection = [part for name in self.selection for part in ("--claims-select", name)]
        return [
            str(self.folder),
            *plugins,
            *("--disable-plugin-autoload", "--import-mode=importlib"),
            *("-c", os.devnull, "--rootdir", str(self.folder.parent)),
            *("--theorylab-report", str(self.report)),
            *selection,
            *(["--thorough"] if self.thorough else []),
        ]


def run(job: Job) -> int:
    """Run a job, show it, write its page; return the exit status."""
    terminal = Terminal(file=stream(), soft_wrap=True)
    console = Console(terminal)
    code = pytest.main(job.arguments(), plugins=[console])
    for line in ledger.summary_lines(console.records):
        terminal.print(line, highlight=False, markup=False)
    problems = _write_page(job, console)
    if console.interrupted:
        terminal.print(f"interrupted after {len(console.records)} of {console.collected} items")
        return INTERRUPTED
    return GREEN if code == pytest.ExitCode.OK and is_green(console) and not problems else RED


def is_green(console: Console) -> bool:
    """Whether every item that was collected has a record and every record is ok."""
    complete = 0 < console.collected == len(console.records)
    spent = ledger.false_alarm_probability(console.records)
    held = all(line["ok"] for line in console.records)
    return complete and held and not console.errors and spent <= ledger.RUN_BUDGET


def _write_page(job: Job, console: Console) -> list[str]:
    from theorylab.report import cards, page

    entries, refused = cards.read_catalogue(job.folder)
    shown = {name: error for name, error in refused.items() if job.selects(name)}
    written, problems = page.write(job.report, entries, refused=shown, stopped=console.interrupted)
    for problem in problems:
        console.terminal.print(problem, style="red", highlight=False, markup=False)
    console.terminal.print(f"page: {written}", highlight=False, markup=False)
    return problems
