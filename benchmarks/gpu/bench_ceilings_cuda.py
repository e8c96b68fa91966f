"""What a CUDA device can do: bytes copied, operations in matrix products, exponentials, a second.

    python -m benchmarks.gpu.bench_ceilings_cuda [--rounds R] [--device cpu --tiny]

The products of float32 run without tf32, which is torch's default. Those of float64 may run on
tensor cores, which no kernel of ours uses. The exponentials are chains y -> exp(-y) in one fused
loop, so that one number read pays for 64 of them.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor

from benchmarks.gpu.measure_cuda import Row, Setting, main_of

CHAIN = 64
DTYPES = (torch.float32, torch.float64)


def rows(setting: Setting) -> Iterator[Row]:
    """One row for each ceiling."""
    group = "ceilings"
    n = 2**16 if setting.tiny else 2**30
    source = torch.zeros(n, dtype=torch.uint8, device=setting.device)
    target = torch.empty_like(source)
    yield _rated(setting.row(group, "copy bytes/s", lambda: target.copy_(source)), 2 * n)
    for dtype in DTYPES:
        kind, side = str(dtype)[6:], 64 if setting.tiny else 8192
        left = torch.rand(side, side, dtype=dtype, device=setting.device)
        out = torch.empty_like(left)
        product = setting.row(
            group, f"products {kind} flop/s", lambda x=left, y=out: torch.mm(x, x, out=y)
        )
        yield _rated(product, 2 * side**3)
        count = 2**10 if setting.tiny else 2**24
        y, chain = torch.rand(count, dtype=dtype, device=setting.device), _chain(setting.backend)
        row = setting.row(group, f"exp {kind} /s", lambda x=y, power=chain: power(x))
        yield _rated(row, CHAIN * count)


def ceilings(setting: Setting) -> dict[str, float]:
    """The rates by name."""
    return {row["name"]: row["rate"] for row in rows(setting)}


def _rated(row: Row, amount: float) -> Row:
    return row | {"rate": 1e3 * amount / max(row["median ms"], 1e-6)}


@cache
def _chain(backend: str) -> Callable[[Tensor], Tensor]:
    return torch.compile(_exponentials, backend=backend)


def _exponentials(y: Tensor) -> Tensor:
    for _ in range(CHAIN):
        y = torch.exp(-y)
    return y


if __name__ == "__main__":
    sys.exit(main_of(rows, __doc__))
