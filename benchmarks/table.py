"""One table from the JSON of a run, and a comparison of two runs.

    python -m benchmarks.table RESULTS.json [--against OLDER.json] [--markdown]

A time is divided by that of theorylab in the same group of the same run: above 1 theorylab is
faster. Two runs are compared by these ratios, which another machine or a busy one hardly moves.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

OURS = "theorylab"


class Row(NamedTuple):
    """One implementation in one group."""

    group: str
    name: str
    median: float
    ratio: float | None
    beside: dict[str, Any]


def rows(results: dict[str, Any]) -> list[Row]:
    """The rows of a run, group by group, theorylab's own first, then the fastest."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for bench in results["benchmarks"]:
        groups.setdefault(bench["group"] or "", []).append(bench)
    return [row for group in groups for row in _of_group(group, groups[group])]


def _of_group(group: str, benches: list[dict[str, Any]]) -> Iterator[Row]:
    own = [b["stats"]["median"] for b in benches if _name(b) == OURS]
    ordered = sorted(benches, key=lambda b: (_name(b) != OURS, b["stats"]["median"]))
    for bench in ordered:
        median = bench["stats"]["median"]
        ratio = median / own[0] if own else None
        yield Row(group, _name(bench), median, ratio, bench["extra_info"])


def _name(bench: dict[str, Any]) -> str:
    given = bench["extra_info"].get("name") or (bench["params"] or {}).get("name")
    return str(given or bench["name"])


def lines(found: list[Row], older: list[Row] | None = None) -> Iterator[str]:
    """The table in Markdown, with the ratio of the older run beside each."""
    before = {(row.group, row.name): row.ratio for row in older or []}
    head = ["", "time", "ratio", *(["ratio before"] if older is not None else []), "beside it"]
    yield _line(head)
    yield "|" + "---|" * len(head)
    group = None
    for row in found:
        if row.group != group:
            group = row.group
            yield _line([f"**{group}**", *[""] * (len(head) - 1)])
        cells = [row.name, _time(row.median), _ratio(row.ratio)]
        if older is not None:
            cells.append(_ratio(before.get((row.group, row.name))))
        yield _line([*cells, _beside(row.beside)])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _time(value: float) -> str:
    return f"{value:.3g} s" if value >= 0.9995 else f"{1e3 * value:.3g} ms"


def _ratio(value: float | None) -> str:
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    """Three digits, so that 1.03 is not 1; of what is below 0.01, an error, two and its power."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value == 0 or abs(value) >= 0.01 else f"{value:.1e}"


def _beside(beside: dict[str, Any]) -> str:
    parts = []
    for key, value in beside.items():
        if isinstance(value, dict) and "exponent" in value:
            parts.append(f"{key}: exponent {value['exponent']:.2f}, sizes {value['sizes']}")
        elif isinstance(value, float):
            parts.append(f"{key} {_number(value)}")
        elif key != "name" and not isinstance(value, dict):
            parts.append(f"{key} {value}")
    return ", ".join(parts)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="One table from the results of a run.")
    parser.add_argument("results", type=Path)
    parser.add_argument("--against", type=Path, help="an older run")
    options = parser.parse_args()
    results = _read(options.results)
    older = rows(_read(options.against)) if options.against else None
    machine = results["machine_info"]
    print(
        f"{results['datetime'][:10]}, {machine['cpu'].get('brand_raw', machine['machine'])},"
        f" {machine['system']}, Python {machine['python_version']}"
    )
    print("\n".join(lines(rows(results), older)))
    absent = machine.get("peers not installed", "not recorded")
    print(f"peers not installed, hence not measured: {absent}")
    return 0


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


if __name__ == "__main__":
    sys.exit(main())
