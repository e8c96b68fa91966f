"""The fast paths on tensors of a simulated device: nothing of the host is mixed in.

The numbers are computed on the host, so equal results say that the path is the same, and nothing
about the rounding or the speed of a device.
"""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.simulated_device import WAITS, OnDevice, simulated
from theorylab.diffusion import (
    TRANSPORT,
    ExactScore,
    GaussianMixture,
    VPSchedule,
    clock_dynamics,
    euler_maruyama,
    sample_exactly,
    sample_mixture,
    solve_flow,
    transport_exactly,
)
from theorylab.diffusion.compiled import Separable
from theorylab.diffusion.kernels import Automatic, Chunked, Kernel, Reference
from theorylab.diffusion.steps import Ancestral
from theorylab.integrate import EXPONENTIAL_RK4, solve_ode
from theorylab.parity import batches
from theorylab.parity.batches import batch_gradient

GRID = GaussianMixture.grid()
Put = Callable[[Tensor], Tensor]


def placed(mixture: GaussianMixture, put: Put, kernel: Kernel | None = None) -> GaussianMixture:
    parts = (put(part) for part in (mixture.means, mixture.variance, mixture.weights))
    return GaussianMixture(*parts, kernel=kernel or mixture.kernel)


def points(n: int = 9) -> Tensor:
    return GRID.noised(1.0, 5.0).sample(n, seed=4)


SPAN = {"s_start": 5.0, "s_stop": 0.2}
SCHEDULE = VPSchedule.linear()
PATHS: dict[str, Callable[[GaussianMixture, Tensor], Tensor]] = {
    "score": lambda mixture, y: mixture.score(y),
    "expected mean": lambda mixture, y: mixture.expected_mean(y),
    "exact score": lambda mixture, y: ExactScore(mixture, SCHEDULE)(y, 0.3),
    "flow": lambda mixture, y: solve_flow(mixture, y, between=[1.0, 0.5], **SPAN).states,
    "flow up": lambda mixture, y: solve_flow(mixture, y, s_start=0.2, s_stop=5.0).end,
    "transport": lambda mixture, y: transport_exactly(mixture, y, **SPAN),
    "solve_ode, exponential": lambda mixture, y: (
        solve_ode(clock_dynamics(mixture, **SPAN), y, method=EXPONENTIAL_RK4, step=0.2).end
    ),
    "solve_ode, transport": lambda mixture, y: (
        solve_ode(clock_dynamics(mixture, **SPAN), y, method=TRANSPORT).end
    ),
    "Euler and Maruyama": lambda mixture, y: euler_maruyama(mixture, y, steps=6, **SPAN, seed=3),
    "ancestral": lambda mixture, y: (
        sample_mixture(
            y, [0.1, 0.4, 0.9], Ancestral(), mixture=mixture, schedule=SCHEDULE, seed=3, last=0.02
        ).end
    ),
    "exact transition": lambda mixture, y: (
        sample_exactly(y, [0.4, 0.9], mixture=mixture, schedule=SCHEDULE, seed=3, last=0.1).end
    ),
    "sample": lambda mixture, _: mixture.sample(5, seed=1),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_stays_on_the_device(name: str) -> None:
    expected = PATHS[name](GRID.with_kernel(Reference()), points())
    with simulated() as put:
        found = PATHS[name](placed(GRID, put), put(points()))
    assert isinstance(found, OnDevice)
    torch.testing.assert_close(found.held, expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("kernel", [Reference(), Chunked(1), Separable(Reference())], ids=str)
@pytest.mark.parametrize("per_mode", [False, True])
def test_a_kernel_stays_on_the_device(kernel: Kernel, per_mode: bool) -> None:
    spread = 0.3 + 0.1 * torch.rand(25, generator=torch.Generator().manual_seed(1))
    law = GRID.with_variance(spread if per_mode else 0.3)
    if per_mode and isinstance(kernel, Separable):
        kernel = kernel.inner
    with simulated() as put:
        found = placed(law, put, kernel).score(put(points()))
    torch.testing.assert_close(found.held, law.with_kernel(Reference()).score(points()))


def test_the_reference_waits_for_nothing() -> None:
    """Or else no CUDA graph could hold it."""
    with simulated() as put:
        at = placed(GRID.with_variance(0.3), put)._at(put(points()))
        WAITS[0] = 0
        Reference().shift(*at)
        Automatic().shift(*at)
        assert WAITS[0] == 0
        placed(GRID, put).score(put(points()))
        assert WAITS[0] > 0


def test_the_gradient_of_a_batch_stays_on_the_device() -> None:
    draw = torch.Generator().manual_seed(2)
    shapes = [(6,), (6, 3), (6,), (40, 3), (40,)]
    given = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]
    loss, expected = batch_gradient(*given)
    with simulated() as put:
        found = batch_gradient(*(put(part) for part in given))
    torch.testing.assert_close(found[0].held, loss)
    for part, other in zip(found[1], expected, strict=True):
        torch.testing.assert_close(part.held, other)


def test_a_device_takes_larger_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PIECE", 7)
    monkeypatch.setattr(batches, "DEVICE_PIECE", 70)
    pieces: list[int] = []
    plain = torch.mm

    def counted(some: Tensor, theta: Tensor, *, out: Tensor) -> Tensor:
        pieces.append(len(some))
        return plain(some, theta, out=out)

    monkeypatch.setattr(torch, "mm", counted)
    given = [torch.ones(shape, dtype=torch.float64) for shape in [(7,), (7, 3), (7,), (12, 3), 12]]
    batch_gradient(*given)
    assert pieces == [1] * 12
    pieces.clear()
    with simulated() as put:
        batch_gradient(*(put(part) for part in given))
    assert pieces == [10, 2]


def test_the_simulation_sees_what_is_mixed() -> None:
    with simulated() as put:
        x = put(points())
        assert float((x + torch.tensor(1.0, dtype=torch.float64)).held[0, 0]) == float(
            points()[0, 0] + 1
        )
        with pytest.raises(RuntimeError, match=r"tensors on cuda:0 and of shapes \[\(9, 2\)\]"):
            x + points()
        with pytest.raises(RuntimeError, match="indices should be on the same device"):
            points()[x[:, 0] > 0]
        with pytest.raises(TypeError, match="can't convert cuda:0"):
            x.numpy()
        assert math.isclose(float(x.cpu()[0, 0]), float(points()[0, 0]))
