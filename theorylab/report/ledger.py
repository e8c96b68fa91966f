"""The ledger of a run: one JSON object per line, written so that a killed run stays readable.

A line is one `write` to a file opened for appending, so it is there whole or not at all; series
and other files are written aside and renamed into place. At most the last line can be torn, and
`read` warns of it. Lines are ASCII, so no name can break one. Nothing here is unpickled or
evaluated.

The ledger also keeps the account of chance: `false_alarm_probability` adds up the error rates of
everything sampled in the run, and a run that spends more than `RUN_BUDGET` is red.
"""

import hashlib
import json
import math
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from theorylab.report.provenance import environment, now

RUN_BUDGET = 1e-9
"""The largest probability that a default run is red although every statement is true."""

LEDGER, SERIES, ENVIRONMENT = "ledger.jsonl", "series", "environment.json"


class TornLine(UserWarning):
    """The last line of a ledger was cut off when its run was killed; it is left out."""


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file aside and rename it into place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with aside.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def start(folder: Path, *, command: Sequence[str], thorough: bool) -> None:
    """Begin a ledger in a folder, replacing the one of an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / LEDGER, b"")
    for old in (*folder.glob(".*.json*.[0-9]*"), *(folder / SERIES).glob("*__*__*.json*")):
        old.unlink()
    _write_json(folder / ENVIRONMENT, environment(command=command, thorough=thorough))


def finish(folder: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Add what is known at the end of a run to its environment file."""
    written = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    written["finished"] = now()
    written["items"] = len(records)
    written["false_alarm_probability"] = false_alarm_probability(records)
    written["conditional"] = conditional(records)
    _write_json(folder / ENVIRONMENT, written)


