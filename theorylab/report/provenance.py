"""Provenance: when, where and with what a run was made. It names no user and no path."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from theorylab.native import description

PACKAGES = ("theorylab", "torch", "torchdiffeq", "torchsde", "numpy", "scipy", "sympy",
            "python-flint", "matplotlib", "pytest")  # fmt: skip

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def environment(*, command: Sequence[str], thorough: bool) -> dict[str, Any]:
    """Where and with what a run was made."""
    return {
        "started": now(),
        "command": [_without_folder(word) for word in command],
        "thorough": thorough,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "optimised": not __debug__,
        "commit": _commit(),
        "threads": {"of a check": 1} | {name: os.environ.get(name) for name in THREADS},
        "kernels": description(),
        "packages": {name: _version(name) for name in PACKAGES},
        "executable": Path(sys.executable).name,
    }


def _without_folder(word: str) -> str:
    option, equals, value = word.rpartition("=")
    return option + equals + (Path(value).name if os.path.isabs(value) else value)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the checkout that this file belongs to, with a + if it was changed."""
    here = Path(__file__).resolve().parent
    tracked = _git(here, "ls-files", "--error-unmatch", Path(__file__).name)
    return _git(here, "describe", "--always", "--dirty=+", "--abbrev=12") if tracked else None


def _git(here: Path, *words: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(here), *words],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def now() -> str:
    """The present time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
