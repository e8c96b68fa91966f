"""The page of a run: one HTML file that opens offline, reads on a phone and prints.

Notation: a card is a statement with its items, see `cards`; a drawing is a figure as an image.

The page loads nothing from elsewhere and its policy forbids it to: styles and script stand in the
file and are named by their hashes. This module judges nothing; it shows what the ledger says.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup, escape

import theorylab
from theorylab.claims.catalogue import PaperEntry
from theorylab.claims.claim import Claim
from theorylab.claims.finding import Evidence, Relation
from theorylab.claims.paper import Paper
from theorylab.report import cards, figures, ledger, typeset
from theorylab.report.console import counted

INDEX = "index.html"

SYMBOLS = {"HOLDS": "✓", "FAILS": "✗", "UNDECIDED": "?", "ERROR": "!", "INCOMPLETE": "…"}
WORDS = {verdict: verdict.lower() for verdict in cards.VERDICTS}


@dataclass(frozen=True)
class Drawing:
    """A figure for the page: an image, what it shows in words, and its caption."""

    uri: str
    alt: str
    caption: Markup


@dataclass(frozen=True)
class Section:
    """A paper on the page."""

    paper: Paper
    cards: tuple[cards.Card, ...]
    not_run: tuple[Claim, ...]
    not_checked: tuple[Mapping[str, Markup], ...]


def write(
    folder: Path,
    entries: Sequence[PaperEntry],
    *,
    refused: Mapping[str, str] = MappingProxyType({}),
    stopped: bool = False,
) -> tuple[Path, list[str]]:
    """Write the page of the ledger in `folder`; also return what could not be shown.

    Args:
        folder: where a run left its ledger, its series and its environment.
        entries: the catalogue that was run.
        refused: files that could not be read as claims, with their errors.
        stopped: whether the run is known to have been stopped before its end.

    Raises:
        ValueError: the ledger or its environment cannot be read.
        OSError: the page cannot be written.
    """
    records, environment = ledger.read(folder), ledger.read_environment(folder)
    drawings = {}
    problems = [f"{name} could not be read as a claim: {error}" for name, error in refused.items()]
    for claim in (claim for entry in entries for claim in entry.claims):
        if claim.figure is None or not any(line["id"] == claim.id for line in records):
            continue
        try:
            drawings[claim.id] = drawing(claim, figures.series_of(folder, claim, records))
        except Exception as error:  # a claim's own figure may raise anything
            problems.append(
                f"the figure of {claim.id} could not be drawn: {type(error).__name__}: {error}"
            )
    environment["finished"] = None if stopped else environment.get("finished")
    html, unset = render(entries, records, environment, drawings=drawings, notices=problems)
    ledger.write_atomically(folder / INDEX, html.encode())
    return folder / INDEX, problems + unset


def drawing(claim: Claim, series: Sequence[Mapping[str, Any]]) -> Drawing:
    """A claim's figure as an image, its caption being the docstring of `figure`."""
    figure = figures.draw(claim, series, width=1.3 * figures.COLUMN)
    axes = figure.axes[0]
    alt = f"{claim.title}: {axes.get_ylabel()} against {axes.get_xlabel()}"
    words = (claim.figure.__doc__ or "").strip() or f"{claim.title}."
    return Drawing(figures.data_uri(figure), alt.replace("$", ""), typeset.statement(words))


