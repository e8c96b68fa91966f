"""How the pages are built: docstrings, the catalogue of statements, formulas without network.

Formulas become MathML by `theorylab.report.typeset`, as on the page of a run. Docstrings are plain
text with formulas: what reStructuredText would read as markup in them is escaped. This module
checks no statement.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx

import theorylab
from theorylab.claims.catalogue import PaperEntry, load
from theorylab.claims.claim import Claim
from theorylab.report import typeset

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "theorylab"
author = "The theorylab authors"
project_copyright = "The theorylab authors, Apache-2.0"
release = version = theorylab.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"theorylab {release}"
html_math_renderer = "mathml"
html_show_sphinx = False
exclude_patterns = ["_build", "examples"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_use_ivar = True
napoleon_attr_annotations = False


def setup(app: Sphinx) -> None:
    """Write the statements, and register what turns text into pages."""
    _write_statements(HERE / "generated" / "statements.md")
    app.connect("autodoc-process-docstring", _escape_docstring, priority=1)
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_displayed_formula, None))


def _inline_formula(writer: Any, node: nodes.math) -> None:
    writer.body.append(str(typeset.formula(node.astext())))
    raise nodes.SkipNode


def _displayed_formula(writer: Any, node: nodes.math_block) -> None:
    for latex in re.split(r"\n\s*\n", node.astext().strip()):
        aligned = "\\begin" not in latex and ("\\\\" in latex or "&" in latex)
        whole = rf"\begin{{split}}{latex}\end{{split}}" if aligned else latex
        formula = typeset.formula(whole, display=True)
        style = "margin: 1em 0; overflow: auto hidden"
        writer.body.append(f'<div class="notranslate" style="{style}">{formula}</div>\n')
    raise nodes.SkipNode


def _escape_docstring(  # the signature is Sphinx's
    app: Sphinx, what: str, name: str, subject: object, options: object, lines: list[str]
) -> None:
    """Escape |x|, (*n, d) and x_ outside of formulas and code, in place."""
    del app, what, name, subject, options
    depth: int | None = None  # of the formula that is open
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent <= depth:
            depth = None
        if line.lstrip().startswith(".. math::"):
            depth = indent
        if depth is None:
            lines[number] = _escaped(line)


def _escaped(line: str) -> str:
    pieces = re.split(r"(:math:`[^`]*`|``[^`]*``|`[^`]*`)", line)
    plain = [re.sub(r"([|*]|_\b(?<=\w_)(?!\w))", r"\\\1", piece) for piece in pieces[::2]]
    code = [piece if piece[0] == ":" else f"``{piece.strip('`')}``" for piece in pieces[1::2]]
    return "".join(a + b for a, b in zip(plain, [*code, ""], strict=True))


def _write_statements(page: Path) -> None:
    """The catalogue as one page; an unchanged page is left alone, for incremental builds."""
    text = "\n".join(_lines(load(ROOT / "proofs_check")))
    page.parent.mkdir(exist_ok=True)
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def _lines(entries: list[PaperEntry]) -> Iterator[str]:
    yield "# Statements\n"
    yield "Every claim of the catalogue, as its file states it. Generated; edit the files.\n"
    for entry in entries:
        paper = entry.paper
        yield f"## {paper.short}\n"
        yield f"{paper.authors}: *{paper.title}*. [arXiv:{paper.arxiv}]({paper.url}), "
        yield f"read as {paper.version}.\n"
        for claim in entry.claims:
            yield from _claim_lines(claim)
        yield f"### Not checked in {paper.short}\n"
        for item in entry.not_checked:
            head = Markup("<p><b>{}</b></p>").format(item.item)
            why = Markup("<p><i>{}</i></p>").format(item.reason)
            yield from _html(head + typeset.statement(item.statement) + why)


def _claim_lines(claim: Claim) -> Iterator[str]:
    source, twins = claim.source, claim.must_fail
    yield f"### {claim.title}\n"
    yield f"{source.item}, {source.reading.value}. **{claim.relation.value}**, "
    yield f"{claim.evidence.name}, cases: {len(claim.cases)}, false twins: {len(twins)}.\n"
    yield from _html(typeset.statement(claim.statement))
    yield f"```bash\ntheorylab verify {claim.id}\n```\n"


def _html(body: Markup) -> Iterator[str]:
    yield "```{raw} html"
    yield str(body)
    yield "```\n"
