"""Product laws are found out, and evaluated one coordinate at a time with the same result."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from theorylab.diffusion import ExactScore, GaussianMixture, clock_dynamics
from theorylab.diffusion._grid import OnGrid
from theorylab.diffusion.kernels import AUTOMATIC, Native, Reference
from theorylab.diffusion.schedule import EDMSchedule
from theorylab.native import library

needs_compiler = pytest.mark.skipif(library() is None, reason="no C compiler on this machine")


def product(sides: tuple[int, ...], seed: int = 0) -> GaussianMixture:
    """Random places and random weights that multiply, the modes in a random order."""
    draw = torch.Generator().manual_seed(seed)
    places = [torch.randn(n, dtype=torch.float64, generator=draw) for n in sides]
    shares = [torch.rand(n, dtype=torch.float64, generator=draw) + 0.1 for n in sides]
    means = torch.cartesian_prod(*places)
    weights = torch.cartesian_prod(*shares).prod(-1)
    order = torch.randperm(len(means), generator=draw)
    return GaussianMixture(means[order], 0.09, (weights / weights.sum())[order])


def points(d: int, n: int = 150) -> Tensor:
    return 2 * torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(d))


@needs_compiler
@pytest.mark.parametrize("sides", [(2, 2), (5, 5), (3, 7), (2, 3, 4), (2,) * 8], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_it_agrees_with_the_reference(sides: tuple[int, ...], dtype: torch.dtype) -> None:
    law = product(sides)
    kernel = law.evaluator
    assert isinstance(kernel, OnGrid)
    assert sorted(kernel.counts) == sorted(sides)
    x = points(len(sides)).to(dtype)
    _, means, _, logs = law._at(x)
    roundings = 5e3 * torch.finfo(dtype).eps  # logits of some 1e2, a grid of 256 modes
    for variance in (torch.tensor(0.3), torch.rand(len(x), 1) + 0.1):
        for name in ("score", "shift"):
            found = getattr(kernel, name)(x, means, variance.to(dtype), logs)
            wide = [part.double() for part in (x, means, variance.to(dtype), logs)]
            expected = getattr(Reference(), name)(*wide)
            assert found.dtype == dtype
            torch.testing.assert_close(found.double(), expected, rtol=roundings, atol=roundings)


@needs_compiler
def test_the_places_may_be_scaled_and_the_variance_moved() -> None:
    law, x = product((4, 5)), points(2)
    assert isinstance(law.evaluator, OnGrid)
    for other in (law.noised(0.3, 0.7), law.with_variance(1e-3), law.noised(1e-3, 0.0)):
        assert other.evaluator is law.evaluator
        slow = other.with_kernel(Reference())
        torch.testing.assert_close(other.score(x), slow.score(x), rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(
            other.expected_mean(x), slow.expected_mean(x), rtol=1e-11, atol=1e-11
        )
    assert law.noised(-0.3, 0.7).evaluator is not law.evaluator
    flipped, slow = law.noised(-0.3, 0.7), law.noised(-0.3, 0.7).with_kernel(Reference())
    torch.testing.assert_close(flipped.score(x), slow.score(x), rtol=1e-11, atol=1e-11)


@needs_compiler
def test_it_is_what_the_score_and_the_clock_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    law, x = product((3, 4)), points(2, 5)
    calls = []
    pull = OnGrid._pull
    monkeypatch.setattr(
        OnGrid,
        "_pull",
        lambda self, *a, **k: (calls.append(k["weighted"]), pull(self, *a, **k))[1],
    )
    law.score(x)
    ExactScore(law, EDMSchedule())(x, torch.tensor(1.0, dtype=torch.float64))
    law.expected_mean(x)
    clock_dynamics(law, s_start=2.0).drift(torch.tensor(0.5, dtype=torch.float64), x)
    assert calls == [True, True, False, False]


@needs_compiler
def test_a_row_does_not_depend_on_the_batch() -> None:
    law = product((5, 5))
    x = points(2, 200)
    together = law.score(x)
    for row in (0, 63, 64, 199):
        assert torch.equal(law.score(x[row : row + 1])[0], together[row])
        assert torch.equal(law.score(x[row]), together[row])


@needs_compiler
def test_threads_share_the_rows() -> None:
    law, x = product((5, 5)), points(2, 13_000)
    variance = torch.rand(len(x), 1, dtype=torch.float64) + 0.1
    at = law._at(x)
    before, found = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(law.evaluator.score(at[0], at[1], variance, at[3]))
    torch.set_num_threads(before)
    assert torch.equal(*found)


def test_what_is_no_product_law_is_left_alone() -> None:
    law = product((3, 4))
    bent = law.weights.clone()
    bent[0], bent[1] = bent[0] * (1 + 1e-12), bent[1] - 1e-12 * bent[0]
    moved = law.means.clone()
    moved[0, 0] += 1e-12
    variances = torch.full((12,), 0.09, dtype=torch.float64)
    others = [
        GaussianMixture(law.means, 0.09, bent),
        GaussianMixture(moved, 0.09, law.weights),
        GaussianMixture(law.means, variances, law.weights),
        GaussianMixture(law.means[:-1], 0.09),
        GaussianMixture([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]], 0.09),
        GaussianMixture([[0.0], [1.0], [2.0], [5.0]], 0.09),
        GaussianMixture([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [5.0, 1.0]], 0.09),
        law.with_kernel(Native()),
        law.with_kernel(Reference()),
    ]
    assert all(other.evaluator is other.kernel for other in others)


def test_gradients_are_recorded_also_in_the_weights() -> None:
    """By the reference: no compiled loop records any."""
    law, x = product((2, 3)), points(2, 4)
    for name in ("x", "means", "weights"):
        asked = {"x": x.clone(), "means": law.means.clone(), "weights": law.weights.clone()}
        asked[name].requires_grad_()
        other = GaussianMixture(asked["means"], 0.09, asked["weights"])
        value = other.score(asked["x"]).square().sum()
        (found,) = torch.autograd.grad(value, asked[name])
        step = 1e-6 * torch.randn(found.shape, generator=torch.Generator().manual_seed(1)).double()
        if name == "weights":
            step = step - step.mean()
        ends = []
        for sign in (1, -1):
            shifted = {"x": x, "means": law.means, "weights": law.weights}
            shifted[name] = shifted[name] + sign * step
            end = GaussianMixture(shifted["means"], 0.09, shifted["weights"], kernel=Reference())
            ends.append(end.score(shifted["x"]).square().sum())
        rate = float(ends[0] - ends[1]) / 2
        assert math.isclose(float((found * step).sum()), rate, rel_tol=1e-5)


@needs_compiler
def test_shares_below_the_floor_move_nothing() -> None:
    """Far from a grid of 1e-3 deviations only one mode counts, in float32 to four roundings."""
    law = GaussianMixture(GaussianMixture.grid().means.float(), 1e-6)
    x = law.means + 1e-3
    score = law.score(x).double()
    expected = (law.means.double() - x.double()) / law.variance.double()
    assert float((score / expected - 1).abs().max()) < 4 * torch.finfo(torch.float32).eps
    assert bool(law.score(torch.full((1, 2), 1e30, dtype=torch.float32)).isnan().all())


@needs_compiler
def test_automatic_alone_knows_nothing_of_grids() -> None:
    law, x = product((3, 3)), points(2, 3)
    at = law._at(x)
    assert isinstance(AUTOMATIC.choose(*at[:3]), Native)
    torch.testing.assert_close(AUTOMATIC.score(*at), law.score(x), rtol=1e-11, atol=1e-11)


@needs_compiler
def test_parameters_changed_in_place_are_looked_at_again() -> None:
    law, x = product((3, 4)), points(2, 5)
    scaled = law.noised(0.5, 0.1)
    for part in (law.means, law.weights, scaled.means):
        law.score(x), scaled.score(x)
        before = part.clone()
        part.copy_(before.flip(0))
        for each in (law, scaled):
            slow = each.with_kernel(Reference())
            torch.testing.assert_close(each.score(x), slow.score(x), rtol=1e-10, atol=1e-10)
        part.copy_(before)
    assert isinstance(law.evaluator, OnGrid)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("law", [product((3, 4)), GaussianMixture.pair(2.0, 0.1, dimension=2)])
def test_tangents_of_forward_mode_are_carried(law: GaussianMixture) -> None:
    x = points(2, 4)
    along = torch.randn_like(x)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, along)
        tangent = forward_ad.unpack_dual(law.score(dual)).tangent
    expected = (law.score_jacobian(x) @ along[..., None])[..., 0]
    assert tangent is not None
    torch.testing.assert_close(tangent, expected)