def render(
    entries: Sequence[PaperEntry],
    records: Sequence[cards.Record],
    environment: Mapping[str, Any],
    *,
    drawings: Mapping[str, Drawing],
    notices: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """The page as HTML, and which texts could not be typeset and stand as they are written."""
    dealt, not_run = cards.deal(entries, records, thorough=bool(environment.get("thorough")))
    statements, unset = _typeset({c.id: c.claim.statement for c in dealt if c.claim})
    sections = []
    for entry in entries:
        unchecked, more = _unchecked(entry)
        sections.append(_section(entry.paper, dealt, not_run, unchecked))
        unset += more
    style, script = (_inline(name) for name in ("page.css", "page.js"))
    html = _template().render(
        sections=[section for section in sections if section.cards or section.not_checked],
        statements=statements,
        drawings=drawings,
        notices=[*notices, *unset],
        known={card.id: card for card in dealt},
        interrupted=environment.get("finished") is None,
        provenance=provenance(environment),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=theorylab.__version__,
        **_counts(dealt),
    )
    return html, unset


def _typeset(texts: Mapping[str, str]) -> tuple[dict[str, Markup], list[str]]:
    done, problems = {}, []
    for name, text in texts.items():
        try:
            done[name] = typeset.statement(text)
        except ValueError as error:
            problems.append(f"the statement of {name} could not be typeset: {error}")
            done[name] = Markup("<p>{}</p>").format(text)
    return done, problems


def _section(
    paper: Paper,
    dealt: Sequence[cards.Card],
    not_run: Sequence[Claim],
    unchecked: Sequence[Mapping[str, Markup]],
) -> Section:
    return Section(
        paper,
        tuple(card for card in dealt if card.paper == paper.key),
        tuple(claim for claim in not_run if claim.source.paper.key == paper.key),
        tuple(unchecked),
    )


def _unchecked(entry: PaperEntry) -> tuple[list[dict[str, Markup]], list[str]]:
    rows, problems = [], []
    for item in entry.not_checked:
        html, more = _typeset({"statement": item.statement, "reason": item.reason})
        rows.append({"item": escape(item.item), **html})
        problems += [f"{entry.paper.key}, {item.item}: {problem}" for problem in more]
    return rows, problems


def _counts(dealt: Sequence[cards.Card]) -> dict[str, Any]:
    read = [card.claim for card in dealt if card.claim]
    cases = [line for card in dealt for line in card.cases]
    twins = [line for card in dealt for line in card.twins]
    return {
        "total": {
            "statements": len(dealt),
            "read": len(read),
            "hold": sum(card.verdict == "HOLDS" for card in dealt),
            "cases": len(cases),
            "twins": len(twins),
            "rejected": sum(bool(line["ok"]) for line in twins),
        },
        "matrix": Counter((claim.relation, claim.evidence) for claim in read),
        "by_relation": Counter(claim.relation for claim in read),
        "by_evidence": Counter(claim.evidence for claim in read),
    }


def provenance(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The lines of a run's provenance, for reading."""
    rows = [(name.replace("_", " "), environment[name]) for name in environment]
    told = [(name, value) for name, value in rows if value is not None and name != "packages"]
    started, finished = environment.get("started"), environment.get("finished")
    if started and finished:
        took = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
        told.append(("wall time", f"{took.total_seconds():.0f} s"))
    packages = environment.get("packages", {})
    told += [(name, version) for name, version in packages.items() if version is not None]
    return [(name, _told(value)) for name, value in told]


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def margin(value: float | None) -> str:
    """A margin for reading: "exact", or two digits with a sign."""
    return "exact" if value is None else "0" if value == 0 else f"{value:+.2g}"


def seconds(value: float) -> str:
    """A duration for reading."""
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s" if value >= 0.01 else "< 10 ms"


def summary(card: cards.Card) -> str:
    """A card's cases and twins in one line."""
    cases, twins = counted(card.cases, "case"), counted(card.twins, "false twin")
    verb = "holds" if len(card.cases) == 1 else "hold"
    worst = "exactly" if card.margin is None else f"with a margin of {margin(card.margin)} or more"
    return f"{cases} {verb} {worst}; {twins} rejected"


def _inline(name: str) -> Markup:
    return Markup(resources.files("theorylab.report").joinpath(name).read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _template() -> jinja2.Template:
    setting = jinja2.Environment(
        loader=jinja2.PackageLoader("theorylab", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    setting.filters |= {"margin": margin, "seconds": seconds, "summary": summary}
    setting.globals |= {
        "symbols": SYMBOLS,
        "words": WORDS,
        "verdicts": list(reversed(cards.VERDICTS)),
        "evidences": sorted(Evidence, reverse=True),
        "relations": list(Relation),
    }
    return setting.get_template("page.html.j2")
