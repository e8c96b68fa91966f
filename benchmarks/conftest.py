"""Hold everybody to one thread, and name the peers that are not installed."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from benchmarks import peers

collect_ignore = ["gpu"]

# jax would otherwise use every core; it reads this when it is first imported
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """What the table needs to know of the machine."""
    absent = peers.absent()
    machine_info["peers not installed"] = ", ".join(absent) if absent else "none"
    machine_info["packages"] = peers.versions()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A peer that was not measured is named."""
    absent = peers.absent()
    named = ", ".join(absent) if absent else "none"
    terminalreporter.write_line(f"peers not installed, hence not measured: {named}")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """One thread for everybody, so that a ratio does not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
