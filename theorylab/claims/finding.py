"""What evidence says: a verdict, how strong the evidence is, and by how much it was decided.

Unknown is a verdict of its own, and it is never a pass. This module decides nothing; the makers
of findings are in `evidence`, `sampling`, `enclosure` and `rates`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any


class Verdict(Enum):
    """HOLDS, FAILS, or UNDECIDED: the evidence at hand cannot tell."""

    HOLDS = "HOLDS"
    FAILS = "FAILS"
    UNDECIDED = "UNDECIDED"


class Evidence(IntEnum):
    """The six levels of evidence, from weak to strong."""

    TREND = 1
    SAMPLED = 2
    NUMERIC = 3
    ENCLOSED = 4
    EXHAUSTIVE = 5
    SYMBOLIC = 6


class Relation(Enum):
    """How a claim stands to its source."""

    AS_STATED = "as stated"
    REFUTES = "refutes"
    REPAIRS = "repairs"
    SHARPENS = "sharpens"
    BEYOND = "beyond"


@dataclass(frozen=True)
class Finding:
    """What one piece of evidence says.

    Attributes:
        verdict: whether the statement holds in this case.
        evidence: the level that this evidence carries.
        margin: room left before the verdict would change, relative to the size of what was
            compared: not negative when it holds, not positive when it fails; None where the
            evidence is exact or undecided.
        detail: one line with the numbers.
        false_alarm: probability that this evidence rejects a true statement (SAMPLED), else 0.
        miss: probability that it accepts one that is false by `reach` (SAMPLED), else 0.
        reach: the smallest violation that this evidence can see, in words.
        series: numbers for a figure, as JSON values.
    """

    verdict: Verdict
    evidence: Evidence
    margin: float | None
    detail: str
    false_alarm: float = 0.0
    miss: float = 0.0
    reach: str | None = None
    series: Mapping[str, Any] | None = None

    def with_series(self, **series: Any) -> "Finding":
        """The same finding, carrying numbers that a figure may draw.

        Raises:
            ValueError: a value that JSON cannot hold, a NaN or an infinity among them.
        """
        return replace(self, series={name: as_json(value) for name, value in series.items()})

    def with_detail(self, detail: str) -> "Finding":
        """The same finding with a note in front of its detail."""
        return replace(self, detail=f"{detail}; {self.detail}")


def as_json(value: Any) -> Any:
    """A tensor, array or sequence as nested lists of floats; numbers and strings as they are.

    Raises:
        ValueError: anything else, or a number that is not finite.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"a series must hold finite numbers, got {value}"
        raise ValueError(msg)
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    msg = f"a series must hold numbers, strings, arrays or lists, got {type(value).__name__}"
    raise ValueError(msg)


def undecided(evidence: Evidence, why: str) -> Finding:
    """The finding of a check that cannot tell."""
    return Finding(Verdict.UNDECIDED, evidence, None, why)


def is_chance_unstated(finding: Finding) -> bool:
    """Whether it decides by sampling without saying how often it would be wrong."""
    stated = finding.false_alarm > 0 and finding.miss > 0
    decided = finding.verdict is not Verdict.UNDECIDED
    return finding.evidence is Evidence.SAMPLED and decided and not stated


_WORST = {Verdict.FAILS: 0, Verdict.UNDECIDED: 1, Verdict.HOLDS: 2}


def all_hold(*findings: Finding) -> Finding:
    """The conjunction: worst verdict, weakest evidence, smallest margin, error rates added up.

    The union bound makes the sums of false alarms and misses upper bounds. The series of the
    parts are merged; a name that two parts carry is an error.

    Raises:
        ValueError: no findings, something else among them, or two series of one name.
    """
    if not findings or not all(isinstance(part, Finding) for part in findings):
        msg = f"all_hold needs at least one finding and nothing else, got {findings!r}"
        raise ValueError(msg)
    if any(is_chance_unstated(part) for part in findings):
        weakest = min(part.evidence for part in findings)
        return undecided(weakest, "a sampled part does not state both of its error rates")
    worst = min(findings, key=lambda part: _WORST[part.verdict])
    margins = [part.margin for part in findings if part.margin is not None]
    reaches = [part.reach for part in findings if part.reach is not None]
    same = [part for part in findings if part.verdict is worst.verdict]
    return Finding(
        worst.verdict,
        min(part.evidence for part in findings),
        min(margins) if margins else None,
        "; ".join(part.detail for part in same),
        false_alarm=sum(part.false_alarm for part in findings),
        miss=sum(part.miss for part in findings),
        reach="; ".join(reaches) if reaches else None,
        series=_merged([part.series for part in findings if part.series]),
    )


def _merged(parts: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    merged: dict[str, Any] = {}
    for part in parts:
        twice = merged.keys() & part.keys()
        if twice:
            msg = f"two findings carry a series of the same name, got {sorted(twice)}"
            raise ValueError(msg)
        merged.update(part)
    return merged or None
