"""What the scripts of this folder have in common: a clock, a device, a graph, and rows.

Times come from CUDA events around each call, after calls that warm up; nothing is copied to or
from the device within them. On the host, which serves to try the scripts only, they are those of
the process. A row is one implementation in one group, for `benchmarks.table`.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from benchmarks import peers
from theorylab.diffusion import GaussianMixture

Row = dict[str, Any]
Call = Callable[[], Any]


@dataclass(frozen=True)
class Setting:
    """Where and how to measure.

    Attributes:
        device: "cuda" or "cpu".
        tiny: sizes that show nothing, to try the scripts.
        rounds: calls that are timed.
    """

    device: str = "cuda"
    tiny: bool = False
    rounds: int = 20

    @property
    def backend(self) -> str:
        """Of torch.compile; a try compiles nothing."""
        return "eager" if self.tiny else "inductor"

    @cached_property
    def ceilings(self) -> dict[str, float]:
        """What the device can do, measured once."""
        from benchmarks.gpu.bench_ceilings_cuda import ceilings  # which measures with this module

        return ceilings(self)

    def row(self, group: str, name: str, call: Call, **beside: Any) -> Row:
        """Time a call."""
        call()
        timed = [self.milliseconds(call) for _ in range(2 + self.rounds)][2:]
        low, median, high = statistics.quantiles(timed, n=4, method="inclusive")
        return {
            "group": group,
            "name": name,
            "median ms": median,
            "least ms": min(timed),
            "quartiles ms": [low, high],
            "peak MiB": self._peak(call),
            **beside,
        }

    def milliseconds(self, call: Call) -> float:
        """The time of one call."""
        if self.device != "cuda":
            begun = time.process_time()
            call()
            return 1e3 * (time.process_time() - begun)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)

    def _peak(self, call: Call) -> float | None:
        """What a call allocates on the device at most, beside what lay there."""
        if self.device != "cuda":
            return None
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 2**20

    def captured(self, call: Call, *generators: torch.Generator) -> Call:
        """One CUDA graph of a call that reads and writes tensors of its own; on the host the call.

        What it draws must come from the generators given: they are registered with the graph, so
        that each replay draws anew.
        """
        if self.device != "cuda":
            return call
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):  # compiles, and fills the caches of libraries
                call()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        for generator in generators:
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph):
            call()
        kept = (graph, call)  # the tensors of the call must outlive the graph
        return lambda: kept[0].replay()

    def limit(
        self, dtype: torch.dtype, *, size: float = 0, exps: float = 0, flops: float = 0
    ) -> Row:
        """The least time of so many bytes, exponentials and operations at the ceilings."""
        top, kind = self.ceilings, str(dtype)[6:]
        needed = (
            size / top["copy bytes/s"],
            exps / top[f"exp {kind} /s"],
            flops / top[f"products {kind} flop/s"],
        )
        return {"limit ms": 1e3 * max(needed)}


def of_limit(row: Row) -> Row:
    """The row with the fraction of the ceiling that it reaches."""
    return row | {"fraction": row["limit ms"] / row["median ms"]}


def moved(mixture: GaussianMixture, device: str, dtype: torch.dtype) -> GaussianMixture:
    """The same law on a device."""
    parts = (mixture.means, mixture.variance, mixture.weights)
    return GaussianMixture(*(part.to(device, dtype) for part in parts), kernel=mixture.kernel)


def relative(found: Tensor, exact: Tensor) -> float:
    """The largest difference on the host, by the largest entry."""
    return float((found.double().cpu() - exact).abs().max() / exact.abs().max())


def as_results(found: list[Row], setting: Setting) -> dict[str, Any]:
    """What `benchmarks.table` reads: times in seconds, the rest beside them."""
    known = {"group", "name", "median ms"}
    benches = [
        {
            "group": row["group"],
            "name": row["name"],
            "params": None,
            "stats": {"median": row["median ms"] / 1e3},
            "extra_info": {"name": row["name"]}
            | {key: value for key, value in row.items() if key not in known},
        }
        for row in found
    ]
    return {"datetime": now(), "machine_info": machine(setting), "benchmarks": benches}


def now() -> str:
    """The time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine(setting: Setting) -> dict[str, Any]:
    """The device and the versions."""
    on_device = setting.device == "cuda"
    name = torch.cuda.get_device_name() if on_device else "host, to try the scripts"
    return {
        "cpu": {"brand_raw": name},
        "machine": name,
        "system": f"CUDA {torch.version.cuda}" if on_device else sys.platform,
        "python_version": sys.version.split()[0],
        "peers not installed": ", ".join(peers.absent()) or "none",
        "packages": peers.versions(),
        "tiny": setting.tiny,
        "rounds": setting.rounds,
    }


def setting_of(parser: argparse.ArgumentParser) -> tuple[Setting | None, argparse.Namespace]:
    """What the command line asks for; None, and a line on stderr, if there is no device."""
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="sizes that show nothing")
    parser.add_argument("--rounds", type=int, default=None)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        built = torch.version.cuda or "no CUDA"
        sys.stderr.write(
            f"a CUDA device is needed, got none (torch built for {built});"
            " to try the script, --device cpu --tiny\n"
        )
        return None, options
    rounds = options.rounds or (2 if options.tiny else 20)
    return Setting(options.device, options.tiny, rounds), options


def main_of(rows: Callable[[Setting], Iterator[Row]], doc: str) -> int:
    """Print one JSON object a line: the device and the versions, then the rows."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    setting, _ = setting_of(parser)
    if setting is None:
        return 2
    print(json.dumps({"date": now()} | machine(setting)))
    for row in rows(setting):
        print(json.dumps(row), flush=True)
    return 0
