"""What the words on the command line stand for: folders, papers, claims.

Notation: a paper is named by its key, a claim by its id (paper/name) or its name alone.

Nothing is run here, and no claim is imported to find out its name.
"""

import difflib
import importlib.util
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from theorylab.claims.catalogue import PaperEntry


class UsageError(Exception):
    """Something that the user can put right, told in one line."""

    status = 2


class BrokenFigureError(UsageError):
    """A claim's own figure function raised something unforeseen."""

    status = 1


def folder(given: Path | None) -> Path:
    """The folder of claims, absolute; the shipped one is found without importing it."""
    if given is None:
        found = importlib.util.find_spec("proofs_check")
        if found is None or not found.submodule_search_locations:
            msg = "the shipped claims (proofs_check) are not installed; name a folder with --from"
            raise UsageError(msg)
        return Path(next(iter(found.submodule_search_locations))).resolve()
    if not given.is_dir():
        msg = f"--from must be a folder of claims, got {str(given)!r}"
        raise UsageError(msg)
    if not papers(given):
        msg = f"--from must hold a folder whose __init__.py assigns PAPER, got {str(given)!r}"
        raise UsageError(msg)
    return given.resolve()


def papers(folder: Path) -> list[str]:
    """The keys of the papers below a folder."""
    from theorylab.claims.catalogue import paper_folders

    return [found.name for found in paper_folders(folder)]


def ids(folder: Path) -> list[str]:
    """The ids of the claims below a folder."""
    from theorylab.claims.catalogue import claim_files

    return [f"{file.parent.name}/{file.stem}" for file in claim_files(folder)]


def load(folder: Path, papers: Sequence[str]) -> "list[PaperEntry]":
    """The named papers with their claims."""
    from theorylab.claims.catalogue import load_paper, paper_folders

    try:
        return [load_paper(found) for found in paper_folders(folder) if found.name in papers]
    except Exception as error:  # a user's file may raise anything
        msg = f"the claims in {folder} cannot be read: {type(error).__name__}: {error}"
        raise UsageError(msg) from None


def named(names: Sequence[str], papers: Sequence[str], ids: Sequence[str]) -> set[str]:
    """The ids that names of papers, ids or plain names of claims stand for."""
    stems = [name.partition("/")[2] for name in ids]
    require_known("paper, id or name", names, [*papers, *ids, *stems], papers=papers)
    return {name for name in ids if not names or {name, *name.split("/")} & set(names)}


def require_known(
    what: str, names: Iterable[str], known: Sequence[str], *, papers: Sequence[str]
) -> None:
    """Refuse an unknown name, in words that suggest the nearest and name the papers."""
    for name in names:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        msg = f"unknown {what} {name!r}{hint} (known papers: {', '.join(papers)})"
        raise UsageError(msg)


def writable(option: str, folder: Path) -> Path:
    """The folder, made if need be, after a file could be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        got = f"{str(folder)!r} ({error.strerror})"
        msg = f"{option} must be a folder that can be written, got {got}"
        raise UsageError(msg) from None
    return folder.resolve()
