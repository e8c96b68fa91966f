"""Every kernel against the reference in float64, and the accuracy that float32 keeps."""

import math
from collections.abc import Callable
from typing import Any

import flint
import pytest
import torch
from torch import Tensor

from theorylab.diffusion import GaussianMixture
from theorylab.diffusion._grid import OnGrid
from theorylab.diffusion.compiled import Compiled, Separable
from theorylab.diffusion.kernels import Automatic, Chunked, Kernel, Native, Reference
from theorylab.native import library

HAS_LIBRARY = library() is not None
needs_compiler = pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler on this machine")
KERNELS = [Automatic(), Automatic(1), Chunked(), Chunked(1), *([Native()] if HAS_LIBRARY else [])]


def law(modes: int, d: int, kind: str, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Means, a variance of the given kind, and logarithms of weights."""
    draw = torch.Generator().manual_seed(100 * modes + d)
    means = torch.randn(modes, d, dtype=torch.float64, generator=draw)
    logs = torch.log_softmax(torch.randn(modes, dtype=torch.float64, generator=draw), -1)
    variance = {
        "shared": torch.tensor(0.3, dtype=torch.float64),
        "per mode": torch.rand(modes, dtype=torch.float64, generator=draw) + 0.1,
        "per point": torch.rand(*x.shape[:-1], 1, dtype=torch.float64, generator=draw) + 0.1,
    }[kind]
    return means, variance, logs


def points(shape: tuple[int, ...]) -> Tensor:
    return 2 * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("kind", ["shared", "per mode", "per point"])
@pytest.mark.parametrize("modes", [1, 2, 25])
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
def test_kernels_agree_with_the_reference(kernel: Kernel, kind: str, modes: int, d: int) -> None:
    x = points((130, d))
    means, variance, logs = law(modes, d, kind, x)
    for name in ("score", "shift"):
        expected = getattr(Reference(), name)(x, means, variance, logs)
        found = getattr(kernel, name)(x, means, variance, logs)
        # logits of some 1e2 lose 1e2 roundings, and so do shares
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (4, 5, 3)])
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_points_of_any_shape(kernel: Kernel, shape: tuple[int, ...]) -> None:
    x = points(shape)
    means, variance, logs = law(4, 3, "shared", x)
    found = kernel.score(x, means, variance, logs)
    assert found.shape == x.shape
    torch.testing.assert_close(found, Reference().score(x, means, variance, logs))


@pytest.mark.parametrize("d", [20, 64])
@pytest.mark.parametrize("variance", [3.0, 1e-2, 1e-7])
def test_chunks_are_accurate_also_where_products_are_not(d: int, variance: float) -> None:
    """At variance 1e-7 a product would lose ten digits of the logits: distances are summed."""
    x = points((50, d))
    means, _, logs = law(7, d, "shared", x)
    x[:7] = means + math.sqrt(variance) * x[:7]
    arguments = (x, means, torch.tensor(variance, dtype=torch.float64), logs)
    expected = Reference().shift(*arguments)
    torch.testing.assert_close(Chunked().shift(*arguments), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("sign", [1, -1])
def test_chunks_tell_near_modes_apart_whatever_the_sign_of_the_points(sign: int) -> None:
    """Pairs of modes, six deviations from one another: a product moves the shift by 1e-5 of it."""
    draw, deviation = torch.Generator().manual_seed(5), 1e-4
    places = torch.tensor([1.0, 1.0, 3.0, 3.0], dtype=torch.float64)[:, None]
    apart = deviation * torch.randn(4, 16, dtype=torch.float64, generator=draw)
    means = sign * (places + apart)
    x = means.repeat(10, 1)
    x = x + deviation * torch.randn(x.shape, dtype=torch.float64, generator=draw)
    variance = torch.tensor(deviation**2, dtype=torch.float64)
    arguments = (x, means, variance, torch.zeros(4, dtype=torch.float64))
    expected = Reference().shift(*arguments)
    torch.testing.assert_close(Chunked().shift(*arguments), expected, rtol=0, atol=1e-14)


def test_the_choice_depends_on_shapes_and_gradients() -> None:
    choose = Automatic().choose
    x, means, variance = torch.zeros(10, 2), torch.zeros(3, 2), torch.tensor(1.0)
    assert isinstance(choose(x, means, variance), Native if HAS_LIBRARY else Reference)
    assert isinstance(choose(x.requires_grad_(), means, variance), Reference)
    with torch.no_grad():
        assert isinstance(choose(x, means, variance), Native if HAS_LIBRARY else Reference)
    wide, many = torch.zeros(10, 9), torch.zeros(3, 9)
    assert isinstance(choose(wide, many, variance), Reference)
    assert isinstance(choose(torch.zeros(10**6, 9), many, variance), Chunked)
    assert isinstance(choose(torch.zeros(10, 2, dtype=torch.float16), means, variance), Reference)


def test_transforms_of_torch_func_reach_the_reference() -> None:
    mixture = GaussianMixture.grid().noised(1.0, 0.5)
    x = points((6, 2))

    def score(point: Tensor) -> Tensor:
        return Automatic().score(point, mixture.means, mixture.variance, mixture.weights.log())

    jacobian = torch.stack([torch.func.jacrev(score)(point) for point in x])
    torch.testing.assert_close(jacobian, mixture.score_jacobian(x))


def ball_score(x: Tensor, mixture: GaussianMixture) -> Tensor:
    """The score at float32 points by ball arithmetic, correct to float64."""
    flint.ctx.prec = 200
    means = [[flint.arb(v) for v in row] for row in mixture.means.double().tolist()]
    variance = flint.arb(float(mixture.variance))
    rows = []
    for point in x.double().tolist():
        gaps = [[m - flint.arb(v) for m, v in zip(mean, point, strict=True)] for mean in means]
        pulls = [(-sum(g * g for g in gap) / (2 * variance)).exp() for gap in gaps]
        scale = sum(pulls) * variance
        sums = [
            sum(p * g for p, g in zip(pulls, axis, strict=True))
            for axis in zip(*gaps, strict=True)
        ]
        rows.append([float(each / scale) for each in sums])
    return torch.tensor(rows, dtype=torch.float64)


@needs_compiler
def test_float32_keeps_its_digits_at_the_end_of_the_process() -> None:
    """At s = sigma of the grid, 100 deviations from mode to mode, one deviation from a mode.

    By the sum over all modes, and by coordinates.

    The float32 points are taken as they are: what is tested is the kernel, not their rounding.
    Eight roundings: four of the pull, and the logits of one mode only matter there.
    """
    grid = GaussianMixture.grid()
    single = GaussianMixture(grid.means.float(), grid.variance.float())
    x = single.sample(200, seed=4)
    exact = ball_score(x, single)
    norm = exact.norm(dim=-1)
    double = GaussianMixture(single.means.double(), single.variance.double())
    assert isinstance(single.evaluator, OnGrid)
    for kernel in (Native(), single.evaluator):
        error = (kernel.score(*single._at(x)).double() - exact).norm(dim=-1) / norm
        assert float(error.max()) < 8 * torch.finfo(torch.float32).eps
        error = (kernel.score(*double._at(x.double())) - exact).norm(dim=-1) / norm
        assert float(error.max()) < 8 * torch.finfo(torch.float64).eps


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_points_out_of_range_give_nan_and_no_number(kernel: Kernel) -> None:
    x = torch.tensor([[1e200, 0.0], [math.nan, 0.0], [0.5, 0.5]], dtype=torch.float64)
    means, variance, logs = law(3, 2, "shared", x)
    found = kernel.score(x, means, variance, logs)
    assert bool(found[:2].isnan().any(-1).all())


def test_kernel_goes_with_the_mixture() -> None:
    mixture = GaussianMixture.grid().with_kernel(Chunked(100))
    assert mixture.noised(0.5, 0.5).kernel == Chunked(100)
    assert mixture.with_variance(0.1).kernel == Chunked(100)
    with pytest.raises(ValueError, match="kernel must be a Kernel, got 'fast'"):
        mixture.with_kernel("fast")
    with pytest.raises(ValueError, match="budget must be at least 1, got 0"):
        Chunked(0)


class Count:
    """A backend of torch.compile that compiles nothing and counts how often it is asked."""

    asked = 0

    def __call__(self, graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., Any]:
        self.asked += 1
        return graph.forward


@pytest.mark.parametrize("kind", ["shared", "per mode"])
def test_the_written_out_loop_is_compiled_once_for_all_batches(kind: str) -> None:
    backend = Count()
    for batch in (70, 130, 257, 1000):
        x = points((batch, 2))
        means, variance, logs = law(7, 2, kind, x)
        for name in ("score", "shift"):
            found = getattr(Compiled(backend), name)(x, means, variance, logs)
            expected = getattr(Reference(), name)(x, means, variance, logs)
            torch.testing.assert_close(found, expected)
    assert backend.asked == 1


def test_the_written_out_loop_refuses_what_it_cannot_do() -> None:
    x = points((5, 2))
    means, variance, logs = law(200, 2, "shared", x)
    with pytest.raises(ValueError, match="K d must be at most 256"):
        Compiled().score(x, means, variance, logs)
    with pytest.raises(ValueError, match="variances shared or per mode"):
        Compiled().score(x, means[:2], torch.ones(5, 1).double(), logs[:2])


@pytest.mark.parametrize("sides", [(5,), (5, 5), (2, 3, 4)])
def test_a_product_law_splits_into_its_coordinates(sides: tuple[int, ...]) -> None:
    draw = torch.Generator().manual_seed(len(sides))
    axes = [torch.randn(side, dtype=torch.float64, generator=draw) for side in sides]
    logs = [
        torch.randn(side, dtype=torch.float64, generator=draw).log_softmax(-1) for side in sides
    ]
    means = torch.cartesian_prod(*axes).reshape(-1, len(sides))
    joint = sum(torch.meshgrid(*logs, indexing="ij")).reshape(-1)
    x, variance = points((40, len(sides))), torch.tensor(0.2, dtype=torch.float64)
    for name in ("score", "shift"):
        found = getattr(Separable(), name)(x, means, variance, joint)
        expected = getattr(Reference(), name)(x, means, variance, joint)
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


def test_what_is_no_product_law_is_refused() -> None:
    grid = GaussianMixture.grid(3)
    moved, x = grid.means.clone(), grid.sample(3)
    moved[0, 0] += 0.1
    with pytest.raises(ValueError, match="means must be distinct and a full grid, got 9 modes"):
        GaussianMixture(moved, 0.1).with_kernel(Separable()).score(x)
    weights = torch.full((9,), 1 / 9).double()
    weights[0], weights[1] = weights[0] + 0.01, weights[1] - 0.01
    with pytest.raises(ValueError, match="weights must be products"):
        GaussianMixture(grid.means, 0.1, weights, kernel=Separable()).score(x)
    with pytest.raises(ValueError, match="variance must be shared"):
        grid.with_variance(torch.rand(9) + 0.1).with_kernel(Separable()).score(x)
