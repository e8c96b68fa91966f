"""What the page shows of a run: one card per statement, from the catalogue and the ledger.

Notation: an item is a line of the ledger, a case or a false twin of a claim.

This module decides nothing anew: the verdict of a card is the worst of its items, and a card with
items missing never holds. It draws nothing and writes no HTML; see `figures` and `page`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theorylab.claims.catalogue import (
    PaperEntry,
    claim_files,
    import_file,
    load_claim,
    paper_folders,
)
from theorylab.claims.claim import Claim, titled

VERDICTS = ("ERROR", "FAILS", "UNDECIDED", "INCOMPLETE", "HOLDS")
"""What a card may say, the worst first."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Card:
    """A statement and what became of it in a run.

    Attributes:
        id: folder and name of the claim.
        paper: the key of its paper.
        claim: the declaration, or None where the file could not be read as one.
        cases: the ledger's lines of its cases, in order.
        twins: the ledger's lines of its false twins, in order.
        expected: how many items the declaration asks for.
    """

    id: str
    paper: str
    claim: Claim | None
    cases: tuple[Record, ...]
    twins: tuple[Record, ...]
    expected: int

    @property
    def anchor(self) -> str:
        """The name of the card inside the page."""
        return self.id.replace("/", ".")

    @property
    def title(self) -> str:
        """The conclusion as a sentence."""
        return titled(self.id.partition("/")[2])

    @property
    def verdict(self) -> str:
        """The worst verdict of the items; a false twin that was accepted leaves it undecided."""
        worst = {line["verdict"] for line in (*self.cases, *self.twins) if not line["ok"]}
        if "ERROR" in worst:
            return "ERROR"
        if "FAILS" in worst:
            return "FAILS"
        if worst:
            return "UNDECIDED"
        return "INCOMPLETE" if len(self.cases) + len(self.twins) < self.expected else "HOLDS"

    @property
    def margin(self) -> float | None:
        """The smallest margin of the cases; None where every case is exact."""
        margins = [line["margin"] for line in self.cases if line["margin"] is not None]
        return min(margins) if margins else None

    @property
    def seconds(self) -> float:
        """What the items took together."""
        return sum(line["seconds"] for line in (*self.cases, *self.twins))

    @property
    def seeds(self) -> list[int]:
        """The seeds that the cases used."""
        return sorted({line["seed"] for line in self.cases if line["seed"] is not None})

    @property
    def chance(self) -> tuple[float, float]:
        """The bounds on a false alarm and on a miss, added up over the cases."""
        return (
            sum(line.get("false_alarm") or 0.0 for line in self.cases),
            sum(line.get("miss") or 0.0 for line in self.cases),
        )


def deal(
    entries: Sequence[PaperEntry], records: Iterable[Record], *, thorough: bool
) -> tuple[list[Card], list[Claim]]:
    """The cards of the statements that the ledger names, and the claims that were not run."""
    items: dict[str, list[Record]] = defaultdict(list)
    for line in records:
        items[line["id"]].append(line)
    claims = {claim.id: claim for entry in entries for claim in entry.claims}
    cards = [_card(name, claims.get(name), lines, thorough) for name, lines in items.items()]
    order = {name: place for place, name in enumerate(claims)}
    cards.sort(key=lambda card: (order.get(card.id, len(order)), card.id))
    return cards, [claim for name, claim in claims.items() if name not in items]


def _card(name: str, claim: Claim | None, lines: Sequence[Record], thorough: bool) -> Card:
    cases = sorted((line for line in lines if line["kind"] == "case"), key=lambda i: i["index"])
    twins = sorted((line for line in lines if line["kind"] == "twin"), key=lambda i: i["index"])
    expected = expected_items(claim, thorough=thorough) if claim else len(lines)
    return Card(name, name.partition("/")[0], claim, tuple(cases), tuple(twins), expected)


def expected_items(claim: Claim, *, thorough: bool) -> int:
    """How many lines of a ledger a claim gives."""
    more = len(claim.thorough) if thorough else 0
    return len(claim.cases) + more + len(claim.must_fail)


def read_catalogue(folder: Path) -> tuple[list[PaperEntry], dict[str, str]]:
    """The papers below a folder; a file that is no claim is left out and named with its error.

    `theorylab.claims.catalogue.load` refuses the whole folder instead.
    """
    entries, refused = [], {}
    for found in paper_folders(folder):
        try:
            module = import_file(found / "__init__.py")
            paper, left_out = module.PAPER, tuple(module.NOT_CHECKED)
        except Exception as error:  # a user's file may raise anything
            refused[found.name] = f"{type(error).__name__}: {error}"
            continue
        claims = []
        for file in (file for file in claim_files(found) if file.parent == found):
            try:
                claims.append(load_claim(file))
            except Exception as error:
                refused[f"{found.name}/{file.stem}"] = f"{type(error).__name__}: {error}"
        entries.append(PaperEntry(paper, found, tuple(claims), left_out))
    return entries, refused
