"""When AUTOMATIC takes the compiled loop, and what torch.compile makes of it on this machine.

No CUDA device is needed: the choice looks at shapes, dtype and device type of what it is given,
and here it is given a stand-in on "cuda". Nothing here says how fast the loop is on a device.
"""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from theorylab.diffusion import compiled, kernels
from theorylab.diffusion.compiled import UNROLLED, Compiled, compiles_on
from theorylab.diffusion.kernels import DEVICE_BUDGET, Automatic, Chunked, Reference
from theorylab.native import library

has_compiler = pytest.mark.skipif(library() is None, reason="no C compiler on this machine")
VARIANCE = torch.tensor(0.3, dtype=torch.float64)


class Points:
    """The shape, dtype and device type of points on a CUDA device, and no numbers."""

    requires_grad = False
    device = torch.device("cuda")

    def __init__(self, *shape: int, dtype: torch.dtype = torch.float32) -> None:
        self.shape, self.dtype, self.ndim = torch.Size(shape), dtype, len(shape)

    def numel(self) -> int:
        return self.shape.numel()

    def element_size(self) -> int:
        return self.dtype.itemsize


class Recorded(Points):
    """Points through which a gradient is recorded."""

    requires_grad = True


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether torch.compile works on the stand-in's device: a list of one."""
    answer = [True]
    real = torch._C._functorch.is_functorch_wrapped_tensor
    monkeypatch.setattr(compiled, "compiles_on", lambda _: answer[0])
    monkeypatch.setattr(
        torch._C._functorch,
        "is_functorch_wrapped_tensor",
        lambda part: isinstance(part, Tensor) and real(part),
    )
    return answer


def modes(count: int, d: int) -> Tensor:
    return torch.zeros(count, d, dtype=torch.float64)


LARGE = Points(10**6, 2)


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("variance", [VARIANCE, VARIANCE.expand(25)], ids=["shared", "per mode"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_large_batches_on_a_device_are_compiled(variance: Tensor, dtype: torch.dtype) -> None:
    points = Points(10**6, 2, dtype=dtype)
    assert Automatic().choose(points, modes(25, 2), variance) == Compiled()


OTHERWISE = {
    "few": (Points(100_000, 2), modes(25, 2), VARIANCE, Reference()),
    "many modes": (LARGE, modes(UNROLLED // 2 + 1, 2), VARIANCE, Chunked(DEVICE_BUDGET)),
    "many dimensions": (Points(10**6, 64), modes(25, 64), VARIANCE, Chunked(DEVICE_BUDGET)),
    "per point": (LARGE, modes(25, 2), VARIANCE.expand(10**6, 1), Chunked(DEVICE_BUDGET)),
    "recorded": (Recorded(10**6, 2), modes(25, 2), VARIANCE, Reference()),
    "half": (
        Points(10**7, 2, dtype=torch.float16),
        modes(25, 2),
        VARIANCE,
        Chunked(DEVICE_BUDGET),
    ),
}


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("name", OTHERWISE)
def test_what_the_loop_does_not_serve_goes_elsewhere(name: str) -> None:
    points, means, variance, expected = OTHERWISE[name]
    assert Automatic().choose(points, means, variance) == expected


@pytest.mark.usefixtures("works")
def test_the_loop_says_itself_that_it_serves_no_gradient() -> None:
    """`AUTOMATIC` has looked before; others may ask."""
    assert Compiled.serves(LARGE, modes(25, 2), VARIANCE)
    assert not Compiled.serves(Recorded(10**6, 2), modes(25, 2), VARIANCE)


@pytest.mark.usefixtures("works")
def test_the_threshold_is_that_of_the_budget() -> None:
    rows = DEVICE_BUDGET // (4 * 25)
    for budget, count in ((None, rows), (1000 * 4 * 25, 1000)):
        choose = Automatic(budget).choose
        assert choose(Points(count, 2), modes(25, 2), VARIANCE) == Reference()
        assert choose(Points(count + 1, 2), modes(25, 2), VARIANCE) == Compiled()


def test_without_a_compiler_the_rows_are_cut(works: list[bool]) -> None:
    works[0] = False
    found = Automatic().choose(LARGE, modes(25, 2), VARIANCE)
    assert found == Chunked(DEVICE_BUDGET)


def test_on_the_host_nothing_is_compiled_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.Native, "serves", lambda *_: False)
    x = torch.zeros(10**6, 2, dtype=torch.float64)
    assert Automatic().choose(x, modes(25, 2), VARIANCE) == Chunked()


def test_a_compiler_that_fails_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        msg = "no Triton here\nand a long trace"
        raise RuntimeError(msg)

    monkeypatch.setattr(torch, "compile", fails)
    compiles_on.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="not available on cpu.*instead: no Triton here$"):
            assert not compiles_on("cpu")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not compiles_on("cpu")
    finally:
        compiles_on.cache_clear()


class Count:
    """A backend of torch.compile that compiles nothing and counts how often it is asked."""

    asked = 0

    def __call__(self, graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., Any]:
        self.asked += 1
        return graph.forward


def case(count: int, d: int, n: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    """Points about the modes, means, a shared variance, unequal weights."""
    draw = torch.Generator().manual_seed(100 * count + d)
    means = 3 * torch.randn(count, d, dtype=torch.float64, generator=draw)
    logs = torch.log_softmax(torch.randn(count, dtype=torch.float64, generator=draw), -1)
    pick = torch.randint(count, (n,), generator=draw)
    x = means[pick] + torch.randn(n, d, dtype=torch.float64, generator=draw)
    return tuple(part.to(dtype) for part in (x, means, VARIANCE, logs))


def test_a_mixture_after_the_eighth_is_compiled_too() -> None:
    """torch.compile refuses a ninth variant of one function."""
    backend = Count()
    for count in range(1, 10):
        arguments = case(count, 1, 50)
        found = Compiled(backend).score(*arguments)
        torch.testing.assert_close(found, Reference().score(*arguments))
    assert backend.asked == 9


def test_neither_batch_nor_grad_mode_compiles_again() -> None:
    backend = Count()
    for n in (2, 3, 64, 1000, 12345):
        for enabled in (True, False):
            with torch.set_grad_enabled(enabled):
                Compiled(backend).shift(*case(5, 3, n))
    assert backend.asked == 1
    Compiled(backend).shift(*case(5, 3, 1))
    Compiled(backend).shift(*case(5, 3, 500, torch.float32))
    assert backend.asked == 3


@pytest.mark.filterwarnings("ignore")
def test_a_gradient_goes_through_the_loop() -> None:
    x, *law = case(4, 2, 30)
    kernel = Compiled("aot_eager")
    slopes = []
    for way in (kernel, Reference()):
        leaf = x.clone().requires_grad_()
        slopes.append(torch.autograd.grad(way.score(leaf, *law).square().sum(), leaf)[0])
    torch.testing.assert_close(*slopes)


@has_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_inductor_on_the_host_agrees_to_rounding(dtype: torch.dtype) -> None:
    """Against the reference in float64 on the same numbers, for two sizes of one compilation.

    Logits of up to 1e2 lose 1e2 roundings, and so do the shares that they are the logarithms of.
    """
    assert compiles_on("cpu")
    for n in (1000, 77):
        given = case(3, 2, n, dtype)
        for name in ("score", "shift"):
            found = getattr(Compiled(), name)(*given)
            exact = getattr(Reference(), name)(*(part.double() for part in given))
            off = (found.double() - exact).abs().max() / exact.abs().max()
            assert float(off) < 200 * torch.finfo(dtype).eps
            assert found.dtype == dtype
