"""The pytest plugin: one item per case and per false twin of every claim that is collected.

`pytest proofs_check/` works anywhere, also under pytest-xdist; no conftest is needed. A file whose
declaration is refused becomes one red item, so that the other theorems still run. What the run
leaves behind is kept by `theorylab.report.recorder`.
"""

import contextlib
import random
import traceback
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from theorylab.report.recorder import KEY, Recorder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the plugin."""
    group = parser.getgroup("theorylab", "executable theorems")
    group.addoption("--thorough", action="store_true", help="run the thorough cases too")
    group.addoption(
        "--theorylab-report", metavar="DIR", default=None, help="write the run's ledger to DIR"
    )
    group.addoption(
        "--claims-select",
        metavar="ID",
        action="append",
        default=[],
        help="only claims of this paper or with this id (repeatable)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The process that the user started keeps the ledger; workers only send records."""
    config.addinivalue_line("markers", "theorem: a case or a false twin of a claim")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "theorylab-recorder")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ClaimFile | None":
    """Collect theorem files: modules of a folder whose `__init__.py` assigns PAPER."""
    if file_path.suffix != ".py":
        return None
    from theorylab.claims.catalogue import is_collected, is_stray_claim

    if not is_collected(file_path) and not is_stray_claim(file_path):
        return None
    selected = parent.config.getoption("--claims-select")
    names = {file_path.parent.name, f"{file_path.parent.name}/{file_path.stem}"}
    if selected and not names & set(selected):
        return None
    return ClaimFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> "NotAModule | None":
    """A theorem file that is named on the command line is not a test module as well."""
    from theorylab.claims.catalogue import is_collected

    return NotAModule.from_parent(parent, path=module_path) if is_collected(module_path) else None


class NotAModule(pytest.File):
    """What pytest's own collection of Python files gets for a theorem: nothing."""

    def collect(self) -> list[pytest.Item]:
        """No items."""
        return []


class ClaimFile(pytest.File):
    """A file that declares one theorem."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per case, then one per false twin; or one that says what is wrong."""
        from theorylab.claims.claim import label

        try:
            claim = self._load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also a skip, which would turn the whole file green
            yield BrokenItem.from_parent(self, name="declaration", error=error)
            return
        cases = claim.cases
        if self.config.getoption("--thorough"):
            cases = (*cases, *claim.thorough)
        for index, case in enumerate(cases):
            yield self._item(claim, "case", label(case), index)
        for index, twin in enumerate(claim.must_fail):
            yield self._item(claim, "twin", twin, index)

    def _load(self) -> Any:
        from theorylab.claims.catalogue import is_claim_file, load_claim
        from theorylab.claims.claim import DeclarationError

        if not is_claim_file(self.path):
            msg = f"{self.path.name} declares a claim, but its folder's __init__.py has no PAPER"
            raise DeclarationError(msg)
        with checking():
            claim = load_claim(self.path)
        for needed in claim.given:
            if not is_claim_file(self.path.parent.parent / f"{needed}.py"):
                msg = f"{claim.id}: given must name a known claim, got {needed!r}"
                raise DeclarationError(msg)
        return claim

    def _item(self, claim: Any, kind: str, about: str, index: int) -> pytest.Item:
        name = f"{kind}[{about}]"
        return ClaimItem.from_parent(
            self, name=name, claim=claim, kind=kind, about=about, index=index
        )


class ClaimFailed(Exception):
    """A case that does not hold, a false twin that was not rejected, or a refused file."""


class ClaimItem(pytest.Item):
    """One case or one false twin of a claim."""

    def __init__(self, *, claim: Any, kind: str, about: str, index: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.claim, self.kind, self.about, self.index = claim, kind, about, index
        self.add_marker(pytest.mark.theorem)

    def runtest(self) -> None:
        """Run the check, keep the record, and raise if it is red."""
        from theorylab.claims import run

        with checking():
            if self.kind == "case":
                case = (*self.claim.cases, *self.claim.thorough)[self.index]
                outcome = run.run_case(self.claim, case)
            else:
                outcome = run.run_twin(self.claim, self.about, self.claim.cases)
        line = run.record(self.claim, self.kind, self.about, self.index, outcome)
        series = outcome.finding.series if outcome.finding and self.kind == "case" else None
        self.user_properties.append((KEY, {"line": line, "series": series}))
        if not outcome.ok:
            raise ClaimFailed(told(self.claim, line)) from outcome.error

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The theorem's own account, with a traceback for errors of the check itself."""
        return account(excinfo.value) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the item stands and what it is called."""
        line = self.claim.check.__code__.co_firstlineno - 1
        return self.path, line, f"{self.claim.id} {self.name}"


class BrokenItem(pytest.Item):
    """A theorem file that could not be read as one."""

    def __init__(self, *, error: BaseException, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error

    def runtest(self) -> None:
        """Keep a record and raise what was wrong."""
        from theorylab.claims.claim import DeclarationError
        from theorylab.claims.run import error_record

        detail = f"{type(self.error).__name__}: {self.error}"
        line = error_record(self.path, kind="case", case="declaration", index=0, detail=detail)
        self.user_properties.append((KEY, {"line": line, "series": None}))
        refused = isinstance(self.error, DeclarationError)
        cause = self.error.__cause__ if refused else self.error
        msg = f"DECLARATION REFUSED: {line['id']}\n  {detail}"
        raise ClaimFailed(msg) from cause

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What was refused, with a traceback for anything but a worthless declaration."""
        return account(excinfo.value) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Which file was refused."""
        return self.path, 0, f"{self.path.parent.name}/{self.path.stem} {self.name}"


def account(error: BaseException) -> str | None:
    """The text of a ClaimFailed and the traceback of its cause; None for anything else."""
    if not isinstance(error, ClaimFailed):
        return None
    cause = error.__cause__
    return str(error) + ("\n\n" + "".join(traceback.format_exception(cause)) if cause else "")


def told(claim: Any, line: Mapping[str, Any]) -> str:
    """A failing theorem: its source, its statement, the case and the numbers."""
    what = "CASE" if line["kind"] == "case" else "FALSE TWIN"
    statement = "\n".join(f"    {text}" for text in claim.statement.splitlines())
    return (
        f"{what} {line['verdict']}: {claim.id}\n  source:    {claim.source}\n"
        f"  relation:  {claim.relation.value}, declared {claim.evidence.name}\n"
        f"  statement:\n{statement}\n  {line['kind']}:      {line['case']}\n"
        f"  numbers:   {line['detail']}\n  margin:    {line['margin']}"
    )


@contextlib.contextmanager
def checking() -> Iterator[None]:
    """Float64, one thread, fixed global seeds, and warnings as errors inside the block.

    So no number depends on the cores, nor on what ran before in the same process.
    """
    import flint
    import numpy as np
    import torch

    bits = flint.ctx.prec
    dtype, threads, seeds = torch.get_default_dtype(), torch.get_num_threads(), random.getstate()
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.default_generator.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        flint.ctx.prec = bits
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        random.setstate(seeds)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(torch_state)
