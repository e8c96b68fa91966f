"""Finding claims on disk: a folder is a paper when its `__init__.py` assigns PAPER.

One file declares one claim, named like the file. Nothing is run here.
"""

import ast
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from theorylab.claims.claim import Claim, DeclarationError
from theorylab.claims.paper import NotChecked, Paper


@dataclass(frozen=True)
class PaperEntry:
    """A paper, its claims, and what of it is not checked."""

    paper: Paper
    folder: Path
    claims: tuple[Claim, ...]
    not_checked: tuple[NotChecked, ...]


def is_paper_folder(folder: Path) -> bool:
    """Whether the folder's `__init__.py` assigns PAPER; nothing is imported to find out."""
    init = folder / "__init__.py"
    if not init.is_file():
        return False
    try:
        body = ast.parse(init.read_bytes()).body
    except (SyntaxError, ValueError):
        return True  # so that importing it reports the error
    targets = [t for node in body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return any(isinstance(target, ast.Name) and target.id == "PAPER" for target in targets)


def is_claim_file(file: Path) -> bool:
    """Whether the file is one theorem: a module of a paper's folder, not private, not its init."""
    plain = file.suffix == ".py" and not file.name.startswith("_") and file.stem != "conftest"
    return plain and file.is_file() and is_paper_folder(file.parent)


def is_collected(file: Path) -> bool:
    """Whether the pytest plugin takes the file: a theorem whose folder names this package.

    Another project may call something of its own PAPER.
    """
    return is_claim_file(file) and b"theorylab" in (file.parent / "__init__.py").read_bytes()


def is_stray_claim(file: Path) -> bool:
    """Whether the file declares a claim where no paper's folder would collect it."""
    text = file.read_bytes()
    if b"@claim(" not in text or b"theorylab.claims" not in text or is_claim_file(file):
        return False
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    decorators = [d for node in body for d in getattr(node, "decorator_list", [])]
    calls = [d.func for d in decorators if isinstance(d, ast.Call)]
    return any(isinstance(call, ast.Name) and call.id == "claim" for call in calls)


def claim_files(folder: Path) -> list[Path]:
    """The theorem files below a folder, in alphabetical order."""
    return sorted(file for file in folder.rglob("*.py") if is_claim_file(file))


def paper_folders(folder: Path) -> list[Path]:
    """The papers below a folder (or the folder itself), in alphabetical order."""
    inits = sorted(folder.rglob("__init__.py"))
    return [init.parent for init in inits if is_paper_folder(init.parent)]


def import_file(file: Path) -> ModuleType:
    """Import a file under its dotted name, its outermost package being put on the path.

    Raises:
        DeclarationError: it cannot be imported (the error is the cause), or another module of that
            name, from elsewhere, is already imported.
    """
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(".".join(parts))
    except DeclarationError:
        raise
    except Exception as error:
        msg = f"{file.name} must be importable, got {type(error).__name__}: {error}"
        raise DeclarationError(msg) from error
    found = Path(module.__file__ or "").resolve()
    if found != file.resolve():
        msg = f"{file} must be importable as {'.'.join(parts)}, got {found} under that name"
        raise DeclarationError(msg)
    return module


def load_claim(file: Path) -> Claim:
    """The one claim that a file declares.

    Raises:
        DeclarationError: none or several, another name than the file's, or a foreign paper.
    """
    module = import_file(file)
    declared = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Claim) and value.check.__module__ == module.__name__
    }
    if list(declared) != [file.stem]:
        msg = (
            f"{file.name} must declare exactly one claim, named {file.stem}, got {list(declared)}"
        )
        raise DeclarationError(msg)
    found = declared[file.stem]
    if found.source.paper.key != file.parent.name:
        msg = (
            f"{file.name} must cite the paper of its folder, {file.parent.name}, "
            f"got {found.source.paper.key}"
        )
        raise DeclarationError(msg)
    return found


def load_paper(folder: Path) -> PaperEntry:
    """A paper with all its claims.

    Raises:
        DeclarationError: PAPER is not a Paper, or NOT_CHECKED is missing or holds something else.
    """
    module = import_file(folder / "__init__.py")
    paper, not_checked = getattr(module, "PAPER", None), getattr(module, "NOT_CHECKED", None)
    if not isinstance(paper, Paper):
        msg = f"{folder.name}: PAPER must be a Paper, got {paper!r}"
        raise DeclarationError(msg)
    if not isinstance(not_checked, tuple) or not all(
        isinstance(item, NotChecked) for item in not_checked
    ):
        msg = f"{folder.name}: NOT_CHECKED must be a tuple of NotChecked, got {not_checked!r}"
        raise DeclarationError(msg)
    claims = tuple(load_claim(file) for file in sorted(folder.glob("*.py")) if is_claim_file(file))
    return PaperEntry(paper, folder, claims, not_checked)


def load(folder: Path) -> list[PaperEntry]:
    """Every paper below a folder, with its claims.

    Raises:
        DeclarationError: a worthless declaration, or a `given` that names no claim.
    """
    entries = [load_paper(found) for found in paper_folders(Path(folder))]
    require_given([claim for entry in entries for claim in entry.claims])
    return entries


def require_given(claims: Sequence[Claim]) -> None:
    """Every id in `given` names a claim of the catalogue.

    Raises:
        DeclarationError: one does not.
    """
    known = {claim.id for claim in claims}
    for claim in claims:
        for needed in claim.given:
            if needed not in known:
                msg = f"{claim.id}: given must name a known claim, got {needed!r}"
                raise DeclarationError(msg)
