"""The appendix figures: a claim's own `figure(ax, series)`, drawn in one style.

Notation: widths in inches, as LaTeX columns have them; `series` is the list of what the findings
of the claim's cases carried, in the order of the cases.

This module computes nothing: a figure shows only numbers that a check has seen. It is the only one
that imports matplotlib, apart from the claims' own `figure` functions.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from theorylab.claims.claim import Claim
from theorylab.report.ledger import read_series, write_atomically

COLUMN = 3.3
"""The width of one column of a two-column page."""

TEXT = 6.9
"""The width of both."""

FORMATS = ("pdf", "png", "svg")
"""What `save` writes; PDF and SVG are vector formats."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "axes.formatter.use_mathtext": True,
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "grid.color": "#9aa0a6",
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "svg.hashsalt": "theorylab",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
"""The one style of all figures; sizes in points, TrueType fonts in PDF so that text stays text."""

_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}


def draw(claim: Claim, series: Sequence[Mapping[str, Any]], *, width: float = COLUMN) -> Figure:
    """The figure of a claim from the series of its cases.

    Args:
        claim: a claim whose file has `figure(ax, series)`.
        series: one mapping per case, in the order of the cases.
        width: in inches; the height is 0.72 of it.

    Raises:
        ValueError: the claim has no figure, a case has no series, or an axis has no label.
    """
    if claim.figure is None:
        msg = f"{claim.id} must have a figure(ax, series) in its file, got none"
        raise ValueError(msg)
    if len(series) != len(claim.cases):
        wanted = f"a series for each of {len(claim.cases)} cases"
        msg = f"{claim.id} must have {wanted}, got {len(series)}"
        raise ValueError(msg)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, 0.72 * width), layout="constrained")
        axes = figure.add_subplot()
        claim.figure(axes, list(series))
    if not axes.get_xlabel() or not axes.get_ylabel():
        labels = (axes.get_xlabel(), axes.get_ylabel())
        msg = f"{claim.id}: figure must label both axes, got {labels!r}"
        raise ValueError(msg)
    return figure


def series_of(
    folder: Path, claim: Claim, records: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The series of a claim's default cases in the ledger of `folder`, in their order.

    Raises:
        ValueError: a case was not run or carried no series, or its file was changed.
    """
    mine = [line for line in records if line["id"] == claim.id and line["kind"] == "case"]
    lines = {line["index"]: line for line in mine}
    series: list[Mapping[str, Any]] = []
    for index in range(len(claim.cases)):
        line = lines.get(index)
        if line is None or line["series"] is None:
            msg = f"{claim.id} must have a series for case {index}, got none in the ledger"
            raise ValueError(msg)
        series.append(read_series(folder, line))
    return series


def encode(figure: Figure, kind: str) -> bytes:
    """The figure as a file of one of `FORMATS`: the same bytes whenever the numbers are the same.

    Raises:
        ValueError: another format.
    """
    if kind not in FORMATS:
        msg = f"format must be one of {', '.join(FORMATS)}, got {kind!r}"
        raise ValueError(msg)
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        ground = "white" if kind == "png" else "none"
        figure.savefig(buffer, format=kind, metadata=_METADATA[kind], facecolor=ground)
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> Path:
    """Write the figure in the format of the path's suffix, whole or not at all.

    Raises:
        ValueError: a suffix that is not one of `FORMATS`.
        OSError: the folder cannot be written.
    """
    write_atomically(path, encode(figure, path.suffix.removeprefix(".")))
    return path


def data_uri(figure: Figure) -> str:
    """The figure as an SVG image inside a link, for a page that stands alone."""
    return "data:image/svg+xml;base64," + base64.b64encode(encode(figure, "svg")).decode("ascii")
