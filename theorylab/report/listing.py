"""The catalogue on a terminal, as plain lines, or as JSON.

Notation: a plain line has the tab-separated fields id, item, relation, evidence, number of cases,
number of false twins, title; what is not checked has the reason in the last field.

Nothing is run here.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from theorylab.claims.catalogue import PaperEntry
from theorylab.claims.claim import Claim
from theorylab.claims.paper import NotChecked


def as_json(entries: Sequence[PaperEntry]) -> str:
    """Every statement as one JSON list, what is not checked carrying the reason."""
    return json.dumps(list(_objects(entries)), indent=2, ensure_ascii=False) + "\n"


def _objects(entries: Sequence[PaperEntry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for claim in entry.claims:
            yield claim.describe()
        for number, item in enumerate(entry.not_checked, start=1):
            yield _unchecked(entry, item, number)


def _unchecked(entry: PaperEntry, item: NotChecked, number: int) -> dict[str, Any]:
    return {
        "id": f"{entry.paper.key}#{number}",
        "paper": entry.paper.key,
        "item": item.item,
        "relation": None,
        "evidence": None,
        "statement": item.statement,
        "cases": [],
        "false_twins": [],
        "given": [],
        "file": f"{entry.folder.parent.name}/{entry.folder.name}/__init__.py",
        "not_checked": item.reason,
    }


def show(entries: Sequence[PaperEntry]) -> None:
    """Print a table on a terminal, plain lines elsewhere."""
    console = Console()
    if not console.is_terminal:
        for line in lines(entries):
            console.file.write(line + "\n")
        return
    for entry in entries:
        console.print(_table(entry))
        for item in entry.not_checked:
            console.print(
                f"  [dim]not checked[/dim] {escape(item.item)}: {escape(item.reason)}",
                highlight=False,
            )


def lines(entries: Sequence[PaperEntry]) -> Iterator[str]:
    """One tab-separated line for each statement."""
    for entry in entries:
        for claim in entry.claims:
            yield "\t".join(_fields(claim))
        for number, item in enumerate(entry.not_checked, start=1):
            name = f"{entry.paper.key}#{number}"
            yield "\t".join((name, item.item, "not checked", "", "0", "0", _flat(item.reason)))


def _fields(claim: Claim) -> tuple[str, ...]:
    return (
        claim.id,
        claim.source.item,
        claim.relation.value,
        claim.evidence.name.lower(),
        str(len(claim.cases)),
        str(len(claim.must_fail)),
        claim.title,
    )


def _flat(text: str) -> str:
    return " ".join(text.split())


def _table(entry: PaperEntry) -> Table:
    paper = entry.paper
    title = f"{escape(paper.title)}\n{paper.key} · arXiv:{paper.arxiv}, {paper.version}"
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for name in ("statement", "item", "relation", "evidence"):
        table.add_column(name, overflow="fold")
    for name in ("cases", "twins"):
        table.add_column(name, justify="right")
    for claim in entry.claims:
        _, item, relation, evidence, cases, twins, title = _fields(claim)
        table.add_row(escape(title), escape(item), relation, evidence, cases, twins)
    return table