def append(folder: Path, record: Mapping[str, Any], series: Mapping[str, Any] | None) -> None:
    """Add one line, and the series it carries as a file of its own.

    Raises:
        OSError: the line could not be written whole.
    """
    line = dict(record)
    line["margin"] = _finite_or_none(line.get("margin"))
    line["series"], line["sha256"] = None, None
    if series:
        name = f"{record['id'].replace('/', '__')}__{record['index']}.json"
        content = json.dumps(series, allow_nan=False).encode()
        write_atomically(folder / SERIES / name, content)
        line["series"], line["sha256"] = name, hashlib.sha256(content).hexdigest()
    text = (json.dumps(line, allow_nan=False) + "\n").encode("ascii")
    handle = os.open(folder / LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        written = os.write(handle, text)
    finally:
        os.close(handle)
    if written != len(text):
        msg = f"{folder / LEDGER}: a line of {len(text)} bytes was cut to {written}"
        raise OSError(msg)


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines of a ledger; a torn last line is left out with the warning `TornLine`.

    Raises:
        ValueError: there is no ledger, or a line is not a ledger's; the message names it.
    """
    file = folder / LEDGER
    if not file.is_file():
        msg = (
            f"the report folder must hold a {LEDGER} (run `theorylab verify` first), got {folder}"
        )
        raise ValueError(msg)
    try:
        *whole, rest = file.read_bytes().split(b"\n")
    except OSError as error:
        msg = f"{file} must be a readable file, got {error}"
        raise ValueError(msg) from None
    records = [_line(file, number, line) for number, line in enumerate(whole, start=1)]
    if rest:
        if not rest.startswith(_BEGIN[: len(rest)]):
            msg = f"{file} line {len(whole) + 1} must be a line of a ledger, got {rest[:40]!r}"
            raise ValueError(msg)
        text = f"{file} line {len(whole) + 1} was cut off when its run was killed"
        warnings.warn(text, TornLine, stacklevel=2)
    return records


_BEGIN = b'{"id": "'
_NUMBER, _TEXT, _NOTHING = (int, float), (str,), (type(None),)
REQUIRED: dict[str, tuple[type, ...]] = {
    "id": _TEXT, "case": _TEXT, "kind": _TEXT, "index": (int,), "verdict": _TEXT, "ok": (bool,),
    "evidence": _TEXT + _NOTHING, "margin": _NUMBER + _NOTHING, "detail": _TEXT,
    "seconds": _NUMBER, "seed": (int, *_NOTHING), "series": _TEXT + _NOTHING,
    "sha256": _TEXT + _NOTHING,
}  # fmt: skip
"""What every line of a ledger has, and of which type."""


def _line(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        msg = f"{file} line {number} must be a JSON object, got {error}"
        raise ValueError(msg) from None
    known = parsed if isinstance(parsed, dict) else {}
    wrong = [key for key, kinds in REQUIRED.items() if not _has(known, key, kinds)]
    if wrong:
        msg = f"{file} line {number} must be a line of a ledger, it lacks or mistypes {wrong}"
        raise ValueError(msg)
    return known


def _has(parsed: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> bool:
    if key not in parsed or not isinstance(parsed[key], kinds):
        return False
    return bool in kinds or not isinstance(parsed[key], bool)


def _refuse_constant(name: str) -> Any:
    msg = f"{name}, which is not JSON"
    raise ValueError(msg)


def read_series(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """The series that a line of the ledger refers to.

    Raises:
        ValueError: the file is missing, was changed since, or lies elsewhere.
    """
    name = record["series"]
    file = folder / SERIES / str(name)
    if Path(str(name)).name != name or not file.is_file():
        msg = f"the series of {record['id']} must lie in {folder / SERIES}, got {name!r}"
        raise ValueError(msg)
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != record["sha256"]:
        msg = f"{file} must have the checksum that the ledger states, it was changed"
        raise ValueError(msg)
    return json.loads(content)


def read_environment(folder: Path) -> dict[str, Any]:
    """The provenance of a run.

    Raises:
        ValueError: it is missing or is not a JSON object.
    """
    file = folder / ENVIRONMENT
    try:
        parsed = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{file} must be a readable JSON file, got {error}"
        raise ValueError(msg) from None
    if not isinstance(parsed, dict):
        msg = f"{file} must hold a JSON object, got {type(parsed).__name__}"
        raise ValueError(msg)
    return parsed


def false_alarm_probability(records: Iterable[Mapping[str, Any]]) -> float:
    """A bound on the chance that sampling alone turns the run red, by the union bound.

    A case may be rejected or left open by chance, and a false twin accepted by chance; both
    error rates of every sampled item are added up. It is a bound for runs in which every twin is
    false, and every ordering true, by at least the reach that its finding states.
    """
    return math.fsum(line.get("false_alarm", 0.0) + line.get("miss", 0.0) for line in records)


def summary_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """A few lines for a terminal: what holds, at which evidence, and how close it was."""
    cases = [line for line in records if line["kind"] == "case"]
    twins = [line for line in records if line["kind"] == "twin"]
    last = {line["id"]: line for line in records}
    known = [line for line in last.values() if line.get("declared")]
    relations = Counter(str(line.get("relation")) for line in known)
    evidence = Counter(str(line.get("declared")) for line in known)
    lines = [
        f"{len(known)} statements: {_counted(relations)}",
        f"evidence: {_counted(evidence)}",
        f"{sum(line['ok'] for line in cases)} of {len(cases)} cases hold, "
        f"{sum(line['ok'] for line in twins)} of {len(twins)} false twins rejected",
        f"chance that sampling alone turns this run red: at most "
        f"{false_alarm_probability(records):.1e} (budget {RUN_BUDGET:.0e})",
    ]
    errors = sum(line["verdict"] == "ERROR" for line in records)
    if errors:
        lines.append(f"{errors} items ended in an error and say nothing about their statement")
    for name, failed in conditional(records).items():
        lines.append(f"conditional {name}  rests on {', '.join(failed)}, which did not hold")
    decided = [line for line in cases if line["ok"] and line["margin"] is not None]
    for line in sorted(decided, key=lambda line: line["margin"])[:3]:
        lines.append(f"small margin {line['margin']:+.2e}  {line['id']}  ({line['case']})")
    spent: dict[str, float] = defaultdict(float)
    for line in records:
        spent[line["id"]] += line["seconds"]
    slowest = sorted(spent, key=lambda name: -spent[name])[:5]
    return lines + [f"slow {spent[name]:.1f} s  {name}" for name in slowest]


def conditional(records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Claims whose `given` claims, or those that these rest on, did not hold in this run."""
    given = {line["id"]: list(line.get("given") or []) for line in records}
    red = {line["id"] for line in records if not line["ok"]}
    found = {name: sorted(_below(name, given) & red - {name}) for name in given}
    return {name: failed for name, failed in sorted(found.items()) if failed}


def _below(name: str, given: Mapping[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(given.get(name, []))
    while waiting:
        needed = waiting.pop()
        if needed not in reached:
            reached.add(needed)
            waiting += given.get(needed, [])
    return reached


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))


def _finite_or_none(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    write_atomically(file, (json.dumps(content, indent=2) + "\n").encode())
