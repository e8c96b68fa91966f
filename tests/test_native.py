"""The compiled loops: built once, kept, found again, done without; and arithmetic left alone."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from theorylab.native import compiler, description, library
from theorylab.native import mixture as native

LINE = "from theorylab.native import description; print(description())"


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "always", "-c", LINE]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment)


def test_without_a_compiler_torch_does_it_and_says_so_once(tmp_path: Path) -> None:
    done = run(PATH="", THEORYLAB_CACHE=str(tmp_path))
    assert done.stdout == "torch\n"
    assert done.stderr.count("compiled kernels are not available") == 1
    assert "no C compiler found" in done.stderr


def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    broken.chmod(0o700)
    done = run(PATH="/usr/bin:/bin", CC=str(broken), THEORYLAB_CACHE=str(tmp_path / "cache"))
    assert done.stdout == "torch\n"
    assert "out of order" in done.stderr
    assert list((tmp_path / "cache").iterdir()) == []


def test_it_can_be_switched_off_in_silence(tmp_path: Path) -> None:
    done = run(THEORYLAB_NATIVE="0", THEORYLAB_CACHE=str(tmp_path))
    assert (done.stdout, done.stderr) == ("torch\n", "")


needs_compiler = pytest.mark.skipif(library() is None, reason="no C compiler on this machine")


@needs_compiler
def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    first = run(PATH="/usr/bin:/bin", THEORYLAB_CACHE=str(tmp_path))
    (built,) = tmp_path.iterdir()
    written = built.stat().st_mtime_ns
    assert run(PATH="/usr/bin:/bin", THEORYLAB_CACHE=str(tmp_path)).stdout == first.stdout
    assert [file.stat().st_mtime_ns for file in tmp_path.iterdir()] == [written]


@needs_compiler
def test_other_sources_flags_or_processors_have_another_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cc = compiler._compiler()
    name = compiler._key(cc, ())
    assert compiler._key(cc, ("-O1",)) != name
    monkeypatch.setattr(compiler, "_asked", lambda *_: "another processor")
    assert compiler._key(cc, ()) != name


@needs_compiler
def test_denormal_numbers_survive_the_library() -> None:
    """-ffast-math would have switched them off for the whole process when it was loaded."""
    assert description() != "torch"
    assert float(torch.tensor(5e-324, dtype=torch.float64) * 1.0) > 0


@needs_compiler
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_exponential_is_that_of_torch(dtype: torch.dtype, shared: bool) -> None:
    """Two modes on a line: the pull is -1 times the share of the farther, exp(-z) / (1 + exp(-z)).

    Three roundings of the exponential and one of the division; the floor shows beyond it.
    """
    floor = -80.0 if dtype == torch.float32 else -700.0
    z = torch.linspace(0, floor + 0.01, 20_001, dtype=torch.float64).to(dtype)
    one, origin = torch.ones(1, dtype=dtype), torch.zeros(1, 1, dtype=dtype)
    means = torch.tensor([[0.0], [1.0]], dtype=dtype)
    shares = []
    for weight in z.tolist():
        logs = torch.tensor([0.0, weight], dtype=dtype)
        inverses, scale = (None, 0 * one) if shared else (0 * logs, one)
        shares.append(native.pull(origin, means, logs, inverses, scale, False)[:, 0])
    expected = torch.sigmoid(z.double())
    error = (torch.cat(shares).double() / expected - 1).abs()
    assert float(error.max()) < 4 * torch.finfo(dtype).eps


@needs_compiler
def test_threads_and_neighbours_change_no_bit() -> None:
    x = torch.randn(20_011, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    means = torch.tensor([[0.0, 0.0], [1.0, 0.5], [-1.0, 0.2]], dtype=torch.float64)
    others = (
        means,
        torch.zeros(3).double(),
        torch.ones(3).double(),
        torch.full((1,), 3.0).double(),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = native.pull(x, *others, True)
    torch.set_num_threads(2)
    try:
        assert torch.equal(native.pull(x, *others, True), alone)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(native.pull(x[777:778], *others, True), alone[777:778])
    assert torch.equal(native.pull(x[5000:9000], *others, True), alone[5000:9000])


@needs_compiler
@pytest.mark.parametrize("modes", [1, 15, 16, 17, 100])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shares_are_the_softmax(modes: int, dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(modes)
    logits = (20 * torch.randn(50, modes, dtype=torch.float64, generator=draw)).to(dtype)
    expected = torch.softmax(logits.double(), -1).to(dtype)
    torch.testing.assert_close(native.shares(logits.clone()), expected, rtol=1e-5, atol=1e-30)
    logits[3, 0] = torch.nan
    assert bool(native.shares(logits)[3].isnan().all())
