"""Every measurement of this folder on a CUDA device, as JSON and as one table.

    python -m benchmarks.gpu.run_all --out results.json [--rounds R] [--device cpu --tiny]

The table stands beside the JSON as results.md, with the date, the device and the versions;
`python -m benchmarks.table results.json --against older.json` compares two runs. Results are
written after each workload. Without a CUDA device it says so and exits with status 2.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import table
from benchmarks.gpu import (
    bench_ceilings_cuda,
    bench_flow_cuda,
    bench_gradient_flow_cuda,
    bench_reverse_sde_cuda,
    bench_score_cuda,
)
from benchmarks.gpu.measure_cuda import Row, Setting, as_results, setting_of

WORKLOADS = (
    bench_ceilings_cuda,
    bench_score_cuda,
    bench_flow_cuda,
    bench_reverse_sde_cuda,
    bench_gradient_flow_cuda,
)


def main() -> int:
    """Measure, write, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="a .json file")
    setting, options = setting_of(parser)
    if setting is None:
        return 2
    found: list[Row] = []
    for workload in WORKLOADS:
        for row in workload.rows(setting):
            found.append(row)
            sys.stderr.write(f"{row['group']}: {row['name']} {row['median ms']:.4g} ms\n")
        written = _write(found, setting, options.out)
    print(written)
    return 0


def _write(found: list[Row], setting: Setting, out: Path) -> str:
    """The JSON, and the table beside it."""
    results = as_results(found, setting)
    out.write_text(json.dumps(results, indent=1))
    text = markdown(results)
    out.with_suffix(".md").write_text(text)
    return text


def markdown(results: dict[str, object]) -> str:
    """The table under a line with the date, the device and the versions."""
    known = json.loads(json.dumps(results))
    machine = known["machine_info"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    head = (
        f"{known['datetime'][:10]}, {machine['cpu']['brand_raw']}, {machine['system']}, Python"
        f" {machine['python_version']}, {versions}; medians of {machine['rounds']} rounds."
    )
    if machine["tiny"]:
        head += " Tiny sizes, which show nothing."
    return "\n".join([head, "", *table.lines(table.rows(known))]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
