"""The table of statements in the README, between two markers.

    python -m theorylab.report.readme --write README.md
    python -m theorylab.report.readme --check README.md

Notation: links are relative to the folder of the README. Nothing is run here.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from theorylab.claims.catalogue import PaperEntry, load
from theorylab.claims.claim import Claim
from theorylab.claims.paper import NotChecked, Paper, Reading
from theorylab.report.ledger import write_atomically

BEGIN, END = "<!-- statements:begin -->", "<!-- statements:end -->"
HEADER = ("statement", "source", "relation", "evidence", "cases", "false twins")


def table(entries: Sequence[PaperEntry]) -> str:
    """The statements as a Markdown table, then what is not checked and why."""
    rows = [_row(claim) for entry in entries for claim in entry.claims]
    left_out = [_unchecked(entry.paper, item) for entry in entries for item in entry.not_checked]
    aligned = ("---", "---", "---", "---", "--:", "--:")
    return "\n".join(_line(row) for row in (HEADER, aligned, *rows, *left_out))


def _row(claim: Claim) -> tuple[str, ...]:
    file = claim.describe()["file"]
    note = " (reconstructed)" if claim.source.reading is Reading.RECONSTRUCTED else ""
    return (
        f"[{claim.title}]({file})",
        f"{claim.source.paper.short}, {claim.source.item}{note}",
        claim.relation.value,
        claim.evidence.name.lower(),
        str(len(claim.cases)),
        str(len(claim.must_fail)),
    )


def _unchecked(paper: Paper, item: NotChecked) -> tuple[str, ...]:
    text = f"*Not checked:* {item.statement} *Why not:* {item.reason}"
    return text, f"{paper.short}, {item.item}", "not checked", "", "", ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells) + " |"


def updated(text: str, entries: Sequence[PaperEntry]) -> str:
    """The README with the present table between its markers.

    Raises:
        ValueError: the markers are missing, doubled or in the wrong order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        msg = f"the file must have {BEGIN} and then {END}, once each"
        raise ValueError(msg)
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table(entries)}\n{END}{rest.partition(END)[2]}"


def stale_lines(old: str, new: str) -> Iterator[str]:
    """What is to be changed, as a unified diff without context."""
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""):
        if not line.startswith(("---", "+++")):
            yield line


def main(argv: Sequence[str] | None = None) -> int:
    """Write the table, or check that it is up to date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m theorylab.report.readme", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=Path, metavar="README")
    action.add_argument("--check", type=Path, metavar="README")
    parser.add_argument("--from", dest="folder", type=Path, default=None, metavar="DIR")
    options = parser.parse_args(argv)
    file: Path = options.write or options.check
    try:
        old = file.read_text(encoding="utf-8")
        new = updated(old, load(options.folder or file.resolve().parent / "proofs_check"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{file}: {error}\n")
        return 2
    if options.write:
        write_atomically(file, new.encode())
        return 0
    for line in list(stale_lines(old, new))[:20]:
        sys.stderr.write(line + "\n")
    if old != new:
        sys.stderr.write(f"{file}: the table is stale, run: make readme\n")
    return int(old != new)


if __name__ == "__main__":
    raise SystemExit(main())
