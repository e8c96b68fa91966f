r"""Statements as HTML: prose is escaped, LaTeX between dollar signs becomes MathML.

Notation: a statement is a docstring: paragraphs between blank lines, lines that begin with "- "
as a list, `code` between backticks, LaTeX as `$...$` or `$$...$$`; `\$` is a dollar sign.

This module judges no mathematics; it refuses whatever would not be shown as it was written (an
unknown macro, an unsupported environment, a line break outside of one, unbalanced braces).
"""

import re
from xml.etree import ElementTree as ET

from latex2mathml import converter
from markupsafe import Markup, escape

from theorylab.report import mathml

_ENVIRONMENTS = frozenset(
    {
        "align*",
        "split",
        "cases",
        "array",
        "matrix",
        "pmatrix",
        "bmatrix",
        "vmatrix",
        "Vmatrix",
        "Bmatrix",
    }
)
_ELEMENTS = frozenset(
    {
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "mstyle",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mpadded",
        "mphantom",
        "mtable",
        "mtr",
        "mtd",
    }
)
_ATTRIBUTES = frozenset(
    {
        "display",
        "stretchy",
        "fence",
        "form",
        "separator",
        "lspace",
        "rspace",
        "linethickness",
        "displaystyle",
        "scriptlevel",
        "mathvariant",
        "columnalign",
        "columnspacing",
        "rowspacing",
        "width",
        "height",
        "depth",
        "voffset",
        "minsize",
        "maxsize",
        "accent",
        "accentunder",
        "symmetric",
        "largeop",
        "movablelimits",
        "mathcolor",
    }
)
_TIED = re.compile(r'\(?<math display="inline".*?</math>[-.,;:)!?]*', re.DOTALL)
_PIECES = re.compile(r"(?<!\\)(\$\$.+?(?<!\\)\$\$|\$[^$]+?(?<!\\)\$|`[^`]+`)", re.DOTALL)


def statement(text: str) -> Markup:
    r"""A statement as HTML paragraphs and lists.

    Raises:
        ValueError: a formula that would not be shown as it was written; an odd dollar sign.
    """
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return Markup("\n").join(_block(block) for block in blocks)


def _block(block: str) -> Markup:
    lead, *items = re.split(r"(?m)^\s*- ", _PIECES.sub(_unbroken, block))
    html = Markup("<p>{}</p>").format(_inline(lead)) if lead.strip() else Markup("")
    if items:
        rows = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
        html += Markup("<ul>{}</ul>").format(rows)
    return html


def _unbroken(piece: re.Match[str]) -> str:
    """A formula in one line, so that a minus at the beginning of a line opens no list."""
    return " ".join(piece[0].split())


def _inline(text: str) -> Markup:
    html = Markup("").join(_piece(piece) for piece in _PIECES.split(text.strip()) if piece)
    return Markup(_TIED.sub(_tie, html))


def _tie(found: re.Match[str]) -> str:
    """Keep a formula and the punctuation that touches it on one line."""
    alone = found[0].startswith("<") and found[0].endswith(">")
    return found[0] if alone else f'<span class="tie">{found[0]}</span>'


def _piece(piece: str) -> Markup:
    if piece.startswith("$$"):
        return Markup('<span class="display">{}</span>').format(formula(piece[2:-2], display=True))
    if piece.startswith("$"):
        return formula(piece[1:-1])
    if len(piece) > 1 and piece[0] == piece[-1] == "`":
        return Markup("<code>{}</code>").format(piece[1:-1])
    if re.search(r"(?<!\\)\$", piece):
        msg = f"dollar signs must come in pairs, got one alone in {_short(piece)!r}"
        raise ValueError(msg)
    return escape(piece.replace(r"\$", "$"))


def formula(latex: str, *, display: bool = False) -> Markup:
    r"""A formula as MathML, restricted to what browsers render.

    Raises:
        ValueError: an unknown macro or environment, unbalanced braces or delimiters, a line break
            outside an environment, or anything that is not presentation MathML.
    """
    latex = re.sub(r"\{aligned\}", "{split}", " ".join(latex.split()))
    _require_known(latex)
    try:
        text = converter.convert(latex, display="block" if display else "inline")
        root = ET.fromstring(re.sub(r' xmlns="[^"]*"', "", text))
    except Exception as error:
        msg = f"a formula must be valid LaTeX, got {latex!r} ({type(error).__name__})"
        raise ValueError(msg) from error
    for element in root.iter():
        _require_plain(element, latex)
    mathml.polish(root)
    root.set("alttext", latex)
    return Markup(ET.tostring(root, encoding="unicode"))


def _require_known(latex: str) -> None:
    bare = re.sub(r"\\[{}\\]", "", latex)
    depth = 0
    for mark in re.findall("[{}]", bare):
        depth += 1 if mark == "{" else -1
        if depth < 0:
            break
    if depth != 0:
        msg = f"braces must be balanced, got {latex!r}"
        raise ValueError(msg)
    for name in re.findall(r"\\begin\{([^}]*)\}", latex):
        if name not in _ENVIRONMENTS:
            msg = f"an environment must be one of {sorted(_ENVIRONMENTS)}, got {name!r}"
            raise ValueError(msg)


def _require_plain(element: ET.Element, latex: str) -> None:
    foreign = {element.tag} - _ELEMENTS | set(element.attrib) - _ATTRIBUTES
    if foreign:
        msg = f"a formula must be plain mathematics, got {sorted(foreign)[0]!r} from {latex!r}"
        raise ValueError(msg)
    unknown = re.search(r"\\\w*", element.text or "")
    if unknown:
        msg = f"a macro must be known to the page, got {unknown[0]!r} in {latex!r}"
        raise ValueError(msg)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
