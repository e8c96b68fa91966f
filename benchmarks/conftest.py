"""Collect bench_*.py, and name the peers that are not installed at the end of every run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmarks import peers

collect_ignore = ["gpu"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """A benchmark file is a module of tests."""
    if file_path.suffix == ".py" and file_path.name.startswith("bench_"):
        return pytest.Module.from_parent(parent, path=file_path)
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A peer that was not measured is named."""
    absent = peers.absent()
    named = ", ".join(absent) if absent else "none"
    terminalreporter.write_line(f"peers not installed, hence not measured: {named}")
    for name, measured in sorted(peers.RECORDED.items()):
        shown = ", ".join(f"{key} {value:.2g}" for key, value in measured.items())
        terminalreporter.write_line(f"  {name}: {shown}")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """One thread for everybody, so that a ratio does not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
