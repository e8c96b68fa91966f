"""No result depends on torch's default dtype: users have float32 there, checks have float64."""

import ast
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture, solve_flow, transport_exactly

ROOT = Path(__file__).resolve().parent.parent / "theorylab"
MAKERS = {"tensor", "full", "linspace", "logspace", "scalar_tensor"}


def makers(file: Path) -> list[ast.Call]:
    """Calls of torch that make numbers without naming their dtype."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        function = node.func if isinstance(node, ast.Call) else None
        if not isinstance(function, ast.Attribute) or ast.unparse(function.value) != "torch":
            continue
        if function.attr in MAKERS and all(word.arg != "dtype" for word in node.keywords):
            found.append(node)
    return found


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT))
)
def test_numbers_are_made_with_a_dtype(file: Path) -> None:
    assert [f"{file.name}:{call.lineno}" for call in makers(file)] == []


def _flow() -> Tensor:
    grid = GaussianMixture.grid()
    s = math.sqrt(float(grid.variance))
    return solve_flow(grid, grid.noised(1.0, 5.0).sample(9), s_start=5.0, s_stop=s).end


def _transport() -> Tensor:
    grid = GaussianMixture.grid()
    y = grid.noised(1.0, 5.0).sample(9)
    return transport_exactly(grid, y, s_start=5.0, s_stop=0.3)


VALUES: dict[str, Callable[[], Tensor]] = {
    "weights of a pair": lambda: GaussianMixture.pair(2.0, 0.1, weight=0.3).weights,
    "score of a pair": lambda: GaussianMixture.pair(2.0, 0.1, 0.3).score([[0.1], [0.2]]),
    "flow": _flow,
    "transport": _transport,
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_the_same_under_float32(name: str) -> None:
    expected = VALUES[name]()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        found = VALUES[name]()
    finally:
        torch.set_default_dtype(before)
    assert found.dtype == expected.dtype
    assert torch.equal(found, expected)
