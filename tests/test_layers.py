"""The layers of the package, read off its syntax trees: mathematics never knows its judge."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, CLAIMS = ROOT / "theorylab", ROOT / "proofs_check"
LIBRARY = sorted(PACKAGE.rglob("*.py"))
EVERYTHING = [*LIBRARY, *sorted(CLAIMS.rglob("*.py"))]

ENGINES = {"integrate", "noise", "methods", "path", "_legs", "_rules", "_exponential"}
"""`integrate` and its private siblings; only `_rules` meets an engine."""

BASE = {"_typing", "_require", "_normal", "_threads", "native"}
MATHEMATICS = {"diffusion", "parity", "symbolic", "learn"}
ABOVE = {"report", "audit", "scale", "cli", "pytest_plugin", "__main__"}

MAY_IMPORT: dict[str, set[str]] = {
    "_typing": set(),
    "_require": {"_typing"},
    "_normal": {"_typing"},
    "native": set(),
    "_threads": set(),
    "claims": set(),
    **{name: BASE | ENGINES for name in ENGINES},
    **{name: BASE | ENGINES | {name} for name in MATHEMATICS},
    "learn": BASE | ENGINES | {"diffusion", "parity"},
    **{name: BASE | ENGINES | MATHEMATICS | ABOVE | {"claims"} for name in ABOVE},
}


def part(file: Path) -> str:
    """The layer of a file: its first folder or its own name below theorylab."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_bytes(), str(file))))


def imports(file: Path) -> Iterator[str]:
    """The dotted names that a file imports, at the top or inside a function."""
    package = file.relative_to(ROOT).parent.parts
    for node in nodes(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(name for name in (base, node.module or "") if name)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(file)}


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_every_module_belongs_to_a_layer() -> None:
    assert {part(file) for file in LIBRARY} - {"__init__"} <= MAY_IMPORT.keys()
    assert len(LIBRARY) > 30


@pytest.mark.parametrize("file", LIBRARY, ids=shown)
def test_a_layer_imports_only_what_lies_below(file: Path) -> None:
    layer = part(file)
    allowed = MAY_IMPORT.get(layer, set()) | {layer}
    inner = {name.split(".")[1] for name in imports(file) if name.startswith("theorylab.")}
    assert inner <= allowed, f"{shown(file)} imports {sorted(inner - allowed)}"


@pytest.mark.parametrize("file", LIBRARY, ids=shown)
def test_nothing_imports_the_claims_of_papers(file: Path) -> None:
    assert "proofs_check" not in tops(file)


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_engines_are_imported_in_one_place(file: Path) -> None:
    if shown(file) != "theorylab/_rules.py":
        assert not tops(file) & {"torchdiffeq", "torchsde", "torchode", "torchdyn"}


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_matplotlib_is_imported_in_one_place(file: Path) -> None:
    """A claim's figure(ax, series) is handed its axes and needs no import."""
    if shown(file) != "theorylab/report/figures.py":
        assert "matplotlib" not in tops(file)


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_nothing_is_unpickled_or_evaluated(file: Path) -> None:
    assert not tops(file) & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve"}
    for node in nodes(file):
        if not isinstance(node, ast.Call):
            continue
        called, words = ast.unparse(node.func), {word.arg for word in node.keywords}
        assert called not in {"eval", "exec", "sympy.parse_expr", "parse_expr"}, ast.unparse(node)
        assert "allow_pickle" not in words, ast.unparse(node)
        if called == "torch.load":
            assert "weights_only" in words, ast.unparse(node)


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_nothing_is_skipped_and_no_library_code_asserts(file: Path) -> None:
    for node in nodes(file):
        assert not isinstance(node, ast.Assert), f"{shown(file)}:{node.lineno}"
        if isinstance(node, ast.Call | ast.Attribute) and file.is_relative_to(CLAIMS):
            name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
            words = name.split(".")
            assert words[-1] not in {"skipif", "xfail", "importorskip"}
            assert words[-1] != "skip" or "pytest" not in words


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_modules_and_functions_stay_short(file: Path) -> None:
    length = len(file.read_text(encoding="utf-8").splitlines())
    assert length <= 300, f"{shown(file)} has {length} lines"
    for node in nodes(file):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1:] if ast.get_docstring(node) else node.body
            lines = first[-1].end_lineno - first[0].lineno + 1 if first else 0  # type: ignore[operator]
            assert lines <= 40, f"{shown(file)}: {node.name} has {lines} lines"


@pytest.mark.parametrize("file", EVERYTHING, ids=shown)
def test_every_module_and_public_name_is_documented(file: Path) -> None:
    if file == CLAIMS / "__init__.py":
        return
    tree = ast.parse(file.read_bytes())
    assert ast.get_docstring(tree), shown(file)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or node.name == "figure", f"{shown(file)}: {node.name}"


CHILD = """
import sys
import theorylab, theorylab.claims, theorylab.claims.catalogue, theorylab.claims.run
import theorylab.report.ledger, theorylab.report.recorder, theorylab.pytest_plugin
heavy = {"torch", "matplotlib", "torchdiffeq", "torchsde", "theorylab.diffusion"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_judge_loads_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[]\n", "")
