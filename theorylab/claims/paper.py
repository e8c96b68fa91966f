"""Where a statement comes from: a pinned version of a paper and a place in it.

This module holds names and labels only; it knows no statement and no verdict.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reading(StrEnum):
    """Whether the source's own text was read, only a summary, or a formula reconstructed."""

    AS_PRINTED = "as printed"
    RECONSTRUCTED = "reconstructed"
    SUMMARISED = "from a summary"


@dataclass(frozen=True)
class Paper:
    """A paper at a pinned version; `key` is the name of its folder of claims.

    `version` says which text was read: an arXiv version such as "v2", or a venue's text.
    """

    key: str
    title: str
    authors: str
    year: int
    arxiv: str
    version: str
    short: str

    def at(
        self, item: str, *, label: str | None = None, reading: Reading = Reading.AS_PRINTED
    ) -> "Source":
        """A place in this paper, by the printed name of the item and, if known, its label."""
        return Source(self, item, label, reading)

    @property
    def url(self) -> str:
        """The paper's abstract page."""
        return f"https://arxiv.org/abs/{self.arxiv}"


@dataclass(frozen=True)
class Source:
    """An item of a paper."""

    paper: Paper
    item: str
    label: str | None
    reading: Reading

    def __str__(self) -> str:
        """Such as "Ashiq et al. 2026 (arXiv:2605.06831, ICML 2026), Lemma G.2"."""
        paper = self.paper
        note = "" if self.reading is Reading.AS_PRINTED else f" [{self.reading.value}]"
        return f"{paper.short} (arXiv:{paper.arxiv}, {paper.version}), {self.item}{note}"


@dataclass(frozen=True)
class NotChecked:
    """An item of a paper that no claim checks, and why."""

    item: str
    statement: str
    reason: str

    def __post_init__(self) -> None:
        """Nothing is left out without a reason."""
        for name in ("item", "statement", "reason"):
            if not getattr(self, name).strip():
                msg = f"NotChecked.{name} must not be empty, got {getattr(self, name)!r}"
                raise ValueError(msg)
