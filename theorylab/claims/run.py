"""Running one item: a case, which must hold, or a false twin, which must be rejected.

The result is a plain record, ready for a ledger. An exception of the check is an ERROR, never a
verdict about the statement, and so is an attempt to skip it; UNDECIDED is red.
"""

import contextlib
import math
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from theorylab.claims.claim import Claim, label
from theorylab.claims.finding import Finding, Verdict, is_chance_unstated


@dataclass(frozen=True)
class Outcome:
    """What running one item gave; `ok` says whether it is as it should be."""

    verdict: str
    ok: bool
    detail: str
    seconds: float
    finding: Finding | None = None
    error: BaseException | None = None


def run_case(claim: Claim, case: Any) -> Outcome:
    """Check one case: only HOLDS, at the declared level of evidence or above, is ok."""
    return _timed(lambda: _case(claim, case))


def run_twin(claim: Claim, name: str, cases: Sequence[Any]) -> Outcome:
    """Check a false twin: REJECTED if the check answers FAILS on at least one case.

    An answer at a lower level of evidence than declared does not count, nor does an exception; if
    no case rejects and one raised, the twin is an ERROR.
    """
    return _timed(lambda: _twin(claim, name, cases))


def record(claim: Claim, kind: str, name: str, index: int, outcome: Outcome) -> dict[str, Any]:
    """The ledger's line for one item, without its series."""
    finding = outcome.finding
    return {
        "id": claim.id,
        "paper": claim.source.paper.key,
        "item": claim.source.item,
        "relation": claim.relation.name,
        "kind": kind,
        "case": name,
        "index": index,
        "verdict": outcome.verdict,
        "ok": outcome.ok,
        "evidence": finding.evidence.name if finding else None,
        "declared": claim.evidence.name,
        "margin": _number(finding.margin) if finding else None,
        "detail": str(outcome.detail),
        "seconds": round(outcome.seconds, 4),
        "seed": _seed(claim, kind, index),
        "false_alarm": (_number(finding.false_alarm) or 0.0) if finding else 0.0,
        "miss": (_number(finding.miss) or 0.0) if finding else 0.0,
        "reach": finding.reach if finding else None,
        "given": list(claim.given),
    }


def _number(value: Any) -> float | None:
    """A plain finite float, or None: what a ledger and the wire between processes can hold."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _seed(claim: Claim, kind: str, index: int) -> int | None:
    case = (*claim.cases, *claim.thorough)[index] if kind == "case" else None
    parts = [getattr(case, field.name) for field in fields(case)] if is_dataclass(case) else []
    for part in (case, *parts):
        with contextlib.suppress(TypeError):
            return operator.index(getattr(part, "seed", None))  # type: ignore[arg-type]
    return None


def _timed(run: Callable[[], Outcome]) -> Outcome:
    started = time.perf_counter()
    try:
        outcome = run()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a skip and an exit of pytest are no Exceptions, and no pass
        outcome = _raised(error)
    return replace(outcome, seconds=time.perf_counter() - started)


def _raised(error: BaseException) -> Outcome:
    return Outcome("ERROR", False, f"{type(error).__name__}: {error}", 0.0, error=error)


def _case(claim: Claim, case: Any) -> Outcome:
    finding = claim.check(case)
    worthless = _why_worthless(claim, finding)
    if worthless is not None:
        return Outcome("UNDECIDED", False, worthless, 0.0, _finding_or_none(finding))
    held = finding.verdict is Verdict.HOLDS
    return Outcome(finding.verdict.value, held, finding.detail, 0.0, finding)


def _why_worthless(claim: Claim, finding: Any) -> str | None:
    if not isinstance(finding, Finding):
        return f"the check must return a Finding, got {finding!r}"
    if finding.evidence < claim.evidence:
        return (
            f"overstated: declares {claim.evidence.name} but carries {finding.evidence.name}; "
            f"{finding.detail}"
        )
    if is_chance_unstated(finding):
        return f"sampled evidence must state both error rates; {finding.detail}"
    return None


def _finding_or_none(finding: Any) -> Finding | None:
    return finding if isinstance(finding, Finding) else None


def _twin(claim: Claim, name: str, cases: Sequence[Any]) -> Outcome:
    answers, raised = [], None
    for case in cases:
        outcome = _timed(partial(_mutated, claim, name, case))
        if outcome.ok:
            return outcome
        raised = raised or outcome.error
        answers.append(f"({label(case)}): {outcome.detail}")
    verdict = "ACCEPTED" if raised is None else "ERROR"
    detail = "no case rejects it: " + "; ".join(answers)
    return Outcome(verdict, False, detail, 0.0, error=raised)


def _mutated(claim: Claim, name: str, case: Any) -> Outcome:
    mutated = claim.must_fail[name](case)
    if _same(mutated, case):
        return Outcome("ACCEPTED", False, "the twin leaves the case unchanged", 0.0)
    finding = claim.check(mutated)
    worthless = _why_worthless(claim, finding)
    if worthless is not None:
        return Outcome("ACCEPTED", False, worthless, 0.0)
    detail = f"({label(mutated)}): {finding.verdict.value}, {finding.detail}"
    if finding.verdict is not Verdict.FAILS:
        return Outcome("ACCEPTED", False, detail, 0.0)
    return Outcome("REJECTED", True, detail, 0.0, finding)


def _same(one: Any, other: Any) -> bool:
    """Equality of two cases, also where they hold arrays or tensors."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return all(_same(getattr(one, name), getattr(other, name)) for name in names)
    if hasattr(one, "__array__"):
        return bool(np.array_equal(np.asarray(one), np.asarray(other)))
    return bool(one == other)


def error_record(file: Path, *, kind: str, case: str, index: int, detail: str) -> dict[str, Any]:
    """The ledger's line for an item that gave no outcome of its own."""
    empty = dict.fromkeys(("item", "relation", "evidence", "declared", "margin", "seed", "reach"))
    return empty | {
        "id": f"{file.parent.name}/{file.stem}",
        "paper": file.parent.name,
        "kind": kind,
        "case": case,
        "index": index,
        "verdict": "ERROR",
        "ok": False,
        "detail": detail,
        "seconds": 0.0,
        "false_alarm": 0.0,
        "miss": 0.0,
        "given": [],
    }
