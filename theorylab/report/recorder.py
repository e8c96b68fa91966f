"""What a pytest run of theorems leaves behind: its ledger, its exit status, its summary.

It lives in the process that the user started; workers of pytest-xdist send it their reports. It
judges no statement: it adds that a run which overspends its share of chance, or selects what does
not exist, is red, and that an item without an outcome is an ERROR.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

KEY = "theorylab"
"""The name under which a report's `user_properties` carry the record of an item."""


class Recorder:
    """Collects the records of a run, writes the ledger, and adds the summary to the terminal."""

    def __init__(self, config: pytest.Config) -> None:
        self.thorough = bool(config.getoption("--thorough"))
        self.selected = list(config.getoption("--claims-select"))
        self.dry = bool(config.getoption("collectonly"))
        self.root = config.rootpath
        folder = config.getoption("--theorylab-report")
        self.folder = Path(folder) if folder and not self.dry else None
        self.records: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Begin the ledger."""
        if self.folder is not None:
            from theorylab.report import ledger

            ledger.start(self.folder, command=sys.argv, thorough=self.thorough)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write one line as soon as an item is done, or has come to an end without an outcome."""
        kept = dict(report.user_properties).get(KEY)
        if report.when == "call" and isinstance(kept, dict):
            self._keep(kept["line"], kept["series"])
        elif report.failed:
            line = self._without_outcome(report)
            if line is not None:
                self._keep(line, None)

    def _keep(self, line: dict[str, Any], series: Any) -> None:
        self.records.append(line)
        if self.folder is not None:
            from theorylab.report import ledger

            ledger.append(self.folder, line, series)

    def _without_outcome(self, report: pytest.TestReport) -> dict[str, Any] | None:
        """An ERROR for an item whose worker died, or that could not be set up or taken down."""
        from theorylab.claims.catalogue import is_claim_file
        from theorylab.claims.run import error_record

        path, _, name = report.nodeid.partition("::")
        file = self.root / path
        if not is_claim_file(file):
            return None
        kind = "twin" if name.startswith("twin[") else "case"
        about = name.removeprefix(f"{kind}[").removesuffix("]")
        crash = getattr(report.longrepr, "reprcrash", None)
        text = str(crash.message if crash else report.longreprtext)
        detail = f"no outcome ({report.when}): {' '.join(text.split())}"
        return error_record(file, kind=kind, case=about, index=-1, detail=detail)

    def overspent(self) -> bool:
        """Whether chance alone could turn this run red too easily."""
        from theorylab.report import ledger

        return ledger.false_alarm_probability(self.records) > ledger.RUN_BUDGET

    def unmatched(self) -> list[str]:
        """What was selected and gave no item."""
        if self.dry:
            return []
        seen = {line[key] for line in self.records for key in ("id", "paper")}
        return [name for name in self.selected if name not in seen]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run red that overspends chance or ran nothing of what was selected."""
        red = self.overspent() or self.unmatched()
        if red and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self.folder is not None:
            from theorylab.report import ledger

            ledger.finish(self.folder, self.records)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Statements by relation and evidence, smallest margins, false twins rejected."""
        if not self.records:
            return
        from theorylab.report import ledger

        terminalreporter.section("theorems")
        for line in ledger.summary_lines(self.records):
            terminalreporter.write_line(line)
        if self.overspent():
            terminalreporter.write_line("RED: the run's share of chance is overspent")
        for name in self.unmatched():
            terminalreporter.write_line(f"RED: --claims-select {name} matched nothing that ran")
